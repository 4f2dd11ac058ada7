"""Recovery: makes files and index agree again, at start, before anything is recorded.

1. A segment that was being written keeps its whole fragments; the torn rest is cut off. Without any it is removed.
2. A file that the index does not know is adopted by its mark (run, seq, start); one whose init section never
   got to the disk is removed. What cannot be read, or is no regular file, is counted and left as it is.
3. Gaps follow what was found (recorder.segments.gap_recovery).
4. A row without a file becomes `lost`; if that were most of them, the volume is not the right one: nothing is touched.
"""

import errno
import logging
import os
import sqlite3
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from gate.clock import Clock
from recorder.catalog import queries
from recorder.catalog.changes import SegmentContent, close_segment, delete_segments, insert_segment, mark_segments
from recorder.catalog.rows import STREAMS, FragmentEntry, SegmentId, Stream
from recorder.media.access_unit import VideoFormat
from recorder.media.errors import BoxError, MediaError
from recorder.media.fmp4 import (
    Box,
    FragmentHead,
    Reader,
    SegmentMark,
    format_of_init,
    parse_fragment_head,
    parse_mark,
    walk_boxes,
)
from recorder.segments.cutter import ns_of_ticks
from recorder.segments.errors import VolumeMissingError
from recorder.segments.gap_recovery import settle_gaps
from recorder.segments.volume import Volume, remove_empty_folders

_log = logging.getLogger(__name__)

LOSS_SHARE_MAX = 0.5
LOSS_ROWS_MIN = 10
"""More rows than this must be missing their files, and more than that share, to be taken for a wrong volume."""

_PROGRESS_SECONDS = 5.0
_UNREADABLE_SAID_MAX = 10
_INIT_BYTES_MAX = 1 << 20
_MOOF_BYTES_MAX = 16 << 20
_BLANK = bytes(512)
"""A sector that never reached the disk. Coded pictures have no such thing in them: three zero bytes in a row are
escaped (ITU-T H.264 section 7.4.1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovered:
    """What recovery has found and done. `last_runs`: the highest run number on disk, by camera and stream."""

    repaired: int
    removed: int
    adopted: int
    lost: int
    foreign: int
    unreadable: int
    last_runs: Mapping[tuple[str, Stream], int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Walked:
    """A segment's file, read back: its init section and all fragments that are whole, in order. `torn_bytes`: after."""

    mark: SegmentMark
    format: VideoFormat
    init_bytes: int
    content: SegmentContent
    torn_bytes: int


@dataclass(slots=True)
class _Difference:
    """Between the index and one volume."""

    rows: int = 0
    missing: list[SegmentId] = field(default_factory=list)
    torn: list[tuple[SegmentId, Path]] = field(default_factory=list)
    unknown: list[tuple[SegmentId, Path]] = field(default_factory=list)
    last_runs: dict[tuple[str, Stream], int] = field(default_factory=dict)


def recover(db: sqlite3.Connection, volume: Volume, clock: Clock) -> Recovered:
    """Runs in one transaction of the catalogue. Raises VolumeMissingError, OSError."""
    found = _compare(db, volume)
    missing, looked_at = found.missing, len(found.torn) + len(found.unknown)
    if len(missing) > LOSS_ROWS_MIN and len(missing) > LOSS_SHARE_MAX * found.rows:
        raise VolumeMissingError(
            f"{volume.root}: {len(missing)} of {found.rows} segments are missing; mount the right volume, "
            "or move index.db away to go on with what is there"
        )
    mark_segments(db, missing, "lost")
    if looked_at:
        _log.info("recovery: %s unfinished and %s unknown segments to look at", len(found.torn), len(found.unknown))
    counts = {"repaired": 0, "removed": 0, "adopted": 0, "foreign": 0, "unreadable": 0}
    said_ns = clock.monotonic_ns()
    steps = [(_repair, *one) for one in found.torn] + [(_adopt, *one) for one in found.unknown]
    salvaged = []
    for done, (step, id, path) in enumerate(steps):
        try:
            outcome = step(db, volume, id, path)
        except OSError as error:
            outcome = "unreadable"
            if counts[outcome] < _UNREADABLE_SAID_MAX:
                _log.error("camera %s: %s cannot be recovered, it is left as it is: %s", id.camera, path, error)
        counts[outcome] += 1
        if outcome in ("repaired", "adopted"):
            salvaged.append(id)
        if clock.monotonic_ns() - said_ns > _PROGRESS_SECONDS * 1e9:
            said_ns = clock.monotonic_ns()
            _log.info("recovery: %s of %s segments looked at", done + 1, looked_at)
    settle_gaps(db, salvaged)
    if looked_at or missing:
        _log.info("recovery: %s, %s lost", ", ".join(f"{n} {what}" for what, n in counts.items()), len(missing))
    return Recovered(lost=len(missing), last_runs=found.last_runs, **counts)


