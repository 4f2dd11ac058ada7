"""One viewer of the past on a WebSocket: a cursor that it moves by commands (docs/protocols.md, "Playback").

1. Commands are carried out one after the other; each is answered by `at` with its number. Footage that is played waits
   for none of them longer than one read of the disk.
2. Pictures are sent when they are due on the recorder's clock; a peer that is more than a second behind loses all up to
   the next key picture, and is told.
3. Everything is read in one thread of this session, at most a few fragments ahead.
"""

import asyncio
import logging
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar, TypeVarTuple

import anyio
from aiohttp import WSMsgType, web

from gate.client.lease import Lease
from gate.clock import Clock, instant_of
from gate.peer import reset
from recorder.catalog.rows import Stream
from recorder.local.playback_commands import Command, Pause, Play, Seek, Step, WaitingCommands, parse_command
from recorder.local.playback_outlet import PlaybackOutlet
from recorder.playback.archive import Archive
from recorder.playback.film import Film, Picture, Unreadable
from recorder.playback.pace import Pace
from recorder.playback.stills import NoFootage, Still, Stills
from recorder.state import StateBoard

PICTURES_PER_SECOND_MAX = 60
"""Played faster than this, footage is shown by its key pictures."""

_log = logging.getLogger(__name__)

T = TypeVar("T")
Values = TypeVarTuple("Values")


