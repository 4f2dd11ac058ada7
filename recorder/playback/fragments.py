"""Which fragments hold a time, in the order they were recorded in. Blocks on the index and the disk.

1. Order is (run, seq), never time: after a step back of the clock a time is played once for each run that covers it.
2. Forward begins in the lowest run that covers `start`, at the key frame at or before it; where there is no footage, at
   the next there is. With an end it begins in the lowest run of the range, so that nothing is left out. `run` picks
   another. Of each run only what lies in the range is given.
3. Backward is the same in reverse, from the highest run; key frames only.
4. A segment that is being written is read as far as it is whole on disk, and again when its end is reached.
5. A segment that has gone meanwhile (retention, an unmounted volume) is left out and logged.
"""

import logging
import os
import sqlite3
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from recorder.catalog.footage_queries import (
    runs_between,
    segment_at_or_after,
    segment_before,
    segments_from,
)
from recorder.catalog.queries import fragments_of, segments_between
from recorder.catalog.rows import FragmentEntry, SegmentId, SegmentRow, Stream
from recorder.media.errors import BoxError
from recorder.media.fmp4 import parse_fragment_head, walk_boxes
from recorder.playback.archive import path_on
from recorder.segments.cutter import ns_of_ticks

_log = logging.getLogger(__name__)

PAGE_SEGMENTS = 16
_EVER_NS = 2**62
_MOOF_BYTES_MAX = 16 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A range of one stream. `end_utc_ns` None: to the newest picture (backward: to the oldest). `keys_only`: only
    fragments that begin with a key frame. `run`: where to begin, if several cover the start."""

    camera: str
    stream: Stream = "main"
    start_utc_ns: int
    end_utc_ns: int | None = None
    keys_only: bool = False
    backward: bool = False
    run: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FragmentPlace:
    """Where a fragment lies: `[offset, offset + entry.bytes)` of `path`; the init section is `[0, init_bytes)`."""

    id: SegmentId
    path: Path
    segment_start_utc_ns: int
    init_bytes: int
    offset: int
    entry: FragmentEntry

    @property
    def utc_ns(self) -> int:
        """Of its first picture."""
        return self.segment_start_utc_ns + ns_of_ticks(self.entry.decode_time_90k)

    @property
    def end_utc_ns(self) -> int:
        """Of its last picture."""
        return self.segment_start_utc_ns + ns_of_ticks(self.entry.decode_time_90k + self.entry.duration_90k)


def find_fragments(db: sqlite3.Connection, roots: Mapping[int, Path], wanted: Wanted) -> Iterator[FragmentPlace]:
    """The fragments of a range. Looks things up as they are asked for. Raises sqlite3.Error."""
    return _backward(db, roots, wanted) if wanted.backward else _forward(db, roots, wanted)


def _forward(db: sqlite3.Connection, roots: Mapping[int, Path], wanted: Wanted) -> Iterator[FragmentPlace]:
    end_utc_ns = _EVER_NS if wanted.end_utc_ns is None else wanted.end_utc_ns
    runs = None
    if wanted.end_utc_ns is not None:
        runs = runs_between(db, wanted.camera, wanted.stream, wanted.start_utc_ns, end_utc_ns)
        if runs is None:
            return
    first = _first_forward(db, roots, wanted, runs)
    pending = deque(segments_from(db, first, PAGE_SEGMENTS) if first is not None else ())
    while pending:
        row = pending.popleft()
        if runs is not None and row.id.run > runs[1]:
            return
        after = row.id._replace(seq=row.id.seq + 1)
        if row.start_utc_ns >= end_utc_ns:  # nothing more of this run, but perhaps of a later one
            after = row.id._replace(run=row.id.run + 1, seq=0)
            pending = deque(next_row for next_row in pending if next_row.id >= after)
        elif row.state == "writing":
            newer: deque[SegmentRow] = deque()
            places: Sequence[FragmentPlace] = ()
            unseen: list[FragmentPlace] = []
            while not newer:
                newer = deque(segments_from(db, after, PAGE_SEGMENTS))
                more = list(_places(db, roots, row, behind=places[-1:]))  # after asking: it may have ended meanwhile
                unseen += more
                if unseen and unseen[-1].end_utc_ns > wanted.start_utc_ns:
                    yield from _chosen(unseen, wanted, end_utc_ns)
                    unseen.clear()
                if not more and not newer:
                    return
                places = more or places
            pending = newer
        elif row.end_utc_ns > wanted.start_utc_ns:
            yield from _chosen(list(_places(db, roots, row)), wanted, end_utc_ns)
        if not pending:
            pending = deque(segments_from(db, after, PAGE_SEGMENTS))


def _backward(db: sqlite3.Connection, roots: Mapping[int, Path], wanted: Wanted) -> Iterator[FragmentPlace]:
    oldest_utc_ns = -_EVER_NS if wanted.end_utc_ns is None else wanted.end_utc_ns
    runs = None
    if wanted.end_utc_ns is not None:
        runs = runs_between(db, wanted.camera, wanted.stream, oldest_utc_ns, wanted.start_utc_ns + 1)
        if runs is None:
            return
    last = _first_backward(db, roots, wanted, runs)
    pending = deque(segments_from(db, last, PAGE_SEGMENTS, backwards=True) if last is not None else ())
    while pending:
        row = pending.popleft()
        if runs is not None and row.id.run < runs[0]:
            return
        if row.start_utc_ns <= wanted.start_utc_ns and (row.end_utc_ns > oldest_utc_ns or row.state == "writing"):
            for place in reversed(list(_places(db, roots, row))):
                if place.entry.key and oldest_utc_ns <= place.utc_ns <= wanted.start_utc_ns:
                    yield place
        if not pending:
            before = row.id._replace(seq=row.id.seq - 1)
            pending = deque(segments_from(db, before, PAGE_SEGMENTS, backwards=True))


def _first_forward(
    db: sqlite3.Connection, roots: Mapping[int, Path], wanted: Wanted, runs: tuple[int, int] | None
) -> SegmentId | None:
    """Rule 2."""
    run = wanted.run if wanted.run is not None or runs is None else runs[0]
    covering = [id for id in _covering(db, roots, wanted) if run in (None, id.run)]
    if covering:
        return min(covering)
    return segment_at_or_after(db, wanted.camera, wanted.stream, wanted.start_utc_ns, run)


def _first_backward(
    db: sqlite3.Connection, roots: Mapping[int, Path], wanted: Wanted, runs: tuple[int, int] | None
) -> SegmentId | None:
    """Rule 3."""
    run = wanted.run if wanted.run is not None or runs is None else runs[1]
    covering = [id for id in _covering(db, roots, wanted) if run in (None, id.run)]
    if covering:
        return max(covering)
    return segment_before(db, wanted.camera, wanted.stream, wanted.start_utc_ns, run)


def _covering(db: sqlite3.Connection, roots: Mapping[int, Path], wanted: Wanted) -> list[SegmentId]:
    """The segments with a picture at the range's start."""
    at = wanted.start_utc_ns
    rows = segments_between(db, wanted.camera, wanted.stream, at, at + 1)
    return [
        row.id
        for row in rows
        if row.state != "writing" or any(place.end_utc_ns > at for place in _places(db, roots, row))
    ]


