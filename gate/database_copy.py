"""Copies of SQLite databases that others may be writing to: whole, as of one moment.

A leaf: any package may use it.
"""

import contextlib
import logging
import os
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

_log = logging.getLogger(__name__)

COPIES_MAX = 2
"""Of each database; the oldest makes way."""
FREE_BYTES_MIN = 100 << 20
"""Left free beside the copy."""
_PAGES_AT_A_TIME = 1000
_BUSY_SECONDS = 10.0


class CopyError(Exception):
    """No copy could be made; its text says why."""


def copy_database(database: Path, copy: Path) -> None:
    """What is committed at this moment, into a file that is empty or not there. Blocks. Raises sqlite3.Error."""
    uri = f"{database.absolute().as_uri()}?mode=ro"
    with contextlib.closing(sqlite3.connect(uri, uri=True, timeout=_BUSY_SECONDS)) as source:
        copy_all(source, copy)


def copy_all(
    source: sqlite3.Connection, copy: Path, progress: Callable[[int, int], None] = lambda done, pages: None
) -> None:
    """The same through a connection, which then still sees that moment. `progress`: pages done, pages in all."""
    with contextlib.closing(sqlite3.connect(copy)) as target:
        source.execute("BEGIN")  # one snapshot: else each change by others would begin the copy anew
        source.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        source.backup(
            target, pages=_PAGES_AT_A_TIME, progress=lambda _, left, pages: progress(pages - left, pages), sleep=0
        )
        target.execute("PRAGMA journal_mode = DELETE")


def copy_before_migration(database: Path, form: str) -> Path:
    """What is committed, as DATABASE.before-FORM beside it, for this user only: the way back to the version before.
    Blocks. Raises CopyError; the database is as it was."""
    place = database.with_name(f"{database.name}.before-{form}")
    part = place.with_name(f"{place.name}.part")
    try:
        size = database.stat().st_size
        if shutil.disk_usage(database.parent).free < size + FREE_BYTES_MIN:
            raise CopyError(f"there is no room for a copy of its {size / 1e6:.0f} MB")
        part.unlink(missing_ok=True)
        part.touch(mode=0o600)
        copy_database(database, part)
        with part.open("rb") as file:
            os.fsync(file.fileno())
        part.replace(place)
    except (OSError, sqlite3.Error) as error:
        raise CopyError(str(error)) from None
    finally:
        part.unlink(missing_ok=True)
    _log.info("%s: copied to %s before its form is changed", database, place.name)
    _keep_newest(database, place)
    return place


def _keep_newest(database: Path, newest: Path) -> None:
    copies = [one for one in database.parent.glob(f"{database.name}.before-*") if one != newest]
    for old in sorted(copies, key=lambda one: one.stat().st_mtime_ns, reverse=True)[COPIES_MAX - 1 :]:
        old.unlink(missing_ok=True)
