"""The configuration of the HDMI output (`configs/hdmi.yaml`): its fields, their bounds and their defaults.

Paths are relative to the file; `load_config` makes them absolute. Errors name file, line and field (gate.yaml_file).
"""

import ipaddress
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from gate.yaml_file import load

PORTS = range(8000, 9000)
"""The loopback ports that `--port-base` moves."""


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
        raise ValueError(f"an address like 127.0.0.1:8650 is wanted, not {value!r}") from None
    if not port.isdecimal() or not 0 <= int(port) < 65536:
        raise ValueError(f"the port must be 0 to 65535, not {port!r}")
    if not loopback:
        raise ValueError(f"{host} is not a loopback address; the preview has no sign-in and serves this machine only")
    return value


def _even(value: int) -> int:
    if value % 2:
        raise ValueError(f"an even number of pixels is wanted, not {value}")
    return value


Address = Annotated[str, AfterValidator(_address)]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class RecorderAddress(_Model):
    """Where the recorder's local site is."""

    socket: Path


class ClockConfig(_Model):
    """The clock of the site."""

    mode: Literal["system", "shared"] = "system"
    socket: Path | None = None

    @model_validator(mode="after")
    def _socket_goes_with_shared(self) -> "ClockConfig":
        if (self.mode == "shared") != (self.socket is not None):
            raise ValueError("mode shared needs a socket, mode system has none")
        return self


class HdmiConfig(_Model):
    """The whole file. Language and time zone default to the recorder's own."""

    recorder: RecorderAddress
    clock: ClockConfig = ClockConfig()
    language: Literal["ja", "en"] | None = None
    time_zone: Annotated[str | None, AfterValidator(lambda value: value and _zone(value))] = None
    sink: Literal["auto", "headless", "sdl"] = "auto"
    full_screen: bool = False
    listen: Address | None = "127.0.0.1:8650"
    width: Annotated[int, AfterValidator(_even)] | None = Field(None, ge=640, le=3840)
    height: Annotated[int, AfterValidator(_even)] | None = Field(None, ge=360, le=2160)
    fps: int = Field(15, ge=1, le=30)

    @model_validator(mode="after")
    def _fields_fit_together(self) -> "HdmiConfig":
        if (self.width is None) != (self.height is None):
            raise ValueError("give width and height both, or neither")
        if self.sink == "headless" and self.listen is None:
            raise ValueError("sink headless shows its picture over HTTP only: give listen an address")
        return self


def load_config(path: Path, port_base: int | None = None) -> HdmiConfig:
    """The configuration with absolute paths; `port_base` replaces 8000 in a loopback port of 8000 to 8999. Raises
    gate.yaml_file.ConfigError."""
    config = load(path, HdmiConfig)
    base = path.resolve().parent
    clock = config.clock.socket
    return config.model_copy(
        update={
            "recorder": RecorderAddress(socket=base / config.recorder.socket),
            "clock": config.clock.model_copy(update={"socket": base / clock if clock else None}),
            "listen": _moved(config.listen, port_base),
        }
    )


def host_and_port(address: str) -> tuple[str, int]:
    """The two parts of an address."""
    host, _, port = address.rpartition(":")
    return host.strip("[]"), int(port)


def _moved(address: str | None, port_base: int | None) -> str | None:
    if address is None or port_base is None:
        return address
    host, _, port = address.rpartition(":")
    return f"{host}:{int(port) - PORTS.start + port_base}" if int(port) in PORTS else address