def _chosen(places: Sequence[FragmentPlace], wanted: Wanted, end_utc_ns: int) -> Iterator[FragmentPlace]:
    """Of a segment's fragments those of the range, from the key frame at or before its start."""
    begin = 0
    for number, place in enumerate(places):
        if place.entry.key and place.utc_ns <= wanted.start_utc_ns:
            begin = number
    for place in places[begin:]:
        if place.utc_ns >= end_utc_ns:
            return
        if place.entry.key or not wanted.keys_only:
            yield place


def fragments_of_segment(db: sqlite3.Connection, roots: Mapping[int, Path], row: SegmentRow) -> Sequence[FragmentPlace]:
    """All fragments of a segment, in order. Raises sqlite3.Error."""
    return list(_places(db, roots, row))


def _places(
    db: sqlite3.Connection, roots: Mapping[int, Path], row: SegmentRow, behind: Sequence[FragmentPlace] = ()
) -> Iterator[FragmentPlace]:
    """A segment's fragments, or those behind one. Of a segment that is being written: what is whole on disk."""
    path = path_on(roots, row.volume, row.id, row.start_utc_ns)
    offset = behind[0].offset + behind[0].entry.bytes if behind else row.init_bytes
    try:
        entries = walk_fragments(path, offset) if row.state == "writing" else fragments_of(db, row.id)
    except OSError as error:
        _log.info("camera %s: %s: %s; it is left out", row.id.camera, path, error.strerror)
        return
    for entry in entries:
        yield FragmentPlace(
            id=row.id,
            path=path,
            segment_start_utc_ns=row.start_utc_ns,
            init_bytes=row.init_bytes,
            offset=offset,
            entry=entry,
        )
        offset += entry.bytes


def walk_fragments(path: Path, offset: int) -> list[FragmentEntry]:
    """The whole fragments of a file from `offset` on, by their heads alone. Raises OSError."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    entries: list[FragmentEntry] = []
    try:
        boxes = walk_boxes(lambda at, size: os.pread(fd, size, at), os.fstat(fd).st_size, offset)
        for moof in boxes:
            mdat = next(boxes, None)
            if mdat is None or moof.kind != b"moof" or mdat.kind != b"mdat" or moof.size > _MOOF_BYTES_MAX:
                break
            head = parse_fragment_head(os.pread(fd, moof.size, moof.offset), moof.offset)
            entries.append(FragmentEntry(moof.size + mdat.size, head.duration_90k, head.key, head.decode_time_90k))
    except BoxError:
        pass  # the end that is being written
    finally:
        os.close(fd)
    return entries
