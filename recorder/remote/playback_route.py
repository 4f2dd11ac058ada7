"""Recorded footage for the remote side (M5): what there is, and a stretch of it as one fragmented MP4.

1. Everything is under a lease of REMOTE_PLAYBACK. When it ends a download is cut: its connection is reset, so that
   nobody takes what has come for whole.
2. A download is one run in one form: it begins at the key picture at or before `from` and ends at `to`, at the end of
   that run, or where the pictures change their form. The timeline says where runs end.
3. Footage is read a few fragments ahead of who reads it, never faster.
"""

import logging
import sqlite3
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from functools import partial
from zoneinfo import ZoneInfo

from aiohttp import web

from gate.client.errors import LeaseDeniedError
from gate.client.lease import Lease
from gate.clock import instant_of, ns_of
from gate.licence.denials import problem
from gate.licence.features import Feature
from gate.licence.text import Language
from recorder.catalog.database import Catalog
from recorder.catalog.rows import STREAMS, Stream
from recorder.media.fmp4 import init_segment
from recorder.playback.archive import Archive
from recorder.playback.fragments import Wanted
from recorder.playback.reader import open_reader
from recorder.playback.stretches import read_timeline
from recorder.segments.cutter import Cutter
from recorder.segments.disk_commands import CloseSegment, Command, OpenSegment, WriteFragment
from recorder.segments.segment_file import boxes_of
from recorder.timeline import Span
from recorder.web.answers import json_answer, parse_instant
from recorder.web.middleware import language_of
from recorder.web.problem import own_problem, problem_response
from recorder.web.served import Served

DOWNLOADS_MAX = 8
DAYS_MAX = 40
"""What one question to the timeline may span; a download a day."""
SEND_SECONDS_MAX = 10.0
"""A peer that takes nothing for so long is dropped."""
_NEVER_SECONDS = 7_000.0

_log = logging.getLogger(__name__)


class PlaybackRoute:
    """`catalog`: of `served`."""

    def __init__(self, served: Served, catalog: Catalog) -> None:
        self._served = served
        self._catalog = catalog
        self._archive = Archive(data_dir=served.config.device.data_dir)
        self._language: Language = served.config.device.language
        self._zone = ZoneInfo(served.config.device.time_zone)
        self._downloads = 0

    async def timeline(self, request: web.Request) -> web.StreamResponse:
        """The spans of `from` to `to`, with reasons of gaps."""
        try:
            async with self._served.gate.lease(Feature.REMOTE_PLAYBACK, _camera(request)):
                asked = self._asked(request, DAYS_MAX)
                if isinstance(asked, web.Response):
                    return asked
                stream, start_ns, end_ns = asked
                spans = await self._catalog.read(partial(self._spans, _camera(request), stream, start_ns, end_ns))
                return json_answer(
                    {"camera": _camera(request), "stream": stream, "spans": [_span(span) for span in spans]}
                )
        except LeaseDeniedError as error:
            return problem_response(problem(error.denial, language_of(request, self._language), self._zone))
        except ValueError:
            return self._problem(request, "camera_unknown")
        raise AssertionError("revoked while asking")  # the lease ended: the page asks again and is told why

    async def footage(self, request: web.Request) -> web.StreamResponse:
        """One stretch as a file."""
        if self._downloads >= DOWNLOADS_MAX:
            return self._problem(request, "too_many_viewers")
        if _camera(request) not in self._served.board.cameras:
            return self._problem(request, "camera_unknown")
        asked = self._asked(request, 1)
        if isinstance(asked, web.Response):
            return asked
        response = web.StreamResponse(headers={"Content-Type": "video/mp4", "Cache-Control": "no-store"})
        self._downloads += 1
        try:
            async with self._served.gate.lease(Feature.REMOTE_PLAYBACK, _camera(request)) as lease:
                whole = await self._send(request, response, asked)
        except LeaseDeniedError as error:
            return problem_response(problem(error.denial, language_of(request, self._language), self._zone))
        finally:
            self._downloads -= 1
        return self._ended(request, response, lease, whole if lease.denial is None else None)

    def _ended(
        self, request: web.Request, response: web.StreamResponse, lease: Lease, whole: bool | None
    ) -> web.StreamResponse:
        if whole and response.prepared:
            return response
        if not response.prepared and lease.denial is not None:
            return problem_response(problem(lease.denial, language_of(request, self._language), self._zone))
        if not response.prepared:
            return self._problem(request, "no_footage")
        if request.transport is not None:
            request.transport.abort()
        return response

    async def _send(self, request: web.Request, response: web.StreamResponse, asked: tuple[Stream, int, int]) -> bool:
        stream, start_ns, end_ns = asked
        wanted = Wanted(camera=_camera(request), stream=stream, start_utc_ns=start_ns, end_utc_ns=end_ns)
        try:
            async with aclosing(self._parts(wanted)) as file:
                async for parts, begins_ns in file:
                    if not response.prepared:
                        response.headers["Edge-Start"] = instant_of(begins_ns).isoformat(timespec="microseconds")
                        await response.prepare(request)
                    async with self._served.clock.timeout(SEND_SECONDS_MAX):
                        await response.write(b"".join(parts))
            if response.prepared:
                await response.write_eof()
        except (TimeoutError, ConnectionError, sqlite3.Error) as error:
            _log.info("camera %s: a download ended: %s", wanted.camera, type(error).__name__)
            return False
        return True

    async def _parts(self, wanted: Wanted) -> AsyncGenerator[tuple[Sequence[bytes], int], None]:
        """The file's bytes in order, each with where the file begins."""
        cutter = Cutter(camera=wanted.camera, segment_seconds=_NEVER_SECONDS, segment_bytes_max=1 << 62, next_run=1)
        opening: OpenSegment | None = None
        number = 0
        async with open_reader(self._archive, wanted) as reader:
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

    def _spans(self, camera: str, stream: Stream, start_ns: int, end_ns: int, db: sqlite3.Connection) -> list[Span]:
        roots = self._archive.roots(db)
        return read_timeline(db, roots, camera, stream, start_ns, end_ns, self._served.clock.now_ns())

    def _asked(self, request: web.Request, days_max: int) -> tuple[Stream, int, int] | web.Response:
        stream = request.query.get("stream", "main")
        if stream not in STREAMS:
            return self._problem(request, "stream_unknown")
        start, end = (parse_instant(request.query.get(name, "")) for name in ("from", "to"))
        if start is None or end is None or not 0 < (end - start).total_seconds() <= days_max * 86_400:
            return self._problem(request, "range_malformed")
        return stream, ns_of(start), ns_of(end)

    def _problem(self, request: web.Request, code: str) -> web.Response:
        return problem_response(own_problem(code, language_of(request, self._language), camera=_camera(request)[:64]))


def _camera(request: web.Request) -> str:
    return request.match_info["camera"]


def _span(span: Span) -> dict[str, object]:
    return {
        "start": instant_of(span.start_utc_ns).isoformat(timespec="milliseconds"),
        "end": instant_of(span.end_utc_ns).isoformat(timespec="milliseconds"),
        "state": span.state,
        "reason": span.reason,
        "growing": span.growing,
    }
