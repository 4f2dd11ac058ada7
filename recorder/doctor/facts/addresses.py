"""Whether addresses are free, by binding them for a moment; and else who has them, by /proc."""

import errno
import socket
from collections.abc import Iterator
from pathlib import Path

from gate.config_fields import split_address
from recorder.config import RecorderConfig
from recorder.doctor.rules.addresses import Address

_LISTENING = "0A"


def look_at_addresses(config: RecorderConfig, *, running: bool) -> list[Address]:
    """`running`: this recorder runs, and has its addresses itself."""
    remote = config.remote
    settings = (
        ("remote.listen", remote.listen),
        ("remote.rtsp.listen", remote.rtsp.listen if remote.rtsp is not None else None),
        ("metrics.listen", config.metrics.listen),
    )
    plain = remote.beyond_loopback and not remote.encrypted
    return [
        _look(setting, listen, running=running, plain=plain and setting == "remote.listen")
        for setting, listen in settings
        if listen is not None
    ]


def _look(setting: str, listen: str, *, running: bool, plain: bool) -> Address:
    host, port = split_address(listen)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind((host, port))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                reason = error.strerror or str(error)
                return Address(setting=setting, listen=listen, state="impossible", error=reason, plain=plain)
        else:
            return Address(setting=setting, listen=listen, state="free", plain=plain)
    holder, own = _holder(port)
    if running and (own or not holder):
        return Address(setting=setting, listen=listen, state="own", plain=plain)
    return Address(setting=setting, listen=listen, state="taken", holder=holder, plain=plain)


def _holder(port: int) -> tuple[str, bool]:
    """Name and number of the process that listens there, and whether it is a recorder; nothing where it is another
    user's."""
    sockets = {f"socket:[{inode}]" for inode in _inodes(port)}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            descriptors = list((process / "fd").iterdir())
        except OSError:  # another user's, or ended
            continue
        for descriptor in descriptors:
            try:
                target = str(descriptor.readlink())
            except OSError:
                continue
            if target in sockets:
                words = _command(process)
                return f"{_shown(words)} (pid {process.name})", any("recorder" in word for word in words[:4])
    return "", False


def _inodes(port: int) -> Iterator[str]:
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            lines = Path(table).read_text().splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            words = line.split()
            if words[3] == _LISTENING and int(words[1].rpartition(":")[2], 16) == port:
                yield words[9]


def _command(process: Path) -> list[str]:
    try:
        return (process / "cmdline").read_bytes().decode(errors="replace").rstrip("\0").split("\0")
    except OSError:
        return []


def _shown(words: list[str]) -> str:
    """The program, and what of Python it runs; never its other arguments, which may hold secrets."""
    name = Path(words[0]).name if words and words[0] else "a process"
    if name.startswith("python") and len(words) > 2 and words[1] == "-m":
        return f"{name} -m {words[2]}"
    if name.startswith("python") and len(words) > 1 and not words[1].startswith("-"):
        return f"{name} {Path(words[1]).name}"
    return name
