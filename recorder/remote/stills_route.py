"""`/api/v1/cameras/{camera}/live.mjpeg`: key pictures as JPEG, one after the other, where nothing else can be shown.

1. A stream's picture is made once for all who watch it, at most every STEP_SECONDS_MIN; one decoder, one at a time.
2. Who is slow gets the newest picture next, never an old one; nothing is queued for anybody.
3. A lease for each viewer, who is counted among the viewers; at X the connection is reset.
"""

import asyncio
import contextlib
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

import anyio
from aiohttp import web

from gate.client.errors import LeaseDeniedError
from gate.client.lease import Lease
from gate.licence.denials import problem
from gate.licence.features import Feature
from gate.peer import bound_kernel_buffer, reset
from recorder.hub import Feed
from recorder.media.access_unit import AccessUnit
from recorder.media.decoding import UNDECODABLE, jpeg_of, last_picture
from recorder.web.middleware import language_of
from recorder.web.problem import own_problem, problem_response
from recorder.web.served import Served
from recorder.web.viewers import Viewers

STEP_SECONDS_MIN = 0.5
WIDTH_MAX = 1280
FIRST_SECONDS_MAX = 5.0
PAUSE_SECONDS_MAX = 30.0
"""A stream without a picture for so long ends; who still wants it asks again."""
SEND_SECONDS_MAX = 10.0
BOUNDARY = "picture"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Made:
    """A stream's newest picture, made or being made."""

    unit: AccessUnit
    jpeg: asyncio.Task[bytes | None]


class _Stills:
    """Makes pictures of all streams; None for one that cannot be decoded."""

    def __init__(self) -> None:
        self._turn = anyio.CapacityLimiter(1)
        self._made: dict[tuple[str, str], _Made] = {}

    async def of(self, key: tuple[str, str], unit: AccessUnit, lease: Lease) -> tuple[AccessUnit, bytes | None]:
        """The picture of `unit`, or one so little older that another would be too many, and what it is of."""
        made = self._made.get(key)
        step_ns = unit.arrival_ns - made.unit.arrival_ns if made is not None else 0
        if (
            made is None
            or made.unit.run != unit.run
            or step_ns >= STEP_SECONDS_MIN * 1e9
            or not lease.covers_arrival(made.unit.utc_ns, made.unit.arrival_ns)
        ):
            made = self._made[key] = _Made(unit=unit, jpeg=asyncio.create_task(self._make(key, unit)))
        return made.unit, await asyncio.shield(made.jpeg)  # others wait for it, too

    def forget(self, key: tuple[str, str]) -> None:
        """Nobody watches that stream any more."""
        self._made.pop(key, None)

    async def _make(self, key: tuple[str, str], unit: AccessUnit) -> bytes | None:
        try:
            return await anyio.to_thread.run_sync(_still, unit, limiter=self._turn)
        except UNDECODABLE as error:
            _log.warning("camera %s %s: a picture cannot be decoded: %s", *key, error)
            return None


@dataclass(eq=False, slots=True)
class _Newest:
    """The newest key picture that one viewer has not had."""

    unit: AccessUnit | None = None
    came: asyncio.Event = field(default_factory=asyncio.Event)

    async def fill(self, feed: Feed, lease: Lease, now_ns: int) -> None:
        with feed.subscribe(lease, now_ns=now_ns) as subscription:
            feed.want_key()
            async for item in subscription:
                if isinstance(item, AccessUnit) and item.key:
                    self.unit = item
                    self.came.set()

    async def take(self) -> AccessUnit:
        await self.came.wait()
        self.came.clear()
        assert self.unit is not None
        return self.unit


