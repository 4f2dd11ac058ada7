"""Somebody else holds the index, or its disk is full for a while: what was to be noted is noted then, in order."""

import contextlib
import logging
import sqlite3
from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path

import pytest
import pytest_asyncio

from gate.clock import SystemClock
from recorder.catalog import database, queries
from recorder.catalog.changes import close_gap, open_gap
from recorder.catalog.database import Catalog
from recorder.catalog.rows import GapRow


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "_BUSY_SECONDS", 0.02)
    monkeypatch.setattr(database, "RETRY_SECONDS", 0.01)


@pytest_asyncio.fixture
async def catalog(tmp_path: Path) -> AsyncIterator[Catalog]:
    made = Catalog(tmp_path / "index.db")
    yield made
    made.close()


@contextlib.contextmanager
def held(path: Path) -> Iterator[None]:
    """Another process writes to the index and does not end."""
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


def note(catalog: Catalog) -> None:
    catalog.post(partial(open_gap, camera="cam1", stream="main", start_utc_ns=1, reason="disk"))
    catalog.post(partial(close_gap, camera="cam1", stream="main", end_utc_ns=5))
    catalog.post(partial(open_gap, camera="cam1", stream="main", start_utc_ns=7, reason="licence"))


async def noted(catalog: Catalog) -> list[GapRow]:
    return await catalog.read(partial(queries.gaps_between, camera="cam1", stream="main", start_utc_ns=0, end_utc_ns=9))


async def until(caplog: pytest.LogCaptureFixture, word: str) -> None:
    clock = SystemClock()
    async with clock.timeout(5):
        while word not in caplog.text:
            await clock.sleep(0.002)


async def test_changes_wait_for_a_locked_index_and_none_is_lost(
    catalog: Catalog, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING), held(tmp_path / "index.db"):
        note(catalog)
        await until(caplog, "database is locked; it is tried again")
    await catalog.do(lambda db: None)
    assert [(gap.reason, gap.start_utc_ns, gap.end_utc_ns) for gap in await noted(catalog)] == [
        ("disk", 1, 5),
        ("licence", 7, None),
    ]
    assert catalog.lost_changes == 0
    assert len([text for text in caplog.messages if "it is tried again" in text]) == 1, "said once"


async def test_changes_wait_for_room_on_a_full_disk(catalog: Catalog, caplog: pytest.LogCaptureFixture) -> None:
    await catalog.do(lambda db: db.execute("CREATE TABLE filler (b BLOB) STRICT") and None)
    tries = 0

    def fill(db: sqlite3.Connection) -> None:
        nonlocal tries
        tries += 1
        pages = db.execute("PRAGMA page_count").fetchone()[0]
        db.execute(f"PRAGMA max_page_count = {pages if tries < 4 else 2**30}")
        db.execute("INSERT INTO filler VALUES (zeroblob(100000))")

    with caplog.at_level(logging.WARNING):
        catalog.post(fill)
        note(catalog)
        await catalog.do(lambda db: None)
    assert tries == 4 and "database or disk is full; it is tried again" in caplog.text
    assert len(await noted(catalog)) == 2 and catalog.lost_changes == 0


async def test_closing_does_not_wait_for_an_index_that_stays_locked(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    catalog = Catalog(tmp_path / "other.db")
    clock = SystemClock()
    with held(tmp_path / "other.db"):
        for _ in range(500):
            note(catalog)
        began_ns = clock.monotonic_ns()
        catalog.close()
        assert clock.monotonic_ns() - began_ns < 3e9
    assert catalog.lost_changes == 1500 and "given up" in caplog.text


async def test_a_change_that_is_wrong_is_not_tried_again(catalog: Catalog, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        catalog.post(lambda db: db.execute("INSERT INTO gap VALUES (1, 2, 3)") and None)
        await catalog.do(lambda db: None)
    assert caplog.messages == ["catalogue: a change failed: table gap has 6 columns but 3 values were supplied"]
