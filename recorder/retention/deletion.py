"""Deletes segments: files first, then their rows. A crash in between leaves rows that the next start marks `lost`."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from functools import partial

from recorder.catalog.changes import delete_history, delete_segments
from recorder.catalog.database import Catalog
from recorder.catalog.rows import SegmentRow
from recorder.retention.usage import FootageUsage
from recorder.segments.volume import Volume, remove_empty_folders

_log = logging.getLogger(__name__)


class Deleter:
    """For all volumes of a recorder, by their numbers."""

    def __init__(self, *, volumes: Mapping[int, Volume], catalog: Catalog, usage: FootageUsage) -> None:
        self._volumes = volumes
        self._catalog = catalog
        self._usage = usage

    async def delete(self, rows: Sequence[SegmentRow], why: str) -> None:
        """Deletes these, all closed, and says so. Raises OSError, sqlite3.Error."""
        if not rows:
            return
        await asyncio.to_thread(self._unlink, rows)
        await self._catalog.do(partial(delete_segments, ids=[row.id for row in rows]))
        await self._catalog.do(delete_history)
        self._usage.note_deleted(rows)
        _log.info("%s segments deleted %s, up to %s", len(rows), why, "/".join(map(str, rows[-1].id)))

    def _unlink(self, rows: Sequence[SegmentRow]) -> None:
        for row in rows:
            volume = self._volumes[row.volume]
            volume.check_present()
            path = volume.path_of(row.id, row.start_utc_ns)
            path.unlink(missing_ok=True)
            remove_empty_folders(path, volume.root)
