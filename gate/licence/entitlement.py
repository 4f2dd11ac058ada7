"""The entitlement: what one device may do, for which cameras, until when. A value, and its strict JSON form."""

import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple

from gate.licence.errors import EntitlementError

PAYLOAD_BYTES_MAX = 512 << 10
CAMERAS_MAX = 256
INTERVALS_MAX = 64
SEQ_MAX = 2**53 - 1
"""The largest integer that every JSON reader keeps exact (RFC 8259 section 6)."""

YEARS = range(2000, 3000)
"""Instants outside are mistakes; inside, every time zone can show them."""

Kind = Literal["edge", "direct"]

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}")
_KID = re.compile(r"[0-9a-f]{16}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_FORMS = {
    _ID: "letters, digits, - and _, at most 32, beginning with a letter or digit, are",
    _KID: "16 hexadecimal digits are",
    _SHA256: "64 hexadecimal digits are",
}
_FIELDS = {
    "kid", "device_id", "device_pubkey_sha256", "seq", "issued_at", "stale_after", "cameras", "profile",
    "profile_sha256",
}  # fmt: skip


def is_id(text: str) -> bool:
    """Whether a device or camera can be called that."""
    return _ID.fullmatch(text) is not None


class Interval(NamedTuple):
    """Half-open `[start, end)`, aware UTC."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraGrant:
    """One camera's licence kind and terms, in any order; they may abut, overlap or lie ahead. `revoked_at`: when the
    licence that covered it last was revoked, if that is how it ended."""

    kind: Kind
    intervals: tuple[Interval, ...]
    revoked_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entitlement:
    """`seq` grows with each document a device is given. `device_pubkey_sha256` is None where the device has no key,
    `stale_after` None where the document never grows stale (file mode)."""

    kid: str
    device_id: str
    device_pubkey_sha256: str | None
    seq: int
    issued_at: datetime
    stale_after: datetime | None
    cameras: Mapping[str, CameraGrant]
    profile: str
    profile_sha256: str

    def spans(self, camera: str | None) -> tuple[Interval, ...]:
        """When that camera is entitled (None: any camera), in order; abutting and overlapping intervals are one."""
        if camera is None:
            return merged(interval for grant in self.cameras.values() for interval in grant.intervals)
        grant = self.cameras.get(camera)
        return merged(grant.intervals) if grant else ()


def merged(intervals: Iterable[Interval]) -> tuple[Interval, ...]:
    """The same time as intervals that are apart from each other, in order."""
    spans: list[Interval] = []
    for interval in sorted(intervals):
        if spans and interval.start <= spans[-1].end:
            spans[-1] = Interval(spans[-1].start, max(spans[-1].end, interval.end))
        else:
            spans.append(interval)
    return tuple(spans)


def common(cameras: Sequence[tuple[Interval, ...]]) -> tuple[Interval, ...]:
    """The time that all of them have in common, in order; none for no cameras. Each must be merged."""
    if not cameras:
        return ()
    shared = cameras[0]
    for spans in cameras[1:]:
        overlaps = (Interval(max(a.start, b.start), min(a.end, b.end)) for a in shared for b in spans)
        shared = merged(overlap for overlap in overlaps if overlap.start < overlap.end)
    return shared


def payload_of(entitlement: Entitlement) -> bytes:
    """The JSON that is signed. `parse_payload` gives the same value back."""
    document = {
        "kid": entitlement.kid,
        "device_id": entitlement.device_id,
        "device_pubkey_sha256": entitlement.device_pubkey_sha256,
        "seq": entitlement.seq,
        "issued_at": _text_of(entitlement.issued_at),
        "stale_after": _text_of(entitlement.stale_after) if entitlement.stale_after else None,
        "cameras": [
            {
                "id": camera,
                "kind": grant.kind,
                "intervals": [[_text_of(i.start), _text_of(i.end)] for i in grant.intervals],
            }
            | ({"revoked_at": _text_of(grant.revoked_at)} if grant.revoked_at is not None else {})
            for camera, grant in entitlement.cameras.items()
        ],
        "profile": entitlement.profile,
        "profile_sha256": entitlement.profile_sha256,
    }
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()


def parse_payload(payload: bytes) -> Entitlement:
    """The entitlement in a payload whose signature has been verified. Raises EntitlementError naming the field."""
    if len(payload) > PAYLOAD_BYTES_MAX:
        raise EntitlementError("payload", f"{len(payload)} bytes; {PAYLOAD_BYTES_MAX} are the most")
    try:
        document = json.loads(payload.decode(), object_pairs_hook=_object, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise EntitlementError("payload", f"not valid JSON ({error})") from None
    fields = _fields(document, "payload", _FIELDS)
    stale_after = fields["stale_after"]
    cameras = _list(fields["cameras"], "cameras", CAMERAS_MAX)
    grants = [_camera(camera, f"cameras[{index}]") for index, camera in enumerate(cameras)]
    if len(dict(grants)) < len(grants):
        raise EntitlementError("cameras", "a camera is named twice")
    pubkey = fields["device_pubkey_sha256"]
    return Entitlement(
        kid=_match(_KID, fields["kid"], "kid"),
        device_id=_match(_ID, fields["device_id"], "device_id"),
        device_pubkey_sha256=None if pubkey is None else _match(_SHA256, pubkey, "device_pubkey_sha256"),
        seq=_seq(fields["seq"]),
        issued_at=_instant(fields["issued_at"], "issued_at"),
        stale_after=None if stale_after is None else _instant(stale_after, "stale_after"),
        cameras=dict(grants),
        profile=_match(_ID, fields["profile"], "profile"),
        profile_sha256=_match(_SHA256, fields["profile_sha256"], "profile_sha256"),
    )


def _camera(value: Any, field: str) -> tuple[str, CameraGrant]:
    fields = _fields(value, field, {"id", "kind", "intervals"}, {"revoked_at"})
    kind = fields["kind"]
    if kind not in ("edge", "direct"):
        raise EntitlementError(f"{field}.kind", f"edge or direct is wanted, not {kind!r:.40}")
    intervals = _list(fields["intervals"], f"{field}.intervals", INTERVALS_MAX)
    grant = CameraGrant(
        kind=kind,
        intervals=tuple(_interval(pair, f"{field}.intervals[{index}]") for index, pair in enumerate(intervals)),
        revoked_at=_instant(fields["revoked_at"], f"{field}.revoked_at") if "revoked_at" in fields else None,
    )
    return _match(_ID, fields["id"], f"{field}.id"), grant


def _interval(value: Any, field: str) -> Interval:
    if not isinstance(value, list) or len(value) != 2:
        raise EntitlementError(field, "a pair of instants [from, to) is wanted")
    interval = Interval(_instant(value[0], field), _instant(value[1], field))
    if interval.start >= interval.end:
        raise EntitlementError(field, "it ends before it begins")
    return interval


def _instant(value: Any, field: str) -> datetime:
    if isinstance(value, str) and len(value) <= 40:
        try:
            instant = datetime.fromisoformat(value)
            if instant.tzinfo is not None and instant.year in YEARS:
                return instant.astimezone(UTC)
        except (ValueError, OverflowError):
            pass
    raise EntitlementError(field, f"an instant like 2027-01-01T00:00:00Z is wanted, not {value!r:.40}")


def _seq(value: Any) -> int:
    if type(value) is not int or not 1 <= value <= SEQ_MAX:
        raise EntitlementError("seq", f"a whole number from 1 to {SEQ_MAX} is wanted, not {value!r:.40}")
    return value


def _match(pattern: re.Pattern[str], value: Any, field: str) -> str:
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise EntitlementError(field, f"{_FORMS[pattern]} wanted, not {value!r:.40}")
    return value


def _list(value: Any, field: str, items_max: int) -> list[Any]:
    if not isinstance(value, list):
        raise EntitlementError(field, "a list is wanted")
    if len(value) > items_max:
        raise EntitlementError(field, f"{len(value)} entries; {items_max} are the most")
    return value


def _fields(value: Any, field: str, names: set[str], optional: Collection[str] = ()) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise EntitlementError(field, "an object is wanted")
    if missing := sorted(names - value.keys()):
        raise EntitlementError(field, f"{missing[0]} is missing")
    if unknown := sorted(value.keys() - names - {*optional}):
        raise EntitlementError(field, f"there is no field {unknown[0]!r:.40}")
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise ValueError("a name is given twice in one object")
    return fields


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON number")


def _text_of(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")
