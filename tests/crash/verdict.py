"""What must be true of a volume after any end of its recorder, once it has been recovered."""

import contextlib
import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import av

from recorder.catalog import queries
from recorder.catalog.rows import GapRow, SegmentRow
from recorder.segments.account import HOLE_SECONDS_MIN
from recorder.segments.recovery import walk_segment
from recorder.segments.volume import Volume
from tests.fakes.footage import Footage

TICK_NS = 100_000 // 9 + 1
"""Labels and media times differ by rounding."""
BYTES_OVER_MAX = 150_000
"""Segments that are being written may not be deleted, however full it is."""


@dataclass(kw_only=True)
class Verdict:
    """Looks at one volume again and again; a file that has not changed is not decoded twice."""

    data_dir: Path
    notes: Path
    footage: Footage
    cameras: Sequence[str]
    bytes_max: int
    complaints: list[str] = field(default_factory=list)
    pictures: int = 0
    deleted: int = 0
    deaths: list[tuple[int, bool]] = field(default_factory=list)
    """When a recorder was killed, and whether the volume was judged before the next one started."""
    _decoded: dict[Path, tuple[int, list[int]]] = field(default_factory=dict)
    _notes_read: int = 0

    def judge(self) -> None:
        """After recovery, with no recorder running. Adds to `complaints`."""
        with contextlib.closing(sqlite3.connect(self.data_dir / "index.db")) as db:
            self._check_database(db)
            rows = {camera: self._rows(db, camera) for camera in self.cameras}
            for camera in self.cameras:
                for row in rows[camera]:
                    self._check_segment(db, row)
                self._check_runs(camera, rows[camera])
                gaps = queries.gaps_between(db, camera, "main", 0, 2**62)
                self._check_time(camera, rows[camera], gaps)
        self._check_files([row for camera in self.cameras for row in rows[camera]])
        self._check_notes({self._path(row): row for camera in self.cameras for row in rows[camera]})

    def _rows(self, db: sqlite3.Connection, camera: str) -> list[SegmentRow]:
        rows = queries.segments_between(db, camera, "main", 0, 2**62)
        return sorted(rows, key=lambda row: row.id)

    def _check_database(self, db: sqlite3.Connection) -> None:
        self._expect(db.execute("PRAGMA integrity_check").fetchall() == [("ok",)], "the index is damaged")
        self._expect(db.execute("PRAGMA foreign_key_check").fetchall() == [], "the index has dangling rows")
        states = db.execute("SELECT count(*) FROM segment WHERE state = 'writing'").fetchone()[0]
        self._expect(states == 0, f"{states} rows are still being written")

    def _check_segment(self, db: sqlite3.Connection, row: SegmentRow) -> None:
        path = self._path(row)
        if not path.exists():
            self._complain(f"{row.id} has no file")
            return
        walked = walk_segment(path)
        if walked is None:
            self._complain(f"{path} is no segment")
            return
        told = (row.bytes, row.samples, row.init_bytes, row.start_utc_ns, queries.fragments_of(db, row.id))
        content = walked.content
        found = (content.bytes, content.samples, walked.init_bytes, walked.mark.start_utc_ns, list(content.fragments))
        self._expect(told == found, f"{row.id}: the row says {told}, the file {found}")
        self._expect(abs(content.end_utc_ns - row.end_utc_ns) <= 2 * TICK_NS, f"{row.id}: its end is wrong")
        self._expect(path.stat().st_size == row.bytes, f"{row.id}: {path.stat().st_size} bytes, not {row.bytes}")
        if self._decoded.get(path, (0, []))[0] != row.bytes:
            self._decoded[path] = row.bytes, self._decode(path, row)

    def _decode(self, path: Path, row: SegmentRow) -> list[int]:
        """The numbers of a file's pictures in the loop. Every picture decodes, and is the one that was sent."""
        numbers, pictures = [], 0
        known = {data: number for number, (data, _) in enumerate(self.footage.pictures)}
        try:
            with av.open(str(path)) as container:
                video = container.streams.video[0]
                video.codec_context.thread_count = 1
                for packet in container.demux(video):
                    if packet.dts is not None:
                        numbers.append(known.get(bytes(packet), -1))
                    pictures += len(packet.decode())
        except av.FFmpegError as error:
            self._complain(f"{path} does not play: {error}")
        self._expect(pictures == row.samples, f"{path}: {pictures} of {row.samples} pictures decode")
        self._expect(-1 not in numbers, f"{path}: holds a picture that was never sent")
        self.pictures += pictures
        return numbers

    def _check_runs(self, camera: str, rows: Sequence[SegmentRow]) -> None:
        """Within a run nothing is missing and nothing is there twice."""
        for before, after in pairwise(rows):
            if before.id.run != after.id.run:
                continue
            self._expect(after.id.seq == before.id.seq + 1, f"{camera}: {before.id} is followed by {after.id}")
            apart = abs(after.start_utc_ns - before.end_utc_ns)
            self._expect(apart <= 2 * TICK_NS, f"{camera}: {apart} ns between {before.id} and {after.id}")
        for run in {row.id.run for row in rows}:
            numbers = [n for row in rows if row.id.run == run for n in self._decoded.get(self._path(row), (0, []))[1]]
            loop = len(self.footage.pictures)
            steps = {(after - before) % loop for before, after in pairwise(numbers)}
            self._expect(steps <= {1}, f"{camera}: run {run} skips pictures: {steps}")

    def _check_time(self, camera: str, rows: Sequence[SegmentRow], gaps: Sequence[GapRow]) -> None:
        """Footage and gaps tile time: no overlap, no hole without a reason. One gap at most lasts."""
        lasting = [gap for gap in gaps if gap.end_utc_ns is None]
        self._expect(len(lasting) <= 1, f"{camera}: {len(lasting)} gaps last")
        spans = [(row.start_utc_ns, row.end_utc_ns, f"{row.id}") for row in rows]
        spans += [(gap.start_utc_ns, gap.end_utc_ns or 2**62, f"gap {gap.reason}") for gap in gaps]
        oldest = rows[0].start_utc_ns if rows else 2**62  # what is older has been deleted
        self._check_reasons(camera, oldest, gaps)
        spans = sorted(span for span in spans if span[1] > oldest)
        for before, after in pairwise(spans):
            hole_ns = after[0] - before[1]
            self._expect(hole_ns >= -2 * TICK_NS, f"{camera}: {before} overlaps {after} by {-hole_ns / 1e9:.3f} s")
            self._expect(
                hole_ns <= HOLE_SECONDS_MIN * 1e9,
                f"{camera}: nothing is said of {hole_ns / 1e9:.3f} s between {before} and {after}",
            )

    def _check_reasons(self, camera: str, oldest: int, gaps: Sequence[GapRow]) -> None:
        """At each death there is no footage because of it. Whoever judged the volume stopped in good order: a gap over
        such a death may be what it was before, or `off`."""
        for death, _ in self.deaths:
            for gap in gaps:
                end = gap.end_utc_ns or 0
                if gap.start_utc_ns <= death < end and end > oldest and gap.reason != "crash":
                    calm = any(judged and gap.start_utc_ns <= other < end for other, judged in self.deaths)
                    self._expect(calm, f"{camera}: the gap of a kill is {gap.reason}")

    def _check_files(self, rows: Iterable[SegmentRow]) -> None:
        media = self.data_dir / "media"
        known = {self._path(row) for row in rows}
        files = {path for path in media.rglob("*") if path.is_file() and path.parent != media}
        self._expect(files == known, f"orphans {files - known}, without a file {known - files}")
        empty = [path for path in media.rglob("*") if path.is_dir() and not any(path.iterdir())]
        self._expect(empty == [], f"empty folders {empty}")
        strangers = {path.name for path in media.iterdir()} - {"volume.json", "volume.lock", *self.cameras}
        self._expect(not strangers, f"left behind: {strangers}")
        size = sum(path.stat().st_size for path in files)
        self._expect(size <= self.bytes_max + BYTES_OVER_MAX, f"{size} bytes are more than {self.bytes_max}")

    def _check_notes(self, rows: dict[Path, SegmentRow]) -> None:
        """What the system had taken is there, unless retention has deleted it."""
        with self.notes.open("rb") as file:
            file.seek(self._notes_read)
            lines = file.readlines()
        self._notes_read += sum(map(len, lines))
        taken: dict[Path, list[int]] = {}
        for line in lines:
            name, size = json.loads(line)
            taken.setdefault(Path(name), []).append(size)
        for path, sizes in taken.items():
            row = rows.get(path)
            if row is not None:
                self._expect(row.bytes >= sizes[-1], f"{path}: {sizes[-1]} bytes were taken, {row.bytes} are left")
            elif len(sizes) > 1 and not self._was_deleted(path, rows):  # with one there was no fragment yet
                self._complain(f"{path}: {sizes[-1]} bytes were taken, all is lost")

    def _was_deleted(self, path: Path, rows: dict[Path, SegmentRow]) -> bool:
        """Whether retention may have taken a file: the oldest of a stream go first."""
        camera = path.parts[-4]
        gone = all(path.stem < other.stem for other in rows if other.parts[-4] == camera)
        self.deleted += gone
        return gone

    def _path(self, row: SegmentRow) -> Path:
        return Volume(self.data_dir / "media").path_of(row.id, row.start_utc_ns)

    def _expect(self, holds: bool, complaint: str) -> None:
        if not holds:
            self._complain(complaint)

    def _complain(self, complaint: str) -> None:
        self.complaints.append(complaint)
