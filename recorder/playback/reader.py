"""Recorded pictures for the event loop: read ahead in a thread, a fragment at a time."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import NamedTuple

import anyio

from recorder.media.access_unit import AccessUnit
from recorder.playback.archive import Archive
from recorder.playback.fragments import Wanted
from recorder.playback.pictures import PictureSource

READ_AHEAD_FRAGMENTS = 2
"""Fragments read before they are asked for: with the one in use the bound of what a reader holds in memory."""


class Read(NamedTuple):
    """The units of one fragment; `left_out`: from when to when (UTC nanoseconds) fragments before it could not be
    read. The last one, at the end, has no units."""

    units: list[AccessUnit] | None
    left_out: tuple[int, int] | None


class FootageReader:
    """The access units of a range, in the order they were recorded in (recorder.playback.fragments has the rules);
    each iteration goes on where the last one stopped."""

    def __init__(self, archive: Archive, wanted: Wanted, thread: ThreadPoolExecutor) -> None:
        self._archive = archive
        self._wanted = wanted
        self._thread = thread
        self._source: PictureSource | None = None
        self._ahead: deque[asyncio.Future[Read]] = deque()

    async def __aiter__(self) -> AsyncIterator[AccessUnit]:
        """Raises sqlite3.Error."""
        while (units := await self.next_units()) is not None:
            for unit in units:
                yield unit

    async def next_units(self) -> list[AccessUnit] | None:
        """The units of the next fragment, at least one; None at the end. Raises sqlite3.Error."""
        return (await self.next_read()).units

    async def next_read(self) -> Read:
        """The same, with what is missing before it. Raises sqlite3.Error."""
        loop = asyncio.get_running_loop()
        while len(self._ahead) <= READ_AHEAD_FRAGMENTS:
            self._ahead.append(loop.run_in_executor(self._thread, self._read))
        return await self._ahead.popleft()

    def _read(self) -> Read:
        if self._source is None:
            db = self._archive.connect()
            try:
                self._source = PictureSource(db, self._archive.roots(db), self._wanted)
            except BaseException:
                db.close()
                raise
        return Read(self._source.next_units(), self._source.take_left_out())

    async def close(self) -> None:
        """Waits for the read that is under way; what was read ahead is dropped."""
        for future in self._ahead:
            future.cancel()
        self._ahead.clear()
        await asyncio.get_running_loop().run_in_executor(self._thread, self._close_source)

    def _close_source(self) -> None:
        if self._source is not None:
            self._source.close()


@asynccontextmanager
async def open_reader(archive: Archive, wanted: Wanted) -> AsyncIterator[FootageReader]:
    """A reader with a thread of its own for as long as the body lasts."""
    thread = ThreadPoolExecutor(1, thread_name_prefix="playback")
    reader = FootageReader(archive, wanted, thread)
    try:
        yield reader
    finally:
        with anyio.CancelScope(shield=True):
            await reader.close()
        thread.shutdown(wait=False)
