"""Protects footage by hand: through the recorder that runs, or in the index itself where none does."""

import contextlib
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gate.clock import instant_of
from recorder.catalog.changes import protect, unprotect
from recorder.catalog.database import open_for_writing
from recorder.catalog.queries import cameras
from recorder.catalog.retention_queries import protected_ranges
from recorder.catalog.rows import ProtectRow
from recorder.maintenance.errors import MaintenanceError
from recorder.maintenance.idle import idle
from recorder.playback.archive import Archive


def change_protection(
    db: sqlite3.Connection, camera: str, start_utc_ns: int, end_utc_ns: int, note: str | None
) -> list[ProtectRow]:
    """Protects `[start, end)` of a camera, with a note; without one (None) takes protection off. One transaction's
    change; returns the camera's protected ranges. Raises MaintenanceError for a camera without footage."""
    if camera not in (known := cameras(db)):
        raise MaintenanceError(f"there is no footage of a camera {camera!r}; there is of {', '.join(known) or 'none'}")
    if note is None:
        unprotect(db, camera, start_utc_ns, end_utc_ns)
    else:
        protect(db, camera, start_utc_ns, end_utc_ns, note)
    return protected_ranges(db, camera)


def change_offline(
    archive: Archive, roots: Sequence[Path], camera: str, start_utc_ns: int, end_utc_ns: int, note: str | None
) -> list[ProtectRow]:
    """The same in an index that no recorder uses. Raises MaintenanceError, VolumeLockedError, CatalogError."""
    if not archive.index.exists():
        raise MaintenanceError(f"{archive.index}: there is no index; `edge-recorder index rebuild` makes it")
    with idle(archive, roots), contextlib.closing(open_for_writing(archive.index)) as db:
        db.execute("BEGIN IMMEDIATE")
        try:
            ranges = change_protection(db, camera, start_utc_ns, end_utc_ns, note)
        except BaseException:
            db.execute("ROLLBACK")
            raise
        db.execute("COMMIT")
        return ranges


def as_json(ranges: Sequence[ProtectRow]) -> list[dict[str, Any]]:
    """Protected ranges for people and programs."""
    return [
        {
            "camera": one.camera,
            "start": instant_of(one.start_utc_ns).isoformat(),
            "end": instant_of(one.end_utc_ns).isoformat(),
            "note": one.note,
        }
        for one in ranges
    ]
