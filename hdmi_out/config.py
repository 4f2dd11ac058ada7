"""The configuration of the HDMI output (`configs/hdmi.yaml`): its fields, their bounds and their defaults.

Paths are relative to the file; `load_config` makes them absolute. Errors name file, line and field (gate.yaml_file).
"""

import math
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from gate.config_fields import PORT_BASE, ClockSection, LoopbackAddress, Section, TimeZone, beside, moved_ports
from gate.log_output import LogSection
from gate.yaml_file import load


def _even(value: int) -> int:
    if value % 2:
        raise ValueError(f"an even number of pixels is wanted, not {value}")
    return value


class RecorderAddress(Section):
    """Where the recorder's local site is."""

    socket: Path


class HdmiConfig(Section):
    """The whole file. Language and time zone default to the recorder's own."""

    recorder: RecorderAddress
    clock: ClockSection = ClockSection()
    language: Literal["ja", "en"] | None = None
    time_zone: TimeZone | None = None
    sink: Literal["auto", "headless", "sdl"] = "auto"
    full_screen: bool = False
    listen: LoopbackAddress | None = "127.0.0.1:8650"
    width: Annotated[int, AfterValidator(_even)] | None = Field(None, ge=640, le=3840)
    height: Annotated[int, AfterValidator(_even)] | None = Field(None, ge=360, le=2160)
    fps: int = Field(15, ge=1, le=30)
    socket: Path | None = None
    grid: Literal["auto", 1, 4, 9, 16] = "auto"
    tour_seconds: float = Field(10.0, ge=2, le=3600)
    log: LogSection | None = None

    @property
    def side(self) -> int | None:
        """Tiles a side of the wall; None: by the number of cameras."""
        return None if self.grid == "auto" else math.isqrt(self.grid)

    @property
    def command_socket(self) -> Path:
        """Where the monitor takes orders: `socket`, else beside the recorder's."""
        return self.socket or self.recorder.socket.with_suffix(".hdmi")

    @model_validator(mode="after")
    def _fields_fit_together(self) -> "HdmiConfig":
        if (self.width is None) != (self.height is None):
            raise ValueError("give width and height both, or neither")
        if self.sink == "headless" and self.listen is None:
            raise ValueError("sink headless shows its picture over HTTP only: give listen an address")
        return self


def load_config(path: Path, port_base: int = PORT_BASE) -> HdmiConfig:
    """The configuration with absolute paths, its default ports moved to `port_base`. Raises ConfigError."""
    config = load(path, HdmiConfig)
    return config.model_copy(
        update={
            "recorder": RecorderAddress(socket=beside(path, config.recorder.socket)),
            "clock": config.clock.beside(path),
            "log": config.log and config.log.beside(path),
            "socket": beside(path, config.socket) if config.socket else None,
            "listen": moved_ports(config.listen, port_base) if config.listen else None,
        }
    )
