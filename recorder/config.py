"""The recorder's configuration (`configs/recorder.yaml`): its fields, their bounds and their defaults.

Paths are relative to the file; `load_config` makes them absolute. Errors name file, line and field (gate.yaml_file).
"""

import ipaddress
import re
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, model_validator

from gate.yaml_file import load

_UNITS = {"": 1, "B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12,
          "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}  # fmt: skip
_DEFAULT_PORT = re.compile(r"(127\.\d+\.\d+\.\d+|localhost|\[::1\]):8(\d{3})(?!\d)")
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}")


def _size(value: Any) -> int:
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([A-Za-z]*)\s*", str(value))
    if match is None or match[2] not in _UNITS:
        raise ValueError(f"a size like 20GB or 512MiB is wanted, not {value!r}")
    return int(float(match[1]) * _UNITS[match[2]])


def _identifier(value: str) -> str:
    if not _ID.fullmatch(value):
        raise ValueError(f"letters, digits, - and _ only, 32 at most, beginning with a letter or digit; not {value!r}")
    return value


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"no such time zone: {value!r}; use a name like Asia/Tokyo") from None
    return value


def _address(value: str) -> str:
    host, _, port = value.rpartition(":")
    try:
        loopback = ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        raise ValueError(f"an address like 127.0.0.1:8600 is wanted, not {value!r}") from None
    if not port.isdecimal() or not 0 <= int(port) < 65536:
        raise ValueError(f"the port must be 0 to 65535, not {port!r}")
    if not loopback:
        raise ValueError(f"{host} is not a loopback address; this version has no sign-in and serves this machine only")
    return value


def _rtsp_url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme != "rtsp" or not parts.hostname:
        raise ValueError(f"an address like rtsp://192.0.2.10/stream is wanted, not {value!r}")
    if parts.username or parts.password:
        raise ValueError("give user and password in their own fields, not in the address")
    return value


Size = Annotated[int, BeforeValidator(_size)]
Identifier = Annotated[str, AfterValidator(_identifier)]
Address = Annotated[str, AfterValidator(_address)]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class DeviceConfig(_Model):
    id: Identifier
    data_dir: Path
    time_zone: Annotated[str, AfterValidator(_zone)] = "Asia/Tokyo"
    language: Literal["ja", "en"] = "ja"


class ClockConfig(_Model):
    mode: Literal["system", "shared"] = "system"
    socket: Path | None = None

    @model_validator(mode="after")
    def _socket_goes_with_shared(self) -> "ClockConfig":
        if (self.mode == "shared") != (self.socket is not None):
            raise ValueError("mode shared needs a socket, mode system has none")
        return self


class LicenceConfig(_Model):
    mode: Literal["file"] = "file"
    path: Path
    root_key: Path


class RemoteConfig(_Model):
    listen: Address = "127.0.0.1:8600"


class LocalConfig(_Model):
    socket: Path


class StorageConfig(_Model):
    segment_seconds: float = Field(60, ge=2, le=3600)
    sync_seconds: float = Field(5, gt=0, le=60)
    pre_event_seconds: float = Field(10, ge=0, le=60)
    bytes_max: Size = Field(20 * 10**9, ge=50 * 10**6)
    free_bytes_min: Size = Field(2 * 10**9, ge=0)


class StreamConfig(_Model):
    url: Annotated[str, AfterValidator(_rtsp_url)]
    transport: Literal["tcp"] = "tcp"


class CameraConfig(_Model):
    id: Identifier
    name: str = Field("", max_length=64)
    main: StreamConfig
    sub: StreamConfig | None = None
    user: str | None = None
    password: SecretStr | None = None

    @property
    def streams(self) -> dict[str, StreamConfig]:
        """`main`, and `sub` if there is one."""
        return {"main": self.main} | ({"sub": self.sub} if self.sub else {})


class RecorderConfig(_Model):
    device: DeviceConfig
    clock: ClockConfig = ClockConfig()
    licence: LicenceConfig
    remote: RemoteConfig = RemoteConfig()
    local: LocalConfig
    storage: StorageConfig = StorageConfig()
    cameras: tuple[CameraConfig, ...] = Field(min_length=1, max_length=256)

    @model_validator(mode="after")
    def _ids_are_unique(self) -> "RecorderConfig":
        ids = [camera.id for camera in self.cameras]
        twice = next((name for name in ids if ids.count(name) > 1), None)
        if twice:
            raise ValueError(f"two cameras have the id {twice!r}")
        return self


def load_config(path: Path) -> RecorderConfig:
    """The configuration with absolute paths. Raises gate.yaml_file.ConfigError."""
    config = load(path, RecorderConfig)
    base = path.resolve().parent
    socket = config.clock.socket
    return config.model_copy(
        update={
            "device": config.device.model_copy(update={"data_dir": base / config.device.data_dir}),
            "clock": config.clock.model_copy(update={"socket": base / socket if socket else None}),
            "licence": config.licence.model_copy(
                update={"path": base / config.licence.path, "root_key": base / config.licence.root_key}
            ),
            "local": config.local.model_copy(update={"socket": base / config.local.socket}),
        }
    )


def moved(config: RecorderConfig, port_base: int) -> RecorderConfig:
    """The configuration with every loopback port of 8000 to 8999 moved to the thousand that begins at `port_base`."""

    def move(address: str) -> str:
        return _DEFAULT_PORT.sub(lambda match: f"{match[1]}:{port_base + int(match[2])}", address)

    def move_camera(camera: CameraConfig) -> CameraConfig:
        streams = {name: link.model_copy(update={"url": move(link.url)}) for name, link in camera.streams.items()}
        return camera.model_copy(update=streams)

    remote = config.remote.model_copy(update={"listen": move(config.remote.listen)})
    return config.model_copy(update={"remote": remote, "cameras": tuple(map(move_camera, config.cameras))})
