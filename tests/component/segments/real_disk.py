"""A small real file system: a tmpfs where mounting is allowed (root), else none: tests then say what stands in."""

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def small_disk(place: Path, megabytes: int, *, read_only: bool = False) -> Iterator[bool]:
    """Mounts one at `place` for the length of the body; false if that is not allowed here."""
    place.mkdir(parents=True, exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(place)]
    mounted = os.geteuid() == 0 and subprocess.run(command, capture_output=True, check=False).returncode == 0
    try:
        if mounted and read_only:
            subprocess.run(["mount", "-o", "remount,ro", str(place)], check=True, capture_output=True)
        yield mounted
    finally:
        if mounted:
            take_away(place)


def bind(disk: Path, place: Path) -> None:
    """Shows a mounted disk at another place, too."""
    subprocess.run(["mount", "--bind", str(disk), str(place)], check=True, capture_output=True)


def take_away(place: Path) -> None:
    """Unmounts, however busy: what happens to a disk that is pulled out. Nothing, if nothing is mounted."""
    subprocess.run(["umount", "-l", str(place)], capture_output=True, check=False)
