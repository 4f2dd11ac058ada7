"""What lies on the recorder's disk, read from its files."""

from pathlib import Path

from gate.verify.marks import Mark, marks_in

_NEWEST = 3


def newest_marks(footage: Path, camera: str) -> list[Mark]:
    """The pictures in a camera's newest files (main stream), by their time."""
    return _marks(_files(footage, camera)[-_NEWEST:])


def all_marks(footage: Path, camera: str) -> list[Mark]:
    """The same of all its files."""
    return _marks(_files(footage, camera))


def _files(footage: Path, camera: str) -> list[Path]:
    return sorted((footage / camera / "main").rglob("*.mp4"), key=lambda path: (path.parent.name, path.name))


def _marks(files: list[Path]) -> list[Mark]:
    found: list[Mark] = []
    for path in files:
        try:
            found += marks_in(path.read_bytes())
        except FileNotFoundError:  # deleted meanwhile
            continue
    return sorted(found, key=lambda mark: mark.utc_us)
