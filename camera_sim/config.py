"""The fleet's configuration (`configs/fleet.yaml`): its fields, their bounds and their defaults.

Paths are relative to the file; `load_fleet` makes them absolute. Errors name file, line and field (gate.yaml_file).
"""

import re
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from camera_sim.codec import CodecName
from camera_sim.errors import FaultError
from camera_sim.faults.fault import EVERYTHING, Fault, fault_of, seconds_of
from camera_sim.rtsp.auth import Account, Style
from camera_sim.rtsp.responder import TransportName
from gate.config_fields import PORT_BASE, ClockSection, LoopbackAddress, Section, beside, moved_ports, split_address
from gate.yaml_file import load

BARCODE_VALUES = 1 << 12
"""Twelve bits of frame number: a loop of 60 s has at most that many pictures."""
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


def _seconds(value: Any) -> float:
    try:
        return seconds_of(value)
    except FaultError as error:
        raise ValueError(str(error)) from None


Seconds = Annotated[float, BeforeValidator(_seconds)]
Identifier = Annotated[str, AfterValidator(_identifier)]
Bits = Annotated[int, BeforeValidator(_bits), Field(ge=10_000, le=50_000_000)]
SceneName = Literal["shop_entrance", "car_park"]
LoopSeconds = Literal[1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30, 60]


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


class CameraConfig(Section):
    id: Identifier
    name: str = Field("", max_length=24, pattern=r"^[^\x00-\x1f\x7f]*$")
    scene: SceneName | None = None
    view: int = Field(0, ge=0, le=1)
    main: StreamConfig = StreamConfig()
    sub: SubStreamConfig | None = SubStreamConfig()
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
    def account(self) -> Account | None:
        """Who may see it; None: anybody."""
        if self.user is None or self.password is None:
            return None
        return Account(user=self.user, password=self.password, style=self.digest)

    @model_validator(mode="after")
    def _shows_one_thing(self) -> "CameraConfig":
        if (self.scene is None) == (self.clip is None):
            raise ValueError(f"{self.id}: give it either a scene or a clip")
        given = sorted({"main", "sub", "view"} & self.model_fields_set)
        if self.clip is not None and given:
            raise ValueError(f"{self.id}: {given[0]} is for scenes; a clip is sent as it is")
        if self.clip is None and self.sub_clip is not None:
            raise ValueError(f"{self.id}: sub_clip needs a clip")
        if (self.user is None) != (self.password is None):
            raise ValueError(f"{self.id}: user and password go together")
        return self


class RtspConfig(Section):
    listen: LoopbackAddress = "127.0.0.1:8554"

    @property
    def host(self) -> str:
        """Without brackets."""
        return split_address(self.listen)[0]

    @property
    def port(self) -> int:
        """0: any free one."""
        return split_address(self.listen)[1]


class ControlConfig(Section):
    listen: LoopbackAddress = "127.0.0.1:8080"


class FaultConfig(Section):
    """One planned fault. `for_`: `for` in the file."""

    kind: str
    scope: str = Field(max_length=40)
    at: Seconds = 0.0
    for_: Seconds | None = Field(None, alias="for")
    params: dict[str, int | float] = Field(default_factory=dict)
    seed: int = 0

    @property
    def fault(self) -> Fault:
        """The same, complete."""
        return fault_of(self.kind, self.scope, at=self.at, duration=self.for_, params=self.params, seed=self.seed)

    @model_validator(mode="after")
    def _is_a_fault(self) -> "FaultConfig":
        try:
            _ = self.fault
        except FaultError as error:
            raise ValueError(str(error)) from None
        return self


class FleetConfig(Section):
    clock: ClockSection = ClockSection()
    rtsp: RtspConfig = RtspConfig()
    control: ControlConfig | None = None
    cache_dir: Path
    fault_log: Path | None = None
    faults: tuple[FaultConfig, ...] = Field((), max_length=1000)
    loop_seconds: LoopSeconds = 60
    cameras: tuple[CameraConfig, ...] = Field(min_length=1, max_length=256)

    @model_validator(mode="after")
    def _fits_together(self) -> "FleetConfig":
        ids = [camera.id for camera in self.cameras]
        twice = next((name for name in ids if ids.count(name) > 1), None)
        if twice:
            raise ValueError(f"two cameras have the id {twice!r}")
        for planned in self.faults:
            if planned.scope.partition("/")[0] not in (*ids, EVERYTHING):
                raise ValueError(f"a fault of {planned.scope!r}: there is no such camera")
        for camera in self.cameras:
            for name, stream in camera.streams.items():
                _check_loop(f"{camera.id} {name}", stream, self.loop_seconds)
        return self


def _check_loop(label: str, stream: StreamConfig, loop_seconds: int) -> None:
    if stream.fps * loop_seconds % stream.gop_pictures:
        raise ValueError(f"{label}: gop_seconds {stream.gop_seconds:g} does not divide a loop of {loop_seconds} s")
    if stream.fps * loop_seconds > BARCODE_VALUES:
        raise ValueError(f"{label}: {stream.fps} pictures a second are more than the barcode can count in a loop")


def load_fleet(path: Path, port_base: int = PORT_BASE) -> FleetConfig:
    """The configuration with absolute paths, its default ports moved to `port_base`. Raises ConfigError."""
    config = load(path, FleetConfig)
    return config.model_copy(
        update={
            "clock": config.clock.beside(path),
            "rtsp": RtspConfig(listen=moved_ports(config.rtsp.listen, port_base)),
            "control": config.control and ControlConfig(listen=moved_ports(config.control.listen, port_base)),
            "cache_dir": beside(path, config.cache_dir),
            "fault_log": config.fault_log and beside(path, config.fault_log),
            "cameras": tuple(_beside(path, camera) for camera in config.cameras),
        }
    )


def _beside(path: Path, camera: CameraConfig) -> CameraConfig:
    clips = {"clip": camera.clip, "sub_clip": camera.sub_clip}
    return camera.model_copy(update={name: clip and beside(path, clip) for name, clip in clips.items()})
