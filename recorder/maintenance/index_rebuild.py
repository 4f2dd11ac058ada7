"""Makes the index anew from the segments' files alone (their uuid boxes). Blocks.

What files cannot tell comes from the old index, if it can still be read: gaps, protected ranges, starts of the
recorder. A hole between two runs that no gap of its explains is `crash` if the run before was torn, else
`camera_offline`: what a recorder writes when it knows no other reason.
"""

import contextlib
import logging
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from recorder.catalog.changes import close_segment, insert_segment, put_volume
from recorder.catalog.database import open_for_writing
from recorder.catalog.rows import STREAMS, GapReason, SegmentId, Stream
from recorder.maintenance.errors import MaintenanceError
from recorder.maintenance.idle import idle
from recorder.playback.archive import Archive
from recorder.segments.recovery import walk_segment
from recorder.segments.volume import Volume, segment_path
from recorder.timeline import HOLE_SECONDS_MIN

_log = logging.getLogger(__name__)

_EVENT_COLUMNS = "camera_id, id, kind, source, start_utc_ns, end_utc_ns, detail, licensed"
_SUFFIXES = ("", "-wal", "-shm")


class _Seen(NamedTuple):
    """A file that belongs to the index; `torn`: its end was being written when the recorder died."""

    run: int
    seq: int
    start_utc_ns: int
    end_utc_ns: int
    torn: bool


@dataclass(slots=True)
class RebuildResult:
    """`foreign`: files that are no segments of this recorder, or lie in the wrong folder; they are left alone.
    `old`: where the index before is kept."""

    segments: int = 0
    bytes: int = 0
    foreign: int = 0
    gaps: int = 0
    gaps_kept: int = 0
    old: str | None = None


def rebuild_index(
    archive: Archive, roots: Sequence[Path], *, files_only: bool, progress: Callable[[int, int], None]
) -> RebuildResult:
    """The volumes must be free of recorders. The index before is kept beside the new one. `progress`: files done, files
    in all. Raises MaintenanceError, VolumeError."""
    with idle(archive, roots) as volumes:
        new = archive.index.with_name(archive.index.name + ".new")
        _remove(new)
        try:
            result = _fill(new, archive, volumes, files_only=files_only, progress=progress)
        except (sqlite3.Error, OSError) as error:
            _remove(new)
            raise MaintenanceError(f"{archive.index}: cannot be rebuilt: {error}") from error
        result.old = _replace(archive.index, new)
        return result


def _fill(
    path: Path, archive: Archive, volumes: Sequence[Volume], *, files_only: bool, progress: Callable[[int, int], None]
) -> RebuildResult:
    result = RebuildResult()
    with contextlib.closing(open_for_writing(path)) as db:
        db.execute("BEGIN IMMEDIATE")
        total, done = sum(len(list(volume.scan_stream(*one))) for volume in volumes for one in volume.streams()), 0
        seen: dict[tuple[str, Stream], list[_Seen]] = {}
        for volume in volumes:
            place = volume.root.relative_to(archive.data_dir) if volume.root.is_relative_to(archive.data_dir) else None
            volume.number = put_volume(db, volume.identify(None), str(place or volume.root))
            for camera, stream in volume.streams():
                for id, file in sorted(volume.scan_stream(camera, stream)):
                    if (one := _take(db, volume, id, Path(file), result)) is not None:
                        seen.setdefault((camera, stream), []).append(one)
                    done += 1
                    progress(done, total)
        if not files_only:
            result.gaps_kept = _carry_over(archive, db)
        for (camera, stream), files in seen.items():
            result.gaps += _infer_gaps(db, camera, stream, sorted(files))
        db.execute("COMMIT")
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return result


def _take(db: sqlite3.Connection, volume: Volume, id: SegmentId, file: Path, result: RebuildResult) -> _Seen | None:
    walked = walk_segment(file)
    if (
        walked is None
        or (walked.mark.run, walked.mark.seq) != (id.run, id.seq)
        or segment_path(volume.root, id, walked.mark.start_utc_ns) != file
        or not walked.content.fragments
    ):
        _log.warning("camera %s: %s is no whole segment of this recorder, it is left alone", id.camera, file)
        result.foreign += 1
        return None
    start, content = walked.mark.start_utc_ns, walked.content
    insert_segment(db, id, start, walked.format, walked.init_bytes, volume.number)
    if not walked.torn_bytes:  # a torn one stays `writing`: recovery cuts it off at the next start
        close_segment(db, id, content)
    result.segments += 1
    result.bytes += content.bytes
    return _Seen(id.run, id.seq, start, content.end_utc_ns, bool(walked.torn_bytes))


