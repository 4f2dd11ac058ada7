"""What every route of playback shares: a lease of REMOTE_PLAYBACK, bounds on readers, and the cut.

1. Nothing is looked up, read or decoded but under a lease. What is on disk was licensed when it was recorded; whether
   it may be watched remotely is asked now.
2. An answer that is under way when the lease ends is reset: nobody takes what has come for whole.
3. READERS_MAX answers are made at a time, in THREADS_MAX threads; more are refused with 503.
"""

import logging
import sqlite3
from collections.abc import Awaitable, Callable, Iterator
from typing import TypeVar
from zoneinfo import ZoneInfo

import anyio
from aiohttp import web

from gate.client.errors import LeaseDeniedError
from gate.client.lease import Lease
from gate.licence.denials import problem
from gate.licence.features import Feature
from gate.licence.text import Language, Text
from gate.peer import bound_kernel_buffer, reset
from recorder.media.errors import MediaError
from recorder.playback.archive import Archive
from recorder.playback.errors import FootageError
from recorder.web.middleware import language_of
from recorder.web.problem import Row, own_problem, problem_of, problem_response
from recorder.web.served import Served

READERS_MAX = 24
THREADS_MAX = 2
SEND_SECONDS_MAX = 10.0
"""A peer that takes nothing for so long is dropped."""

ResultT = TypeVar("ResultT")
UNREADABLE = (sqlite3.Error, OSError, FootageError, MediaError)
"""What looking up and reading footage raises where it has gone meanwhile, or is damaged."""

_TIME_MALFORMED = Row(
    status=400,
    title=Text(ja="時刻の形式が正しくありません", en="This is no time"),
    remedy=Text(
        ja="t は 2027-01-01T00:00:00+09:00、month は 2027-01、sprites は 2027-01-01T05（UTC）の形式です。",
        en="Give t as 2027-01-01T00:00:00+09:00, month as 2027-01, an hour of sprites as 2027-01-01T05 (UTC).",
    ),
)

_log = logging.getLogger(__name__)


class Leased:
    """One recorder's footage as the remote side may have it."""

    def __init__(self, served: Served) -> None:
        self.served = served
        self.archive = Archive(data_dir=served.config.device.data_dir)
        self.zone = ZoneInfo(served.config.device.time_zone)
        self.refused = 0
        self._language: Language = served.config.device.language
        self._threads = anyio.CapacityLimiter(THREADS_MAX)
        self._readers = 0

    async def answer(
        self, request: web.Request, work: Callable[[], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        """What `work` answers, under a lease of the request's camera; a problem where there is none."""
        camera = camera_of(request)
        if camera not in self.served.board.cameras:
            return self.problem(request, "camera_unknown")
        if self._readers >= READERS_MAX:
            self.refused += 1
            if self.refused & (self.refused - 1) == 0:  # 1, 2, 4, 8, …: repeats collapsed
                _log.warning("playback: %d answers under way, %d refused so far", READERS_MAX, self.refused)
            return self.problem(request, "too_many_viewers")
        self._readers += 1
        answer: web.StreamResponse | None = None
        try:
            async with self.served.gate.lease(Feature.REMOTE_PLAYBACK, camera) as lease:
                answer = await work()
        except LeaseDeniedError as error:
            return problem_response(problem(error.denial, self.language(request), self.zone))
        except UNREADABLE as error:
            _log.warning("camera %s: %s cannot be played: %s", camera, request.path, error)
            return self.problem(request, "no_footage")
        finally:
            self._readers -= 1
        return self._ended(request, lease, answer)

    def _ended(self, request: web.Request, lease: Lease, answer: web.StreamResponse | None) -> web.StreamResponse:
        if answer is not None and (lease.denial is None or answer.prepared):
            return answer
        assert lease.denial is not None  # nothing else ends a lease before its work has answered
        return problem_response(problem(lease.denial, self.language(request), self.zone))

    async def in_thread(self, work: Callable[[], ResultT], limiter: anyio.CapacityLimiter | None = None) -> ResultT:
        """What `work` gives, in one of a few threads, or of those of a limiter. At a cut it is left to itself; raises
        what it raises."""
        return await anyio.to_thread.run_sync(work, limiter=limiter or self._threads, abandon_on_cancel=True)

    async def send(
        self, request: web.Request, response: web.StreamResponse, parts: Iterator[bytes]
    ) -> web.StreamResponse:
        """Sends the parts, each read in a thread as it is wanted. Whatever comes between, the connection is reset."""
        whole = False
        bound_kernel_buffer(request.transport)
        try:
            await response.prepare(request)
            while (part := await self.in_thread(lambda: next(parts, None))) is not None:
                async with self.served.clock.timeout(SEND_SECONDS_MAX):
                    await response.write(part)
            await response.write_eof()
            whole = True
        except (TimeoutError, ConnectionError, *UNREADABLE) as error:
            _log.info("camera %s: %s ended: %s", camera_of(request), request.path, type(error).__name__)
        finally:
            if not whole:
                reset(request.transport)
        return response

    def language(self, request: web.Request) -> Language:
        """The language of the answer."""
        return language_of(request, self._language)

    def time_malformed(self, request: web.Request) -> web.Response:
        """A time, month or hour was asked for in a form that is none."""
        return problem_response(problem_of("time_malformed", _TIME_MALFORMED, self.language(request)))

    def problem(self, request: web.Request, code: str) -> web.Response:
        """One of the recorder's own problems."""
        return problem_response(own_problem(code, self.language(request), camera=camera_of(request)[:64]))


def camera_of(request: web.Request) -> str:
    """The camera that the request's path names."""
    return request.match_info["camera"]
