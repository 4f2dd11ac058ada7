"""A driver's file: how another maker's recorder is reached, what its refusal looks like, how its licence ends."""

import string
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator
from yarl import URL

from gate.config_fields import Section, beside
from gate.verify.matrix import Row
from gate.verify.secret import Secret
from gate.verify.steps import Instant
from gate.yaml_file import PlacedError, load

RtspStatus = Literal[400, 401, 403, 404, 429, "4xx", "5xx"]
"""What libav tells apart."""
_PLACES = ("from", "to")


class _Moment:
    """An instant in an address: `{from}` as 2027-01-31T05:00:00Z, `{from:%Y%m%dT%H%M%SZ}` as one likes."""

    def __init__(self, at: datetime) -> None:
        self._at = at.astimezone(UTC)

    def __format__(self, form: str) -> str:
        return self._at.strftime(form or "%Y-%m-%dT%H:%M:%SZ")


def filled(url: str, start: datetime, end: datetime) -> str:
    """The address with the range that is asked for."""
    return url.format(**{"from": _Moment(start), "to": _Moment(end)})


def _address(text: str, schemes: tuple[str, ...]) -> str:
    try:
        places = [name for _, name, _, _ in string.Formatter().parse(text) if name is not None]
        url = URL(filled(text, datetime.fromtimestamp(0, UTC), datetime.fromtimestamp(0, UTC)))
        fine = url.scheme in schemes and bool(url.host)
    except (ValueError, LookupError):
        raise ValueError(f"no address, or one with places other than {{from}} and {{to}}: {text!r}") from None
    if not fine or not set(places) <= set(_PLACES):
        raise ValueError(f"an address that begins with {' or '.join(f'{one}://' for one in schemes)} is wanted")
    if url.user is not None:
        raise ValueError("name and password stand in credentials, never in an address")
    return text


HttpUrl = Annotated[str, AfterValidator(lambda text: _address(text, ("http", "https")))]
RtspUrl = Annotated[str, AfterValidator(lambda text: _address(text, ("rtsp", "rtsps")))]


class Credentials(Section):
    """`way`: how HTTP proves them; RTSP uses what the recorder asks for. `bearer` in place of user and password."""

    user: Secret | None = None
    password: Secret | None = None
    way: Literal["basic", "digest"] = "basic"
    bearer: Secret | None = None

    @model_validator(mode="after")
    def _whole(self) -> "Credentials":
        if (self.user is None) != (self.password is None) or (self.user is None) == (self.bearer is None):
            raise ValueError("give user and password, or bearer")
        return self


class Refusal(Section):
    """What is a no, and not a fault. `silence_seconds`: nothing for so long is one, too; null: that proves nothing.
    `still_picture`: so is a picture that decodes and never changes."""

    http: frozenset[Annotated[int, Field(ge=300, le=599)]] = frozenset({401, 402, 403})
    rtsp: frozenset[RtspStatus] = frozenset({401, 403})
    silence_seconds: float | None = Field(None, ge=1, le=60)
    still_picture: bool = False


class Expect(Section):
    """What an answer has to be like. `json`: values by their places (`device.model`)."""

    status: frozenset[int] = frozenset({200, 201, 202, 204})
    values: dict[str, str | int | float | bool] = Field(default_factory=dict, alias="json")
    text: str | None = None


class Request(Section):
    """An HTTP request, and what is answered where it works. `body`: JSON if it is no text."""

    url: HttpUrl
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] = "GET"
    body: Any = None
    headers: dict[str, str] = Field(default_factory=dict)
    expect: Expect = Expect()


class Stream(Section):
    """One way to a moving picture: exactly one of the addresses. `npt_seconds`: RTSP is asked to play from there."""

    name: str = Field(min_length=1, max_length=40)
    rtsp: RtspUrl | None = None
    hls: HttpUrl | None = None
    mjpeg: HttpUrl | None = None
    npt_seconds: float | None = Field(None, ge=0)

    @model_validator(mode="after")
    def _one_way(self) -> "Stream":
        if sum(one is not None for one in (self.rtsp, self.hls, self.mjpeg)) != 1:
            raise ValueError("a stream has one address: rtsp, hls or mjpeg")
        if self.npt_seconds is not None and self.rtsp is None:
            raise PlacedError(("npt_seconds",), "only RTSP is asked for a range like this")
        return self


class Live(Section):
    """M2. `control`: an order whose answer says that it was taken."""

    streams: tuple[Stream, ...] = Field(min_length=1, max_length=8)
    snapshot: Request | None = None
    control: Request | None = None


class Recording(Section):
    """M3, from outside: a folder, an HTTP page that names the files, or a growing HLS playlist. `every_seconds`: it
    writes at least so often while it records."""

    folder: Path | None = None
    listing: HttpUrl | None = None
    hls: HttpUrl | None = None
    files: str = "*.mp4"
    every_seconds: float = Field(10, ge=1, le=600)

    @model_validator(mode="after")
    def _one_place(self) -> "Recording":
        if sum(one is not None for one in (self.folder, self.listing, self.hls)) != 1:
            raise ValueError("say where recordings are seen: folder, listing or hls")
        return self


class Playback(Section):
    """M5: a range of `seconds` that lies `seconds_ago` before the run, or the expiry; the same in every column."""

    streams: tuple[Stream, ...] = Field(min_length=1, max_length=8)
    seconds_ago: float = Field(30, ge=0)
    seconds: float = Field(5, gt=0, le=60)


class Device(Section):
    """M9."""

    information: Request
    operation: Request | None = None


class Expiry(Section):
    """How the licence ends: at an instant, or by a command that ends it, which ends with status 0. `restore` brings it
    back. `settle_seconds`: what was under way may still be written then."""

    at: Instant | None = None
    expire: tuple[str, ...] | None = Field(None, min_length=1)
    restore: tuple[str, ...] | None = Field(None, min_length=1)
    settle_seconds: float = Field(2, ge=0, le=60)

    @model_validator(mode="after")
    def _one_way(self) -> "Expiry":
        if (self.at is None) == (self.expire is None):
            raise ValueError("say how the licence ends: at an instant, or by expire, a command")
        return self


class Driver(Section):
    """Another maker's recorder. Rows that nothing is said of are not judged."""

    name: str = Field(min_length=1, max_length=80)
    credentials: Credentials | None = None
    refusal: Refusal = Refusal()
    expiry: Expiry
    cut_ms: int = Field(2000, ge=1, le=60_000)
    live: Live | None = None
    recording: Recording | None = None
    playback: Playback | None = None
    device: Device | None = None

    @model_validator(mode="after")
    def _says_something(self) -> "Driver":
        if not self.rows:
            raise ValueError("nothing can be judged: say where live, recording, playback or device are")
        return self

    @property
    def rows(self) -> tuple[Row, ...]:
        """Those that are judged."""
        told: tuple[tuple[Row, object], ...] = (
            ("M2", self.live), ("M3", self.recording), ("M5", self.playback), ("M9", self.device),
        )  # fmt: skip
        return tuple(row for row, section in told if section is not None)


def load_driver(path: Path) -> Driver:
    """Its folder made absolute. Raises gate.yaml_file.ConfigError with file, line and field."""
    driver = load(path, Driver)
    if driver.recording is None or driver.recording.folder is None:
        return driver
    folder = beside(path, driver.recording.folder)
    return driver.model_copy(update={"recording": driver.recording.model_copy(update={"folder": folder})})