def _infer_gaps(db: sqlite3.Connection, camera: str, stream: Stream, files: Sequence[_Seen]) -> int:
    """Holes between runs that no gap explains yet; how many."""
    count = 0
    key = (db.execute("SELECT id FROM camera WHERE name = ?", (camera,)).fetchone()[0], STREAMS.index(stream))
    for before, after in pairwise(files):
        if before.run == after.run or after.start_utc_ns - before.end_utc_ns < HOLE_SECONDS_MIN * 1e9:
            continue
        (known,) = db.execute(
            "SELECT EXISTS (SELECT 1 FROM gap WHERE camera_id = ? AND stream = ? AND start_utc_ns < ?"
            " AND (end_utc_ns > ? OR end_utc_ns IS NULL))",
            (*key, after.start_utc_ns, before.end_utc_ns),
        ).fetchone()
        if not known:
            reason: GapReason = "crash" if before.torn else "camera_offline"
            db.execute(
                "INSERT INTO gap (camera_id, stream, start_utc_ns, end_utc_ns, reason) VALUES (?, ?, ?, ?, ?)",
                (*key, before.end_utc_ns, after.start_utc_ns, reason),
            )
            count += 1
    return count


def _carry_over(archive: Archive, db: sqlite3.Connection) -> int:
    """Gaps, protected ranges, events and starts of the old index, as far as it can be read; how many gaps."""
    if not archive.index.exists():
        return 0
    try:
        with contextlib.closing(archive.connect()) as old:
            names = dict(old.execute("SELECT id, name FROM camera").fetchall())
            gaps = old.execute("SELECT camera_id, stream, start_utc_ns, end_utc_ns, reason FROM gap").fetchall()
            boots = old.execute("SELECT start_utc_ns, alive_utc_ns, end_utc_ns FROM boot").fetchall()
            protected = old.execute("SELECT camera_id, start_utc_ns, end_utc_ns, note FROM protect").fetchall()
            events = old.execute(f"SELECT {_EVENT_COLUMNS} FROM event").fetchall() if _has_events(old) else []
    except sqlite3.Error as error:
        _log.warning("%s: what it knew of gaps, protected ranges and events is lost: %s", archive.index, error)
        return 0
    for name in names.values():
        db.execute("INSERT INTO camera (name) VALUES (?) ON CONFLICT DO NOTHING", (name,))
    ids = {
        old_id: db.execute("SELECT id FROM camera WHERE name = ?", (name,)).fetchone()[0]
        for old_id, name in names.items()
    }
    db.executemany("INSERT INTO boot (start_utc_ns, alive_utc_ns, end_utc_ns) VALUES (?, ?, ?)", boots)
    _insert(db, "gap (camera_id, stream, start_utc_ns, end_utc_ns, reason)", gaps, ids)
    _insert(db, "protect (camera_id, start_utc_ns, end_utc_ns, note)", protected, ids)
    _insert(db, f"event ({_EVENT_COLUMNS})", events, ids)
    return len(gaps)


def _has_events(old: sqlite3.Connection) -> bool:
    return old.execute("SELECT 1 FROM sqlite_schema WHERE name = 'event'").fetchone() is not None


def _insert(db: sqlite3.Connection, target: str, rows: Iterable[tuple[Any, ...]], ids: dict[int, int]) -> None:
    for camera, *values in rows:
        marks = ", ".join("?" * (len(values) + 1))
        db.execute(f"INSERT INTO {target} VALUES ({marks})", (None if camera is None else ids[camera], *values))


def _replace(index: Path, new: Path) -> str | None:
    """Puts the new index in the old one's place, which is kept once."""
    kept = None
    if index.exists():
        old = index.with_name(index.name + ".old")
        _remove(old)
        for suffix in _SUFFIXES:
            with contextlib.suppress(FileNotFoundError):
                Path(f"{index}{suffix}").rename(f"{old}{suffix}")
        kept = str(old)
    for suffix in _SUFFIXES:
        with contextlib.suppress(FileNotFoundError):
            Path(f"{new}{suffix}").rename(f"{index}{suffix}")
    return kept


def _remove(index: Path) -> None:
    for suffix in _SUFFIXES:
        Path(f"{index}{suffix}").unlink(missing_ok=True)
