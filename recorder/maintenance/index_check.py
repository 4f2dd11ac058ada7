"""Compares index and files, both ways. Reads only; a recorder may run meanwhile. Blocks."""

import contextlib
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple

from recorder.catalog import queries
from recorder.catalog.footage_queries import segments_from
from recorder.catalog.rows import STREAMS, SegmentId, SegmentRow, Stream, VolumeRow
from recorder.maintenance.errors import MaintenanceError
from recorder.playback.archive import Archive
from recorder.segments.errors import VolumeError
from recorder.segments.recovery import walk_segment
from recorder.segments.volume import Volume, segment_path

Kind = Literal["volume_missing", "file_missing", "file_unknown", "size_differs", "content_differs", "index_broken"]

DIFFERENCES_KEPT_MAX = 1000
_PAGE = 4096

Progress = Callable[[int], None]
"""Told how many segments have been looked at so far."""


class Difference(NamedTuple):
    """One place where index and disk do not agree. `detail`: for people."""

    kind: Kind
    path: str
    detail: str


@dataclass(slots=True)
class CheckResult:
    """`differences` holds the first DIFFERENCES_KEPT_MAX, `counts` all, by kind. `growing`: segments that a running
    recorder is writing, or that one left unfinished: recovery closes them at the next start."""

    segments: int = 0
    files: int = 0
    bytes: int = 0
    growing: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    differences: list[Difference] = field(default_factory=list)

    def add(self, kind: Kind, path: Path, detail: str) -> None:
        """Notes a difference."""
        self.counts[kind] += 1
        if len(self.differences) < DIFFERENCES_KEPT_MAX:
            self.differences.append(Difference(kind, str(path), detail))


def check_index(archive: Archive, *, deep: bool, progress: Progress) -> CheckResult:
    """`deep`: every file is read and its fragments compared, too. Raises MaintenanceError."""
    result = CheckResult()
    try:
        with contextlib.closing(archive.connect()) as db:
            for (text,) in db.execute("PRAGMA quick_check(20)").fetchall():
                if text != "ok":
                    result.add("index_broken", archive.index, str(text))
            for volume in queries.volumes(db):
                root = archive.data_dir / volume.path
                if (trouble := _trouble_of(volume, root)) is not None:
                    result.add("volume_missing", root, trouble)
                else:
                    _check_volume(db, Volume(root, volume.number), result, deep=deep, progress=progress)
    except sqlite3.Error as error:
        raise MaintenanceError(f"{archive.index}: cannot be read ({error}); `index rebuild` makes it anew") from error
    except OSError as error:
        raise MaintenanceError(f"{error.filename}: cannot be read: {error.strerror}") from error
    return result


def _trouble_of(volume: VolumeRow, root: Path) -> str | None:
    if not root.is_dir():
        return "the folder is not there"
    try:
        found = Volume(root).read_id()
    except VolumeError as error:
        return str(error)
    if found is None:
        return "the volume is not mounted: its id file is not there"
    return None if found == volume.id else f"this is volume {found}, the index knows {volume.id}"


def _check_volume(
    db: sqlite3.Connection, volume: Volume, result: CheckResult, *, deep: bool, progress: Progress
) -> None:
    known = {(camera, stream) for camera in queries.cameras(db) for stream in STREAMS}
    for camera, stream in sorted(known.union(volume.streams())):
        files = {id: Path(path) for id, path in volume.scan_stream(camera, stream)}
        result.files += len(files)
        for row in _rows(db, camera, stream):
            if row.volume == volume.number:
                _check_row(db, volume, row, files.pop(row.id, None), result, deep=deep)
                progress(result.segments)
        for id, path in files.items():
            if _row(db, id) is None and path.exists():  # a recorder may have closed or deleted it meanwhile
                result.add("file_unknown", path, "no row in the index")


def _check_row(
    db: sqlite3.Connection, volume: Volume, row: SegmentRow, path: Path | None, result: CheckResult, *, deep: bool
) -> None:
    result.segments += 1
    expected = segment_path(volume.root, row.id, row.start_utc_ns)
    now = _row(db, row.id) if path is None else row
    if now is None:  # retention has deleted it since it was read
        return
    if path != expected and not expected.exists():
        where = "it is gone" if path is None else f"it lies at {path}"
        result.add("file_missing", expected, where)
        return
    if row.state == "writing":
        result.growing += 1
        return
    size = expected.stat().st_size
    result.bytes += size
    if size != row.bytes:
        result.add("size_differs", expected, f"{size} bytes, the index says {row.bytes}")
    elif deep and (detail := _content_differs(db, row, expected)) is not None:
        result.add("content_differs", expected, detail)


def _content_differs(db: sqlite3.Connection, row: SegmentRow, path: Path) -> str | None:
    walked = walk_segment(path)
    if walked is None:
        return "its head cannot be read"
    if (walked.mark.run, walked.mark.seq, walked.mark.start_utc_ns) != (row.id.run, row.id.seq, row.start_utc_ns):
        return f"its mark says run {walked.mark.run}, segment {walked.mark.seq}, start {walked.mark.start_utc_ns}"
    if walked.torn_bytes:
        return f"torn at byte {walked.content.bytes}"
    if list(walked.content.fragments) != queries.fragments_of(db, row.id):
        return "other fragments than the index says"
    return None


def _rows(db: sqlite3.Connection, camera: str, stream: Stream) -> Iterator[SegmentRow]:
    """All rows of a stream that should have a file, a page at a time."""
    id = SegmentId(camera, stream, 0, 0)
    while rows := segments_from(db, id, _PAGE):
        yield from rows
        id = rows[-1].id._replace(seq=rows[-1].id.seq + 1)


def _row(db: sqlite3.Connection, id: SegmentId) -> SegmentRow | None:
    rows = segments_from(db, id, 1)
    return rows[0] if rows and rows[0].id == id else None


def as_json(result: CheckResult) -> Mapping[str, object]:
    """What `index check --json` prints."""
    return {
        "agrees": not result.counts,
        "segments": result.segments,
        "files": result.files,
        "bytes": result.bytes,
        "growing": result.growing,
        "counts": dict(result.counts),
        "differences": [one._asdict() for one in result.differences],
    }
