"""The fleet's configuration (`configs/fleet.yaml`): its fields, their bounds and their defaults.

Paths are relative to the file; `load_fleet` makes them absolute. Errors name file, line and field (gate.yaml_file).
"""

import ipaddress
import re
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from gate.yaml_file import load

BARCODE_VALUES = 1 << 12
"""Twelve bits of frame number: a loop of 60 s has at most that many pictures."""
_PORT_BLOCK = range(8000, 9000)
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,15}")


def _identifier(value: str) -> str:
    if not _ID.fullmatch(value):
        raise ValueError(f"letters, digits, - and _ only, 16 at most, beginning with a letter or digit; not {value!r}")
    return value


def _address(value: str) -> str:
    host, _, port = value.rpartition(":")
    try:
        loopback = ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        raise ValueError(f"an address like 127.0.0.1:8554 is wanted, not {value!r}") from None
    if not port.isdecimal() or not 0 <= int(port) < 65536:
        raise ValueError(f"the port must be 0 to 65535, not {port!r}")
    if not loopback:
        raise ValueError(f"{host} is not a loopback address; the simulated cameras serve this machine only")
    return value


def _bits(value: Any) -> int:
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([kM]?)\s*", str(value))
    if match is None:
        raise ValueError(f"bits per second like 500k or 2M are wanted, not {value!r}")
    return int(float(match[1]) * {"": 1, "k": 10**3, "M": 10**6}[match[2]])


Identifier = Annotated[str, AfterValidator(_identifier)]
Address = Annotated[str, AfterValidator(_address)]
Bits = Annotated[int, BeforeValidator(_bits), Field(ge=10_000, le=50_000_000)]
SceneName = Literal["shop_entrance", "car_park"]
LoopSeconds = Literal[1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30, 60]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class StreamConfig(_Model):
    """One encoded stream of a camera."""

    width: int = Field(1280, ge=96, le=3840, multiple_of=2)
    height: int = Field(720, ge=64, le=2160, multiple_of=2)
    fps: int = Field(15, ge=1, le=60)
    bitrate: Bits = 2_000_000
    gop_seconds: float = Field(1, gt=0, le=10)

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


class CameraConfig(_Model):
    id: Identifier
    name: str = Field("", max_length=24)
    scene: SceneName
    view: int = Field(0, ge=0, le=1)
    main: StreamConfig = StreamConfig()
    sub: SubStreamConfig | None = SubStreamConfig()

    @property
    def streams(self) -> dict[str, StreamConfig]:
        """`main`, and `sub` if there is one."""
        return {"main": self.main} | ({"sub": self.sub} if self.sub else {})


class ClockConfig(_Model):
    mode: Literal["system", "shared"] = "system"
    socket: Path | None = None

    @model_validator(mode="after")
    def _socket_goes_with_shared(self) -> "ClockConfig":
        if (self.mode == "shared") != (self.socket is not None):
            raise ValueError("mode shared needs a socket, mode system has none")
        return self


class RtspConfig(_Model):
    listen: Address = "127.0.0.1:8554"

    @property
    def host(self) -> str:
        """Without brackets."""
        return self.listen.rpartition(":")[0].strip("[]")

    @property
    def port(self) -> int:
        """0: any free one."""
        return int(self.listen.rpartition(":")[2])


class FleetConfig(_Model):
    clock: ClockConfig = ClockConfig()
    rtsp: RtspConfig = RtspConfig()
    cache_dir: Path
    loop_seconds: LoopSeconds = 60
    cameras: tuple[CameraConfig, ...] = Field(min_length=1, max_length=256)

    @model_validator(mode="after")
    def _fits_together(self) -> "FleetConfig":
        ids = [camera.id for camera in self.cameras]
        twice = next((name for name in ids if ids.count(name) > 1), None)
        if twice:
            raise ValueError(f"two cameras have the id {twice!r}")
        for camera in self.cameras:
            for name, stream in camera.streams.items():
                _check_loop(f"{camera.id} {name}", stream, self.loop_seconds)
        return self


def _check_loop(label: str, stream: StreamConfig, loop_seconds: int) -> None:
    if stream.fps * loop_seconds % stream.gop_pictures:
        raise ValueError(f"{label}: gop_seconds {stream.gop_seconds:g} does not divide a loop of {loop_seconds} s")
    if stream.fps * loop_seconds > BARCODE_VALUES:
        raise ValueError(f"{label}: {stream.fps} pictures a second are more than the barcode can count in a loop")


def load_fleet(path: Path, port_base: int = _PORT_BLOCK.start) -> FleetConfig:
    """The configuration with absolute paths; `port_base` replaces 8000 in ports 8000 to 8999. Raises ConfigError."""
    config = load(path, FleetConfig)
    base = path.resolve().parent
    socket = config.clock.socket
    port = config.rtsp.port
    if port in _PORT_BLOCK:
        port += port_base - _PORT_BLOCK.start
    return config.model_copy(
        update={
            "clock": config.clock.model_copy(update={"socket": base / socket if socket else None}),
            "rtsp": RtspConfig(listen=f"{config.rtsp.listen.rpartition(':')[0]}:{port}"),
            "cache_dir": base / config.cache_dir,
        }
    )
