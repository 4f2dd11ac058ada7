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

from recorder.catalog.errors import CatalogError

_log = logging.getLogger(__name__)

T = TypeVar("T")
Change = Callable[[sqlite3.Connection], T]
"""Runs in the writer's thread inside one transaction."""
Query = Callable[[sqlite3.Connection], T]
"""Runs in the reader's thread."""

CHANGES_MAX = 20_000
"""Bound of the changes that wait for the writer. A change beyond it is lost: the next start finds the file."""

MIGRATIONS: tuple[str, ...] = ("0001_first.sql", "0002_volumes_protect_h265.sql")
"""Scripts of `recorder.catalog.migrations` in order; `user_version` counts those that have run."""

_BUSY_SECONDS = 10.0


class Catalog:
    """The open index of one volume. Use from any thread; `close` once, after everyone else."""

    def __init__(self, path: Path) -> None:
        """Opens, creates or migrates the index. Blocks on the disk. Raises CatalogError."""
        self._path = path
        self._changes: queue.Queue[tuple[Change[Any], Callable[[Any, Exception | None], None]] | None]
        self._changes = queue.Queue(CHANGES_MAX)
        self.lost_changes = 0
        connection = _open(path)
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="catalog-read")
        self._reader_connection: sqlite3.Connection | None = None
        self._thread = threading.Thread(target=self._run, args=(connection,), name="catalog", daemon=True)
        self._thread.start()

    def post(self, change: Change[Any]) -> None:
        """Has a change made soon, in the order of the calls; a failure is logged."""
        try:
            self._changes.put_nowait((change, _log_failure))
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
        self._changes.put(None)
        self._thread.join()  # last: a reader could not fold the write-ahead log into the file

    def _run(self, connection: sqlite3.Connection) -> None:
        while (job := self._changes.get()) is not None:
            change, reply = job
            result, failure = None, None
            try:
                connection.execute("BEGIN IMMEDIATE")
                result = change(connection)
                connection.execute("COMMIT")
            except Exception as error:  # whatever a change raises belongs to whoever asked for it
                failure = error
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
            reply(result, failure)
        connection.close()

    def _query(self, query: Query[T]) -> T:
        if self._reader_connection is None:
            uri = f"{self._path.absolute().as_uri()}?mode=ro"
            self._reader_connection = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=_BUSY_SECONDS)
        return query(self._reader_connection)

    def _close_reader(self) -> None:
        if self._reader_connection is not None:
            self._reader_connection.close()


def _log_failure(_result: object, error: Exception | None) -> None:
    if error is not None:
        _log.error("catalogue: a change failed: %s", error)


def _open(path: Path) -> sqlite3.Connection:
    try:
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=_BUSY_SECONDS)
    except sqlite3.Error as error:
        raise CatalogError(f"{path}: the index cannot be opened: {error}") from error
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        _migrate(connection, path)  # without foreign keys: tables may be made anew
        connection.execute("PRAGMA foreign_keys = ON")
    except sqlite3.Error as error:
        connection.close()
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
            f"{path}: the index is of a newer version ({version}); install that version of edge-recorder"
        )
    for number, name in enumerate(MIGRATIONS[version:], start=version + 1):
        script = resources.files("recorder.catalog.migrations").joinpath(name).read_text(encoding="utf-8")
        _log.info("%s: the index is brought to version %s", path, number)
        connection.executescript(f"BEGIN IMMEDIATE;\n{script}\nPRAGMA user_version = {number};")
        broken = connection.execute("PRAGMA foreign_key_check").fetchall()
        connection.execute("ROLLBACK" if broken else "COMMIT")
        if broken:
            raise CatalogError(f"{path}: the index contradicts itself ({broken[0]}); make it anew: index rebuild")
