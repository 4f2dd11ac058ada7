"""The recorder's site state (docs/protocols.md), as far as the wall shows it. Unknown fields are ignored, so that a
newer recorder still has a picture."""

from dataclasses import dataclass, field
from datetime import date, datetime

from pydantic import AwareDatetime, TypeAdapter, ValidationError


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """The recorder itself. `identify_until`: until then it wants to be seen on its monitor."""

    id: str = ""
    language: str = "ja"
    time_zone: str = "Asia/Tokyo"
    identify_until: AwareDatetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """One connection to a camera; `message` is a sentence for people, empty while all is well. `age_ms`: since its last
    picture, None before the first."""

    phase: str = ""
    message: str = ""
    age_ms: int | None = None
    width: int | None = None
    height: int | None = None
    codec: str = ""
    fps: float = 0.0
    bitrate_bps: float = 0.0
    packets_lost: int = 0
    clock_skew_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """`phase`: recording, waiting or stopped; `reason`: a gap reason."""

    phase: str = ""
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Denial:
    """A problem object: why something is refused, since when, and what to do."""

    code: str = ""
    title: str = ""
    since: AwareDatetime | None = None
    remedy: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraLicence:
    """`state`: active or lapsed; `until` is the end of the term, exclusive, `last_day` the last day on which
    it works, in the service's time zone. `grace_until`: lapsed, but until then everything goes on."""

    state: str = ""
    until: AwareDatetime | None = None
    last_day: date | None = None
    grace_until: AwareDatetime | None = None
    denial: Denial | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Camera:
    """One camera; `streams` has `main`, and `sub` if the camera has one."""

    id: str
    name: str = ""
    streams: dict[str, Stream] = field(default_factory=dict)
    recording: Recording = Recording()
    licence: CameraLicence = CameraLicence()

    @property
    def wall_stream(self) -> str:
        """The stream the wall shows."""
        return "sub" if "sub" in self.streams else "main"


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """A row of the matrix. `lapsed`: whether it continues or stops when a licence lapses. `allowed`: now, for one
    camera at least; `denied_cameras` are the others."""

    id: str
    name: str = ""
    lapsed: str = ""
    allowed: bool = False
    denied_cameras: tuple[str, ...] = ()

    @property
    def stopped(self) -> bool:
        """Whether it stands still now, for some camera at least."""
        return self.lapsed == "stops" and (not self.allowed or bool(self.denied_cameras))


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """What the recorder's clock is worth, in a sentence; `doubt` is why it is not trusted."""

    doubt: str | None = None
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Storage:
    """The recording disks; `message` is empty while all is well."""

    message: str = ""
    oldest: AwareDatetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """The connection to the licence service. `registered` None: not known yet. `code` and `label` (the text of the QR
    code): what to register by, while the device is nobody's."""

    phase: str = ""
    registered: bool | None = None
    serial: str = ""
    code: str | None = None
    label: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Licence:
    """What brings the licences; `service` None: a file. `message` is empty while all is well."""

    message: str = ""
    clock: Clock | None = None
    service: Service | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteState:
    """One recorder with its cameras, in the order of its configuration."""

    device: Device = Device()
    now: AwareDatetime | None = None
    cameras: tuple[Camera, ...] = ()
    features: tuple[Feature, ...] = ()
    storage: Storage = Storage()
    licence: Licence = Licence()


_ADAPTER: TypeAdapter[SiteState] = TypeAdapter(SiteState)


def parse_state(text: str | bytes) -> SiteState:
    """The state out of one JSON object. Raises ValueError with the first thing that is wrong."""
    try:
        return _ADAPTER.validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        field_name = ".".join(str(part) for part in first["loc"]) or "the whole object"
        raise ValueError(f"{field_name}: {first['msg']}") from None


def lapsed_since(camera: Camera) -> datetime | None:
    """Since when the camera is lapsed: the end of its term, where the denial does not say."""
    denial = camera.licence.denial
    return (denial.since if denial else None) or camera.licence.until
