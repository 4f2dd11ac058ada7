"""Gaps after a crash: the index may not have heard the last of them; what the salvaged footage shows counts.

1. A gap that lasts ends where the newest salvaged run begins, if that run came after it.
2. A gap that began only after the salvaged footage ends leaves time without a reason: that is `crash`.
"""

import sqlite3
from collections.abc import Iterable

from recorder.catalog.changes import close_gap, insert_gap
from recorder.catalog.queries import last_run, open_gaps, segments_of_run
from recorder.catalog.rows import SegmentId, Stream


def settle_gaps(db: sqlite3.Connection, salvaged: Iterable[SegmentId]) -> None:
    """Runs in recovery's transaction: a crash between the two would leave nothing to go by."""
    newest: dict[tuple[str, Stream], int] = {}
    for id in salvaged:
        newest[id.camera, id.stream] = max(id.run, newest.get((id.camera, id.stream), 0))
    for gap in open_gaps(db):
        run = newest.get((gap.camera, gap.stream))
        rows = segments_of_run(db, gap.camera, gap.stream, run) if run is not None else []
        if not rows or rows[0].id.run != last_run(db, gap.camera, gap.stream):  # the newest is on another volume
            continue
        start_utc_ns, end_utc_ns = rows[0].start_utc_ns, rows[-1].end_utc_ns
        if gap.start_utc_ns < start_utc_ns:
            close_gap(db, gap.camera, gap.stream, start_utc_ns)
        else:
            insert_gap(db, gap.camera, gap.stream, end_utc_ns, gap.start_utc_ns, "crash")
