"""How much footage there is, by volume and camera, kept up to date without asking the index again."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from recorder.catalog.rows import SegmentRow, UsageRow
from recorder.segments.writer import DiskWriter
from recorder.state import StateBoard


class FootageUsage:
    """`rows`: of the index at start; `writers`: what has been written since, by volume."""

    def __init__(self, rows: Iterable[UsageRow], writers: Mapping[int, DiskWriter]) -> None:
        self._writers = writers
        self._volume_bytes: Counter[int] = Counter()
        self._volume_segments: Counter[int] = Counter()
        self._camera_bytes: Counter[str] = Counter()
        for row in rows:
            if row.volume in writers:
                self._volume_bytes[row.volume] += row.bytes
                self._volume_segments[row.volume] += row.segments
                self._camera_bytes[row.camera] += row.bytes

    def bytes_on(self, volume: int) -> int:
        """Of all cameras on a volume."""
        writer = self._writers[volume]
        return self._volume_bytes[volume] + writer.bytes_written - writer.bytes_salvaged

    def segments_on(self, volume: int) -> int:
        """Of all cameras on a volume."""
        return self._volume_segments[volume] + self._writers[volume].segments_kept

    def bytes_of(self, camera: str) -> int:
        """Of a camera on all volumes."""
        return self._camera_bytes[camera] + sum(writer.kept_bytes_of(camera) for writer in self._writers.values())

    def note_deleted(self, rows: Sequence[SegmentRow]) -> None:
        """These segments are gone."""
        for row in rows:
            self._volume_bytes[row.volume] -= row.bytes
            self._volume_segments[row.volume] -= 1
            self._camera_bytes[row.id.camera] -= row.bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class VolumeReport:
    """What people want to know of one volume."""

    used_bytes: int
    bytes_max: int
    free_bytes: int
    segments: int
    oldest: datetime | None
    written_bytes_per_second: float


@dataclass(slots=True)
class StorageReport:
    """Adds the volumes up on the board."""

    board: StateBoard
    volumes: dict[int, VolumeReport] = field(default_factory=dict)

    def show(self, volume: int, report: VolumeReport) -> None:
        """One volume's news."""
        self.volumes[volume] = report
        storage, reports = self.board.storage, self.volumes.values()
        storage.used_bytes = sum(one.used_bytes for one in reports)
        storage.bytes_max = sum(one.bytes_max for one in reports)
        storage.free_bytes = sum(one.free_bytes for one in reports)
        storage.segments = sum(one.segments for one in reports)
        storage.written_bytes_per_second = sum(one.written_bytes_per_second for one in reports)
        storage.oldest = min((one.oldest for one in reports if one.oldest is not None), default=None)
