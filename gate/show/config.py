"""The configuration of the show board (`configs/show.yaml`)."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from gate.config_fields import PORT_BASE, LoopbackAddress, Section, beside, moved_ports
from gate.yaml_file import load


class ShowConfig(Section):
    """The whole file."""

    site: Path
    listen: LoopbackAddress = "127.0.0.1:8680"
    language: Literal["ja", "en"] = "ja"
    story: bool = False
    touch_seconds: float = Field(60.0, ge=5, le=3600)
    pace: float = Field(1.0, ge=0.05, le=10)


def load_config(path: Path, port_base: int = PORT_BASE) -> ShowConfig:
    """The configuration with absolute paths and moved ports. Raises gate.yaml_file.ConfigError."""
    config = load(path, ShowConfig)
    return config.model_copy(
        update={"site": beside(path, config.site), "listen": moved_ports(config.listen, port_base)}
    )
