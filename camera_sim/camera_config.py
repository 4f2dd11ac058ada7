"""The cameras of a fleet file: what they show, in which form, who may see it. See config.py."""

import ipaddress
import re
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from camera_sim.codec import CodecName
from camera_sim.errors import FaultError
from camera_sim.faults.fault import seconds_of
from camera_sim.onvif.personality import PersonalityName
from camera_sim.ptz import Preset
from camera_sim.rtsp.auth import Account, Style
from camera_sim.rtsp.responder import TransportName
from camera_sim.sound.form import SoundName
from camera_sim.state import Activity, Light
from gate.config_fields import Section

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,15}")


def _identifier(value: str) -> str:
    if not _ID.fullmatch(value):
        raise ValueError(f"letters, digits, - and _ only, 16 at most, beginning with a letter or digit; not {value!r}")
    return value


def _bits(value: Any) -> int:
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([kM]?)\s*", str(value))
    if match is None:
        raise ValueError(f"bits per second like 500k or 2M are wanted, not {value!r}")
    return int(float(match[1]) * {"": 1, "k": 10**3, "M": 10**6}[match[2]])


def _bytes(value: Any) -> int:
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([kMG]B)?\s*", str(value))
    if match is None:
        raise ValueError(f"a size like 500MB or 8GB is wanted, not {value!r}")
    return int(float(match[1]) * {None: 1, "kB": 10**3, "MB": 10**6, "GB": 10**9}[match[2]])


def _seconds(value: Any) -> float:
    try:
        return seconds_of(value)
    except FaultError as error:
        raise ValueError(str(error)) from None


def _loopback_host(value: str) -> str:
    try:
        if ipaddress.ip_address(value).is_loopback:
            return value
    except ValueError:
        pass
    raise ValueError(f"a loopback address like 127.0.1.1 is wanted, not {value!r}")


Seconds = Annotated[float, BeforeValidator(_seconds)]
Identifier = Annotated[str, AfterValidator(_identifier)]
LoopbackHost = Annotated[str, AfterValidator(_loopback_host)]
Name = Annotated[str, Field(max_length=24, pattern=r"^[^\x00-\x1f\x7f]*$")]
Size = Annotated[int, BeforeValidator(_bytes)]
Bits = Annotated[int, BeforeValidator(_bits), Field(ge=10_000, le=50_000_000)]
SceneName = Literal["shop_entrance", "car_park", "warehouse", "street", "corridor", "factory"]
VIEWS = 2
"""Every scene has that many."""
PRESETS_MAX = 16
_OF_SCENES = {"main", "sub", "view", "presets", "light", "resting", "sound"}


class StreamConfig(Section):
    """One encoded stream of a camera."""

    width: int = Field(1280, ge=96, le=3840, multiple_of=2)
    height: int = Field(720, ge=64, le=2160, multiple_of=2)
    fps: int = Field(15, ge=1, le=60)
    bitrate: Bits = 2_000_000
    gop_seconds: float = Field(1, gt=0, le=10)
    codec: CodecName = "h264"

    @property
    def gop_pictures(self) -> int:
        """Pictures from one key frame to the next."""
        return round(self.gop_seconds * self.fps)

    @model_validator(mode="after")
    def _pictures_fit_the_loop(self) -> "StreamConfig":
        pictures = Fraction(str(self.gop_seconds)) * self.fps
        if pictures.denominator != 1 or pictures < 2:
            raise ValueError(f"gop_seconds × fps must be a whole number, 2 at least, not {float(pictures):g}")
        return self


class SubStreamConfig(StreamConfig):
    """The small stream; its defaults suit a wall of pictures."""

    width: int = Field(640, ge=96, le=3840, multiple_of=2)
    height: int = Field(360, ge=64, le=2160, multiple_of=2)
    bitrate: Bits = 500_000


class PresetConfig(Section):
    """A place to look at."""

    name: Name
    view: int = Field(ge=0, lt=VIEWS)


class SdCardConfig(Section):
    """`path`: the card, a folder."""

    path: Path
    bytes_max: Size = Field(1_000_000_000, ge=10_000_000)


class CameraConfig(Section):
    id: Identifier
    name: Name = ""
    host: LoopbackHost | None = None
    personality: PersonalityName = "onvif_generic"
    scene: SceneName | None = None
    view: int = Field(0, ge=0, lt=VIEWS)
    presets: tuple[PresetConfig, ...] = Field((), max_length=PRESETS_MAX)
    light: Light | None = None
    resting: Activity = "idle"
    sound: SoundName | None = None
    main: StreamConfig = StreamConfig()
    sub: SubStreamConfig | None = SubStreamConfig()
    sd_card: SdCardConfig | None = None
    clip: Path | None = None
    sub_clip: Path | None = None
    user: str | None = Field(None, min_length=1, max_length=64, pattern=r'^[^\x00-\x1f":]+$')
    password: str | None = Field(None, max_length=64, repr=False)
    digest: Style = "md5"
    transports: tuple[TransportName, ...] = Field(("tcp", "udp"), min_length=1)

    @property
    def streams(self) -> dict[str, StreamConfig]:
        """Of a scene: `main`, and `sub` if there is one."""
        if self.clip is not None:
            return {}
        return {"main": self.main} | ({"sub": self.sub} if self.sub else {})

    @property
    def clips(self) -> dict[str, Path]:
        """The files of its streams, if it shows footage."""
        return {name: path for name, path in (("main", self.clip), ("sub", self.sub_clip)) if path is not None}

    @property
    def ptz_presets(self) -> tuple[Preset, ...]:
        """Its presets with their tokens, counted from 1; the first is where it looks at the start."""
        numbered = enumerate(self.presets, 1)
        return tuple(Preset(token=str(number), name=preset.name, view=preset.view) for number, preset in numbered)

    @property
    def first_light(self) -> Light:
        """Of its scene, if it says nothing else: the street is made for the night."""
        return self.light or ("night" if self.scene == "street" else "day")

    @property
    def first_view(self) -> int:
        """What it looks at at the start."""
        return self.presets[0].view if self.presets else self.view

    @property
    def account(self) -> Account | None:
        """Who may see it; None: anybody."""
        if self.user is None or self.password is None:
            return None
        return Account(user=self.user, password=self.password, style=self.digest)

    @model_validator(mode="after")
    def _shows_one_thing(self) -> "CameraConfig":
        if (self.scene is None) == (self.clip is None):
            raise ValueError(f"{self.id}: give it either a scene or a clip")
        given = sorted(_OF_SCENES & self.model_fields_set)
        if self.clip is not None and given:
            raise ValueError(f"{self.id}: {given[0]} is for scenes; a clip is sent as it is")
        if self.clip is None and self.sub_clip is not None:
            raise ValueError(f"{self.id}: sub_clip needs a clip")
        if self.presets and "view" in self.model_fields_set:
            raise ValueError(f"{self.id}: view or presets, not both: the first preset is where it looks at the start")
        if (self.user is None) != (self.password is None):
            raise ValueError(f"{self.id}: user and password go together")
        return self
