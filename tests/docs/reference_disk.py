"""The made parts of docs/reference/disk.md: the boxes of a segment, and the tables of the index."""

import io
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from recorder.catalog.database import open_for_writing
from recorder.media.access_unit import VideoFormat
from recorder.media.fmp4 import Sample, SegmentMark, fragment, init_segment, mark_box, walk_boxes

CONTAINERS = {b"moov", b"trak", b"mdia", b"minf", b"dinf", b"stbl", b"mvex", b"moof", b"traf", b"edts"}
SPAN = 6000
"""A picture's time, of 1/90000 s."""


def boxes() -> str:
    """The boxes of a segment of two fragments, as a tree."""
    format = VideoFormat(
        codec="h264",
        codecs="avc1.64001F",
        width=1280,
        height=720,
        decoder_configuration=bytes(40),
        parameter_sets=(),
    )
    mark = mark_box(SegmentMark(run=1, seq=0, start_utc_ns=0))
    samples = [Sample(data=bytes(100), duration_90k=SPAN, key=not number) for number in range(2)]
    parts = [init_segment(format, mark), *fragment(1, 0, samples), *fragment(2, 2 * SPAN, samples)]
    return "\n".join(["```text", *_tree(b"".join(parts)), "```"])


def schema() -> str:
    """The tables and indices of the index."""
    with tempfile.TemporaryDirectory() as folder, closing(open_for_writing(Path(folder) / "index.db")) as database:
        return "\n".join(["```sql", *_statements(database), "```"])


def _tree(content: bytes) -> Iterator[str]:
    file = io.BytesIO(content)

    def read(offset: int, size: int) -> bytes:
        file.seek(offset)
        return file.read(size)

    def within(offset: int, end: int, depth: int) -> Iterator[str]:
        for box in walk_boxes(read, end, offset):
            yield "  " * depth + box.kind.decode()
            if box.kind in CONTAINERS:
                yield from within(box.body, box.offset + box.size, depth + 1)

    return within(0, len(content), 0)


def _statements(database: sqlite3.Connection) -> Iterator[str]:
    (version,) = database.execute("PRAGMA user_version").fetchone()
    yield f"PRAGMA user_version = {version};"
    wanted = "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' ORDER BY type DESC, name"
    for (sql,) in database.execute(wanted):
        yield f"{sql};"
