"""The file that knows users, sessions and the audit log: `access.sqlite3` in the data folder, mode 0600.

One thread of this process uses it, and the `edge-recorder users` command beside it: hence a rollback journal, in which
SQLite lets several processes write by turns. `outside_changes` tells of the others.
"""

import asyncio
import contextlib
import os
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from recorder.access.errors import AccessStoreError

NAME = "access.sqlite3"
FORM = 1
_BUSY_SECONDS = 5.0
_TABLES = """
CREATE TABLE users (
  name TEXT PRIMARY KEY COLLATE NOCASE, password_hash TEXT NOT NULL, role TEXT NOT NULL, cameras TEXT,
  must_change INTEGER NOT NULL, created_at TEXT NOT NULL, version INTEGER NOT NULL
) STRICT;
CREATE TABLE sessions (
  token_sha256 TEXT PRIMARY KEY, name TEXT NOT NULL, origin TEXT NOT NULL, role TEXT, version INTEGER,
  opened_at TEXT NOT NULL, seen_at TEXT NOT NULL, until TEXT NOT NULL
) STRICT;
CREATE TABLE audit (
  number INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, actor TEXT NOT NULL, origin TEXT NOT NULL,
  role TEXT, address TEXT NOT NULL, action TEXT NOT NULL, camera TEXT, detail TEXT NOT NULL
) STRICT;
CREATE TABLE audit_cut (id INTEGER PRIMARY KEY CHECK (id = 1), entries INTEGER NOT NULL, lost INTEGER NOT NULL) STRICT;
INSERT INTO audit_cut VALUES (1, 0, 0);
CREATE TRIGGER audit_is_appended BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'audit is only appended'); END;
CREATE TRIGGER audit_is_cut_at_its_end BEFORE DELETE ON audit
WHEN old.number <> (SELECT min(number) FROM audit)
BEGIN SELECT RAISE(ABORT, 'audit loses its oldest entries only'); END;
"""

T = TypeVar("T")
Act = Callable[[sqlite3.Connection], T]


def open_database(path: Path) -> sqlite3.Connection:
    """The file, made if there is none. Raises AccessStoreError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        path.chmod(0o600)
        db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=_BUSY_SECONDS)
        db.execute("PRAGMA synchronous = FULL")
        with transaction(db):
            version = int(db.execute("PRAGMA user_version").fetchone()[0])
            if not version:
                for statement in _statements(_TABLES):
                    db.execute(statement)
                db.execute(f"PRAGMA user_version = {FORM}")
    except (OSError, sqlite3.Error) as error:
        raise AccessStoreError(f"{path}: users and audit log cannot be opened: {error}") from None
    if version > FORM:
        db.close()
        raise AccessStoreError(f"{path}: of a newer version ({version}); install that version of edge-recorder")
    return db


@contextlib.contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[None]:
    """All of it or nothing."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


class AccessDatabase:
    """The open file and its thread. `close` once."""

    def __init__(self, path: Path) -> None:
        """Blocks on the disk. Raises AccessStoreError."""
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="access")
        self._db = open_database(path)
        self._seen = self._data_version()

    async def do(self, act: Act[T]) -> T:
        """Does it in one transaction. Raises sqlite3.Error."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._whole, act)

    async def outside_changes(self) -> bool:
        """Whether another process has written since the last time this was asked."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._changed)

    def close(self) -> None:
        """After everything that was asked for. Blocks."""
        self._thread.submit(self._db.close).result()
        self._thread.shutdown()

    def _whole(self, act: Act[T]) -> T:
        with transaction(self._db):
            return act(self._db)

    def _changed(self) -> bool:
        seen, self._seen = self._seen, self._data_version()
        return seen != self._seen

    def _data_version(self) -> int:
        return int(self._db.execute("PRAGMA data_version").fetchone()[0])


def _statements(script: str) -> Iterator[str]:
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
