"""The recorder that is killed: everything of it that touches the disk, under a real gate, fed with synthetic streams.

It runs in a fork of the program, so that a start takes milliseconds, and in its own fast time, so that a second holds
many rotations, syncs and deletions. A real camera's path is killed in tests/e2e/test_power_cut.py.
"""

import asyncio
import json
import os
import random
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from pathlib import Path

import uvloop

from gate.client.gate import Gate
from gate.clock import SystemClock, instant_of
from recorder.config import StorageConfig
from recorder.hub import Feed
from recorder.segments.mode import CONTINUOUS, RecordingMode
from recorder.segments.recorder import StreamRecorder
from recorder.segments.segment_file import OsDisk
from recorder.state import CameraState, RecordingState, StateBoard
from recorder.storage import open_storage
from tests.fakes.entitlements import entitlement, span
from tests.fakes.footage import Footage
from tests.fakes.video import EPOCH_NS

SPEED = 12.0
"""Seconds of the recorder's time in one of ours."""
CAMERAS = {
    "cam1": CONTINUOUS,
    "cam2": CONTINUOUS,
    "cam3": CONTINUOUS,
    "cam4": RecordingMode(name="event", pre_event_seconds=2, post_event_seconds=3),
}
CONFIG = StorageConfig.model_construct(
    segment_seconds=4.0, sync_seconds=1.0, bytes_max=150_000, free_bytes_min=0, pre_event_seconds=2.0
)
EVENT_CHANCE, DROP_CHANCE = 0.02, 0.003
"""A picture: something happens at its camera; the connection is lost before it."""


class FastClock(SystemClock):
    """Flows SPEED times as fast from `origin` on, where it shows EPOCH_NS; the same in every process."""

    def __init__(self, origin: tuple[int, int]) -> None:
        super().__init__()
        self._wall_origin_ns, self._monotonic_origin_ns = origin

    def now_ns(self) -> int:
        return EPOCH_NS + round((super().now_ns() - self._wall_origin_ns) * SPEED)

    def monotonic_ns(self) -> int:
        return round((super().monotonic_ns() - self._monotonic_origin_ns) * SPEED)

    async def sleep(self, seconds: float) -> None:
        await super().sleep(seconds / SPEED)

    def timeout(self, seconds: float) -> AbstractAsyncContextManager[None]:
        return super().timeout(seconds / SPEED)


class NotingDisk(OsDisk):
    """Notes of each file how much the system has taken: that much survives the process. Survives it itself."""

    def __init__(self, notes: Path) -> None:
        self._fd = os.open(notes, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def writev(self, fd: int, buffers: Sequence[bytes]) -> int:
        written = super().writev(fd, buffers)
        note = [str(Path(f"/proc/self/fd/{fd}").readlink()), os.fstat(fd).st_size]
        os.write(self._fd, json.dumps(note).encode() + b"\n")
        return written


@dataclass(frozen=True, kw_only=True)
class Life:
    """One start of the victim."""

    data_dir: Path
    notes: Path
    origin: tuple[int, int]
    footage: Footage
    seed: int


def live(life: Life) -> None:
    """Records until it is killed."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_record(life))


async def _record(life: Life) -> None:
    clock = FastClock(life.origin)
    gate = Gate(clock=clock, device_id="rec-1", cameras=list(CAMERAS))
    gate.install(entitlement({camera: (span(0, 10**9),) for camera in CAMERAS}))
    chance = random.Random(life.seed)
    board = board_of(clock)
    opening = open_storage(
        CONFIG,
        data_dir=life.data_dir,
        camera_ids=list(CAMERAS),
        clock=clock,
        board=board,
        disk=NotingDisk(life.notes),
    )
    async with opening as storage, asyncio.TaskGroup() as tasks:
        feeds = {camera: Feed() for camera in CAMERAS}
        recorders = {camera: storage.recorder(camera, feeds[camera], gate, mode) for camera, mode in CAMERAS.items()}
        for job in (gate.run, storage.run, *(recorder.run for recorder in recorders.values())):
            tasks.create_task(job())
        for camera, recorder in recorders.items():
            tasks.create_task(_play(life.footage, feeds[camera], recorder, clock, chance))


async def _play(
    footage: Footage, feed: Feed, recorder: StreamRecorder, clock: FastClock, chance: random.Random
) -> None:
    run = 0
    while True:
        run += 1
        await clock.sleep(chance.uniform(0.1, 3))
        start_utc_ns, begin_ns, index = clock.now_ns(), clock.monotonic_ns(), 0
        while index == 0 or chance.random() > DROP_CHANCE:
            unit = footage.unit(index, run=run, start_utc_ns=start_utc_ns, arrival_ns=clock.monotonic_ns())
            feed.publish(replace(unit, arrival_ns=clock.monotonic_ns()))
            if chance.random() < EVENT_CHANCE:
                recorder.trigger()
            index += 1
            await clock.sleep(index / footage.fps - (clock.monotonic_ns() - begin_ns) / 1e9)


def board_of(clock: SystemClock) -> StateBoard:
    """All cameras, as at start."""
    return StateBoard(
        cameras={
            camera: CameraState(
                id=camera, name=camera, streams={}, recording=RecordingState(since=instant_of(clock.now_ns()))
            )
            for camera in CAMERAS
        }
    )
