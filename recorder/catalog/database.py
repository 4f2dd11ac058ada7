"""The catalogue's file: opened, migrated, written by one thread, read by another (mode=ro).

There is exactly one connection that writes: SQLite before 3.51.3 has a rare corruption race between two of them.
"""

import asyncio
import logging
import queue
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar

from gate.database_copy import CopyError, copy_before_migration
from recorder.catalog.errors import CatalogError

_log = logging.getLogger(__name__)

T = TypeVar("T")
Change = Callable[[sqlite3.Connection], T]
"""Runs in the writer's thread inside one transaction."""
Query = Callable[[sqlite3.Connection], T]
"""Runs in the reader's thread."""

CHANGES_MAX = 20_000
"""Bound of the changes that wait for the writer. A change beyond it is lost: the next start finds the file."""

MIGRATIONS: tuple[str, ...] = (
    "0001_first.sql",
    "0002_volumes_protect_h265.sql",
    "0003_events.sql",
    "0004_lapses.sql",
    "0005_notices.sql",
)
"""Scripts of `recorder.catalog.migrations` in order; `user_version` counts those that have run."""

RETRY_SECONDS = 0.5
"""A posted change that the disk does not take now is tried again, until it does or the catalogue is closed."""

_BUSY_SECONDS = 10.0
_PASSING = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR)


