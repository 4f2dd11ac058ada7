"""A data folder with its volumes while no recorder uses it."""

import contextlib
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path

from recorder.config import StorageConfig
from recorder.maintenance.errors import MaintenanceError
from recorder.playback.archive import Archive
from recorder.segments.folder_lock import FolderLock
from recorder.segments.volume import Volume
from recorder.storage import LOCK_NAME
from recorder.volumes import volume_places


def roots_of(archive: Archive, storage: StorageConfig | None) -> list[Path]:
    """Where the volumes lie: as configured; without a configuration as the index knows it, else where one is by
    default."""
    if storage is None:
        with contextlib.suppress(sqlite3.Error), contextlib.closing(archive.connect()) as db:
            if known := list(archive.roots(db).values()):
                return known
    return [place.root for place in volume_places(archive.data_dir, storage or StorageConfig())]


@contextlib.contextmanager
def idle(archive: Archive, roots: Sequence[Path]) -> Iterator[list[Volume]]:
    """Holds recorders off. Raises VolumeLockedError if one runs, MaintenanceError if a volume is not there."""
    with contextlib.ExitStack() as stack:
        if not archive.data_dir.is_dir():
            raise MaintenanceError(
                f"{archive.data_dir}: there is no such data folder; name the configuration, or another"
            )
        locks: list[FolderLock | Volume] = [FolderLock(archive.data_dir, LOCK_NAME)]
        volumes = [Volume(root) for root in roots]
        for volume in volumes:
            if not volume.root.is_dir():
                raise MaintenanceError(f"{volume.root}: the volume is not there; mount it first")
        locks += volumes
        for lock in locks:
            lock.lock()
            stack.callback(lock.unlock)
        yield volumes
