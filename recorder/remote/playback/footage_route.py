"""`footage.mp4`: a stretch of footage as one fragmented MP4.

1. A download is one run in one form: it begins at the key picture at or before `from` and ends at `to`, at the end of
   that run, or where the pictures change their form. The timeline says where runs end.
2. Footage is read a few fragments ahead of who reads it, never faster.
3. No HTTP Range: the file is made as it is sent, and how long it becomes is known only at its end. What takes parts of
   footage asks `media`, what resumes a download makes an export.
"""

import contextlib
import logging
import sqlite3
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from functools import partial

from aiohttp import web

from gate.clock import instant_of
from gate.peer import bound_kernel_buffer, reset
from recorder.media.fmp4 import init_segment
from recorder.playback.fragments import Wanted
from recorder.playback.reader import open_reader
from recorder.remote.playback.leased import SEND_SECONDS_MAX, Leased, camera_of
from recorder.segments.cutter import Cutter
from recorder.segments.disk_commands import CloseSegment, Command, OpenSegment, WriteFragment
from recorder.segments.segment_file import boxes_of
from recorder.web.timeline_form import parse_range

DOWNLOADS_MAX = 8
DAYS_MAX = 1
_NEVER_SECONDS = 7_000.0

_log = logging.getLogger(__name__)


class FootageRoute:
    """Downloads of one recorder."""

    def __init__(self, leased: Leased) -> None:
        self._leased = leased
        self._downloads = 0

    async def footage(self, request: web.Request) -> web.StreamResponse:
        """One stretch as a file."""
        if self._downloads >= DOWNLOADS_MAX:
            return self._leased.problem(request, "too_many_viewers")
        self._downloads += 1
        try:
            return await self._leased.answer(request, partial(self._work, request))
        finally:
            self._downloads -= 1

    async def _work(self, request: web.Request) -> web.StreamResponse:
        asked = parse_range(request.query, DAYS_MAX)
        if isinstance(asked, str):
            return self._leased.problem(request, asked)
        wanted = Wanted(
            camera=camera_of(request),
            stream=asked.stream,
            start_utc_ns=asked.start_utc_ns,
            end_utc_ns=asked.end_utc_ns,
        )
        headers = {"Content-Type": "video/mp4", "Cache-Control": "no-store", "Accept-Ranges": "none"}
        response = web.StreamResponse(headers=headers)
        whole = False
        try:
            with contextlib.suppress(TimeoutError, ConnectionError):
                await self._send(request, response, wanted)
                whole = True
        except sqlite3.Error as error:
            _log.warning("camera %s: a download ended: %s", wanted.camera, error)
        finally:
            if response.prepared and not whole:
                reset(request.transport)
        return response if response.prepared else self._leased.problem(request, "no_footage")

    async def _send(self, request: web.Request, response: web.StreamResponse, wanted: Wanted) -> None:
        async with aclosing(self._parts(wanted)) as file:
            async for parts, begins_ns in file:
                if not response.prepared:
                    bound_kernel_buffer(request.transport)
                    response.headers["Edge-Start"] = instant_of(begins_ns).isoformat(timespec="microseconds")
                    await response.prepare(request)
                async with self._leased.served.clock.timeout(SEND_SECONDS_MAX):
                    await response.write(b"".join(parts))
        if response.prepared:
            await response.write_eof()

    async def _parts(self, wanted: Wanted) -> AsyncGenerator[tuple[Sequence[bytes], int], None]:
        """The file's bytes in order, each with where the file begins."""
        cutter = Cutter(camera=wanted.camera, segment_seconds=_NEVER_SECONDS, segment_bytes_max=1 << 62, next_run=1)
        opening: OpenSegment | None = None
        number = 0
        async with open_reader(self._leased.archive, wanted) as reader:
            ended = False
            while not ended:
                units = await reader.next_units()
                commands: list[Command] = [] if units else list(cutter.finish())
                for unit in units or ():
                    commands += cutter.push(unit)
                ended = units is None
                for command in commands:
                    match command:
                        case OpenSegment() if opening is None:
                            opening = command
                        case WriteFragment() if opening is not None:
                            if not number:
                                yield [init_segment(opening.format, delay_90k=command.delay_90k)], opening.start_utc_ns
                            number += 1
                            yield boxes_of(number, command), opening.start_utc_ns
                        case CloseSegment() | OpenSegment():
                            return
