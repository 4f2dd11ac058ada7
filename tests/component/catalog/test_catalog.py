"""The index answers for every instant, refuses nonsense, and survives its own failures."""

import contextlib
import logging
import sqlite3
import threading
from collections.abc import Iterator
from functools import partial
from importlib import resources
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recorder.catalog import changes, database, queries, retention_queries
from recorder.catalog.changes import SegmentContent
from recorder.catalog.database import Catalog
from recorder.catalog.errors import CatalogError
from recorder.catalog.rows import FragmentEntry, SegmentId, VolumeRow, pack_fragments, unpack_fragments
from recorder.media.access_unit import VideoFormat

FORMAT = VideoFormat(
    codec="h264", parameter_sets=(), width=640, height=360, decoder_configuration=b"\x01", codecs="avc1.64001F"
)
SECOND = 10**9
DAY_NS = 1_790_000_000 * SECOND


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    catalog = Catalog(tmp_path / "index.db")
    catalog.post(partial(changes.put_volume, id="a" * 32, path="media"))
    yield catalog
    catalog.close()


def add(catalog: Catalog, run: int, seq: int, start: float, end: float | None, camera: str = "cam1") -> SegmentId:
    """A segment at so many seconds of the day; without `end` it is being written."""
    id = SegmentId(camera, "main", run, seq)
    start_ns = DAY_NS + int(start * SECOND)
    catalog.post(partial(changes.insert_segment, id=id, start_utc_ns=start_ns, format=FORMAT, init_bytes=700, volume=1))
    if end is not None:
        content = SegmentContent(
            end_utc_ns=DAY_NS + int(end * SECOND),
            samples=15,
            bytes=1000,
            fragments=[FragmentEntry(300, round((end - start) * 90_000), True, 0)],
        )
        catalog.post(partial(changes.close_segment, id=id, content=content))
    return id


async def between(catalog: Catalog, start: float, end: float) -> list[tuple[int, int]]:
    await catalog.do(lambda db: None)
    rows = await catalog.read(
        partial(
            queries.segments_between,
            camera="cam1",
            stream="main",
            start_utc_ns=DAY_NS + int(start * SECOND),
            end_utc_ns=DAY_NS + int(end * SECOND),
        )
    )
    return [(row.id.run, row.id.seq) for row in rows]


async def test_a_range_finds_what_overlaps_it_and_nothing_else(catalog: Catalog) -> None:
    for seq in range(5):
        add(catalog, 1, seq, 60 * seq, 60 * (seq + 1))
    add(catalog, 1, 0, 70, 110, camera="cam2")
    assert await between(catalog, 60, 120) == [(1, 1)]
    assert await between(catalog, 59.9, 120.1) == [(1, 0), (1, 1), (1, 2)]
    assert await between(catalog, 90, 91) == [(1, 1)]
    assert await between(catalog, 300, 400) == [] == await between(catalog, -10, 0)


async def test_a_segment_being_written_counts_as_lasting_and_a_lost_one_not_at_all(catalog: Catalog) -> None:
    add(catalog, 1, 0, 0, 60)
    lost = add(catalog, 1, 1, 60, 120)
    add(catalog, 1, 2, 120, None)
    catalog.post(partial(changes.mark_segments, ids=[lost], state="lost"))
    assert await between(catalog, 0, 10_000) == [(1, 0), (1, 2)]
    assert await between(catalog, 500, 600) == [(1, 2)]
    [used] = await catalog.read(retention_queries.usage)
    assert (used.volume, used.camera, used.segments, used.bytes) == (1, "cam1", 2, 1000)
    assert await catalog.read(retention_queries.oldest_utc_ns) == DAY_NS


async def test_after_a_step_back_both_runs_of_one_time_are_found(catalog: Catalog) -> None:
    add(catalog, 1, 0, 100, 160)
    add(catalog, 2, 0, 110, 130)
    assert await between(catalog, 120, 125) == [(1, 0), (2, 0)]
    newest = await catalog.read(partial(queries.newest_segment, camera="cam1", stream="main"))
    assert newest is not None and newest.id.run == 2


