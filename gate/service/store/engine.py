"""Transactions on the service's database: SQLite in a file, or PostgreSQL.

`store.begin()` writes: on SQLite one at a time, from its first statement on; on PostgreSQL READ COMMITTED, and whoever
changes licences locks first (`store.ledger.load_state`). `store.read()` only reads, and sees one moment. A statement is
never left in the middle: whoever is cancelled meanwhile learns of it afterwards, and the transaction is undone.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import CursorResult, Executable, event
from sqlalchemy.engine import URL, Connection, make_url
from sqlalchemy.exc import ArgumentError, OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from gate.service.errors import StoreError
from gate.service.store.whole import whole

BUSY_SECONDS_MAX = 30
"""How long a writer waits for another process's (SQLite), or for a row's lock (PostgreSQL)."""
POOL_SIZE = 8
POOL_SECONDS_MAX = 30

Listener = Callable[[frozenset[str]], None]
_ResultT = TypeVar("_ResultT")


class Transaction:
    """One transaction, open. `changed`: ids of the customers about whom facts were appended in it; `wrote_mail`:
    whether the outbox has something new."""

    __slots__ = ("changed", "connection", "wrote_mail")

    def __init__(self, connection: AsyncConnection) -> None:
        self.connection = connection
        self.changed: set[str] = set()
        self.wrote_mail = False

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self.connection.dialect.name

    async def execute(self, statement: Executable, parameters: Any = None) -> CursorResult[Any]:
        """Runs a statement; with a list of parameters, for each."""
        return await whole(self.connection.execute(statement, parameters))

    async def scalar(self, statement: Executable) -> Any:
        """The first column of the first row; None without a row."""
        return await whole(self.connection.scalar(statement))

    async def row(self, statement: Executable) -> Any:
        """The first row, or None."""
        return (await self.execute(statement)).first()

    async def rows(self, statement: Executable) -> list[Any]:
        """All rows: give the statement a limit."""
        return list((await self.execute(statement)).all())


class Store:
    """The database of one service process."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine
        self._listeners: list[Listener] = []
        self._mail_listeners: list[Callable[[], None]] = []
        self._writer = asyncio.Lock()

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self.engine.dialect.name

    @contextlib.asynccontextmanager
    async def begin(self) -> AsyncIterator[Transaction]:
        """A transaction that writes: committed at the end of the body, undone if it raises. After the commit listeners
        are told whose licences or devices changed."""
        async with contextlib.AsyncExitStack() as stack:
            if self.dialect == "sqlite":  # waiting here is fair and costs nothing; SQLite's own waiting is neither
                await stack.enter_async_context(self._writer)
            connection = await stack.enter_async_context(self._connection())
            begun = await whole(_awaited(connection.begin()))
            tx = Transaction(connection)
            try:
                yield tx
            except BaseException:
                await whole(begun.rollback())
                raise
            await whole(begun.commit())
        if tx.changed:
            self._tell(frozenset(tx.changed))
        if tx.wrote_mail:
            for listener in tuple(self._mail_listeners):
                listener()

    @contextlib.asynccontextmanager
    async def read(self) -> AsyncIterator[Transaction]:
        """A transaction that only reads, of one moment. Whatever it writes is an error or undone."""
        async with self._connection() as plain:
            options: dict[str, Any] = {"read_only": True}
            if self.dialect == "postgresql":
                options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
            connection = await whole(plain.execution_options(**options))
            try:
                yield Transaction(connection)
            finally:
                await whole(connection.rollback())

    @contextlib.asynccontextmanager
    async def _connection(self) -> AsyncIterator[AsyncConnection]:
        try:
            connection = await whole(_awaited(self.engine.connect()))
        except OSError as error:
            # Handlers pass on a ConnectionError as their visitor's; this one is the database's, and they answer it.
            raise OperationalError(None, None, error, hide_parameters=True) from None
        try:
            yield connection
        finally:
            await whole(connection.close())

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Calls back, in this process, with the customers that a transaction changed. Gives the way to stop that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def listen_for_mail(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Calls back, in this process, when a transaction has put mail into the outbox. Gives the way to stop that."""
        self._mail_listeners.append(listener)
        return lambda: self._mail_listeners.remove(listener)

    async def close(self) -> None:
        """Ends all connections."""
        await self.engine.dispose()

    def _tell(self, customers: Iterable[str]) -> None:
        told = frozenset(customers)
        for listener in tuple(self._listeners):
            listener(told)


async def _awaited(made: Awaitable[_ResultT]) -> _ResultT:
    return await made


def open_store(database: str) -> Store:
    """`sqlite+aiosqlite:///PATH` or `postgresql+asyncpg://…`. Connects when first used. Raises StoreError."""
    try:
        url = make_url(database)
    except ArgumentError:
        raise StoreError("the database must be sqlite+aiosqlite:///PATH or postgresql+asyncpg://…") from None
    match url.get_backend_name(), url.get_driver_name():
        case "sqlite", "aiosqlite":
            if url.database and not Path(url.database).absolute().parent.is_dir():
                raise StoreError(f"the database {url.database} cannot be used: there is no folder for it")
            return Store(_sqlite(url))
        case "postgresql", "asyncpg":
            return Store(_postgresql(url))
        case backend, driver:
            raise StoreError(f"{backend}+{driver} is not supported: sqlite+aiosqlite or postgresql+asyncpg are")


def _sqlite(url: URL) -> AsyncEngine:
    engine = create_async_engine(
        url,
        pool_size=POOL_SIZE,
        pool_timeout=POOL_SECONDS_MAX,
        hide_parameters=True,  # they may be secrets, and errors are logged
        connect_args={"timeout": BUSY_SECONDS_MAX},
    )
    logging.getLogger("aiosqlite").setLevel(logging.WARNING)  # at DEBUG it logs parameters

    @event.listens_for(engine.sync_engine, "connect")
    def _prepare(connection: Any, _: Any) -> None:
        connection.isolation_level = None  # transactions begin below, not where the driver thinks they should
        cursor = connection.cursor()
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def _begin(connection: Connection) -> None:
        # A deferred transaction that reads first and then writes fails at once if another wrote in between.
        reading = connection.get_execution_options().get("read_only", False)
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")

    return engine


def _postgresql(url: URL) -> AsyncEngine:
    settings = {"lock_timeout": f"{BUSY_SECONDS_MAX}s", "timezone": "UTC"}
    return create_async_engine(
        url,
        pool_size=POOL_SIZE,
        pool_timeout=POOL_SECONDS_MAX,
        pool_pre_ping=True,
        hide_parameters=True,
        connect_args={"server_settings": settings},
    )
