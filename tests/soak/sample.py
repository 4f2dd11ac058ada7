"""What the processes of a site take, read from /proc: never from themselves.

Memory is counted twice: all that is resident, and of it what is no file's. A share of files (PSS, USS) tells of other
programs: a camera simulator's went from 56 to 18 MB and back as those came and went that have the same files open.
"""

import contextlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil

SPARE = "recorder.supervisor.spare"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One process, or several of the same work added up."""

    rss_mb: float = 0.0
    own_mb: float = 0.0
    fds: float = 0.0
    sockets: float = 0.0
    threads: float = 0.0

    def plus(self, other: "Sample") -> "Sample":
        """Both together."""
        return Sample(**{name: getattr(self, name) + getattr(other, name) for name in MEASURES})


MEASURES = ("rss_mb", "own_mb", "fds", "sockets", "threads")


def sample_site(supervisor: int, children: Mapping[str, int]) -> dict[str, Sample]:
    """By names: `supervisor`, the children's own, `spares`, and `workers` for whatever else they have started."""
    names = {pid: name for name, pid in children.items() if pid}
    found: dict[str, Sample] = {}
    for process in _family(supervisor):
        with contextlib.suppress(psutil.Error, OSError):
            name = "supervisor" if process.pid == supervisor else names.get(process.pid) or _nameless(process)
            found[name] = found.get(name, Sample()).plus(_sample(process))
    return found


def bytes_below(folder: Path, *, but: Path) -> int:
    """What the files of a folder take on the disk, without those of one folder in it."""
    total = 0
    for below, folders, files in os.walk(folder):  # what vanishes meanwhile is passed over
        if Path(below) == but.parent:
            folders[:] = [name for name in folders if name != but.name]
        for name in files:
            with contextlib.suppress(OSError):
                total += (Path(below) / name).lstat().st_blocks * 512
    return total


def _family(supervisor: int) -> Iterator[psutil.Process]:
    with contextlib.suppress(psutil.Error):
        first = psutil.Process(supervisor)
        yield first
        yield from first.children(recursive=True)


def _nameless(process: psutil.Process) -> str:
    return "spares" if SPARE in process.cmdline() else "workers"


def _sample(process: psutil.Process) -> Sample:
    with process.oneshot():
        sockets = sum(1 for fd in Path(f"/proc/{process.pid}/fd").iterdir() if _target(fd).startswith("socket:"))
        return Sample(
            rss_mb=process.memory_info().rss / 1e6,
            own_mb=_own_bytes(process.pid) / 1e6,
            fds=process.num_fds(),
            sockets=sockets,
            threads=process.num_threads(),
        )


def _own_bytes(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) * 1024
    return 0  # it has just ended


def _target(link: Path) -> str:
    with contextlib.suppress(OSError):
        return str(link.readlink())
    return ""
