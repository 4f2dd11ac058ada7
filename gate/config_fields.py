"""Fields that the configurations of several processes have in common: addresses, time zones, the clock, paths.

A leaf like gate.yaml_file: any package may use it.
"""

import argparse
import ipaddress
import os
import re
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, model_validator

PORT_BASE = 8000
"""Default ports lie in the thousand that begins here; `--port-base` moves them."""
_DEFAULT_PORT = re.compile(r"(127\.\d+\.\d+\.\d+|localhost|\[::1\]):8(\d{3})(?!\d)")


class Section(BaseModel):
    """A part of a configuration: unknown fields are refused, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"no such time zone: {value!r}; use a name like Asia/Tokyo") from None
    return value


def _address(value: str) -> str:
    host, port = split_address(value)
    try:
        ipaddress.ip_address(host)
    except ValueError:
        raise ValueError(f"an address like 127.0.0.1:8600 is wanted, not {value!r}") from None
    if not 0 <= port < 65536:
        raise ValueError(f"the port must be 0 to 65535, not {port}")
    return value


def _loopback(value: str) -> str:
    if not address_is_loopback(_address(value)):
        host, _ = split_address(value)
        raise ValueError(f"{host} is not a loopback address; nobody signs in here, it serves this machine only")
    return value


def address_is_loopback(address: str) -> bool:
    """Whether only this machine can reach an address (`host:port`, the host in digits)."""
    return ipaddress.ip_address(split_address(address)[0]).is_loopback


TimeZone = Annotated[str, AfterValidator(_zone)]
ListenAddress = Annotated[str, AfterValidator(_address)]
"""`host:port`; port 0 takes any free one."""
LoopbackAddress = Annotated[str, AfterValidator(_loopback)]
"""The same, of this machine alone."""


class ClockSection(Section):
    """`{mode: system}`, or `{mode: shared, socket: PATH}`. `site_data`: folders beside the recorder's that a reset of a
    shared clock wipes, too."""

    mode: Literal["system", "shared"] = "system"
    socket: Path | None = None
    site_data: tuple[Path, ...] = ()

    @model_validator(mode="after")
    def _socket_goes_with_shared(self) -> "ClockSection":
        if (self.mode == "shared") != (self.socket is not None):
            raise ValueError("mode shared needs a socket, mode system has none")
        return self

    def beside(self, file: Path) -> "ClockSection":
        """The same with an absolute path."""
        folders = tuple(beside(file, folder) for folder in self.site_data)
        return self.model_copy(
            update={"socket": beside(file, self.socket) if self.socket else None, "site_data": folders}
        )


def split_address(address: str) -> tuple[str, int]:
    """Host without brackets, and port. Raises ValueError."""
    host, _, port = address.rpartition(":")
    if not port.isdecimal():
        raise ValueError(f"an address like 127.0.0.1:8600 is wanted, not {address!r}")
    return host.strip("[]"), int(port)


def host_is_loopback(host: str | None) -> bool:
    """Whether a Host header names this machine's loopback, with or without a port. Pure."""
    if not host:
        return False
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def beside(file: Path, path: Path) -> Path:
    """A path of a configuration file, which is relative to that file, made absolute."""
    return Path(os.path.normpath(file.absolute().parent / path))


def parse_port_base(text: str) -> int:
    """For argparse: where the thousand of ports may begin, so that all are ports a user may open."""
    if not text.isdecimal() or not 1024 <= int(text) <= 64_000:
        raise argparse.ArgumentTypeError(f"a number from 1024 to 64000 is wanted, not {text!r}")
    return int(text)


def moved_ports(text: str, port_base: int) -> str:
    """An address or URL whose loopback port of 8000 to 8999 is moved to the thousand that begins at `port_base`."""
    return _DEFAULT_PORT.sub(lambda match: f"{match[1]}:{port_base + int(match[2])}", text)
