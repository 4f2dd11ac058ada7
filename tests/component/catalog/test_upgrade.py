"""An upgrade and the way back: a copy before a database changes its form, and a newer form refused in one sentence."""

import contextlib
import shutil
import sqlite3
import subprocess
import sys
from importlib import resources
from pathlib import Path

import pytest
from sqlalchemy import text

from gate.database_copy import COPIES_MAX, copy_before_migration
from gate.service.errors import StoreError
from gate.service.store import migrate as migration
from gate.service.store.engine import open_store
from gate.shipped_configs import write_configs
from gate.signing.issuer import open_issuer
from recorder.catalog import database
from recorder.catalog.database import MIGRATIONS, open_for_writing

NEWER = 9999


def old_index(path: Path) -> None:
    first = resources.files("recorder.catalog.migrations").joinpath(MIGRATIONS[0]).read_text()
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA journal_mode = WAL")
        db.executescript(f"{first}; INSERT INTO camera VALUES (1, 'cam1'); PRAGMA user_version = 1")


def form_of(path: Path) -> int:
    with contextlib.closing(sqlite3.connect(path)) as db:
        return int(db.execute("PRAGMA user_version").fetchone()[0])


def copies(path: Path) -> list[str]:
    return sorted(one.name for one in path.parent.glob(f"{path.name}.before-*"))


def test_an_index_is_copied_before_its_form_changes_and_the_copy_serves_the_old_version(tmp_path: Path) -> None:
    index = tmp_path / "index.db"
    old_index(index)
    open_for_writing(index).close()
    assert form_of(index) == len(MIGRATIONS)
    copy = tmp_path / "index.db.before-1"
    assert copies(index) == [copy.name] and form_of(copy) == 1
    assert copy.stat().st_mode & 0o777 == 0o600
    with contextlib.closing(sqlite3.connect(copy)) as db:
        assert db.execute("SELECT name FROM camera").fetchall() == [("cam1",)]


def test_a_new_index_and_one_of_today_are_not_copied(tmp_path: Path) -> None:
    for _ in range(2):
        open_for_writing(tmp_path / "index.db").close()
    assert copies(tmp_path / "index.db") == []


def test_only_the_newest_copies_are_kept(tmp_path: Path) -> None:
    index = tmp_path / "index.db"
    old_index(index)
    for form in ("1", "2", "3", "4"):
        copy_before_migration(index, form)
    assert copies(index) == ["index.db.before-3", "index.db.before-4"] and COPIES_MAX == 2


def test_an_index_without_room_for_a_copy_is_migrated_all_the_same_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    old_index(tmp_path / "index.db")
    monkeypatch.setattr("gate.database_copy.FREE_BYTES_MIN", shutil.disk_usage(tmp_path).total)
    open_for_writing(tmp_path / "index.db").close()
    assert form_of(tmp_path / "index.db") == len(MIGRATIONS) and copies(tmp_path / "index.db") == []
    assert "there is no room for a copy" in caplog.text


async def old_service_database(path: Path) -> None:
    store = open_store(f"sqlite+aiosqlite:///{path}")
    async with store.begin() as tx:
        await tx.connection.run_sync(lambda c: migration.command.upgrade(migration.configuration(c), "0005"))
    await store.close()


async def service_form(path: Path) -> str:
    store = open_store(f"sqlite+aiosqlite:///{path}")
    async with store.read() as tx:
        form = str(await tx.scalar(text("SELECT version_num FROM alembic_version")))
    await store.close()
    return form


async def test_the_services_database_is_copied_before_its_form_changes(tmp_path: Path) -> None:
    path = tmp_path / "service.db"
    await old_service_database(path)
    store = open_store(f"sqlite+aiosqlite:///{path}")
    await migration.migrate(store)
    await store.close()
    assert copies(path) == ["service.db.before-0005"]
    assert await service_form(tmp_path / "service.db.before-0005") == "0005"
    assert await service_form(path) == migration.head()


async def test_the_services_database_is_left_as_it_is_without_room_for_a_copy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Licences cannot be made again from anything else."""
    path = tmp_path / "service.db"
    await old_service_database(path)
    monkeypatch.setattr("gate.database_copy.FREE_BYTES_MIN", shutil.disk_usage(tmp_path).total)
    store = open_store(f"sqlite+aiosqlite:///{path}")
    with pytest.raises(StoreError, match="left in form 0005: it could not be copied"):
        await migration.migrate(store)
    await store.close()
    assert await service_form(path) == "0005"


def refusal_of(*words: str) -> str:
    done = subprocess.run([sys.executable, "-m", "recorder.cli", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 2, done.stderr
    said = [line for line in done.stderr.splitlines() if line.startswith("edge-recorder ")]
    assert len(said) == 1 and "Traceback" not in done.stderr
    return said[0]


def test_a_recorder_does_not_start_on_a_newer_index_and_says_what_to_do(tmp_path: Path) -> None:
    write_configs(tmp_path / "configs")
    config = tmp_path / "configs" / "recorder.yaml"
    config.write_text(
        config.read_text().replace("mode: shared ", "mode: system ").replace("  socket: ../run/clock.sock", "  #")
    )
    index = tmp_path / "data" / "rec-1" / "index.db"
    index.parent.mkdir(parents=True)
    (tmp_path / "data" / "issuer").mkdir()
    open_issuer(tmp_path / "data" / "issuer")
    with contextlib.closing(sqlite3.connect(index)) as db:
        db.execute(f"PRAGMA user_version = {NEWER}")
    said = refusal_of("run", str(config))
    assert (
        f"form {NEWER}" in said and f"this one knows {len(MIGRATIONS)}" in said and "start that version again" in said
    )
    assert form_of(index) == NEWER


async def test_a_licence_service_does_not_start_on_a_newer_database_and_says_what_to_do(tmp_path: Path) -> None:
    write_configs(tmp_path / "configs")
    path = tmp_path / "data" / "service" / "service.db"
    path.parent.mkdir(parents=True)
    store = open_store(f"sqlite+aiosqlite:///{path}")
    await migration.migrate(store)
    async with store.begin() as tx:
        await tx.execute(text(f"UPDATE alembic_version SET version_num = '{NEWER}'"))
    await store.close()
    config = tmp_path / "configs" / "service.yaml"
    config.write_text(
        config.read_text().replace("clock: {mode: shared, socket: ../run/clock.sock}", "clock: {mode: system}")
    )
    said = refusal_of("service", "run", str(config))
    assert f"form {NEWER}" in said and "start that version again" in said
    assert await service_form(path) == str(NEWER)


def test_the_index_has_one_script_for_each_form() -> None:
    scripts = {
        one.name for one in resources.files("recorder.catalog.migrations").iterdir() if one.name.endswith(".sql")
    }
    assert scripts == set(MIGRATIONS) and tuple(sorted(scripts)) == database.MIGRATIONS