def _compare(db: sqlite3.Connection, volume: Volume) -> _Difference:
    """A stream at a time: a year of sixteen cameras has millions of segments."""
    found = _Difference()
    writing = {row.id for row in queries.segments_writing(db, volume.number)}
    for camera, stream in sorted(
        {*volume.streams(), *((name, stream) for name in queries.cameras(db) for stream in STREAMS)}
    ):
        rows = queries.ids_of(db, volume.number, camera, stream)
        found.rows += len(rows)
        last_run = 0
        for id, path in volume.scan_stream(camera, stream):
            last_run = max(last_run, id.run)
            if rows.pop(id, None) is None:
                found.unknown.append((id, Path(path)))
            elif id in writing:
                found.torn.append((id, Path(path)))
        found.missing += rows
        if last_run:
            found.last_runs[camera, stream] = last_run
    return found


def _repair(db: sqlite3.Connection, volume: Volume, id: SegmentId, path: Path) -> str:
    walked = walk_segment(path, unsynced=True)
    if walked is None or not walked.content.fragments:
        return _remove(db, volume, id, path)
    _cut_off(path, walked)
    close_segment(db, id, walked.content)
    return "repaired"


def _adopt(db: sqlite3.Connection, volume: Volume, id: SegmentId, path: Path) -> str:
    walked = walk_segment(path, unsynced=not path.with_name(f"{id.run:06}-{id.seq + 1:04}.mp4").exists())
    if walked is None or (walked.mark.run, walked.mark.seq) != (id.run, id.seq):
        if _is_stub(path):
            return _remove(db, volume, id, path)
        _log.warning("camera %s: %s is no segment of this recorder, it is left alone", id.camera, path)
        return "foreign"
    if volume.path_of(id, walked.mark.start_utc_ns) != path:
        _log.warning("camera %s: %s lies in another day's folder than its mark says, it is left alone", id.camera, path)
        return "foreign"
    if not walked.content.fragments:
        return _remove(db, volume, id, path)
    _cut_off(path, walked)
    delete_segments(db, [id])  # a lost one that has come back
    insert_segment(db, id, walked.mark.start_utc_ns, walked.format, walked.init_bytes, volume.number)
    close_segment(db, id, walked.content)
    return "adopted"


def _is_stub(path: Path) -> bool:
    """Whether not even the beginning of a file has reached the disk, or not to the end of its init section."""
    with path.open("rb") as file:
        head = file.read(_INIT_BYTES_MAX)
    if not any(head[: len(_BLANK)]):
        return True
    if len(head) == _INIT_BYTES_MAX or head[4:8] != b"ftyp"[: len(head[4:8])]:
        return False
    boxes = walk_boxes(lambda offset, size: head[offset : offset + size], len(head))
    try:
        for _ in range(3):
            next(boxes)
    except (BoxError, StopIteration):
        return True
    return False


def _remove(db: sqlite3.Connection, volume: Volume, id: SegmentId, path: Path) -> str:
    path.unlink()
    remove_empty_folders(path, volume.root)
    delete_segments(db, [id])
    return "removed"


