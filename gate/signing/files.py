"""Small files, handled with care: written so that a reader or a power cut sees the old content or the new, never a
part; read without following a pipe or a device into a wait."""

import contextlib
import errno
import os
import secrets
import stat
from pathlib import Path


def write_atomically(path: Path, content: bytes, *, mode: int = 0o644, replace: bool = True) -> None:
    """Writes, syncs, and puts the file in place. With `replace` false raises FileExistsError where one is there."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
        with os.fdopen(fd, "wb") as file:
            os.fchmod(file.fileno(), mode)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if replace:
            temporary.replace(path)
        else:
            path.hardlink_to(temporary)
    finally:
        with contextlib.suppress(FileNotFoundError):
            temporary.unlink()
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def read_regular(path: Path, bytes_max: int) -> tuple[bytes, os.stat_result]:
    """The first `bytes_max + 1` bytes of a regular file (one more than allowed shows that it is larger), and its
    status. Raises OSError, also for anything but a regular file."""
    fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(fd, "rb") as file:
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "not a regular file", str(path))
        return file.read(bytes_max + 1), status
