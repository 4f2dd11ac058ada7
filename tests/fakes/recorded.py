"""Footage written to disk and index without a recorder around it: the real cutter, files and catalogue, no clock."""

import contextlib
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from recorder.catalog.changes import close_segment, insert_segment, open_gap, put_volume
from recorder.catalog.database import Catalog
from recorder.catalog.rows import GapReason, SegmentId
from recorder.media.access_unit import AccessUnit
from recorder.playback.archive import Archive
from recorder.segments.cutter import Cutter
from recorder.segments.disk_commands import CloseSegment, Command, OpenSegment, WriteFragment
from recorder.segments.segment_file import OsDisk, SegmentFile, create_segment
from recorder.segments.volume import Volume


@dataclass
class Recorded:
    """A data folder; `write` runs into it, one after the other."""

    root: Path
    camera: str = "cam1"
    segment_seconds: float = 4
    runs: list[list[AccessUnit]] = field(default_factory=list, repr=False)

    def __post_init__(self) -> None:
        self.root.mkdir(parents=True, exist_ok=True)
        Catalog(self.root / "index.db").close()
        self.volume = Volume(self.root / "media")
        self.volume.root.mkdir(parents=True)
        self._db = sqlite3.connect(self.root / "index.db", isolation_level=None)
        self._db.execute("PRAGMA journal_mode = WAL")
        self.volume.number = put_volume(self._db, self.volume.identify(None), "media")
        self._file: SegmentFile | None = None
        self._cutter = self._opening = None

    @property
    def archive(self) -> Archive:
        return Archive(data_dir=self.root)

    def write(self, units: Sequence[AccessUnit], *, finish: bool = True) -> None:
        """A run; unless it is finished its last segment stays open, with its last group not yet on disk."""
        self.runs.append(list(units))
        self._cutter = Cutter(
            camera=self.camera,
            segment_seconds=self.segment_seconds,
            segment_bytes_max=1 << 30,
            next_run=len(self.runs),
        )
        self.append(units, finish=finish)

    def append(self, units: Sequence[AccessUnit], *, finish: bool = True) -> None:
        """More of the run that is not finished."""
        for unit in units:
            self._carry_out(self._cutter.push(unit))
        if finish:
            self._carry_out(self._cutter.finish())

    def gap(self, start_utc_ns: int, end_utc_ns: int | None, reason: GapReason) -> None:
        """A row of the gap table."""
        open_gap(self._db, self.camera, "main", start_utc_ns, reason)
        if end_utc_ns is not None:
            self._db.execute("UPDATE gap SET end_utc_ns = ? WHERE end_utc_ns IS NULL", (end_utc_ns,))

    def close(self) -> None:
        self._db.close()
        if self._file is not None:
            with contextlib.suppress(OSError):
                self._file.close()

    def _carry_out(self, commands: Sequence[Command]) -> None:
        for command in commands:
            if isinstance(command, OpenSegment):
                self._opening = command
            elif isinstance(command, WriteFragment):
                self._write(command)
            elif isinstance(command, CloseSegment) and self._file is not None:
                self._file.close()
                close_segment(self._db, self._file.id, self._file.content(command.end_utc_ns))
                self._file = None

    def _write(self, command: WriteFragment) -> None:
        if self._file is None:
            opening = self._opening
            id = SegmentId(self.camera, "main", opening.run, opening.seq)
            path = self.volume.path_of(id, opening.start_utc_ns)
            self._file = create_segment(OsDisk(), self.volume.root, path, id, opening, command)
            self._file.dirty_since_ns = None
            insert_segment(
                self._db, id, opening.start_utc_ns, opening.format, self._file.init_bytes, self.volume.number
            )
        self._file.write(command, 0)
        self._file.dirty_since_ns = None
