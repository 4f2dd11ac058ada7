"""The database's form: made step by step, the same as the schema says, never taken back."""

import asyncio
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, text

from gate.service.errors import StoreError
from gate.service.store.engine import Store, open_store
from gate.service.store.migrate import configuration, migrate
from gate.service.store.schema import metadata


async def test_the_steps_end_in_the_form_that_the_schema_says(service_store: Store) -> None:
    def differences(connection: Connection) -> list[object]:
        return list(compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), metadata))

    async with service_store.begin() as tx:
        assert await tx.connection.run_sync(differences) == []


async def test_a_database_of_today_is_left_alone(service_store: Store) -> None:
    done = await migrate(service_store)
    assert done.before == done.after


async def test_a_database_of_a_newer_program_is_refused_in_words_and_left_alone(service_store: Store) -> None:
    async with service_store.begin() as tx:
        await tx.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreError, match="form 9999, which a newer version of this program has made"):
        await migrate(service_store)
    async with service_store.read() as tx:
        assert await tx.scalar(text("SELECT version_num FROM alembic_version")) == "9999"


async def test_processes_that_start_at_once_make_one_database(tmp_path: Path) -> None:
    stores = [open_store(f"sqlite+aiosqlite:///{tmp_path / 'new.db'}") for _ in range(3)]
    done = await asyncio.gather(*(migrate(store) for store in stores))
    for store in stores:
        await store.close()
    assert sum(one.before is None for one in done) == 1


async def test_each_step_can_be_taken_by_itself(tmp_path: Path) -> None:
    store = open_store(f"sqlite+aiosqlite:///{tmp_path / 'old.db'}")

    def first_step(connection: Connection) -> None:
        command.upgrade(configuration(connection), "0001")

    async with store.begin() as tx:
        await tx.connection.run_sync(first_step)
    done = await migrate(store)
    await store.close()
    assert done.before == "0001" and done.after > "0001"


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("sqlite+aiosqlite:////nowhere/at/all.db", "there is no folder for it"),
        ("postgresql+asyncpg://x@/x?host=/nowhere", "cannot be used"),
        ("postgresql://x@/x", "psycopg is not supported"),
        ("nonsense", "must be sqlite"),
    ],
)
async def test_a_database_that_cannot_be_used_is_said_in_one_sentence(url: str, why: str) -> None:
    with pytest.raises(StoreError, match=why) as raised:
        store = open_store(url)
        try:
            await migrate(store)
        finally:
            await store.close()
    assert "\n" not in str(raised.value)