class Catalog:
    """The open index of one volume. Use from any thread; `close` once, after everyone else."""

    def __init__(self, path: Path) -> None:
        """Opens, creates or migrates the index. Blocks on the disk. Raises CatalogError."""
        self._path = path
        self._changes: queue.Queue[tuple[Change[Any], Callable[[Any, Exception | None], None] | None] | None]
        self._changes = queue.Queue(CHANGES_MAX)
        self.lost_changes = 0
        self._closing = threading.Event()
        self._given_up = False
        connection = open_for_writing(path)
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="catalog-read")
        self._reader_connection: sqlite3.Connection | None = None
        self._thread = threading.Thread(target=self._run, args=(connection,), name="catalog", daemon=True)
        self._thread.start()

    @property
    def is_alive(self) -> bool:
        """Whether changes are made at all."""
        return self._thread.is_alive()

    @property
    def waiting(self) -> int:
        """Changes that wait for the writer; CHANGES_MAX at most."""
        return self._changes.qsize()

    def post(self, change: Change[Any]) -> None:
        """Has a change made soon, in the order of the calls, and again while another process holds the index or its
        disk is full; any other failure is logged."""
        try:
            self._changes.put_nowait((change, None))
        except queue.Full:
            self.lost_changes += 1
            _log.error("catalogue: %s changes lost, the index disk is too slow", self.lost_changes)

    async def do(self, change: Change[T]) -> T:
        """Makes a change after all that were posted before, and returns its result. Raises sqlite3.Error."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[T] = loop.create_future()

        def resolve(result: T, error: Exception | None) -> None:
            if not done.done():
                done.set_exception(error) if error is not None else done.set_result(result)

        def reply(result: T, error: Exception | None) -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(resolve, result, error)

        try:
            self._changes.put_nowait((change, reply))
        except queue.Full:
            raise CatalogError(f"{self._path}: the index disk is too slow, {CHANGES_MAX} changes wait") from None
        return await done

    async def read(self, query: Query[T]) -> T:
        """The result of a query on what has been committed. Raises sqlite3.Error."""
        return await asyncio.get_running_loop().run_in_executor(self._reader, self._query, query)

    def close(self) -> None:
        """Makes the changes that wait, then closes. Blocks."""
        self._reader.submit(self._close_reader).result()
        self._reader.shutdown()
        self._closing.set()
        self._changes.put(None)
        self._thread.join()  # last: a reader could not fold the write-ahead log into the file

    def _run(self, connection: sqlite3.Connection) -> None:
        while (job := self._changes.get()) is not None:
            change, reply = job
            if reply is None and self._given_up:
                self.lost_changes += 1
                continue
            result, failure = _make(connection, change)
            if reply is not None:
                reply(result, failure)
            elif failure is not None:
                self._insist(connection, change, failure)
        connection.close()

    def _insist(self, connection: sqlite3.Connection, change: Change[Any], failure: Exception) -> None:
        passing = _is_passing(failure)
        _log.error("catalogue: a change failed: %s%s", failure, "; it is tried again" if passing else "")
        tries = 1
        while passing and not self._closing.wait(RETRY_SECONDS):
            tries += 1
            _, again = _make(connection, change)
            if again is None:
                _log.warning("catalogue: the change was made, the %sth time", tries)
                return
            failure, passing = again, _is_passing(again)
        if passing:  # closing: what waits would fail the same way, each after its own time
            self._given_up = True
            self.lost_changes += 1
        if passing or tries > 1:
            _log.error("catalogue: given up after %s times: %s", tries, failure)

    def _query(self, query: Query[T]) -> T:
        if self._reader_connection is None:
            uri = f"{self._path.absolute().as_uri()}?mode=ro"
            self._reader_connection = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=_BUSY_SECONDS)
        return query(self._reader_connection)

    def _close_reader(self) -> None:
        if self._reader_connection is not None:
            self._reader_connection.close()


def _make(connection: sqlite3.Connection, change: Change[Any]) -> tuple[Any, Exception | None]:
    """A change in its transaction: its result, or what it raised and nothing changed."""
    try:
        connection.execute("BEGIN IMMEDIATE")
        result = change(connection)
        connection.execute("COMMIT")
    except Exception as error:  # whatever a change raises belongs to whoever asked for it
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        return None, error
    return result, None


def _is_passing(error: Exception) -> bool:
    """Whether the same change may well succeed later."""
    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_OK) & 0xFF in _PASSING


def open_for_writing(path: Path) -> sqlite3.Connection:
    """The index, made or brought up to date. Only one such connection may exist. Raises CatalogError."""
    try:
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=_BUSY_SECONDS)
    except sqlite3.Error as error:
        raise CatalogError(f"{path}: the index cannot be opened ({error}); make its folder writable") from error
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        _migrate(connection, path)  # without foreign keys: tables may be made anew
        connection.execute("PRAGMA foreign_keys = ON")
    except sqlite3.Error as error:
        connection.close()
        if (error.sqlite_errorcode & 0xFF) in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM):
            raise CatalogError(f"{path}: the index cannot be written ({error}); make its folder writable") from error
        raise CatalogError(
            f"{path}: the index cannot be read ({error}); move it away: the next start makes it anew from the footage"
        ) from error
    except CatalogError:
        connection.close()
        raise
    return connection


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if version > len(MIGRATIONS):
        raise CatalogError(
            f"{path}: the index has form {version}, which a newer edge-recorder has made (this one knows "
            f"{len(MIGRATIONS)}): start that version again, or put a copy from before in its place"
        )
    if 0 < version < len(MIGRATIONS):
        _copy(path, version)
    for number, name in enumerate(MIGRATIONS[version:], start=version + 1):
        script = resources.files("recorder.catalog.migrations").joinpath(name).read_text(encoding="utf-8")
        _log.info("%s: the index is brought to version %s", path, number)
        connection.executescript(f"BEGIN IMMEDIATE;\n{script}\nPRAGMA user_version = {number};")
        broken = connection.execute("PRAGMA foreign_key_check").fetchall()
        connection.execute("ROLLBACK" if broken else "COMMIT")
        if broken:
            raise CatalogError(f"{path}: the index contradicts itself ({broken[0]}); make it anew: index rebuild")


def _copy(path: Path, version: int) -> None:
    """What cannot be copied is migrated all the same: an index can be made anew from the footage."""
    try:
        copy_before_migration(path, str(version))
    except CopyError as error:
        _log.warning("%s: %s; without a copy an older version makes its index anew (index rebuild)", path, error)
