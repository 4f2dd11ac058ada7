"""Stores on both databases: every test that takes `service_store` runs on SQLite and on PostgreSQL."""

import asyncio
import itertools
import shutil
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio

from gate.service.store.engine import Store, open_store
from gate.service.store.migrate import migrate
from tests.component.service.site import Site
from tests.postgres import Cluster, cluster, programs

_NAMES = itertools.count(1)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Cluster]:
    """A cluster with a migrated database `template`."""
    bin_dir = programs()
    if bin_dir is None:
        pytest.skip("PostgreSQL is not installed (apt install postgresql): its half of these tests is left out")
    with cluster(bin_dir) as running:
        _apart(_administer, running, "CREATE DATABASE template")
        _apart(_migrated, running.url("template"))
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
    name = f"test_{next(_NAMES)}"
    await _administer(running, f"CREATE DATABASE {name} TEMPLATE template")
    yield running.url(name)
    await _administer(running, f"DROP DATABASE {name} WITH (FORCE)")


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


async def _administer(running: Cluster, statement: str) -> None:
    connection = await asyncpg.connect(host=str(running.socket_dir), user="tester", database="postgres")
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