class StillsRoute:
    """Live view for browsers that play neither of the others."""

    def __init__(self, served: Served, viewers: Viewers) -> None:
        self._served = served
        self._viewers = viewers
        self._zone = ZoneInfo(served.config.device.time_zone)
        self._stills = _Stills()
        self._watching: dict[tuple[str, str], int] = {}

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """A multipart answer without end, or a problem: 403 denied, 404 unknown, 503 no picture or too many viewers."""
        camera = request.match_info["camera"]
        known = self._served.board.cameras.get(camera)
        if known is None:
            return self._problem(request, "camera_unknown")
        stream = request.query.get("stream") or ("sub" if "sub" in known.streams else "main")
        if stream not in known.streams:
            return self._problem(request, "stream_unknown")
        if not self._viewers.enter():
            return self._problem(request, "too_many_viewers")
        key = camera, stream
        self._watching[key] = self._watching.get(key, 0) + 1
        try:
            return await self._leased(request, key)
        finally:
            self._viewers.leave()
            self._watching[key] -= 1
            if not self._watching[key]:
                del self._watching[key]
                self._stills.forget(key)

    async def _leased(self, request: web.Request, key: tuple[str, str]) -> web.StreamResponse:
        response = web.StreamResponse(headers=_HEADERS)
        whole = False
        try:
            async with self._served.gate.lease(Feature.REMOTE_LIVE, key[0]) as lease:
                refusal = await self._watch(request, response, key, lease)
                whole = refusal is None
            denial = lease.denial
        except LeaseDeniedError as error:
            denial = error.denial
        finally:
            if response.prepared and not whole:
                reset(request.transport)
        if response.prepared:
            return response
        if denial is not None:
            language = language_of(request, self._served.config.device.language)
            return problem_response(problem(denial, language, self._zone))
        assert refusal is not None  # nothing but these two ends one that has not begun
        return self._problem(request, refusal)

    async def _watch(
        self, request: web.Request, response: web.StreamResponse, key: tuple[str, str], lease: Lease
    ) -> str | None:
        """Sends until nothing comes any more. Why it did not begin, or was broken off; None: it came to its end."""
        clock, newest = self._served.clock, _Newest()
        async with anyio.create_task_group() as group:
            group.start_soon(newest.fill, self._served.hub.feed(*key), lease, clock.monotonic_ns())
            try:
                refusal = await self._send(request, response, key, lease, newest)
            finally:
                group.cancel_scope.cancel()
        return refusal

    async def _send(
        self,
        request: web.Request,
        response: web.StreamResponse,
        key: tuple[str, str],
        lease: Lease,
        newest: _Newest,
    ) -> str | None:
        clock = self._served.clock
        sent: AccessUnit | None = None
        while True:
            begun_ns = clock.monotonic_ns()
            try:
                async with clock.timeout(PAUSE_SECONDS_MAX if response.prepared else FIRST_SECONDS_MAX):
                    unit = await newest.take()
            except TimeoutError:
                return await _finish(response) if response.prepared else "no_picture"
            unit, jpeg = await self._stills.of(key, unit, lease)
            if jpeg is None and not response.prepared:
                return "undecodable"
            if jpeg is None or unit is sent:
                continue
            if clock.now_ns() >= lease.until_ns:
                return "no_picture"  # a late timer leaks nothing
            try:
                async with clock.timeout(SEND_SECONDS_MAX):
                    await _send_part(request, response, unit, jpeg)
            except (TimeoutError, ConnectionError) as error:
                _log.info("%s ended: %s", request.path, type(error).__name__)
                return "broken_off"
            sent = unit
            await clock.sleep(STEP_SECONDS_MIN - (clock.monotonic_ns() - begun_ns) / 1e9)

    def _problem(self, request: web.Request, code: str) -> web.Response:
        language = language_of(request, self._served.config.device.language)
        return problem_response(own_problem(code, language, camera=request.match_info["camera"][:64]))


_HEADERS: Mapping[str, str] = {
    "Content-Type": f"multipart/x-mixed-replace; boundary={BOUNDARY}",
    "Cache-Control": "no-store",
}


async def _send_part(request: web.Request, response: web.StreamResponse, unit: AccessUnit, jpeg: bytes) -> None:
    """The boundary follows each part at once: who shows a part when the next one begins is not a picture late."""
    if not response.prepared:
        bound_kernel_buffer(request.transport)
        await response.prepare(request)
        await response.write(f"--{BOUNDARY}".encode())
    head = f"\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\nX-Label-Us: {unit.utc_ns // 1000}\r\n\r\n"
    await response.write(b"".join((head.encode(), jpeg, f"\r\n--{BOUNDARY}".encode())))


async def _finish(response: web.StreamResponse) -> str | None:
    with contextlib.suppress(ConnectionError):
        await response.write_eof(b"--\r\n")
        return None
    return "broken_off"


def _still(unit: AccessUnit) -> bytes:
    return jpeg_of(last_picture([unit]), width_max=WIDTH_MAX)
