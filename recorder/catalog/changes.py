"""What is written to the catalogue. Each function runs inside one transaction of `Catalog.post` or `Catalog.do`."""

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from recorder.catalog.retention_queries import oldest_utc_ns
from recorder.catalog.rows import STREAMS, FragmentEntry, GapReason, SegmentId, SegmentState, Stream, pack_fragments
from recorder.media.access_unit import VideoFormat

_PROTECT = "INSERT INTO protect (camera_id, start_utc_ns, end_utc_ns, note) VALUES (?, ?, ?, ?)"


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentContent:
    """What a segment turned out to hold."""

    end_utc_ns: int
    samples: int
    bytes: int
    fragments: Sequence[FragmentEntry]

    @property
    def duration_90k(self) -> int:
        """From the segment's start to the end of its last picture."""
        return self.fragments[-1].decode_time_90k + self.fragments[-1].duration_90k if self.fragments else 0


def insert_segment(
    db: sqlite3.Connection, id: SegmentId, start_utc_ns: int, format: VideoFormat, init_bytes: int, volume: int
) -> None:
    """A segment that is being written to the volume of that number; its run and camera are made as needed."""
    camera_id = camera_number(db, id.camera)
    key = (camera_id, STREAMS.index(id.stream), id.run)
    db.execute("INSERT INTO run VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING", (*key, start_utc_ns))
    db.execute(
        "INSERT INTO segment VALUES (?, ?, ?, ?, 'writing', ?, ?, 0, 0, 0, ?, ?, x'', ?)",
        (*key, id.seq, start_utc_ns, start_utc_ns, _init_id(db, format), init_bytes, volume),
    )


def close_segment(db: sqlite3.Connection, id: SegmentId, content: SegmentContent) -> None:
    """The segment is complete (again)."""
    db.execute(
        "UPDATE segment SET state = 'closed', end_utc_ns = ?, duration_90k = ?, samples = ?, bytes = ?, fragments = ?"
        " WHERE camera_id = ? AND stream = ? AND run = ? AND seq = ?",
        (
            content.end_utc_ns,
            content.duration_90k,
            content.samples,
            content.bytes,
            pack_fragments(content.fragments),
            *_key(db, id),
        ),
    )


def mark_segments(db: sqlite3.Connection, ids: Iterable[SegmentId], state: SegmentState) -> None:
    """Sets the state alone."""
    db.executemany(
        "UPDATE segment SET state = ? WHERE camera_id = ? AND stream = ? AND run = ? AND seq = ?",
        [(state, *_key(db, id)) for id in ids],
    )


def delete_segments(db: sqlite3.Connection, ids: Iterable[SegmentId]) -> None:
    """Forgets segments whose files are gone."""
    db.executemany(
        "DELETE FROM segment WHERE camera_id = ? AND stream = ? AND run = ? AND seq = ?", [_key(db, id) for id in ids]
    )


def delete_history(db: sqlite3.Connection) -> None:
    """Forgets what is only of interest beside footage: `lost` rows and ended gaps older than all that is left."""
    oldest = oldest_utc_ns(db)
    if oldest is not None:
        db.execute("DELETE FROM segment WHERE start_utc_ns < ? AND state = 'lost'", (oldest,))
        db.execute("DELETE FROM gap WHERE end_utc_ns < ?", (oldest,))


def open_gap(db: sqlite3.Connection, camera: str, stream: Stream, start_utc_ns: int, reason: GapReason) -> None:
    """Footage ends. At most one gap of a stream is open."""
    db.execute(
        "INSERT INTO gap (camera_id, stream, start_utc_ns, end_utc_ns, reason) VALUES (?, ?, ?, NULL, ?)",
        (camera_number(db, camera), STREAMS.index(stream), start_utc_ns, reason),
    )


def close_gap(db: sqlite3.Connection, camera: str, stream: Stream, end_utc_ns: int) -> None:
    """The open gap ends; one that would have no length is forgotten."""
    key = (camera_number(db, camera), STREAMS.index(stream))
    db.execute(
        "DELETE FROM gap WHERE camera_id = ? AND stream = ? AND end_utc_ns IS NULL AND start_utc_ns >= ?",
        (*key, end_utc_ns),
    )
    db.execute(
        "UPDATE gap SET end_utc_ns = ? WHERE camera_id = ? AND stream = ? AND end_utc_ns IS NULL", (end_utc_ns, *key)
    )


