"""Footage from a camera's card into the recording: as one run, between the runs before and after what was missing."""

import asyncio
import logging
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from gate.clock import Clock
from recorder.backfill.errors import BackfillError
from recorder.backfill.footage import CardFootage
from recorder.backfill.plan import Range
from recorder.media.access_unit import AccessUnit
from recorder.segments.cutter import Cutter
from recorder.segments.disk_commands import Command
from recorder.segments.disks import Disks, Shelf
from recorder.segments.writer import DiskFailure, Track

QUEUE_BYTES_MAX = 16 << 20
"""Footage of the past leaves the disk's queue to that of the present: no more of it waits there."""
PAUSE_SECONDS = 0.05
BATCH_UNITS = 256

_log = logging.getLogger(__name__)


class Filler:
    """One piece of one camera. `run` is the free number between its neighbours'."""

    def __init__(
        self, *, camera: str, piece: Range, run: int, segment_seconds: float, disks: Disks, clock: Clock
    ) -> None:
        self._camera = camera
        self._disks = disks
        self._clock = clock
        self._footage = CardFootage(piece, run)
        self._cutter = Cutter(camera=camera, segment_seconds=segment_seconds, segment_bytes_max=64 << 20, next_run=run)
        self._failure: DiskFailure | None = None
        self.filled: Range | None = None

    async def fill(self, files: Sequence[tuple[Path, int]]) -> Range | None:
        """Takes files in order, each with the time it begins; what was filled, None if nothing. Raises
        BackfillError: what was written until then stays."""
        shelf = self._disks.place(self._camera)
        if shelf.health.blocked:
            raise BackfillError("the disk takes nothing now")
        track = shelf.writer.add_stream(self._camera, "main", self._fail, lambda: None)
        try:
            for path, start_utc_ns in files:
                units = self._footage.units(path, start_utc_ns)
                while batch := await asyncio.to_thread(_some, units):
                    for unit in batch:
                        await self._write(shelf, track, self._cutter.push(unit))
                    first = self.filled[0] if self.filled else batch[0].utc_ns
                    self.filled = first, batch[-1].utc_ns
        finally:
            await self._write(shelf, track, self._cutter.finish())
            shelf.writer.remove_stream(track)
        return self.filled

    async def _write(self, shelf: Shelf, track: Track, commands: Sequence[Command]) -> None:
        if not commands:
            return
        while shelf.writer.queued_bytes > QUEUE_BYTES_MAX:
            await self._clock.sleep(PAUSE_SECONDS)
        if self._failure is not None or not shelf.writer.put(track, commands):
            self._cutter.abort()
            raise BackfillError("the disk does not take it")

    def _fail(self, failure: DiskFailure) -> None:
        self._failure = failure


def _some(units: Iterator[AccessUnit]) -> list[AccessUnit]:
    return list(islice(units, BATCH_UNITS))