async def test_range_queries_are_answered_from_the_covering_index(catalog: Catalog) -> None:
    add(catalog, 1, 0, 0, 60)
    await catalog.do(lambda db: None)
    seen: list[str] = []

    def explain(db: sqlite3.Connection) -> None:
        db.set_trace_callback(seen.append)
        queries.segments_between(db, "cam1", "main", DAY_NS, DAY_NS + SECOND)
        db.set_trace_callback(None)
        plan = db.execute("EXPLAIN QUERY PLAN " + seen[0]).fetchall()
        assert any("COVERING INDEX segment_by_time" in row[3] for row in plan), plan

    await catalog.read(explain)


async def test_gaps_overlap_ranges_and_one_is_open_at_most(catalog: Catalog) -> None:
    def at(seconds: float) -> int:
        return DAY_NS + int(seconds * SECOND)

    gap = partial(changes.open_gap, camera="cam1", stream="main")
    end = partial(changes.close_gap, camera="cam1", stream="main")
    await catalog.do(partial(gap, start_utc_ns=at(0), reason="licence"))
    with pytest.raises(sqlite3.IntegrityError):
        await catalog.do(partial(gap, start_utc_ns=at(5), reason="disk"))
    await catalog.do(partial(end, end_utc_ns=at(10)))
    await catalog.do(partial(gap, start_utc_ns=at(20), reason="disk"))
    await catalog.do(partial(end, end_utc_ns=at(20)))  # no length: it never was
    await catalog.do(partial(gap, start_utc_ns=at(30), reason="camera_offline"))
    ask = partial(queries.gaps_between, camera="cam1", stream="main")
    everything = await catalog.read(partial(ask, start_utc_ns=at(-1), end_utc_ns=at(99)))
    assert [(row.reason, row.end_utc_ns) for row in everything] == [("licence", at(10)), ("camera_offline", None)]
    assert await catalog.read(partial(ask, start_utc_ns=at(10), end_utc_ns=at(30))) == []
    assert await catalog.read(queries.open_gaps) == everything[1:]


@pytest.mark.parametrize(
    "nonsense",
    [
        "INSERT INTO gap VALUES (1, 1, 0, 5, 4, 'disk')",
        "INSERT INTO gap VALUES (1, 1, 0, 5, 9, 'bored')",
        "INSERT INTO gap VALUES (1, 77, 0, 5, 9, 'disk')",
        "UPDATE segment SET state = 'open'",
        "UPDATE segment SET end_utc_ns = start_utc_ns - 1",
        "UPDATE segment SET end_utc_ns = start_utc_ns + 7200000000001",
        "UPDATE segment SET bytes = 'many'",
        "UPDATE segment SET fragments = x'00'",
        "INSERT INTO run VALUES (1, 0, 0, 0)",
    ],
)
async def test_the_schema_refuses_what_cannot_be(catalog: Catalog, nonsense: str) -> None:
    add(catalog, 1, 0, 0, 60)
    with pytest.raises(sqlite3.IntegrityError):
        await catalog.do(lambda db: db.execute(nonsense) and None)


async def test_a_change_that_fails_changes_nothing_and_stops_nothing(
    catalog: Catalog, caplog: pytest.LogCaptureFixture
) -> None:
    def half(db: sqlite3.Connection) -> None:
        db.execute("INSERT INTO camera (name) VALUES ('half')")
        raise ValueError("on purpose")

    with pytest.raises(ValueError, match="on purpose"):
        await catalog.do(half)
    with caplog.at_level(logging.ERROR):
        catalog.post(half)
        await catalog.do(lambda db: None)
    assert "on purpose" in caplog.text
    assert await catalog.read(lambda db: db.execute("SELECT count(*) FROM camera").fetchone()) == (0,)


async def test_a_reader_cannot_write(catalog: Catalog) -> None:
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        await catalog.read(lambda db: db.execute("DELETE FROM segment") and None)


async def test_what_waits_for_a_stuck_disk_is_bounded_and_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "CHANGES_MAX", 3)
    catalog = Catalog(tmp_path / "index.db")
    stuck, freed = threading.Event(), threading.Event()

    def wait(db: sqlite3.Connection) -> None:
        stuck.set()
        freed.wait(10)

    catalog.post(wait)
    assert stuck.wait(10)
    for _ in range(5):
        catalog.post(lambda db: None)
    assert catalog.lost_changes == 2
    with pytest.raises(CatalogError, match="too slow"):
        await catalog.do(lambda db: None)
    freed.set()
    catalog.close()