def insert_gap(
    db: sqlite3.Connection, camera: str, stream: Stream, start_utc_ns: int, end_utc_ns: int, reason: GapReason
) -> None:
    """Footage is missing between other footage or gaps; without length there is nothing to say."""
    if end_utc_ns > start_utc_ns:
        db.execute(
            "INSERT INTO gap (camera_id, stream, start_utc_ns, end_utc_ns, reason) VALUES (?, ?, ?, ?, ?)",
            (camera_number(db, camera), STREAMS.index(stream), start_utc_ns, end_utc_ns, reason),
        )


def put_volume(db: sqlite3.Connection, id: str, path: str) -> int:
    """A volume of this index, and where it is now; returns its number, which it keeps for ever."""
    db.execute(
        "INSERT INTO volume (id, path) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET path = excluded.path", (id, path)
    )
    return int(db.execute("SELECT number FROM volume WHERE id = ?", (id,)).fetchone()[0])


def protect(db: sqlite3.Connection, camera: str, start_utc_ns: int, end_utc_ns: int, note: str = "") -> int:
    """Footage of `[start, end)` is deleted last; returns the range's number."""
    values = (camera_number(db, camera), start_utc_ns, end_utc_ns, note)
    return int(
        db.execute(
            "INSERT INTO protect (camera_id, start_utc_ns, end_utc_ns, note) VALUES (?, ?, ?, ?)", values
        ).lastrowid
        or 0
    )


def unprotect(db: sqlite3.Connection, camera: str, start_utc_ns: int, end_utc_ns: int) -> int:
    """Takes the protection off `[start, end)`; what a protected range has outside of it stays. How many it touched."""
    camera_id = camera_number(db, camera)
    touched = db.execute(
        "SELECT id, start_utc_ns, end_utc_ns, note FROM protect"
        " WHERE camera_id = ? AND start_utc_ns < ? AND end_utc_ns > ?",
        (camera_id, end_utc_ns, start_utc_ns),
    ).fetchall()
    for id, start, end, note in touched:
        db.execute("DELETE FROM protect WHERE id = ?", (id,))
        for rest_start, rest_end in ((start, start_utc_ns), (end_utc_ns, end)):
            if rest_start < rest_end:
                db.execute(_PROTECT, (camera_id, rest_start, rest_end, note))
    return len(touched)


def begin_boot(db: sqlite3.Connection, now_utc_ns: int) -> int:
    """A recorder starts; returns the boot's number."""
    return int(
        db.execute("INSERT INTO boot (start_utc_ns, alive_utc_ns) VALUES (?, ?)", (now_utc_ns, now_utc_ns)).lastrowid
        or 0
    )


def touch_boot(db: sqlite3.Connection, boot: int, now_utc_ns: int) -> None:
    """The recorder still runs."""
    db.execute("UPDATE boot SET alive_utc_ns = ? WHERE id = ?", (now_utc_ns, boot))


def end_boot(db: sqlite3.Connection, boot: int, now_utc_ns: int) -> None:
    """The recorder stops in good order."""
    db.execute("UPDATE boot SET alive_utc_ns = ?, end_utc_ns = ? WHERE id = ?", (now_utc_ns, now_utc_ns, boot))


def camera_number(db: sqlite3.Connection, name: str) -> int:
    """A camera's number, given to it now if it has none."""
    row = db.execute("SELECT id FROM camera WHERE name = ?", (name,)).fetchone()
    if row is None:
        return int(db.execute("INSERT INTO camera (name) VALUES (?)", (name,)).lastrowid or 0)
    return int(row[0])


def _key(db: sqlite3.Connection, id: SegmentId) -> tuple[int, int, int, int]:
    return camera_number(db, id.camera), STREAMS.index(id.stream), id.run, id.seq


def _init_id(db: sqlite3.Connection, format: VideoFormat) -> int:
    row = db.execute("SELECT id FROM init WHERE decoder_configuration = ?", (format.decoder_configuration,)).fetchone()
    if row is not None:
        return int(row[0])
    return int(
        db.execute(
            "INSERT INTO init (codec, codecs, width, height, decoder_configuration) VALUES (?, ?, ?, ?, ?)",
            (format.codec, format.codecs, format.width, format.height, format.decoder_configuration),
        ).lastrowid
        or 0
    )