class PlaybackSession:
    """On an accepted WebSocket, under the lease given to `run`."""

    def __init__(
        self,
        *,
        request: web.Request,
        ws: web.WebSocketResponse,
        archive: Archive,
        camera: str,
        stream: Stream,
        board: StateBoard,
        clock: Clock,
    ) -> None:
        self._request = request
        self._ws = ws
        self._outlet = PlaybackOutlet(ws, stream, clock)
        self._archive = archive
        self._camera = camera
        self._stream: Stream = stream
        self._board = board
        self._clock = clock
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="playback")
        self._stills = Stills(archive, camera, stream)
        self._commands = WaitingCommands()
        self._arrived = asyncio.Event()
        self._still: Still | None = None
        self._sent: Still | None = None
        self._last: tuple[int, int] | None = None
        self._film: Film | None = None
        self._pace = Pace(1)
        self._next: Picture | None = None
        self._lost = 0

    async def run(self, lease: Lease) -> None:
        """Until the peer leaves, or the camera is no longer configured; the lease's scope cancels it at revocation."""
        try:
            async with anyio.create_task_group() as group:
                group.start_soon(self._work, lease, group.cancel_scope)
                group.start_soon(self._watch_camera, group.cancel_scope)
                async for message in self._ws:
                    if message.type is WSMsgType.TEXT:
                        await self._hear(message.data)
                group.cancel_scope.cancel()
        finally:
            with anyio.CancelScope(shield=True):
                await self._stop()
                await self._in_thread(self._stills.close)
            self._thread.shutdown(wait=False)

    async def _hear(self, text: str) -> None:
        try:
            self._commands.put(parse_command(text))
        except ValueError as error:
            await self._outlet.tell({"refused": {"message": str(error)}})
            return
        self._arrived.set()

    async def _work(self, lease: Lease, scope: anyio.CancelScope) -> None:
        try:
            while self._clock.now_ns() < lease.until_ns:  # a late timer leaks nothing
                command = self._commands.take()
                try:
                    if command is not None:
                        await self._obey(command)
                    elif self._film is not None:
                        await self._play_on(self._film)
                    else:
                        await self._wait_command(None)
                except sqlite3.Error as error:
                    _log.warning("camera %s: playback: %s", self._camera, error)
                    await self._stop()
                    await self._outlet.tell({"unreadable": {"start": None, "end": None}})
        except TimeoutError:
            _log.info("camera %s: a viewer of the past reads nothing; its connection is reset", self._camera)
            reset(self._request.transport)
        except ConnectionError:
            pass
        scope.cancel()

    async def _watch_camera(self, scope: anyio.CancelScope) -> None:
        while self._camera in self._board.cameras:
            await self._board.wait_changed(self._board.version)
        scope.cancel()

    async def _wait_command(self, seconds: float | None) -> None:
        self._arrived.clear()
        if self._commands:
            return
        try:
            if seconds is None:
                await self._arrived.wait()
            else:
                async with self._clock.timeout(seconds):
                    await self._arrived.wait()
        except TimeoutError:
            pass

    async def _obey(self, command: Command) -> None:
        rate = self._pace.rate if self._film is not None else 0
        await self._stop()
        match command:
            case Seek(at_us=at_us):
                await self._seek(at_us)
            case Pause(at_us=at_us):
                if self._last is not None:
                    run, last_us = self._last
                    await self._show(await self._at(last_us if at_us is None else at_us, run))
                rate = 0
            case Step(direction=direction):
                await self._step(direction)
                rate = 0
            case Play(rate=rate):
                if self._last is None:
                    await self._show(await self._at(self._now_us(), None))
                else:
                    self._still = await self._here()
        await self._begin(rate, command.number)

    async def _begin(self, rate: float, number: int | None) -> None:
        still = self._still
        keys = rate < 0 or (
            rate > 2 and (still is None or not 0 < round(still.fps, 1) * rate <= PICTURES_PER_SECOND_MAX)
        )
        await self._tell_at(still.shown_us if still is not None else None, rate, keys=keys, number=number)
        if still is None or not rate:
            return
        self._pace = Pace(rate)
        self._film = Film(
            archive=self._archive,
            camera=self._camera,
            stream=self._stream,
            begin=still,
            backward=rate < 0,
            keys_only=keys,
            stills=self._stills,
            thread=self._thread,
        )

    async def _tell_at(self, label: int | None, rate: float, *, keys: bool, number: int | None) -> None:
        at = {
            "label": label,
            "instant": _text(label) if label is not None else None,
            "rate": rate if label is not None else 0,
            "pictures": "keys" if keys else "all",
            "number": number,
        }
        await self._outlet.tell({"at": at})

    async def _seek(self, at_us: int) -> None:
        found = await self._at(at_us, None)
        await self._show(found)
        if found is None:
            await self._outlet.tell({"end_of_footage": {"edge": "empty"}})
            return
        now_us = self._now_us()
        gap = await self._in_thread(self._stills.gap_at, found, at_us, now_us)
        if gap is not None:
            await self._outlet.tell(_gap(gap))
        elif at_us < found.shown_us:
            await self._outlet.tell({"end_of_footage": {"edge": "oldest"}})

    async def _step(self, direction: int) -> None:
        self._still = still = await self._here()
        if still is None:
            return
        found = await self._in_thread(self._stills.step, still, direction)
        if found is None:
            await self._outlet.tell({"end_of_footage": {"edge": "newest" if direction > 0 else "oldest"}})
            return
        if abs(found.shown_us - still.shown_us) > 10**6:
            now_us = self._now_us()
            low, high = sorted((found.shown_us, still.shown_us))
            gap = await self._in_thread(self._stills.gap, low, high, now_us)
            if gap is not None:
                await self._outlet.tell(_gap(gap))
        await self._show(found)

    async def _here(self) -> Still | None:
        """The picture that was shown last."""
        if self._last is None or (self._still is not None and self._still.shown_us == self._last[1]):
            return self._still
        return await self._at(self._last[1], self._last[0])

    async def _at(self, at_us: int, run: int | None) -> Still | None:
        found = await self._in_thread(self._stills.at, at_us, run)
        return found if found is not None or run is None else await self._at(at_us, None)

    async def _show(self, still: Still | None) -> None:
        """Sends a still; what a decoder has had already is not sent again, if it could follow it without."""
        self._still = still
        if still is None:
            return
        sent, units = self._sent, still.units
        follows = sent is not None and (sent.group, sent.index + 1) == (still.group, still.index)
        if follows and not still.reorders:
            units = still.units[-1:]
        for unit, shown_us in units:
            await self._outlet.send(unit, shown_us, hidden=True)
        self._sent, self._last = still, (still.group.run, still.shown_us)

    async def _play_on(self, film: Film) -> None:
        """The next picture when it is due, or what comes before it; returns early for a command."""
        if self._next is None:
            item = await film.next(self._now_us())
            if not isinstance(item, Picture):
                await self._interrupt(item)
                return
            self._next = item
        picture = self._next
        now_ns = self._clock.monotonic_ns()
        if picture.shown and not self._keeps_up(picture, now_ns):
            self._next = None
            return
        if picture.shown and (wait_ns := self._pace.due_ns(picture.shown_us, now_ns) - now_ns) > 0:
            await self._wait_command(wait_ns / 1e9)
            if self._commands or self._pace.due_ns(picture.shown_us, now_ns) > self._clock.monotonic_ns():
                return
        if self._lost:
            _log.info("camera %s: a slow viewer of the past lost %d pictures", self._camera, self._lost)
            await self._outlet.tell({"dropped": {"frames": self._lost}})
            self._lost = 0
        self._next = None
        await self._outlet.send(picture.unit, picture.shown_us, hidden=not picture.shown)
        if picture.shown:
            run, last_us = self._last or (0, 0)
            reordered = run == picture.unit.run and self._pace.rate > 0
            self._last = (picture.unit.run, max(picture.shown_us, last_us) if reordered else picture.shown_us)

    def _keeps_up(self, picture: Picture, now_ns: int) -> bool:
        """Rule 2."""
        if self._lost or self._pace.late(picture.shown_us, now_ns):
            if picture.unit.key:
                self._pace.restart()
                return True
            self._lost += 1
            return False
        return True

    async def _interrupt(self, item: NoFootage | Unreadable | None) -> None:
        self._pace.restart()
        match item:
            case NoFootage():
                await self._outlet.tell(_gap(item))
            case Unreadable():
                await self._outlet.tell({"unreadable": {"start": _text(item.start_us), "end": _text(item.end_us)}})
            case None:
                edge = "newest" if self._pace.rate > 0 else "oldest"
                await self._stop()
                await self._outlet.tell({"end_of_footage": {"edge": edge}})
                if self._last is not None:
                    await self._tell_at(self._last[1], 0, keys=False, number=None)

    async def _stop(self) -> None:
        film, self._film, self._next, self._lost = self._film, None, None, 0
        if film is not None:
            self._sent = None  # the decoder has had other pictures since
            await film.close()

    async def _in_thread(self, ask: Callable[[*Values], T], *values: *Values) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, ask, *values)

    def _now_us(self) -> int:
        return self._clock.now_ns() // 1000


def _gap(gap: NoFootage) -> dict[str, Any]:
    return {"gap": {"start": _text(gap.start_us), "end": _text(gap.end_us), "reason": gap.reason}}


def _text(us: int) -> str:
    return instant_of(us * 1000).isoformat(timespec="microseconds")
