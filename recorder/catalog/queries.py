"""Questions to the catalogue. Each function runs on a connection that reads: `await catalog.read(partial(...))`."""

import sqlite3

from recorder.catalog.rows import (
    SEGMENT_SECONDS_MAX,
    STREAMS,
    FragmentEntry,
    GapReason,
    GapRow,
    SegmentId,
    SegmentRow,
    Stream,
    VolumeRow,
    unpack_fragments,
)

COLUMNS = (
    "camera.name, segment.stream, run, seq, state, segment.start_utc_ns, end_utc_ns, duration_90k, samples, bytes,"
    " init_bytes, volume"
)
_OF_STREAM = "FROM segment JOIN camera ON camera.id = camera_id WHERE camera.name = ? AND stream = ?"


def segments_between(
    db: sqlite3.Connection, camera: str, stream: Stream, start_utc_ns: int, end_utc_ns: int
) -> list[SegmentRow]:
    """Segments with footage in `[start, end)`, by start; one that is being written counts as lasting. Not `lost` ones.
    After a step back of the clock two runs may cover one time: both are in."""
    rows = db.execute(
        f"SELECT {COLUMNS} {_OF_STREAM} AND segment.start_utc_ns >= ? AND segment.start_utc_ns < ?"
        " AND (end_utc_ns > ? OR state = 'writing') AND state <> 'lost' ORDER BY segment.start_utc_ns, run, seq",
        (camera, STREAMS.index(stream), start_utc_ns - SEGMENT_SECONDS_MAX * 10**9, end_utc_ns, start_utc_ns),
    )
    return [segment_of(row) for row in rows]


def newest_segment(db: sqlite3.Connection, camera: str, stream: Stream) -> SegmentRow | None:
    """The last segment of the highest run."""
    row = db.execute(
        f"SELECT {COLUMNS} {_OF_STREAM} AND state <> 'lost' ORDER BY run DESC, seq DESC LIMIT 1",
        (camera, STREAMS.index(stream)),
    ).fetchone()
    return None if row is None else segment_of(row)


def segments_of_run(db: sqlite3.Connection, camera: str, stream: Stream, run: int) -> list[SegmentRow]:
    """A run's segments, in order. Not `lost` ones."""
    rows = db.execute(
        f"SELECT {COLUMNS} {_OF_STREAM} AND run = ? AND state <> 'lost' ORDER BY seq",
        (camera, STREAMS.index(stream), run),
    )
    return [segment_of(row) for row in rows]


def fragments_of(db: sqlite3.Connection, id: SegmentId) -> list[FragmentEntry]:
    """The fragments of a closed segment, in order; empty while it is being written."""
    row = db.execute(
        f"SELECT fragments {_OF_STREAM} AND run = ? AND seq = ?", (id.camera, STREAMS.index(id.stream), id.run, id.seq)
    ).fetchone()
    return [] if row is None else unpack_fragments(row[0])


def gaps_between(
    db: sqlite3.Connection, camera: str, stream: Stream, start_utc_ns: int, end_utc_ns: int
) -> list[GapRow]:
    """Gaps that overlap `[start, end)`, by start; one that lasts has no end."""
    rows = db.execute(
        "SELECT camera.name, stream, start_utc_ns, end_utc_ns, reason FROM gap JOIN camera ON camera.id = camera_id"
        " WHERE camera.name = ? AND stream = ? AND start_utc_ns < ? AND (end_utc_ns > ? OR end_utc_ns IS NULL)"
        " ORDER BY start_utc_ns, gap.id",
        (camera, STREAMS.index(stream), end_utc_ns, start_utc_ns),
    )
    return [_gap(row) for row in rows]


def open_gaps(db: sqlite3.Connection) -> list[GapRow]:
    """The gaps that last, of all streams."""
    return [
        _gap(row)
        for row in db.execute(
            "SELECT camera.name, stream, start_utc_ns, end_utc_ns, reason FROM gap"
            " JOIN camera ON camera.id = camera_id WHERE end_utc_ns IS NULL"
        )
    ]


def segments_writing(db: sqlite3.Connection, volume: int) -> list[SegmentRow]:
    """What a recorder was writing to a volume when it was last heard of."""
    return [
        segment_of(row)
        for row in db.execute(
            f"SELECT {COLUMNS} FROM segment JOIN camera ON camera.id = camera_id WHERE state = 'writing'"
            " AND volume = ?",
            (volume,),
        )
    ]


