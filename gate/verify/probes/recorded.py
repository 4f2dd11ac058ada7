"""What lies on the recorder's disk, read from its files."""

import contextlib
from pathlib import Path

from gate.verify.marks import Mark, marks_in

_NEWEST = 3


def has_sub(footage: Path, camera: str) -> bool:
    """Whether its sub stream was ever recorded, too."""
    return (footage / camera / "sub").is_dir()


def newest_marks(footage: Path, camera: str, stream: str = "main") -> list[Mark]:
    """The pictures in a stream's newest files, by their time."""
    return _marks(_files(footage, camera, stream)[-_NEWEST:])


def newest_film(footage: Path, camera: str, stream: str) -> bytes:
    """The newest file that has a picture in it; empty where there is none."""
    for path in reversed(_files(footage, camera, stream)[-_NEWEST:]):
        with contextlib.suppress(FileNotFoundError):  # deleted meanwhile
            if next(marks_in(film := path.read_bytes()), None) is not None:
                return film
    return b""


def all_marks(footage: Path, camera: str, stream: str = "main") -> list[Mark]:
    """The same of all files."""
    return _marks(_files(footage, camera, stream))


def _files(footage: Path, camera: str, stream: str) -> list[Path]:
    """By when they were written last: their names follow the recorder's clock, which may be wrong."""
    found = []
    for path in (footage / camera / stream).rglob("*.mp4"):
        with contextlib.suppress(FileNotFoundError):  # deleted meanwhile
            found.append((path.stat().st_mtime_ns, path.name, path))
    return [path for _, _, path in sorted(found)]


def _marks(files: list[Path]) -> list[Mark]:
    found: list[Mark] = []
    for path in files:
        try:
            found += marks_in(path.read_bytes())
        except FileNotFoundError:  # deleted meanwhile
            continue
    return sorted(found, key=lambda mark: mark.utc_us)
