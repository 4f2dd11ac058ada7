"""A recorder's storage on a temporary disk, under a real gate, on simulated time."""

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from gate.client.gate import Gate
from gate.clock import SimulatedClock, SystemClock, instant_of
from recorder.catalog import queries
from recorder.catalog.rows import GapRow, SegmentRow
from recorder.config import StorageConfig
from recorder.hub import Feed
from recorder.media.access_unit import AccessUnit
from recorder.segments.mode import CONTINUOUS, RecordingMode
from recorder.segments.recorder import StreamRecorder
from recorder.segments.segment_file import Disk
from recorder.state import CameraState, RecordingState, StateBoard
from recorder.storage import Storage, open_storage
from tests.fakes.entitlements import NEW_YEAR, entitlement, span
from tests.fakes.video import EPOCH_NS

EVER = 10**9
ROOMY = {"segment_seconds": 6.0, "free_bytes_min": 0}


@dataclass
class Site:
    """One start of a recorder with its cameras."""

    clock: SimulatedClock
    data_dir: Path
    gate: Gate
    board: StateBoard
    storage: Storage
    feeds: dict[str, Feed]
    recorders: dict[str, StreamRecorder]
    tasks: list["asyncio.Task[None]"] = field(default_factory=list)

    async def play(self, units: Iterable[AccessUnit], camera: str = "cam1", *, keep_pace: bool = True) -> None:
        """Publishes each unit when it arrives; time flows meanwhile, no faster than the disk thread works."""
        for unit in units:
            await self.advance_to(unit.arrival_ns)
            self.feeds[camera].publish(unit)
            if keep_pace and self._queued:
                await self.written()

    async def advance_to(self, monotonic_ns: int) -> None:
        if monotonic_ns > self.clock.monotonic_ns():
            await self.clock.advance((monotonic_ns - self.clock.monotonic_ns()) / 1e9)

    def state(self, camera: str = "cam1") -> tuple[str, str | None]:
        recording = self.board.cameras[camera].recording
        return recording.phase, recording.reason

    async def until(self, condition: Callable[[], bool]) -> None:
        """Waits in real time for something that another thread brings about."""
        real = SystemClock()
        async with real.timeout(10):
            while not condition():
                await real.sleep(0.002)

    @property
    def _queued(self) -> bool:
        return any(shelf.writer.queued_bytes for shelf in self.storage.volumes.disks.shelves)

    async def written(self) -> None:
        """All that was handed over is on disk and in the index."""
        await self.until(lambda: not self._queued)
        await self.storage.catalog.do(lambda db: None)


def storage_config(**changes: float) -> StorageConfig:
    return StorageConfig.model_validate(ROOMY | changes)


def board_of(cameras: Sequence[str]) -> StateBoard:
    since = instant_of(EPOCH_NS)
    return StateBoard(
        cameras={
            camera: CameraState(id=camera, name=camera, streams={}, recording=RecordingState(since=since))
            for camera in cameras
        }
    )


Opening = Callable[..., AbstractAsyncContextManager[Site]]


@pytest.fixture
def clock() -> SimulatedClock:
    return SimulatedClock(NEW_YEAR)


@pytest.fixture
def open_site(tmp_path: Path, clock: SimulatedClock) -> Opening:
    """`async with open_site(...) as site`: a recorder from start to stop, on the same disk each time."""

    @asynccontextmanager
    async def start(
        *,
        cameras: Sequence[str] = ("cam1",),
        licensed: tuple[float, float] | None = (0, EVER),
        disk: Disk | None = None,
        mode: RecordingMode = CONTINUOUS,
        **config: float,
    ) -> AsyncIterator[Site]:
        gate = Gate(clock=clock, device_id="rec-1", cameras=cameras)
        if licensed is not None:
            gate.install(entitlement({camera: (span(*licensed),) for camera in cameras}))
        board = board_of(cameras)
        opening = open_storage(
            storage_config(**config), data_dir=tmp_path, camera_ids=cameras, clock=clock, board=board, disk=disk
        )
        async with opening as storage:
            feeds = {camera: Feed() for camera in cameras}
            recorders = {camera: storage.recorder(camera, feeds[camera], gate, mode) for camera in cameras}
            site = Site(clock, tmp_path, gate, board, storage, feeds, recorders)
            jobs = [gate.run, storage.run, *(recorder.run for recorder in recorders.values())]
            site.tasks = [asyncio.create_task(job()) for job in jobs]
            await clock.settle()
            try:
                yield site
            finally:
                for task in site.tasks:
                    task.cancel()
                for task in site.tasks:
                    with contextlib.suppress(asyncio.CancelledError):
                        await task

    return start


@dataclass(frozen=True)
class Index:
    """The index as a reader sees it after a recorder has gone."""

    path: Path

    def segments(self, camera: str = "cam1") -> list[SegmentRow]:
        with contextlib.closing(sqlite3.connect(self.path)) as db:
            return queries.segments_between(db, camera, "main", 0, 2**62)

    def gaps(self, camera: str = "cam1") -> list[tuple[str, float, float | None]]:
        """Reason, start and end, in seconds after EPOCH_NS."""
        with contextlib.closing(sqlite3.connect(self.path)) as db:
            return [_gap(row) for row in queries.gaps_between(db, camera, "main", 0, 2**62)]

    def files(self) -> list[Path]:
        return sorted((self.path.parent / "media").rglob("*.mp4"))


def _gap(row: GapRow) -> tuple[str, float, float | None]:
    end = None if row.end_utc_ns is None else round((row.end_utc_ns - EPOCH_NS) / 1e9, 3)
    return row.reason, round((row.start_utc_ns - EPOCH_NS) / 1e9, 3), end


@pytest.fixture
def index(tmp_path: Path) -> Index:
    return Index(tmp_path / "index.db")
