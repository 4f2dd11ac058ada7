"""Makes a backup, while the recorder may run. Blocks."""

import contextlib
import errno
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from gate.client.registration import open_device_identity
from gate.clock import Clock
from recorder.backup import form
from recorder.backup.errors import BackupError
from recorder.backup.private import gather_private, pack
from recorder.backup.sealing import seal_private
from recorder.catalog import footage_queries, queries
from recorder.catalog.rows import STREAMS, SegmentId, SegmentRow
from recorder.config import RecorderConfig
from recorder.maintenance.index_backup import back_up_index
from recorder.playback.archive import Archive, path_on
from recorder.segments.volume import sync_folder

PAGE = 4096
SPARE_BYTES = 64 << 20
"""Left free on the disk that the backup goes to."""
_NO_LINKS = (errno.EPERM, errno.ENOSYS, errno.EOPNOTSUPP)
"""What a disk without hard links says: FAT and exFAT, as on USB sticks, and some network disks."""

OnBytes = Callable[[int, int], None]
"""Bytes done, bytes in all (0: not known)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeBackup:
    """`segments` with footage; `gone`: deleted or still growing while they were copied."""

    bytes: int
    device: str
    segments: int
    gone: int
    sealed: bool


def make_backup(
    file: Path,
    config: RecorderConfig,
    out: Path,
    clock: Clock,
    *,
    with_footage: bool,
    passphrase: str | None,
    on_bytes: OnBytes,
) -> MadeBackup:
    """The whole recorder in one new file of mode 0600. Raises BackupError, MaintenanceError, LicensingError; `out` is
    then not there."""
    data = config.device.data_dir
    if not (data / "device.key").is_file():
        raise BackupError(f"{data}: there is no device yet; the recorder makes it at its first start")
    if out.exists():
        raise BackupError(f"{out}: is there already; name a new file")
    part = out.with_name(f".{out.name}.part")
    try:
        with tempfile.TemporaryDirectory(dir=out.parent, prefix=".backup-") as folder:
            made = _make(file, config, part, Path(folder), clock, with_footage, passphrase, on_bytes)
        _put_in_place(part, out)
    except FileExistsError:
        raise BackupError(f"{out}: is there already; name a new file") from None
    except OSError as error:
        raise BackupError(f"{error.filename or out}: cannot be written: {error.strerror}") from None
    finally:
        part.unlink(missing_ok=True)
    return made


def _make(
    file: Path,
    config: RecorderConfig,
    part: Path,
    folder: Path,
    clock: Clock,
    with_footage: bool,
    passphrase: str | None,
    on_bytes: OnBytes,
) -> MadeBackup:
    archive, index = Archive(data_dir=config.device.data_dir), folder / form.INDEX
    if archive.index.exists():
        back_up_index(archive, index, lambda done, total: on_bytes(0, 0))
    volumes = _volumes(archive, index)
    rows, roots = _segments(archive, index, volumes) if with_footage else ([], {})
    content = pack(gather_private(file, config, volumes))
    total = sum(row.bytes for _, row in rows)
    _check_room(part.parent, total + len(content) + (index.stat().st_size if index.exists() else 0))
    done = 0

    def on_more(count: int) -> None:
        nonlocal done
        done += count
        on_bytes(done, total)

    part.unlink(missing_ok=True)
    fd = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(fd, "wb") as target:
        writer = form.Writer(target, on_more)
        if passphrase is None:
            writer.add_bytes(form.PRIVATE, content)
        else:
            writer.add_bytes(form.SEALED, seal_private(content, passphrase))
        if index.exists():
            writer.add_file(form.INDEX, index)
        gone = 0
        for number, row in rows:
            path = path_on(roots, number, row.id, row.start_utc_ns)
            try:
                writer.add_file(f"{form.FOOTAGE}/{number}/{path.relative_to(roots[number]).as_posix()}", path)
            except FileNotFoundError:  # retention was faster
                gone += 1
        facts = {
            "made_at": clock.now().isoformat(timespec="seconds"),
            "version": version("edge-recorder"),
            "device": config.device.id,
            "key": open_device_identity(config.device.data_dir).sha256[:16],
            "sealed": passphrase is not None,
            "footage": with_footage,
        }
        writer.close(facts)
        target.flush()
        os.fsync(fd)
    size = part.stat().st_size
    sealed = passphrase is not None
    return MadeBackup(bytes=size, device=config.device.id, segments=len(rows) - gone, gone=gone, sealed=sealed)


def _put_in_place(part: Path, out: Path) -> None:
    """Never over a file that has come meanwhile: that is a FileExistsError."""
    try:
        os.link(part, out)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        os.close(os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        part.replace(out)
    sync_folder(out.parent)


def _volumes(archive: Archive, index: Path) -> dict[int, Path]:
    """Volumes that are there, by their numbers."""
    if not index.exists():
        return {}
    with _reading(index) as db:
        roots = archive.roots(db)
    return {number: root for number, root in roots.items() if (root / "volume.json").is_file()}


def _segments(
    archive: Archive, index: Path, mounted: Mapping[int, Path]
) -> tuple[list[tuple[int, SegmentRow]], dict[int, Path]]:
    """What is closed, and where volumes lie. Raises BackupError where one of them is not there."""
    if not index.exists():
        return [], {}
    with _reading(index) as db:
        roots = dict(archive.roots(db))
        rows = [
            (row.volume, row)
            for camera in queries.cameras(db)
            for stream in STREAMS
            for row in _pages(db, SegmentId(camera, stream, 0, 0))
            if row.state == "closed" and row.volume in roots
        ]
    missing = next((roots[number] for number, _ in rows if number not in mounted), None)
    if missing is not None:
        raise BackupError(f"{missing}: the volume is not there; mount it first, or leave the footage out")
    return rows, roots


def _pages(db: sqlite3.Connection, id: SegmentId) -> Iterator[SegmentRow]:
    while page := footage_queries.segments_from(db, id, PAGE):
        yield from page
        last = page[-1].id
        id = SegmentId(last.camera, last.stream, last.run, last.seq + 1)


@contextlib.contextmanager
def _reading(index: Path) -> Iterator[sqlite3.Connection]:
    with contextlib.closing(sqlite3.connect(f"{index.absolute().as_uri()}?mode=ro", uri=True)) as db:
        yield db


def _check_room(folder: Path, needed: int) -> None:
    free = shutil.disk_usage(folder).free
    if free < needed + SPARE_BYTES:
        raise BackupError(
            f"{folder}: has {free / 1e9:.1f} GB free, about {needed / 1e9:.1f} GB are needed; "
            "name a file on a larger disk, or leave the footage out"
        )
