"""The sweeper: looks at the volume every few seconds and deletes the oldest footage before a limit is met.

Files go first, then their rows: a crash between the two leaves rows that the next start marks `lost`. A segment that
is being written is never touched. Where nothing is left to delete and a limit is passed, recording is stopped.
"""

import asyncio
import logging
import sqlite3
from collections.abc import Callable, Sequence
from functools import partial

from gate.clock import Clock, instant_of
from recorder.catalog.changes import delete_history, delete_segments
from recorder.catalog.database import Catalog
from recorder.catalog.retention_queries import oldest_closed, oldest_utc_ns
from recorder.catalog.rows import SegmentRow, UsageRow
from recorder.retention.plan import (
    Candidate,
    Limits,
    Usage,
    headroom_bytes,
    plan_bytes_to_free,
    plan_deletions,
)
from recorder.segments.health import DiskHealth
from recorder.segments.volume import Volume, remove_empty_folders
from recorder.segments.writer import DiskWriter
from recorder.state import StateBoard

_log = logging.getLogger(__name__)

SWEEP_SECONDS = 2.0
BATCH_SEGMENTS_MAX = 64
"""Segments deleted in one transaction."""
RATE_SECONDS = 30.0
"""Time constant of the measured write rate."""
RESUME_BYTES = 64 << 20
"""After a stop, so much more than the limits ask for must be free before recording goes on."""


class Sweeper:
    """`run` it beside the disk writer. `usage`: of the index at start."""

    def __init__(
        self,
        *,
        volume: Volume,
        catalog: Catalog,
        writer: DiskWriter,
        health: DiskHealth,
        board: StateBoard,
        clock: Clock,
        limits: Limits,
        segment_seconds: float,
        usage: Sequence[UsageRow],
        free_bytes: Callable[[], int] | None = None,
    ) -> None:
        self._volume = volume
        self._catalog = catalog
        self._writer = writer
        self._health = health
        self._board = board
        self._clock = clock
        self._limits = limits
        self._segment_seconds = segment_seconds
        mine = [row for row in usage if row.volume == volume.number]
        self._start_bytes = sum(row.bytes for row in mine)
        self._start_segments = sum(row.segments for row in mine)
        self._free_bytes = free_bytes or volume.free_bytes
        self._deleted_bytes = 0
        self._deleted_segments = 0
        self._rate = 0.0
        self._rate_at = (clock.monotonic_ns(), 0)
        self._complaint = ""

    async def run(self) -> None:
        """Sweeps until cancelled."""
        while True:
            try:
                await self.run_once()
                self._complaint = ""
            except (OSError, sqlite3.Error) as error:
                if str(error) != self._complaint:
                    self._complaint = str(error)
                    _log.error("%s: retention cannot work: %s", self._volume.root, error)
            await self._clock.sleep(SWEEP_SECONDS)

    async def run_once(self) -> None:
        """Deletes what must go now, stops or resumes recording, updates the board. Raises OSError, sqlite3.Error."""
        usage = await self._usage()
        headroom = headroom_bytes(self._limits, usage, self._segment_seconds)
        if self._health.blocked:
            headroom = max(headroom, min(RESUME_BYTES, self._limits.bytes_max // 4))
        while (wanted := plan_bytes_to_free(self._limits, usage, headroom)) > 0:
            rows = await self._catalog.read(
                partial(oldest_closed, volume=self._volume.number, limit=BATCH_SEGMENTS_MAX)
            )
            candidates = [Candidate(id=row.id, start_utc_ns=row.start_utc_ns, bytes=row.bytes) for row in rows]
            chosen = {candidate.id for candidate in plan_deletions(candidates, wanted)}
            if not chosen:
                break
            await self._delete([row for row in rows if row.id in chosen])
            usage = await self._usage()
        self._judge(usage, headroom)
        await self._show(usage)

    async def _usage(self) -> Usage:
        now_ns, written = self._clock.monotonic_ns(), self._writer.bytes_written
        then_ns, before = self._rate_at
        if (seconds := (now_ns - then_ns) / 1e9) >= SWEEP_SECONDS / 2:
            share = min(seconds / RATE_SECONDS, 1.0)
            self._rate += share * ((written - before) / seconds - self._rate)
            self._rate_at = now_ns, written
        return Usage(
            used_bytes=self._start_bytes + written - self._writer.bytes_salvaged - self._deleted_bytes,
            free_bytes=await asyncio.to_thread(self._free_bytes),
            rate_bytes_per_second=self._rate,
        )

    async def _delete(self, rows: Sequence[SegmentRow]) -> None:
        await asyncio.to_thread(self._unlink, rows)
        ids = [row.id for row in rows]
        await self._catalog.do(partial(delete_segments, ids=ids))
        await self._catalog.do(delete_history)
        self._deleted_bytes += sum(row.bytes for row in rows)
        self._deleted_segments += len(rows)
        _log.info("%s: %s segments deleted to make room, up to %s", self._volume.root, len(rows), rows[-1].id)

    def _unlink(self, rows: Sequence[SegmentRow]) -> None:
        for row in rows:
            path = self._volume.path_of(row.id, row.start_utc_ns)
            path.unlink(missing_ok=True)
            remove_empty_folders(path, self._volume.root)

    def _judge(self, usage: Usage, headroom: int) -> None:
        limits = self._limits
        if self._health.blocked:
            if plan_bytes_to_free(limits, usage, headroom) == 0:
                self._health.unblock()
                _log.info("%s: there is room again, recording goes on", self._volume.root)
        elif usage.free_bytes < limits.free_bytes_min:
            self._health.block_for_floor(usage.free_bytes, limits.free_bytes_min)
            _log.error("%s: %s bytes free, recording stops", self._volume.root, usage.free_bytes)
        elif usage.used_bytes > limits.bytes_max:
            self._health.block_for_cap(limits.bytes_max)
            _log.error("%s: %s bytes used, recording stops", self._volume.root, usage.used_bytes)

    async def _show(self, usage: Usage) -> None:
        oldest = await self._catalog.read(oldest_utc_ns)
        storage = self._board.storage
        storage.used_bytes, storage.bytes_max = usage.used_bytes, self._limits.bytes_max
        storage.free_bytes = usage.free_bytes
        storage.segments = self._start_segments + self._writer.segments_kept - self._deleted_segments
        storage.oldest = None if oldest is None else instant_of(oldest)
