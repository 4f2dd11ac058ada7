"""The sweeper of one volume: every few seconds it deletes the oldest footage before a limit is met.

A segment that is being written is never touched, a protected one only where nothing else is left. Where nothing can be
deleted and a limit is passed, recording on this volume is stopped; so it is when the volume is gone.
"""

import asyncio
import logging
import sqlite3
from collections.abc import Awaitable, Callable
from functools import partial

from gate.clock import Clock, instant_of
from recorder.catalog.database import Catalog
from recorder.catalog.errors import CatalogError
from recorder.catalog.retention_queries import oldest_closed, oldest_utc_ns
from recorder.catalog.rows import SegmentRow
from recorder.retention.deletion import Deleter
from recorder.retention.plan import (
    Candidate,
    Limits,
    Usage,
    plan_bytes_for_full_disk,
    plan_bytes_to_free,
    plan_deletions,
    plan_room,
    room_to_resume,
)
from recorder.retention.usage import FootageUsage, StorageReport, VolumeReport
from recorder.segments.disks import Shelf
from recorder.segments.errors import VolumeError

_log = logging.getLogger(__name__)

SWEEP_SECONDS = 2.0
BATCH_SEGMENTS_MAX = 64
"""Segments deleted in one transaction."""
RATE_SECONDS = 30.0
"""Time constant of the measured write rate."""


class Sweeper:
    """`run` it beside the disk writer. `join`: takes the volume into use when it comes, for one that is not there yet;
    raises VolumeError until then."""

    def __init__(
        self,
        *,
        shelf: Shelf,
        catalog: Catalog,
        deleter: Deleter,
        usage: FootageUsage,
        report: StorageReport,
        clock: Clock,
        limits: Limits,
        segment_seconds: float,
        join: Callable[[], Awaitable[None]] | None = None,
        free_bytes: Callable[[], int] | None = None,
    ) -> None:
        self._volume, self._writer, self._health = shelf.volume, shelf.writer, shelf.health
        self._catalog = catalog
        self._deleter = deleter
        self._footage = usage
        self._report = report
        self._clock = clock
        self._limits = limits
        self._segment_seconds = segment_seconds
        self._free_bytes = free_bytes or shelf.volume.free_bytes
        self._rate = 0.0
        self._rate_at = (clock.monotonic_ns(), 0)
        self._full_seen = 0
        self._join = join
        self._gone = join is not None
        self._complaint = ""

    async def run(self) -> None:
        """Sweeps until cancelled."""
        while True:
            try:
                await self.run_once()
                self._complaint = ""
            except (OSError, sqlite3.Error, VolumeError, CatalogError) as error:
                if str(error) != self._complaint:
                    self._complaint = str(error)
                    _log.error("%s: retention cannot work: %s", self._volume.root, error)
            await self._clock.sleep(SWEEP_SECONDS)

    async def run_once(self) -> None:
        """Deletes what must go now, stops or resumes recording, updates the board. Raises OSError, sqlite3.Error,
        VolumeError."""
        await self._check_present()
        usage = await self._usage()
        if at_least := plan_bytes_for_full_disk(usage, self._writer.no_space_errors - self._full_seen):
            self._full_seen = self._writer.no_space_errors
        deleted_bytes = 0
        while True:
            room = plan_room(self._limits, usage, self._segment_seconds, stopped=self._health.blocked)
            wanted = max(plan_bytes_to_free(self._limits, usage, room), at_least - deleted_bytes)
            rows = await self._oldest(wanted) if wanted > 0 else []
            if not rows:
                break
            await self._deleter.delete(rows, "to make room")
            deleted_bytes += sum(row.bytes for row in rows)
            usage = await self._usage()
        self._judge(usage)
        await self._show(usage)

    async def _check_present(self) -> None:
        try:
            if self._join is not None:
                await self._join()
                self._join = None
            else:
                await asyncio.to_thread(self._volume.regain if self._gone else self._volume.check_present)
        except (OSError, VolumeError) as error:
            self._gone = True
            root = str(self._volume.root)
            message = error.strerror if isinstance(error, OSError) else None
            self._health.block_for_loss(root, message or str(error).removeprefix(f"{root}: ").partition(";")[0])
            raise
        if self._gone:
            self._gone = False
            self._health.unblock()
            _log.info("%s: the volume is back", self._volume.root)

    async def _oldest(self, wanted: int) -> list[SegmentRow]:
        """What goes next of what is not protected, else of all."""
        ask = partial(oldest_closed, volume=self._volume.number, limit=BATCH_SEGMENTS_MAX)
        rows = await self._catalog.read(ask)
        if not rows:
            rows = await self._catalog.read(partial(ask, protected=True))
            if rows:
                _log.warning("%s: nothing else is left, protected footage is deleted", self._volume.root)
        candidates = [Candidate(id=row.id, start_utc_ns=row.start_utc_ns, bytes=row.bytes) for row in rows]
        chosen = {candidate.id for candidate in plan_deletions(candidates, wanted)}
        return [row for row in rows if row.id in chosen]

    async def _usage(self) -> Usage:
        now_ns, written = self._clock.monotonic_ns(), self._writer.bytes_written
        then_ns, before = self._rate_at
        if (seconds := (now_ns - then_ns) / 1e9) >= SWEEP_SECONDS / 2:
            share = min(seconds / RATE_SECONDS, 1.0)
            self._rate += share * ((written - before) / seconds - self._rate)
            self._rate_at = now_ns, written
        return Usage(
            used_bytes=self._footage.bytes_on(self._volume.number),
            free_bytes=await asyncio.to_thread(self._free_bytes),
            rate_bytes_per_second=self._rate,
        )

    def _judge(self, usage: Usage) -> None:
        limits = self._limits
        if self._health.blocked:
            if plan_bytes_to_free(limits, usage, room_to_resume(limits)) == 0:
                self._health.unblock()
                _log.info("%s: there is room again, recording goes on", self._volume.root)
        elif usage.free_bytes < limits.free_bytes_min:
            self._health.block_for_floor(usage.free_bytes, limits.free_bytes_min)
            _log.error("%s: %s bytes free, recording stops", self._volume.root, usage.free_bytes)
        elif usage.used_bytes > limits.bytes_max:
            self._health.block_for_cap(limits.bytes_max)
            _log.error("%s: %s bytes used, recording stops", self._volume.root, usage.used_bytes)

    async def _show(self, usage: Usage) -> None:
        number = self._volume.number
        oldest = await self._catalog.read(partial(oldest_utc_ns, volume=number))
        report = VolumeReport(
            used_bytes=usage.used_bytes,
            bytes_max=self._limits.bytes_max,
            free_bytes=usage.free_bytes,
            segments=self._footage.segments_on(number),
            oldest=None if oldest is None else instant_of(oldest),
            written_bytes_per_second=usage.rate_bytes_per_second,
        )
        self._report.show(number, report)
