"""Timelines and seeks are answered from covering indexes, however much there is."""

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from recorder.catalog import footage_queries, queries, retention_queries
from recorder.catalog.changes import protect
from recorder.catalog.rows import SegmentId
from recorder.playback.stretches import read_timeline
from tests.component.playback.test_reader import SECOND, run_of
from tests.fakes.recorded import Recorded
from tests.fakes.video import EPOCH_NS

ID = SegmentId("cam1", "main", 1, 0)


@pytest.fixture
def recorded(tmp_path: Path) -> Iterator[Recorded]:
    recorded = Recorded(tmp_path)
    recorded.write(run_of(1, 0, [15] * 8))
    recorded.gap(EPOCH_NS + 8 * SECOND, EPOCH_NS + 10 * SECOND, "licence")
    recorded.segment_seconds = 60
    recorded.write(run_of(2, 10 * SECOND, [15] * 4), finish=False)
    yield recorded
    recorded.close()


def plans(db: sqlite3.Connection, ask: Callable[..., Any], *values: Any) -> list[str]:
    """How SQLite goes about each statement of a query."""
    statements: list[str] = []
    db.set_trace_callback(statements.append)
    ask(db, *values)
    db.set_trace_callback(None)
    return [str(row[3]) for text in statements for row in db.execute(f"EXPLAIN QUERY PLAN {text}")]


@pytest.mark.parametrize(
    ("ask", "values", "index"),
    [
        (footage_queries.pieces_between, ("cam1", "main", 0, EPOCH_NS), "COVERING INDEX segment_by_time"),
        (footage_queries.runs_between, ("cam1", "main", 0, EPOCH_NS), "COVERING INDEX segment_by_time"),
        (footage_queries.segment_at_or_after, ("cam1", "main", EPOCH_NS), "COVERING INDEX segment_by_time"),
        (footage_queries.segment_at_or_after, ("cam1", "main", EPOCH_NS, 1), "COVERING INDEX segment_by_time"),
        (footage_queries.segment_before, ("cam1", "main", EPOCH_NS), "COVERING INDEX segment_by_time"),
        (footage_queries.days_with_footage, ("cam1", "main", [0, EPOCH_NS]), "COVERING INDEX segment_by_time"),
        (footage_queries.holes_between, ("cam1", "main", 0, EPOCH_NS), "COVERING INDEX gap_by_time"),
        (footage_queries.segments_from, (ID, 9), "segment USING INDEX sqlite_autoindex_segment_1"),
        (queries.segments_between, ("cam1", "main", 0, EPOCH_NS), "COVERING INDEX segment_by_time"),
        (retention_queries.oldest_closed, (1, 9), "COVERING INDEX segment_by_age"),
        (retention_queries.oldest_closed_of, ("cam1", 1, 9), "COVERING INDEX segment_by_time"),
        (retention_queries.usage, (), "segment USING COVERING INDEX"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_a_query_reads_an_index_and_never_walks_the_table(
    recorded: Recorded, ask: Callable[..., Any], values: tuple[Any, ...], index: str
) -> None:
    db = recorded.archive.connect()
    found = plans(db, ask, *values)
    db.close()
    assert any(index in step for step in found), found
    assert not [step for step in found if step.startswith("SCAN segment") and "COVERING" not in step], found


def test_a_timeline_shows_what_is_on_disk_of_a_growing_segment(recorded: Recorded) -> None:
    db = recorded.archive.connect()
    roots = recorded.archive.roots(db)
    now = EPOCH_NS + 14 * SECOND
    spans = read_timeline(db, roots, "cam1", "main", EPOCH_NS - SECOND, now, now)
    db.close()
    shown = [((s.start_utc_ns - EPOCH_NS) / SECOND, (s.end_utc_ns - EPOCH_NS) / SECOND, s.reason) for s in spans]
    assert [(round(start, 6), round(end, 6), reason) for start, end, reason in shown] == [
        (0, 8, None), (8, 10, "licence"), (10, 13, None),
    ]  # fmt: skip
    assert [span.growing for span in spans] == [False, False, True]


def test_days_with_footage_are_known_without_counting_it(recorded: Recorded) -> None:
    day = 86_400 * SECOND
    db = recorded.archive.connect()
    midnights = [EPOCH_NS + number * day for number in (-1, 0, 1, 2)]
    assert footage_queries.days_with_footage(db, "cam1", "main", midnights) == [False, True, False]
    db.close()


def test_protected_footage_is_found_last(recorded: Recorded) -> None:
    db = sqlite3.connect(recorded.root / "index.db")
    everything = retention_queries.oldest_closed(db, 1, 99)
    assert len(everything) >= 2
    first = everything[0]
    protect(db, "cam1", first.start_utc_ns, first.start_utc_ns + 1)
    assert retention_queries.oldest_closed(db, 1, 99) == everything[1:]
    assert retention_queries.oldest_closed_of(db, "cam1", 1, 99) == everything[1:]
    assert retention_queries.oldest_closed(db, 1, 99, protected=True) == everything
    assert retention_queries.oldest_closed(db, 1, 99, until_utc_ns=everything[1].end_utc_ns) == everything[1:2]
    db.close()
