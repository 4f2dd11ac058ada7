"""A copy of the index, taken while a recorder may be writing to it. Blocks."""

import contextlib
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

from gate.database_copy import copy_all
from recorder.maintenance.errors import MaintenanceError
from recorder.playback.archive import Archive


def back_up_index(archive: Archive, out: Path, progress: Callable[[int, int], None]) -> int:
    """Copies the index as of this moment to a new file; returns its bytes. `progress`: pages done, pages in all.
    Raises MaintenanceError."""
    if out.exists():
        raise MaintenanceError(f"{out}: is there already; name a new file")
    part = out.with_name(out.name + ".part")
    part.unlink(missing_ok=True)
    try:
        with contextlib.closing(archive.connect()) as source:
            copy_all(source, part, progress)
        with contextlib.closing(sqlite3.connect(part)) as copy:
            (verdict,) = copy.execute("PRAGMA quick_check(1)").fetchone()
        if verdict != "ok":
            raise MaintenanceError(f"{archive.index}: is damaged ({verdict}); `index rebuild` makes it anew")
        with part.open("rb") as file:
            os.fsync(file.fileno())
        part.rename(out)
    except (sqlite3.Error, OSError) as error:
        raise MaintenanceError(f"{out}: the index cannot be copied: {error}") from error
    finally:
        part.unlink(missing_ok=True)
    return out.stat().st_size
