"""Writes one file of an export: head, footage, and, when every file's content is known, the sealed manifest behind it.

1. Until it is whole a file has the suffix of an unfinished one, so that nobody takes it for whole; it gets its name in
   the moment in which it is on disk to the last byte.
2. Work is done in steps, so that a licence that ends stops it within one. What was read is not kept in the page cache:
   the recorder's own writes need it.
3. The disk's floor is looked at in every step.
Blocks; for one thread.
"""

import contextlib
import errno
import hashlib
import os
import shutil
import struct
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

from recorder.exports.errors import ExportError, FootageGoneError, NoRoomError
from recorder.exports.export import ExportedFile
from recorder.exports.plan import FilePlan
from recorder.media.access_unit import TIMESCALE

UNFINISHED = ".part"
STEP_BYTES = 2 << 20
SYNC_BYTES = 32 << 20
MANIFEST_UUID = bytes.fromhex("5d2c9f4f6a0b4c1e8f3b7a90c4e1d258")

FreeBytes = Callable[[Path], int]


def free_bytes(folder: Path) -> int:
    """What the file system has left for us."""
    return shutil.disk_usage(folder).free


def manifest_box(sealed: bytes) -> bytes:
    """The last box of every file: players pass over it."""
    return struct.pack(">I4s", 24 + len(sealed), b"uuid") + MANIFEST_UUID + sealed


class FileMaking:
    """One file: `step` until it gives 0, `seal` it, or `close` it at any moment."""

    def __init__(
        self, folder: Path, name: str, plan: FilePlan, free_bytes_min: int, free: FreeBytes = free_bytes
    ) -> None:
        """Raises ExportError."""
        self.name, self.plan = name, plan
        self._path = folder / name
        self._unfinished = folder / (name + UNFINISHED)
        self._free_bytes_min = free_bytes_min
        self._free = free
        self._digest = hashlib.sha256()
        self._crc32 = self._bytes = self._unsynced = 0
        self._extent = self._within = 0
        self._source: tuple[Path, int] | None = None
        self._fd = -1
        with _told(folder):
            self._fd = os.open(self._unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            self._write(plan.head)

    def step(self) -> int:
        """Copies some footage; gives how much, 0 at the end. Raises ExportError."""
        if self._extent == len(self.plan.extents):
            return 0
        extent = self.plan.extents[self._extent]
        fd, at = self._open(extent.path), extent.offset + self._within
        try:
            data = os.pread(fd, min(STEP_BYTES, extent.size - self._within), at)
            os.posix_fadvise(fd, at, len(data), os.POSIX_FADV_DONTNEED)
        except OSError as error:
            raise FootageGoneError("export_footage_gone", f"{extent.path}: {error.strerror}") from None
        if not data:
            raise FootageGoneError("export_footage_gone", f"{extent.path}: it ends at byte {at}")
        with _told(self._path.parent):
            self._write(data)
        self._within += len(data)
        if self._within == extent.size:
            self._extent, self._within = self._extent + 1, 0
        return len(data)

    @property
    def sha256(self) -> str:
        """Of what has been written."""
        return self._digest.hexdigest()

    def seal(self, box: bytes) -> ExportedFile:
        """Adds the manifest and gives the file its name. Raises ExportError."""
        plan, content_bytes, sha256 = self.plan, self._bytes, self.sha256
        with _told(self._path.parent):
            self._write(box)
            os.fsync(self._fd)
            self.close()
            self._unfinished.rename(self._path)
        return ExportedFile(
            name=self.name,
            camera=plan.camera,
            stream=plan.stream,
            start_utc_ns=plan.start_utc_ns,
            end_utc_ns=plan.end_utc_ns,
            pictures=plan.pictures,
            pre_roll_seconds=plan.pre_roll_90k / TIMESCALE,
            codec=plan.format.codec,
            width=plan.format.width,
            height=plan.format.height,
            has_sound=plan.has_sound,
            bytes=content_bytes,
            sha256=sha256,
            size=content_bytes + len(box),
            crc32=self._crc32,
        )

    def close(self) -> None:
        """Closes what is open."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
        if self._source is not None:
            os.close(self._source[1])
            self._source = None

    def _open(self, path: Path) -> int:
        if self._source is not None and self._source[0] == path:
            return self._source[1]
        if self._source is not None:
            os.close(self._source[1])
            self._source = None
        try:
            self._source = path, os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            raise FootageGoneError("export_footage_gone", f"{path}: {error.strerror}") from None
        return self._source[1]

    def _write(self, data: bytes) -> None:
        if self._free(self._path.parent) - len(data) < self._free_bytes_min:
            raise NoRoomError("export_disk_full", f"{self._path.parent}: less than {self._free_bytes_min} bytes free")
        view = memoryview(data)
        while view:
            view = view[os.write(self._fd, view) :]
        self._digest.update(data)
        self._crc32 = zlib.crc32(data, self._crc32)
        self._bytes += len(data)
        self._unsynced += len(data)
        if self._unsynced >= SYNC_BYTES:  # little by little: one large flush would hold the recorder's own up
            os.fdatasync(self._fd)
            os.posix_fadvise(self._fd, 0, self._bytes, os.POSIX_FADV_DONTNEED)
            self._unsynced = 0


@contextlib.contextmanager
def _told(folder: Path) -> Iterator[None]:
    """Turns what the disk says into an ExportError."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise NoRoomError("export_disk_full", f"{folder}: {error.strerror}") from error
        raise ExportError("export_disk_failed", f"{folder}: {error.strerror}") from error
