"""What can go wrong with a camera: the kinds of faults, their parameters, one fault. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from camera_sim.errors import FaultError

Seam = Literal["picture", "packets", "socket", "rtsp", "events", "onvif", "card"]
Value = int | float
DURATION_SECONDS_MAX = 366 * 86_400.0
EVERYTHING = "*"
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|min|h|d)?")
_UNITS = {"ms": 0.001, "s": 1, None: 1, "m": 60, "min": 60, "h": 3600, "d": 86_400}
_SCOPE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,15}(/(main|sub))?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A number with its default and bounds."""

    default: Value
    least: Value
    most: Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """`says`: what a client sees. `instant`: over as soon as it has happened; `seconds`: how long if nothing is
    said."""

    seam: Seam
    says: str
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    instant: bool = False
    seconds: float | None = None


def _share(default: float) -> dict[str, Parameter]:
    return {"share": Parameter(default=default, least=0, most=1)}


def _seconds(default: float, least: float = -1e9, most: float = 1e9) -> dict[str, Parameter]:
    return {"seconds": Parameter(default=default, least=least, most=most)}


KINDS: Mapping[str, Kind] = {
    "freeze_image": Kind(seam="picture", says="pictures keep coming, all the same one"),
    "parameter_change": Kind(seam="picture", says="size and parameter sets change to those of the other stream"),
    "clock_offset": Kind(seam="picture", says="the camera's clock is wrong by `seconds`", parameters=_seconds(3600)),
    "clock_drift": Kind(
        seam="picture",
        says="the camera's clock runs fast (or slow) by `ppm`",
        parameters={"ppm": Parameter(default=500, least=-100_000, most=100_000)},
    ),
    "clock_step": Kind(
        seam="picture", says="somebody sets the camera's clock by `seconds`", parameters=_seconds(-3600), instant=True
    ),
    "loss": Kind(seam="packets", says="a `share` of packets is lost", parameters=_share(0.02)),
    "reorder": Kind(
        seam="packets",
        says="a `share` of packets arrives up to `distance` packets late",
        parameters=_share(0.05) | {"distance": Parameter(default=3, least=1, most=100)},
    ),
    "duplicates": Kind(seam="packets", says="a `share` of packets comes twice", parameters=_share(0.05)),
    "ts_back": Kind(seam="packets", says="RTP time is set back by `seconds`", parameters=_seconds(5, 0)),
    "ts_forward": Kind(seam="packets", says="RTP time is set forward by `seconds`", parameters=_seconds(3600, 0)),
    "ts_zero": Kind(seam="packets", says="RTP time is always 0"),
    "ts_constant": Kind(seam="packets", says="RTP time stands still"),
    "ts_wrap": Kind(seam="packets", says="RTP time wraps in `seconds`", parameters=_seconds(2, 0, 40_000)),
    "ssrc_change": Kind(seam="packets", says="the SSRC is another one than SETUP told"),
    "frozen": Kind(seam="socket", says="no more packets; the connection stays and requests are answered"),
    "half_open": Kind(
        seam="socket", says="neither packets nor answers; connections stay open until they are reset at the end"
    ),
    "slow": Kind(
        seam="socket",
        says="the network carries `bits_per_second` a client; the camera's buffer holds `buffer_bytes`",
        parameters={
            "bits_per_second": Parameter(default=300_000, least=1_000, most=1_000_000_000),
            "buffer_bytes": Parameter(default=131_072, least=1_024, most=1_048_576),
        },
    ),
    "reset": Kind(seam="socket", says="connections are reset", instant=True),
    "refused": Kind(seam="socket", says="connections are reset, new ones refused"),
    "reboot": Kind(seam="socket", says="connections are reset, new ones refused until it is up again", seconds=20),
    "stale_session": Kind(seam="rtsp", says="the camera has forgotten its sessions: no packets, 454", instant=True),
    "session_limit": Kind(
        seam="rtsp",
        says="SETUP is refused with 453 beyond `sessions`",
        parameters={"sessions": Parameter(default=1, least=0, most=256)},
    ),
    "stale_nonce": Kind(seam="rtsp", says="a nonce is good for one request: 401 with stale=true, again and again"),
    "wrong_password": Kind(seam="rtsp", says="the camera has another password: 401"),
    "sprop_missing": Kind(seam="rtsp", says="the description has no parameter sets"),
    "sprop_wrong": Kind(seam="rtsp", says="the description has the parameter sets of another picture size"),
    "fps_lie": Kind(
        seam="rtsp",
        says="the description tells `fps` pictures a second",
        parameters={"fps": Parameter(default=30, least=0, most=1000)},
    ),
    "onvif_slow": Kind(seam="onvif", says="ONVIF is answered `seconds` late", parameters=_seconds(5, 0, 600)),
    "onvif_dropped": Kind(
        seam="onvif", says="a `share` of ONVIF requests is not answered, but reset", parameters=_share(0.5)
    ),
    "sd_removed": Kind(seam="card", says="the SD card is taken out; it is put back at the end"),
    "sd_full": Kind(seam="card", says="the SD card is full and nothing on it may be overwritten"),
    "sd_corrupt": Kind(seam="card", says="a block of the newest file on the SD card is lost", instant=True),
    "event_lost": Kind(
        seam="events", says="a `share` of what there is to tell of events is not told", parameters=_share(0.5)
    ),
    "event_late": Kind(seam="events", says="events are told `seconds` late", parameters=_seconds(5, 0, 3600)),
    "event_dup": Kind(seam="events", says="a `share` of events is told twice", parameters=_share(1)),
    "event_stuck": Kind(seam="events", says="the end of an event is not told until the fault is over"),
    "tamper_dark": Kind(seam="events", says="somebody covers the lens, and the camera tells it"),
    "tamper_blurred": Kind(seam="events", says="somebody puts the lens out of focus, and the camera tells it"),
    "tamper_moved": Kind(seam="events", says="somebody turns the camera away, and the camera tells it"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault. `scope`: a camera, one of its streams (`cam1/sub`), or `*`. `at`: seconds after the start of the
    simulator; `duration`: None is until it is cleared. `params` are complete."""

    kind: str
    scope: str
    at: float = 0
    duration: float | None = None
    params: Mapping[str, Value] = field(default_factory=dict)
    seed: int = 0

    @property
    def seam(self) -> Seam:
        return KINDS[self.kind].seam

    def covers(self, camera: str, stream: str) -> bool:
        """Whether it concerns that stream."""
        return self.scope in (EVERYTHING, camera, f"{camera}/{stream}")


def fault_of(
    kind: str,
    scope: str,
    *,
    at: float = 0,
    duration: float | None = None,
    params: Mapping[str, object] | None = None,
    seed: int = 0,
) -> Fault:
    """A fault from what somebody wrote. Raises FaultError: one sentence that says what to do."""
    known = KINDS.get(kind)
    if known is None:
        raise FaultError(f"there is no fault {kind!r}; there are: {', '.join(KINDS)}")
    if scope != EVERYTHING and not _SCOPE.fullmatch(scope):
        raise FaultError(f"a fault concerns a camera (cam1), a stream (cam1/sub) or * (all), not {scope!r}")
    given = dict(params or {})
    complete: dict[str, Value] = {}
    for name, bounds in known.parameters.items():
        complete[name] = _number(kind, name, bounds, given.pop(name, bounds.default))
    if given:
        takes = ", ".join(known.parameters) or "none"
        raise FaultError(f"{kind} has no parameter {next(iter(given))!r}; it takes: {takes}")
    if known.instant:
        duration = 0
    elif duration is None:
        duration = known.seconds
    return Fault(kind=kind, scope=scope, at=at, duration=duration, params=complete, seed=seed)


def seconds_of(text: object) -> float:
    """A duration like `10s`, `500ms`, `2m`, `1h`, or a number of seconds. Raises FaultError."""
    match = _DURATION.fullmatch(str(text).strip())
    seconds = float(match[1]) * _UNITS[match[2]] if match else -1.0
    if not 0 <= seconds <= DURATION_SECONDS_MAX:
        raise FaultError(f"a duration like 10s, 500ms or 2m is wanted, not {text!r}")
    return seconds


def _number(kind: str, name: str, bounds: Parameter, value: object) -> Value:
    try:
        number = value if isinstance(value, (int, float)) else float(str(value))
    except ValueError:
        number = float("nan")
    if isinstance(value, bool) or not bounds.least <= number <= bounds.most:
        raise FaultError(f"{kind}: {name} must be a number from {bounds.least:g} to {bounds.most:g}, not {value!r}")
    return number