async def test_changes_posted_before_the_end_are_made(tmp_path: Path) -> None:
    catalog = Catalog(tmp_path / "index.db")
    catalog.post(partial(changes.put_volume, id="a" * 32, path="media"))
    for seq in range(50):
        add(catalog, 1, seq, seq, seq + 1)
    catalog.close()
    again = Catalog(tmp_path / "index.db")
    assert [row.segments for row in await again.read(retention_queries.usage)] == [50]
    again.close()
    assert [path.name for path in tmp_path.iterdir()] == ["index.db"]


def test_an_index_of_version_1_is_brought_up_to_date_with_all_it_knows(tmp_path: Path) -> None:
    path = tmp_path / "index.db"
    first = resources.files("recorder.catalog.migrations").joinpath("0001_first.sql").read_text()
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.executescript(f"{first}; PRAGMA user_version = 1; PRAGMA foreign_keys = ON")
        db.execute("INSERT INTO volume VALUES (?)", ("b" * 32,))
        db.execute("INSERT INTO camera VALUES (1, 'cam1')")
        db.execute("INSERT INTO init VALUES (7, 'h264', 'avc1.64001F', 640, 360, x'01')")
        db.execute("INSERT INTO run VALUES (1, 0, 3, ?)", (DAY_NS,))
        blob = pack_fragments([FragmentEntry(300, 90_000, True, 0)])
        values = (DAY_NS, DAY_NS + SECOND, 90_000, 15, 1000, 7, 700, blob)
        db.execute("INSERT INTO segment VALUES (1, 0, 3, 0, 'closed', ?, ?, ?, ?, ?, ?, ?, ?)", values)
        db.execute("INSERT INTO gap VALUES (1, 1, 0, 5, 9, 'disk')")
    Catalog(path).close()
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA foreign_keys = ON")
        [row] = queries.segments_between(db, "cam1", "main", DAY_NS, DAY_NS + 1)
        assert (row.id, row.bytes, row.volume) == (SegmentId("cam1", "main", 3, 0), 1000, 1)
        assert queries.fragments_of(db, row.id) == [FragmentEntry(300, 90_000, True, 0)]
        assert queries.volumes(db) == [VolumeRow(number=1, id="b" * 32, path="media")]
        assert [gap.reason for gap in queries.gaps_between(db, "cam1", "main", 0, 99)] == ["disk"]
        db.execute("INSERT INTO init VALUES (8, 'h265', 'hvc1.1.6.L93.B0', 640, 360, x'02')")
        with pytest.raises(sqlite3.IntegrityError):
            db.execute("INSERT INTO init VALUES (9, 'mjpeg', 'mjpg', 640, 360, x'03')")
        with pytest.raises(sqlite3.IntegrityError):
            db.execute("UPDATE segment SET volume = 2")
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert db.execute("PRAGMA user_version").fetchone() == (len(database.MIGRATIONS),)


def test_an_upgraded_index_is_the_same_as_a_new_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def schema(path: Path) -> list[tuple[str, str]]:
        with contextlib.closing(sqlite3.connect(path)) as db:
            return db.execute("SELECT name, sql FROM sqlite_schema ORDER BY name").fetchall()

    Catalog(tmp_path / "new.db").close()
    for count in range(1, len(database.MIGRATIONS) + 1):
        with monkeypatch.context() as patch:
            patch.setattr(database, "MIGRATIONS", database.MIGRATIONS[:count])
            Catalog(tmp_path / "old.db").close()
    assert schema(tmp_path / "old.db") == schema(tmp_path / "new.db")


def test_a_migration_that_fails_leaves_the_index_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "index.db"
    Catalog(path).close()
    monkeypatch.setattr(database, "MIGRATIONS", (*database.MIGRATIONS, "0001_first.sql"))  # every table exists already
    with pytest.raises(CatalogError, match="already exists"):
        Catalog(path)
    monkeypatch.undo()
    Catalog(path).close()


@given(
    st.lists(
        st.builds(
            FragmentEntry,
            st.integers(0, 2**32 - 1),
            st.integers(0, 2**31 - 1),
            st.booleans(),
            st.integers(0, 2**32 - 1),
        )
    )
)
def test_a_blob_of_fragments_reads_back(entries: list[FragmentEntry]) -> None:
    assert unpack_fragments(pack_fragments(entries)) == entries