def ids_of(db: sqlite3.Connection, volume: int, camera: str, stream: Stream) -> dict[SegmentId, int]:
    """Every segment of a stream that should have a file on a volume, with its start (its folder is that day's)."""
    return {
        SegmentId(camera, stream, run, seq): start
        for run, seq, start in db.execute(
            f"SELECT run, seq, segment.start_utc_ns {_OF_STREAM} AND state <> 'lost' AND volume = ?",
            (camera, STREAMS.index(stream), volume),
        )
    }


def cameras(db: sqlite3.Connection) -> list[str]:
    """Every camera there has been."""
    return [str(name) for (name,) in db.execute("SELECT name FROM camera ORDER BY name")]


def last_run(db: sqlite3.Connection, camera: str, stream: Stream) -> int:
    """The highest run number there has been; 0 if none."""
    row = db.execute(
        "SELECT max(run) FROM run JOIN camera ON camera.id = camera_id WHERE camera.name = ? AND stream = ?",
        (camera, STREAMS.index(stream)),
    ).fetchone()
    return int(row[0] or 0)


def last_end_utc_ns(db: sqlite3.Connection, camera: str, stream: Stream) -> int | None:
    """Up to when footage or ended gaps account for a stream's time; None if there is neither."""
    newest = newest_segment(db, camera, stream)
    ended = db.execute(
        "SELECT end_utc_ns FROM gap JOIN camera ON camera.id = camera_id WHERE camera.name = ? AND stream = ?"
        " AND end_utc_ns IS NOT NULL ORDER BY gap.id DESC LIMIT 1",
        (camera, STREAMS.index(stream)),
    ).fetchone()
    ends = [newest.end_utc_ns] if newest is not None else []
    return max([*ends, *(ended or ())], default=None)


def volumes(db: sqlite3.Connection) -> list[VolumeRow]:
    """Every volume there has been, by number; none in a new index."""
    rows = db.execute("SELECT number, id, path FROM volume ORDER BY number")
    return [VolumeRow(number=number, id=id, path=path) for number, id, path in rows]


def newest_volumes(db: sqlite3.Connection) -> dict[str, int]:
    """By camera: the volume, by its number, that has its newest footage."""
    found: dict[str, int] = {}
    for camera in cameras(db):
        newest = [row for stream in STREAMS if (row := newest_segment(db, camera, stream)) is not None]
        if newest:
            found[camera] = max(newest, key=lambda row: row.start_utc_ns).volume
    return found


def last_boot_was_clean(db: sqlite3.Connection) -> bool:
    """Whether the recorder before this one stopped in good order; true if there was none."""
    row = db.execute("SELECT end_utc_ns FROM boot ORDER BY id DESC LIMIT 1").fetchone()
    return row is None or row[0] is not None


def free_run_before(db: sqlite3.Connection, camera: str, start_utc_ns: int) -> int | None:
    """The number that was left free before the first run of the main stream that begins at or after an instant; None if
    it is taken, or there is no such run."""
    row = db.execute(
        "SELECT run FROM run WHERE camera_id = (SELECT id FROM camera WHERE name = ?) AND stream = 0"
        " AND start_utc_ns >= ? ORDER BY start_utc_ns, run LIMIT 1",
        (camera, start_utc_ns),
    ).fetchone()
    if row is None or row[0] < 2:
        return None
    taken = db.execute(
        "SELECT 1 FROM run WHERE camera_id = (SELECT id FROM camera WHERE name = ?) AND stream = 0 AND run = ?",
        (camera, row[0] - 1),
    ).fetchone()
    return None if taken else int(row[0]) - 1


def last_alive_utc_ns(db: sqlite3.Connection) -> int | None:
    """When the recorder before this one was last known to run."""
    row = db.execute("SELECT alive_utc_ns FROM boot ORDER BY id DESC LIMIT 1").fetchone()
    return None if row is None else int(row[0])


def segment_of(row: tuple[str, int, int, int, str, int, int, int, int, int, int, int]) -> SegmentRow:
    name, stream, run, seq, state, start, end, duration, samples, size, init_bytes, volume = row
    return SegmentRow(
        id=SegmentId(name, STREAMS[stream], run, seq),
        state=state,  # type: ignore[arg-type]  # the schema checks it
        start_utc_ns=start,
        end_utc_ns=end,
        duration_90k=duration,
        samples=samples,
        bytes=size,
        init_bytes=init_bytes,
        volume=volume,
    )


def _gap(row: tuple[str, int, int, int | None, GapReason]) -> GapRow:
    name, stream, start, end, reason = row
    return GapRow(camera=name, stream=STREAMS[stream], start_utc_ns=start, end_utc_ns=end, reason=reason)
