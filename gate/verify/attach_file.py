"""The file that names a site which runs already: where its parts are, who signs in there, what may be done to it."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator
from yarl import URL

from gate.config_fields import ClockSection, LoopbackAddress, Section, TimeZone
from gate.verify.secret import Secret
from gate.verify.steps import Step
from gate.yaml_file import PlacedError, load

Permission = Literal["clock", "licences", "service"]
_SHA256 = re.compile(r"(?:[0-9A-Fa-f]{2}:?){31}[0-9A-Fa-f]{2}")


def _url(text: str) -> str:
    try:
        url = URL(text)
        fine = url.scheme in ("http", "https") and bool(url.host) and not url.query_string and url.user is None
    except ValueError:
        fine = False
    if not fine:
        raise ValueError(f"an address like http://192.0.2.10:8600 is wanted, without name and password, not {text!r}")
    return text if text.endswith("/") else f"{text}/"


def _rtsp(text: str) -> str:
    try:
        url = URL(text)
        fine = url.scheme == "rtsp" and bool(url.host) and url.user is None and url.password is None
    except ValueError:
        fine = False
    if not fine:
        raise ValueError("an address like rtsp://192.0.2.10:8554 is wanted, without name and password")
    return text


def _rtsp_of_cameras(text: str) -> str:
    if "{camera}" not in text:
        raise ValueError("an address with {camera} in it is wanted: rtsp://127.0.0.1:8554/{camera}/sub")
    return _rtsp(text)


def _fingerprint(text: str) -> str:
    if not _SHA256.fullmatch(text):
        raise ValueError("64 hexadecimal digits are wanted; the recorder prints them when it starts")
    return text.replace(":", "").lower()


WebAddress = Annotated[str, AfterValidator(_url)]
"""With a slash at its end."""


class RecorderSection(Section):
    """`footage`: the folder it records to, by cameras. `local`: the socket where events are made to happen."""

    url: WebAddress
    device: str | None = None
    user: str | None = None
    password: Secret | None = None
    certificate_sha256: Annotated[str, AfterValidator(_fingerprint)] | None = None
    restream: Annotated[str, Field(pattern=r"^rtsp://[^@/]+$"), AfterValidator(_rtsp)] | None = None
    footage: Path | None = None
    local: Path | None = None

    @model_validator(mode="after")
    def _who_signs_in_has_a_password(self) -> "RecorderSection":
        if (self.user is None) != (self.password is None):
            raise ValueError("user and password go together")
        return self


class MonitorSection(Section):
    """The preview of the HDMI monitor."""

    url: WebAddress


class CamerasSection(Section):
    """`ids`: without them all that the recorder names. `rtsp`: the cameras themselves. `turned`: one with presets, if
    there is one. `card`: the first one's SD card. `fps` and `loop_seconds` as in the fleet's file."""

    ids: tuple[str, ...] | None = Field(None, min_length=1)
    rtsp: Annotated[str, AfterValidator(_rtsp_of_cameras)] | None = None
    turned: str | None = None
    card: Path | None = None
    fps: int = Field(15, ge=1, le=60)
    loop_seconds: int = Field(60, ge=1, le=60)


class ServiceSection(Section):
    """The licence service, used as a partner: by a token, or signed in with e-mail address and password. `customer`:
    whom licences are allocated to. `stop` and `start`: commands that take it away and bring it back."""

    url: WebAddress
    token: Secret | None = None
    partner: str | None = None
    password: Secret | None = None
    customer: str
    time_zone: TimeZone = "Asia/Tokyo"
    stop: tuple[str, ...] | None = Field(None, min_length=1)
    start: tuple[str, ...] | None = Field(None, min_length=1)

    @model_validator(mode="after")
    def _somebody(self) -> "ServiceSection":
        if (self.token is None) == (self.partner is None) or (self.partner is None) != (self.password is None):
            raise ValueError("say who uses it: token, or partner and password")
        if (self.stop is None) != (self.start is None):
            raise ValueError("stop and start go together")
        return self


class WebhookSection(Section):
    """Where the verifier waits for the recorder's notices; the recorder's `notify.webhooks` names it."""

    listen: LoopbackAddress


class SiteFile(Section):
    """What is left out does not exist for the verifier: whoever needs it is `not run`, with that reason."""

    recorder: RecorderSection
    monitor: MonitorSection | None = None
    cameras: CamerasSection = CamerasSection()
    service: ServiceSection | None = None
    clock: ClockSection = ClockSection()
    webhook: WebhookSection | None = None
    allow: frozenset[Permission] = frozenset()

    @model_validator(mode="before")
    @classmethod
    def _clock_in_a_word(cls, given: Any) -> Any:
        if isinstance(given, dict) and isinstance(given.get("clock"), str):
            return given | {"clock": {"mode": given["clock"]}}
        return given

    @model_validator(mode="after")
    def _what_is_allowed_can_be_done(self) -> "SiteFile":
        if "clock" in self.allow and self.clock.mode == "system":
            raise PlacedError(("allow",), "with clock: system nobody can step the clock: take clock out")
        if "licences" in self.allow and self.service is None:
            raise PlacedError(("allow",), "licences are allocated at the service: say where it is (service), too")
        if "service" in self.allow and (self.service is None or self.service.stop is None):
            raise PlacedError(("allow",), "say how the service is stopped and started: service.stop, service.start")
        return self


def load_site_file(path: Path) -> SiteFile:
    """Raises gate.yaml_file.ConfigError with file, line and field."""
    return load(path, SiteFile)


_NEEDED: Mapping[str, Permission] = {
    "advance": "clock", "to": "clock", "to_expiry": "clock", "cross": "clock", "clock": "clock",
    "renew": "licences", "service": "service",
}  # fmt: skip
"""Steps that are done at a site which runs already, where that is allowed; the others are not."""


def permits(file: SiteFile, step: Step) -> bool:
    """Whether that step is done at the site. Pure."""
    return step.check is not None or _NEEDED.get(step.name) in file.allow
