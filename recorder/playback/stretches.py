"""A stream's timeline, read from the index: `await catalog.read(partial(read_timeline, …))`. Blocks."""

import logging
import sqlite3
from collections.abc import Mapping
from pathlib import Path

from recorder.catalog.footage_queries import holes_between, pieces_between
from recorder.catalog.queries import segments_between
from recorder.catalog.rows import SegmentRow, Stream
from recorder.playback.archive import path_on
from recorder.playback.fragments import walk_fragments
from recorder.segments.cutter import ns_of_ticks
from recorder.timeline import Hole, Piece, PieceLike, Span, plan_timeline

_log = logging.getLogger(__name__)


def read_timeline(
    db: sqlite3.Connection,
    roots: Mapping[int, Path],
    camera: str,
    stream: Stream,
    start_utc_ns: int,
    end_utc_ns: int,
    now_utc_ns: int,
) -> list[Span]:
    """The spans of `[start, end)` (recorder.timeline has the rules). A segment that is being written reaches as far as
    whole fragments of it are on disk. Raises sqlite3.Error."""
    rows = pieces_between(db, camera, stream, start_utc_ns, end_utc_ns)
    growing = [row for row in rows if row[4]]
    pieces: list[PieceLike] = [row for row in rows if not row[4]] if growing else list(rows)
    for start, _, run, seq, _ in growing:
        pieces += _growing(db, roots, camera, stream, start, (run, seq))
    holes = [Hole(*hole) for hole in holes_between(db, camera, stream, start_utc_ns, end_utc_ns)]
    return plan_timeline(pieces, holes, start_utc_ns=start_utc_ns, end_utc_ns=end_utc_ns, now_utc_ns=now_utc_ns)


def _growing(
    db: sqlite3.Connection,
    roots: Mapping[int, Path],
    camera: str,
    stream: Stream,
    start_utc_ns: int,
    identity: tuple[int, int],
) -> list[Piece]:
    rows = segments_between(db, camera, stream, start_utc_ns, start_utc_ns + 1)
    return [
        Piece(start_utc_ns, _end_on_disk(roots, row), *identity, growing=row.state == "writing")
        for row in rows
        if (row.id.run, row.id.seq) == identity
    ]


def _end_on_disk(roots: Mapping[int, Path], row: SegmentRow) -> int:
    if row.state != "writing":  # it was closed between two looks
        return row.end_utc_ns
    try:
        entries = walk_fragments(path_on(roots, row.volume, row.id, row.start_utc_ns), row.init_bytes)
    except OSError as error:
        _log.info("camera %s: the growing segment cannot be read: %s", row.id.camera, error)
        return row.start_utc_ns
    if not entries:
        return row.start_utc_ns
    return row.start_utc_ns + ns_of_ticks(entries[-1].decode_time_90k + entries[-1].duration_90k)
