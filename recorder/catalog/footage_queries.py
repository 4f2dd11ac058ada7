"""What playback and timelines ask the catalogue. Rows are tuples: a day of one stream has some 1440 of them."""

import sqlite3
from itertools import pairwise

from recorder.catalog.queries import COLUMNS, segment_of
from recorder.catalog.rows import SEGMENT_SECONDS_MAX, STREAMS, GapReason, SegmentId, SegmentRow, Stream

HOLES_BEFORE_MAX = 64

_LOOK_BACK_NS = SEGMENT_SECONDS_MAX * 10**9

PieceRow = tuple[int, int, int, int, int]
"""Start, end, run, seq of a segment, and 1 if it is being written: its end is its start then."""
HoleRow = tuple[int, int | None, GapReason]
"""Start, end (None while it lasts), reason of a gap."""


def pieces_between(
    db: sqlite3.Connection, camera: str, stream: Stream, start_utc_ns: int, end_utc_ns: int
) -> list[PieceRow]:
    """Segments that have footage in `[start, end)`, or are being written, by start. From the covering index alone."""
    return db.execute(
        "SELECT start_utc_ns, end_utc_ns, run, seq, state = 'writing' FROM segment"
        " WHERE camera_id = (SELECT id FROM camera WHERE name = ?) AND stream = ?"
        " AND start_utc_ns >= ? AND start_utc_ns < ? AND (end_utc_ns > ? OR state = 'writing') AND state <> 'lost'"
        " ORDER BY start_utc_ns",
        (camera, STREAMS.index(stream), start_utc_ns - _LOOK_BACK_NS, end_utc_ns, start_utc_ns),
    ).fetchall()


def holes_between(
    db: sqlite3.Connection, camera: str, stream: Stream, start_utc_ns: int, end_utc_ns: int
) -> list[HoleRow]:
    """Gaps that overlap `[start, end)`, by start. From the covering index alone. Of those that began before the range
    only the last HOLES_BEFORE_MAX are looked at: one is open at a time, so that only steps back could stack more."""
    of_stream = (
        "SELECT start_utc_ns, end_utc_ns, reason FROM gap"
        " WHERE camera_id = (SELECT id FROM camera WHERE name = ?) AND stream = ? AND "
    )
    key = (camera, STREAMS.index(stream))
    before: list[HoleRow] = db.execute(
        of_stream + "start_utc_ns < ? ORDER BY start_utc_ns DESC LIMIT ?", (*key, start_utc_ns, HOLES_BEFORE_MAX)
    ).fetchall()
    inside: list[HoleRow] = db.execute(
        of_stream + "start_utc_ns >= ? AND start_utc_ns < ? ORDER BY start_utc_ns", (*key, start_utc_ns, end_utc_ns)
    ).fetchall()
    return [hole for hole in reversed(before) if hole[1] is None or hole[1] > start_utc_ns] + inside


def segment_at_or_after(
    db: sqlite3.Connection, camera: str, stream: Stream, utc_ns: int, run: int | None = None
) -> SegmentId | None:
    """The segment that begins first at or after an instant; of one run, or of any."""
    row = db.execute(
        "SELECT run, seq FROM segment WHERE camera_id = (SELECT id FROM camera WHERE name = ?) AND stream = ?"
        f" AND start_utc_ns >= ? AND state <> 'lost'{'' if run is None else ' AND run = ?'}"
        " ORDER BY start_utc_ns, run, seq LIMIT 1",
        (camera, STREAMS.index(stream), utc_ns, *(() if run is None else (run,))),
    ).fetchone()
    return None if row is None else SegmentId(camera, stream, *row)


def segment_before(
    db: sqlite3.Connection, camera: str, stream: Stream, utc_ns: int, run: int | None = None
) -> SegmentId | None:
    """The segment that begins last at or before an instant; of one run, or of any."""
    row = db.execute(
        "SELECT run, seq FROM segment WHERE camera_id = (SELECT id FROM camera WHERE name = ?) AND stream = ?"
        f" AND start_utc_ns <= ? AND state <> 'lost'{'' if run is None else ' AND run = ?'}"
        " ORDER BY start_utc_ns DESC, run DESC, seq DESC LIMIT 1",
        (camera, STREAMS.index(stream), utc_ns, *(() if run is None else (run,))),
    ).fetchone()
    return None if row is None else SegmentId(camera, stream, *row)


def segments_from(db: sqlite3.Connection, id: SegmentId, limit: int, *, backwards: bool = False) -> list[SegmentRow]:
    """A segment and those recorded after it (before it, `backwards`), in the order they were recorded in."""
    compare, order = ("<=", "DESC") if backwards else (">=", "ASC")
    rows = db.execute(
        f"SELECT {COLUMNS} FROM segment JOIN camera ON camera.id = camera_id"
        f" WHERE camera.name = ? AND stream = ? AND (run, seq) {compare} (?, ?) AND state <> 'lost'"
        f" ORDER BY run {order}, seq {order} LIMIT ?",
        (id.camera, STREAMS.index(id.stream), id.run, id.seq, limit),
    )
    return [segment_of(row) for row in rows]


def run_start_utc_ns(db: sqlite3.Connection, id: SegmentId) -> int | None:
    """When the run of a segment began; None if the segment is not known."""
    row = db.execute(
        "SELECT start_utc_ns FROM run"
        " WHERE camera_id = (SELECT id FROM camera WHERE name = ?) AND stream = ? AND run = ?",
        (id.camera, STREAMS.index(id.stream), id.run),
    ).fetchone()
    return None if row is None else int(row[0])


def runs_between(
    db: sqlite3.Connection, camera: str, stream: Stream, start_utc_ns: int, end_utc_ns: int
) -> tuple[int, int] | None:
    """The lowest and highest run with a segment in `[start, end)`, or one that is being written."""
    low, high = db.execute(
        "SELECT min(run), max(run) FROM segment WHERE camera_id = (SELECT id FROM camera WHERE name = ?) AND stream = ?"
        " AND start_utc_ns >= ? AND start_utc_ns < ? AND (end_utc_ns > ? OR state = 'writing') AND state <> 'lost'",
        (camera, STREAMS.index(stream), start_utc_ns - _LOOK_BACK_NS, end_utc_ns, start_utc_ns),
    ).fetchone()
    return None if low is None else (int(low), int(high))


def days_with_footage(db: sqlite3.Connection, camera: str, stream: Stream, midnights_utc_ns: list[int]) -> list[bool]:
    """For each day between two following midnights: whether there is footage of it."""
    ask = (
        "SELECT EXISTS (SELECT 1 FROM segment WHERE camera_id = (SELECT id FROM camera WHERE name = ?) AND stream = ?"
        " AND start_utc_ns >= ? AND start_utc_ns < ? AND (end_utc_ns > ? OR state = 'writing') AND state <> 'lost')"
    )
    return [
        bool(db.execute(ask, (camera, STREAMS.index(stream), start - _LOOK_BACK_NS, end, start)).fetchone()[0])
        for start, end in pairwise(midnights_utc_ns)
    ]
