"""Stores on both databases: every test that takes `service_store` runs on SQLite and on PostgreSQL."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio

from gate.service.store.engine import Store, open_store
from gate.service.store.migrate import head, migrate
from gate.service.store.schema import metadata
from tests.component.service.site import Site
from tests.postgres import Cluster, cluster, programs

_EMPTIED = "\n".join(
    [
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'service' AND pid <> pg_backend_pid();",
        "SET session_replication_role = replica;",  # no triggers, no foreign keys: ten times as fast as TRUNCATE
        *(f'DELETE FROM "{name}";' for name in metadata.tables),
        "SELECT setval(oid::regclass, 1, false) FROM pg_class WHERE relkind = 'S';",
        f"UPDATE alembic_version SET version_num = '{head()}';",
    ]
)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Cluster]:
    """A cluster with a migrated database `service`."""
    bin_dir = programs()
    if bin_dir is None:
        pytest.skip("PostgreSQL is not installed (apt install postgresql): its half of these tests is left out")
    with cluster(bin_dir) as running:
        _apart(_administer, running, "postgres", "CREATE DATABASE service")
        _apart(_migrated, running.url("service"))
        yield running


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated database file."""
    path = tmp_path_factory.mktemp("template") / "service.db"
    _apart(_migrated, f"sqlite+aiosqlite:///{path}")
    return path


@pytest_asyncio.fixture(params=["sqlite", "postgresql"])
async def service_database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    """The address of a database with all tables and nothing in them."""
    if request.param == "sqlite":
        path = tmp_path / "service.db"
        shutil.copyfile(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite+aiosqlite:///{path}"
        return
    running: Cluster = request.getfixturevalue("postgres")
    await _administer(running, "service", _EMPTIED)
    yield running.url("service")


@pytest_asyncio.fixture
async def service_store(service_database: str) -> AsyncIterator[Store]:
    """A store on that database."""
    store = open_store(service_database)
    yield store
    await store.close()


@pytest_asyncio.fixture
async def site(service_store: Store) -> Site:
    """That store with people to be put into it."""
    return Site(service_store)


def _apart(work: Callable[..., Coroutine[None, None, None]], *arguments: object) -> None:
    """Runs it on a loop of its own: a test that asks for these fixtures has one running."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(lambda: asyncio.run(work(*arguments))).result()


async def _migrated(database: str) -> None:
    store = open_store(database)
    await migrate(store)
    await store.close()


async def _administer(running: Cluster, database: str, statement: str) -> None:
    connection = await asyncpg.connect(host=str(running.socket_dir), user="tester", database=database)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
