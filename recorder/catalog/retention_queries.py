"""What retention asks the catalogue: how much there is, and what may go first."""

import sqlite3

from recorder.catalog.queries import COLUMNS, segment_of
from recorder.catalog.rows import STREAMS, ProtectRow, SegmentRow, UsageRow

_UNPROTECTED = (
    " AND NOT EXISTS (SELECT 1 FROM protect WHERE protect.camera_id = segment.camera_id"
    " AND protect.start_utc_ns < segment.end_utc_ns AND protect.end_utc_ns > segment.start_utc_ns)"
)


def usage(db: sqlite3.Connection) -> list[UsageRow]:
    """All footage, added up. Reads the whole index: once at start."""
    return [
        UsageRow(volume, name, STREAMS[stream], segments, size)
        for volume, name, stream, segments, size in db.execute(
            "SELECT volume, camera.name, stream, count(*), sum(bytes)"
            " FROM camera CROSS JOIN segment ON camera_id = camera.id"
            " WHERE state <> 'lost' GROUP BY camera_id, stream, volume"
        )
    ]


def oldest_closed(
    db: sqlite3.Connection, volume: int, limit: int, *, protected: bool = False, until_utc_ns: int | None = None
) -> list[SegmentRow]:
    """The closed segments on a volume that began first, over all cameras and streams. `protected`: those under
    protection are meant, too. `until_utc_ns`: only what has ended by then."""
    rows = db.execute(
        f"SELECT {COLUMNS} FROM segment JOIN camera ON camera.id = camera_id WHERE volume = ? AND state = 'closed'"
        " AND segment.start_utc_ns < ? AND end_utc_ns <= ?"
        f"{'' if protected else _UNPROTECTED} ORDER BY segment.start_utc_ns LIMIT ?",
        (volume, *(2 * [2**62 if until_utc_ns is None else until_utc_ns]), limit),
    )
    return [segment_of(row) for row in rows]


def oldest_closed_of(
    db: sqlite3.Connection, camera: str, volume: int, limit: int, *, protected: bool = False
) -> list[SegmentRow]:
    """The closed segments of one camera on a volume that began first, over its streams."""
    found: list[SegmentRow] = []
    for stream in range(len(STREAMS)):
        rows = db.execute(
            f"SELECT {COLUMNS} FROM segment JOIN camera ON camera.id = camera_id"
            " WHERE camera.name = ? AND stream = ? AND volume = ? AND state = 'closed'"
            f"{'' if protected else _UNPROTECTED} ORDER BY segment.start_utc_ns LIMIT ?",
            (camera, stream, volume, limit),
        )
        found += map(segment_of, rows)
    return sorted(found, key=lambda row: row.start_utc_ns)[:limit]


def oldest_utc_ns(db: sqlite3.Connection, volume: int | None = None) -> int | None:
    """When the oldest footage begins, on a volume or on all."""
    first = "SELECT start_utc_ns FROM segment WHERE volume = ? AND state <> 'lost' ORDER BY start_utc_ns LIMIT 1"
    numbers = db.execute("SELECT number FROM volume").fetchall() if volume is None else [(volume,)]
    starts = [db.execute(first, number).fetchone() for number in numbers]
    return min((int(row[0]) for row in starts if row is not None), default=None)


def protected_ranges(db: sqlite3.Connection, camera: str | None = None) -> list[ProtectRow]:
    """The ranges under protection, by camera and start; of one camera, or of all."""
    rows = db.execute(
        "SELECT protect.id, camera.name, start_utc_ns, end_utc_ns, note FROM protect"
        " JOIN camera ON camera.id = camera_id WHERE ? IS NULL OR camera.name = ? ORDER BY camera.name, start_utc_ns",
        (camera, camera),
    )
    return [
        ProtectRow(id=id, camera=name, start_utc_ns=start, end_utc_ns=end, note=note)
        for id, name, start, end, note in rows
    ]
