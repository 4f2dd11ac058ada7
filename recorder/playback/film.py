"""Footage from a picture on, forward or backward, as a row of pictures and of what is missing between them.

1. It begins with what a decoder needs before the first picture to be shown; these pictures are not to be shown.
2. Backward, and forward with `keys_only`, it has key pictures alone, strictly in the order of recording.
3. Where pictures do not follow each other it says why before it goes on: a gap with its reason, or footage that could
   not be read. After the latter it goes on with a key picture.
"""

import asyncio
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from recorder.catalog.rows import Stream
from recorder.media.access_unit import AccessUnit
from recorder.playback.archive import Archive
from recorder.playback.fragments import Wanted
from recorder.playback.placed import placed
from recorder.playback.reader import FootageReader, Read
from recorder.playback.stills import NoFootage, Still, Stills

GAP_US_MIN = 1_000_000
"""Pictures further apart may have a gap between them: the index is asked."""
_EVER_NS = 2**62


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """`shown`: false for what is only to be decoded."""

    unit: AccessUnit
    shown_us: int
    shown: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """Footage of `[start, end)` is there, but could not be read."""

    start_us: int
    end_us: int


class Film:
    """`next` until it gives None, then `close`. `stills`: for questions about gaps, in that thread."""

    def __init__(
        self,
        *,
        archive: Archive,
        camera: str,
        stream: Stream,
        begin: Still,
        backward: bool,
        keys_only: bool,
        stills: Stills,
        thread: ThreadPoolExecutor,
    ) -> None:
        self._archive = archive
        self._wanted = Wanted(
            camera=camera,
            stream=stream,
            start_utc_ns=begin.key.decode_utc_ns,
            run=begin.key.run,
            backward=backward,
            keys_only=keys_only,
        )
        self._reader = FootageReader(archive, self._wanted, thread)
        self._stills = stills
        self._thread = thread
        self._backward = backward
        self._alone = backward or keys_only
        self._begin = self._last = (begin.group.run, begin.shown_us)
        self._reopened = begin.key.run
        self._wait_key = False
        self._key_us = 0
        self._ready: deque[Picture | NoFootage | Unreadable] = deque()

    async def next(self, now_us: int) -> Picture | NoFootage | Unreadable | None:
        """What comes next; None at the end. Raises sqlite3.Error."""
        while not self._ready:
            read = await self._reader.next_read()
            if read.units is None:
                return self._missing(read)
            if self._is_set_back(read.units[0]):
                await self._reopen(read.units[0])
            else:
                await self._take(read, read.units, now_us)
        return self._ready.popleft()

    async def close(self) -> None:
        """Stops reading ahead."""
        await self._reader.close()

    def _is_set_back(self, unit: AccessUnit) -> bool:
        """Whether a run begins that covers times which the one before has had: the index gave only its part beyond the
        time where this film began."""
        run, last_us = self._last
        if unit.run in (run, self._reopened):
            return False
        return unit.utc_ns // 1000 >= last_us if self._backward else unit.utc_ns // 1000 <= last_us

    async def _reopen(self, unit: AccessUnit) -> None:
        await self._reader.close()
        self._reopened = unit.run
        whole = replace(self._wanted, run=unit.run, start_utc_ns=_EVER_NS if self._backward else -_EVER_NS)
        self._reader = FootageReader(self._archive, whole, self._thread)

    def _missing(self, read: Read) -> Unreadable | None:
        if read.left_out is None:
            return None
        start_ns, end_ns = read.left_out
        return Unreadable(start_us=start_ns // 1000, end_us=end_ns // 1000)

    async def _take(self, read: Read, units: list[AccessUnit], now_us: int) -> None:
        missing = self._missing(read)
        if missing is not None:
            self._ready.append(missing)
            self._wait_key = not self._alone
        for unit, shown_us in placed(units):
            if self._wait_key and unit.key:
                self._wait_key, self._key_us = False, shown_us
            if self._wait_key or shown_us < self._key_us:
                continue
            shown = self._is_after_begin(unit.run, shown_us)
            if shown and (gap := await self._gap(unit.run, shown_us, now_us)) is not None:
                self._ready.append(gap)
            if shown:
                run, last_us = self._last
                self._last = unit.run, max(shown_us, last_us) if unit.run == run and not self._backward else shown_us
            if shown or not self._alone:
                self._ready.append(Picture(unit=unit, shown_us=shown_us, shown=shown))
        self._key_us = 0

    def _is_after_begin(self, run: int, shown_us: int) -> bool:
        begin_run, begin_us = self._begin
        return run != begin_run or (shown_us < begin_us if self._backward else shown_us > begin_us)

    async def _gap(self, run: int, shown_us: int, now_us: int) -> NoFootage | None:
        last_run, last_us = self._last
        start_us, end_us = (shown_us, last_us) if self._backward else (last_us, shown_us)
        if run != last_run and end_us <= start_us:  # the clock was set back between them
            return NoFootage(start_us=start_us, end_us=end_us, reason="clock_step")
        if run == last_run and end_us - start_us < GAP_US_MIN:
            return None
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, self._stills.gap, start_us, end_us, now_us)
