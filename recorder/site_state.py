"""The "Site state" object of docs/protocols.md: the whole recorder as JSON, for every surface. Pure."""

from collections.abc import Container, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from gate.client.uplink_status import UplinkStatus
from gate.licence.clock_evidence import ClockEvidence
from gate.licence.decision import Decision, DenialCode, Denied, Granted
from gate.licence.denials import problem
from gate.licence.entitlement import Kind
from gate.licence.features import HDMI, Feature
from gate.licence.text import Language, Text
from recorder.config import DeviceConfig
from recorder.licence_now import Licensor, licence_now
from recorder.state import CameraState, RecordingState, StateBoard, StorageState, StreamState

_IN_GRACE = Text(
    ja="ライセンスは期限切れです。猶予期間のあいだは、すべての機能が続きます。",
    en="The licence has expired. During the grace period everything goes on.",
)


class Decider(Licensor, Protocol):
    """The part of the gate that the state is told from."""

    def decide(self, feature: Feature, camera: str | None) -> Decision: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """When the state is told: wall time, and the monotonic time that ages are counted in."""

    now: datetime
    monotonic_ns: int


def site_state(
    *,
    device: DeviceConfig,
    board: StateBoard,
    gate: Decider,
    moment: Moment,
    language: Language,
    licence_message: str = "",
    clock: ClockEvidence | None = None,
    service: UplinkStatus | None = None,
    visible: Container[str] | None = None,
) -> dict[str, Any]:
    """The object as of `moment`; `language` is that of the problems in it, names and messages stay as they are.
    `clock`: what the clock is worth, where somebody judges it; `service`: the connection to the licence service;
    `visible`: the cameras that exist for the reader, None: all."""
    zone = ZoneInfo(device.time_zone)
    cameras = [camera for camera in board.cameras.values() if visible is None or camera.id in visible]
    return {
        "device": {
            "id": device.id,
            "kind": device.kind,
            "language": device.language,
            "time_zone": device.time_zone,
            "identify_until": _iso(board.identify_until),
        },
        "now": moment.now.isoformat(timespec="microseconds"),
        "cameras": [_camera(camera, _licence(gate, camera.id, language, zone), moment) for camera in cameras],
        "features": _features(gate, tuple(camera.id for camera in cameras), device.kind),
        "storage": _storage(board.storage),
        "licence": {
            "message": licence_message,
            "clock": _clock(clock, language) if clock else None,
            "service": _service(service) if service else None,
        },
    }


def _service(service: UplinkStatus) -> dict[str, Any]:
    return {
        "url": service.url,
        "phase": service.phase,
        "since": service.since.isoformat(),
        "registered": service.registered,
        "device": service.device,
        "serial": service.serial,
        "code": service.code,
        "label": service.label,
        "stale_after": _iso(service.stale_after),
    }


def _clock(clock: ClockEvidence, language: Language) -> dict[str, Any]:
    return {
        "source": clock.source.value,
        "doubt": clock.doubt.value if clock.doubt else None,
        "message": clock.text.in_language(language),
    }


def last_valid_day(until: datetime, zone: ZoneInfo) -> date:
    """E, the last local day on which a licence that ends at `until` (exclusive) is valid at least for a moment."""
    return (until - timedelta(microseconds=1)).astimezone(zone).date()


def _camera(camera: CameraState, licence: dict[str, Any], moment: Moment) -> dict[str, Any]:
    return {
        "id": camera.id,
        "name": camera.name,
        "streams": {name: _stream(stream, moment.monotonic_ns) for name, stream in camera.streams.items()},
        "recording": _recording(camera.recording),
        "sub_recording": _recording(camera.sub_recording) if camera.sub_recording else None,
        "licence": licence,
    }


def _stream(stream: StreamState, monotonic_ns: int) -> dict[str, Any]:
    last_ns = stream.last_unit_monotonic_ns
    return {
        "phase": stream.phase,
        "since": stream.since.isoformat(),
        "message": stream.message,
        "age_ms": None if last_ns is None else max(monotonic_ns - last_ns, 0) // 1_000_000,
        "width": stream.width,
        "height": stream.height,
        "codec": stream.codec,
        "fps": round(stream.fps, 2),
        "bitrate_bps": stream.bitrate_bps,
        "packets_lost": stream.packets_lost,
        "source": stream.source,
        "transport": stream.transport,
        "clock_skew_ms": stream.clock_skew_ms,
    }


def _recording(recording: RecordingState) -> dict[str, Any]:
    return {
        "mode": recording.mode,
        "phase": recording.phase,
        "since": recording.since.isoformat(),
        "reason": recording.reason,
        "last_picture": _iso(recording.last_picture),
    }


def _licence(gate: Decider, camera: str, language: Language, zone: ZoneInfo) -> dict[str, Any]:
    """What the licence itself says, also where the profile lets everything go on without one."""
    decision = licence_now(gate, camera)
    if isinstance(decision, Denied):
        ended = decision.since if decision.code is DenialCode.EXPIRED else None
        grace_until = ended + gate.profile.grace if ended and gate.profile.grace else None
        in_grace = grace_until is not None and gate.evidence().now < grace_until
        denial = problem(decision, language, zone)
        if in_grace:
            denial["detail"] = _IN_GRACE.in_language(language)
        return {
            "state": "lapsed",
            "until": None,
            "last_day": None,
            "grace_until": _iso(grace_until) if in_grace else None,
            "denial": denial,
        }
    until = decision.until
    return {
        "state": "active",
        "until": _iso(until),
        "last_day": last_valid_day(until, zone).isoformat() if until else None,
        "grace_until": None,
        "denial": None,
    }


def _features(gate: Decider, cameras: Sequence[str], kind: Kind) -> list[dict[str, Any]]:
    """The matrix, a row for each of M1 to M9. `allowed`: now, for at least one camera; `denied_cameras`: the rest. Rows
    of the monitor do not apply to a direct camera (decision 10)."""
    rows: dict[str, list[Feature]] = {}
    for feature in Feature if kind == "edge" else set(Feature) - HDMI:
        rows.setdefault(feature.matrix_id, []).append(feature)
    return [_row(gate, row_id, features, cameras) for row_id, features in sorted(rows.items())]


def _row(gate: Decider, row_id: str, features: Sequence[Feature], cameras: Sequence[str]) -> dict[str, Any]:
    if Feature.REMOTE_MAINTENANCE in features:  # of the device, not of a camera
        allowed = isinstance(gate.decide(Feature.REMOTE_MAINTENANCE, None), Granted)
        denied: list[str] = [] if allowed else list(cameras)
    else:
        denied = [camera for camera in cameras if any(isinstance(gate.decide(f, camera), Denied) for f in features)]
        allowed = len(denied) < len(cameras)
    continues = all(feature in gate.profile.continues for feature in features)
    return {
        "id": row_id,
        "name": features[0].value,
        "lapsed": "continues" if continues else "stops",
        "allowed": allowed,
        "denied_cameras": denied,
    }


def _storage(storage: StorageState) -> dict[str, Any]:
    return {
        "used_bytes": storage.used_bytes,
        "bytes_max": storage.bytes_max,
        "free_bytes": storage.free_bytes,
        "segments": storage.segments,
        "oldest": _iso(storage.oldest),
        "message": storage.message,
    }


def _iso(instant: datetime | None) -> str | None:
    return instant.isoformat() if instant else None