def _cut_off(path: Path, walked: Walked) -> None:
    if not walked.torn_bytes:
        return
    _log.info("%s: %s torn bytes cut off at byte %s", path, walked.torn_bytes, walked.content.bytes)
    fd = os.open(path, os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        os.ftruncate(fd, walked.content.bytes)
        os.fsync(fd)
    finally:
        os.close(fd)


def walk_segment(path: Path, *, unsynced: bool = False) -> Walked | None:
    """Reads a segment back; None if its init section is not whole or not this recorder's. `unsynced`: parts of it may
    never have reached the disk, all of it is looked at. Raises OSError."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOFOLLOW)
    try:
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "it is no regular file", str(path))
        return _walk(lambda offset, size: os.pread(fd, size, offset), status.st_size, unsynced)
    finally:
        os.close(fd)


def _walk(read: Reader, end: int, unsynced: bool) -> Walked | None:
    boxes = walk_boxes(read, end)
    try:
        ftyp, moov, uuid = next(boxes), next(boxes), next(boxes)
        if [ftyp.kind, moov.kind, uuid.kind] != [b"ftyp", b"moov", b"uuid"] or moov.size > _INIT_BYTES_MAX:
            return None
        format = format_of_init(read(moov.offset, moov.size))
    except (MediaError, StopIteration):
        return None
    mark = parse_mark(read(uuid.body, min(uuid.size, 64) - 8))
    if mark is None:
        return None
    init_bytes = uuid.offset + uuid.size
    fragments: list[FragmentEntry] = []
    samples, good = 0, init_bytes
    try:
        for moof in boxes:
            mdat = next(boxes, None)
            head = _whole_fragment(read, moof, mdat)
            if mdat is None or head is None or (unsynced and _has_holes(head, read(mdat.body, head.data_bytes))):
                break
            good = mdat.offset + mdat.size
            fragments.append(FragmentEntry(good - moof.offset, head.duration_90k, head.key, head.decode_time_90k))
            samples += len(head.sample_bytes)
    except BoxError:
        pass  # the torn end
    last = fragments[-1] if fragments else FragmentEntry(0, 0, False, 0)
    content = SegmentContent(
        end_utc_ns=mark.start_utc_ns + ns_of_ticks(last.decode_time_90k + last.duration_90k),
        samples=samples,
        bytes=good,
        fragments=fragments,
    )
    return Walked(mark=mark, format=format, init_bytes=init_bytes, content=content, torn_bytes=end - good)


def _has_holes(head: FragmentHead, data: bytes) -> bool:
    """Whether blocks of a fragment have never reached the disk and are zeros. Inside of its pictures they are found as
    such; at their end by the last NAL unit, which ends with a zero byte while no other one does (none should). Of sound
    no frame is all zeros."""
    position = head.picture_bytes
    for size in head.sound.frame_bytes if head.sound else ():
        position += size
        if not any(data[position - size : position]):
            return True
    data = data[: head.picture_bytes]
    if _BLANK in data:
        return True
    if data[-1]:
        return False
    position, ends = 0, []
    while position < len(data):
        position += 4 + int.from_bytes(data[position : position + 4], "big")
        ends.append(data[position - 1])
    return all(ends[:-1])


def _whole_fragment(read: Reader, moof: Box, mdat: Box | None) -> FragmentHead | None:
    """The fragment's head, if both boxes are whole and every sample is a chain of NAL units: after a power cut a file
    may have its full length and pages of zeros."""
    if mdat is None or moof.kind != b"moof" or mdat.kind != b"mdat" or moof.size > _MOOF_BYTES_MAX:
        return None
    head = parse_fragment_head(read(moof.offset, moof.size), moof.offset)
    if head.data_bytes != mdat.offset + mdat.size - mdat.body:
        return None
    position = mdat.body
    for size in head.sample_bytes:
        end = position + size
        while position < end:
            length = int.from_bytes(read(position, 4), "big")
            position += 4 + length
            if not length:
                return None
        if position != end:
            return None
    return head
