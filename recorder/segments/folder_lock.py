"""A folder that one process at a time may write to."""

import fcntl
import os
from pathlib import Path

from recorder.segments.errors import VolumeError, VolumeLockedError


class FolderLock:
    """`lock` it before anything is written; it ends with the process."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder
        self._path = folder / name
        self._fd: int | None = None

    def lock(self) -> None:
        """Makes the folder and takes it for this process, until `unlock` or its end. Raises VolumeError."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise VolumeError(f"{self._folder}: cannot be written to: {error.strerror}") from error
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            owner = os.pread(fd, 20, 0).decode("ascii", "replace").strip() or "unknown"
            os.close(fd)
            raise VolumeLockedError(
                f"{self._folder}: another recorder (process {owner}) writes here; stop it, or choose another folder"
            ) from None
        self._fd = fd
        try:
            os.ftruncate(fd, 0)
            os.pwrite(fd, f"{os.getpid()}\n".encode(), 0)
        except OSError:
            pass  # a full disk: nobody learns who we are, the lock holds

    def unlock(self) -> None:
        """Gives the folder free."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None
