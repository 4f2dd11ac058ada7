"""The recording volume: where its files lie, whose it is, and that only one recorder writes to it.

`ROOT/CAMERA/STREAM/YYYY-MM-DD/RUN-SEQ.mp4`: the UTC date of the segment's first picture; RUN and SEQ are decimal.
`ROOT/volume.json` holds the volume's id: an empty mount point has none and is never written to.
"""

import contextlib
import errno
import json
import os
import re
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

from gate.clock import instant_of
from recorder.catalog.rows import STREAMS, SegmentId, Stream
from recorder.segments.errors import VolumeError, VolumeMissingError
from recorder.segments.folder_lock import FolderLock

_ID_NAME = "volume.json"
_LOCK_NAME = "volume.lock"
_FILE = re.compile(r"(\d{6,9})-(\d{4,9})\.mp4", re.ASCII)
_DAY = re.compile(r"\d{4,5}-\d\d-\d\d", re.ASCII)


class Volume:
    """A directory tree of segments. `lock` it before anything is written. `number`: in the index."""

    def __init__(self, root: Path, number: int = 1) -> None:
        self.root = root
        self.number = number
        self._id: str | None = None
        self._lock = FolderLock(root, _LOCK_NAME)

    def lock(self) -> None:
        """Makes the directory and takes it for this process, until `unlock` or its end. Raises VolumeError."""
        self._lock.lock()

    def unlock(self) -> None:
        """Gives the directory free."""
        self._lock.unlock()

    def identify(self, known_id: str | None) -> str:
        """The volume's id, made on first use. `known_id`: what the index expects, if it expects anything.
        Raises VolumeMissingError if this is not that volume."""
        found = self.read_id()
        if found is None:
            if known_id is not None:
                raise VolumeMissingError(f"{self.root}: {_ID_NAME} is not there; mount the recording volume")
            found = self._make_id(self.root / _ID_NAME)
        elif known_id is not None and found != known_id:
            raise VolumeMissingError(
                f"{self.root}: this is volume {found}, the index is of {known_id}; mount the right one"
            )
        self._id = found
        return found

    def read_id(self) -> str | None:
        """The volume's id; None if it has none: it is new, or not mounted. Raises VolumeError."""
        path = self.root / _ID_NAME
        try:
            return str(json.loads(path.read_text(encoding="utf-8"))["id"])
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise VolumeError(f"{path}: cannot be read ({error}); restore the file") from error

    def check_present(self) -> None:
        """Raises OSError if the volume has been unmounted: nothing may be written into an empty mount point."""
        if not (self.root / _ID_NAME).exists():
            raise OSError(errno.ENODEV, f"the recording volume is gone ({_ID_NAME} is missing)")

    def regain(self) -> None:
        """Takes a volume that was gone into use again: it must be the same, and free. Raises OSError, VolumeError."""
        self.check_present()
        if self.read_id() != self._id:
            raise VolumeMissingError(f"{self.root}: another volume is mounted there; mount the right one")
        self.unlock()
        self.lock()

    def path_of(self, id: SegmentId, start_utc_ns: int) -> Path:
        """Where a segment lies."""
        return segment_path(self.root, id, start_utc_ns)

    def streams(self) -> Iterator[tuple[str, Stream]]:
        """Every camera's stream that has a folder."""
        for camera in _folders(self.root):
            for stream in STREAMS:
                if (self.root / camera.name / stream).is_dir():
                    yield camera.name, stream

    def scan_stream(self, camera: str, stream: Stream) -> Iterator[tuple[SegmentId, str]]:
        """Every segment's file of a stream, as plain paths: making Path objects would take most of a start's time."""
        for day in _folders(self.root / camera / stream):
            if not _DAY.fullmatch(day.name):
                continue
            with os.scandir(day.path) as entries:
                for entry in entries:
                    if (match := _FILE.fullmatch(entry.name)) is not None:
                        yield SegmentId(camera, stream, int(match[1]), int(match[2])), entry.path

    def free_bytes(self) -> int:
        """What the file system has left for us."""
        return shutil.disk_usage(self.root).free

    def _make_id(self, path: Path) -> str:
        volume_id = uuid.uuid4().hex
        temporary = path.with_suffix(".new")
        try:
            with temporary.open("w", encoding="utf-8") as file:
                json.dump({"id": volume_id}, file)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
            sync_folder(self.root)
        except OSError as error:
            raise VolumeError(f"{self.root}: cannot be written to: {error.strerror}") from error
        return volume_id


def segment_path(root: Path, id: SegmentId, start_utc_ns: int) -> Path:
    """Where a segment lies on the volume at `root`."""
    day = instant_of(start_utc_ns).date().isoformat()
    return root / id.camera / id.stream / day / f"{id.run:06}-{id.seq:04}.mp4"


def sync_folder(folder: Path) -> None:
    """Makes the names in a folder durable."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def remove_empty_folders(path: Path, root: Path) -> None:
    """Removes the folders above a deleted file that hold nothing any more, below `root`."""
    with contextlib.suppress(OSError):  # not empty
        for folder in path.parents:
            if folder == root:
                return
            folder.rmdir()


def _folders(parent: Path) -> list["os.DirEntry[str]"]:
    try:
        with os.scandir(parent) as entries:
            return [entry for entry in entries if entry.is_dir(follow_symlinks=False)]
    except FileNotFoundError:
        return []
