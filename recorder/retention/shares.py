"""Retention beside the volumes' limits: a camera's own share, and age, where they are set.

Neither deletes protected footage, and neither counts on the other: both are about what people want to keep, not about
room.
"""

import logging
import sqlite3
from collections.abc import Sequence
from functools import partial

from gate.clock import Clock
from recorder.catalog.database import Catalog
from recorder.catalog.errors import CatalogError
from recorder.catalog.retention_queries import oldest_closed, oldest_closed_of
from recorder.retention.deletion import Deleter
from recorder.retention.plan import Candidate, plan_camera_bytes_to_free, plan_deletions
from recorder.retention.sweeper import BATCH_SEGMENTS_MAX, SWEEP_SECONDS
from recorder.retention.usage import FootageUsage

_log = logging.getLogger(__name__)

_DAY_NS = 86_400 * 10**9


class ShareSweeper:
    """`run` it beside the volumes' sweepers. `days_max` None: for ever."""

    def __init__(
        self,
        *,
        catalog: Catalog,
        deleter: Deleter,
        usage: FootageUsage,
        clock: Clock,
        volumes: Sequence[int],
        days_max: float | None,
    ) -> None:
        self._catalog = catalog
        self._deleter = deleter
        self._usage = usage
        self._clock = clock
        self._volumes = volumes
        self._shares: dict[str, int] = {}
        self._age_ns_max = None if days_max is None else int(days_max * _DAY_NS)
        self._complaint = ""

    def set_share(self, camera: str, bytes_max: int | None) -> None:
        """How much a camera's footage may take; None: whatever there is."""
        if bytes_max is None:
            self._shares.pop(camera, None)
        else:
            self._shares[camera] = bytes_max

    def share_of(self, camera: str) -> int | None:
        """A camera's share, if it has one."""
        return self._shares.get(camera)

    async def run(self) -> None:
        """Sweeps until cancelled."""
        while True:
            try:
                await self.run_once()
                self._complaint = ""
            except (OSError, sqlite3.Error, CatalogError) as error:
                if str(error) != self._complaint:
                    self._complaint = str(error)
                    _log.error("retention cannot work: %s", error)
            await self._clock.sleep(SWEEP_SECONDS)

    async def run_once(self) -> None:
        """Deletes what is too much or too old. Raises OSError, sqlite3.Error."""
        for camera, bytes_max in list(self._shares.items()):
            await self._sweep_camera(camera, bytes_max)
        if self._age_ns_max is not None:
            until_utc_ns = self._clock.now_ns() - self._age_ns_max
            for volume in self._volumes:
                await self._sweep_age(volume, until_utc_ns)

    async def _sweep_camera(self, camera: str, bytes_max: int) -> None:
        """The camera's oldest, on whichever volume."""
        while self._usage.bytes_of(camera) > bytes_max * 3 // 4:
            rows = [
                row
                for volume in self._volumes
                for row in await self._catalog.read(
                    partial(oldest_closed_of, camera=camera, volume=volume, limit=BATCH_SEGMENTS_MAX)
                )
            ]
            newest_bytes = max((row.bytes for row in rows), default=0)
            wanted = plan_camera_bytes_to_free(self._usage.bytes_of(camera), bytes_max, newest_bytes)
            candidates = [Candidate(id=row.id, start_utc_ns=row.start_utc_ns, bytes=row.bytes) for row in rows]
            chosen = {candidate.id for candidate in plan_deletions(candidates, wanted)}
            if not chosen:
                return
            doomed = sorted((row for row in rows if row.id in chosen), key=lambda row: row.start_utc_ns)
            await self._deleter.delete(doomed, f"of camera {camera}, whose share is used up")

    async def _sweep_age(self, volume: int, until_utc_ns: int) -> None:
        ask = partial(oldest_closed, volume=volume, limit=BATCH_SEGMENTS_MAX, until_utc_ns=until_utc_ns)
        while rows := await self._catalog.read(ask):
            await self._deleter.delete(rows, "for their age")
