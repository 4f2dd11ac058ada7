"""`/api/v1/cameras/{camera}/hls/{stream}.m3u8` and what it names, under REMOTE_LIVE.

1. A stream is packed while somebody asks for its playlist, under a lease of its own; at X all that is held goes, and an
   answer under way is reset.
2. At most STREAMS_MAX streams are packed at a time; one that nobody asks for is left after IDLE_SECONDS_MAX.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from zoneinfo import ZoneInfo

import anyio
from aiohttp import web

from gate.client.errors import LeaseDeniedError
from gate.client.lease import Lease
from gate.licence.denials import problem
from gate.licence.features import Feature
from gate.peer import bound_kernel_buffer, reset
from recorder.hub import Dropped
from recorder.remote.hls.window import Window
from recorder.web.middleware import language_of
from recorder.web.problem import own_problem, problem_response
from recorder.web.served import Served

STREAMS_MAX = 16
IDLE_SECONDS_MAX = 30.0
FIRST_SECONDS_MAX = 12.0
"""How long the first to ask waits for enough pieces to begin with; then fewer do."""
SEND_SECONDS_MAX = 10.0
CHUNK_BYTES = 64 << 10

Key = tuple[str, str]

_log = logging.getLogger(__name__)


@dataclass(eq=False, slots=True, kw_only=True)
class _Packing:
    """One stream being packed, and when its playlist was last asked for (monotonic)."""

    window: Window
    asked_ns: int
    task: asyncio.Task[None] | None = None
    grown: asyncio.Event = field(default_factory=asyncio.Event)


class HlsLive:
    """All streams of a recorder."""

    def __init__(self, served: Served) -> None:
        self._served = served
        self._zone = ZoneInfo(served.config.device.time_zone)
        self._packings: dict[Key, _Packing] = {}

    def add_to(self, app: web.Application) -> None:
        """Its routes, and its end with the application's."""
        base = "/api/v1/cameras/{camera}/hls/{stream}"
        app.router.add_get(f"{base}.m3u8", self.playlist, allow_head=False)
        app.router.add_get(f"{base}/{{number}}.m4s", self.piece, allow_head=False)
        app.router.add_get(f"{base}/{{number}}.mp4", self.init, allow_head=False)
        app.cleanup_ctx.append(self._closing)

    async def playlist(self, request: web.Request) -> web.StreamResponse:
        """The playlist as of now; who asks first waits for the first pieces."""
        return await self._leased(request, self._playlist)

    async def piece(self, request: web.Request) -> web.StreamResponse:
        """A media segment that is still held."""
        return await self._leased(request, partial(self._held, Window.piece))

    async def init(self, request: web.Request) -> web.StreamResponse:
        """An init section of what is still held."""
        return await self._leased(request, partial(self._held, Window.init))

    async def _leased(
        self, request: web.Request, work: Callable[[web.Request, Key], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        camera, stream = request.match_info["camera"], request.match_info["stream"]
        known = self._served.board.cameras.get(camera)
        if known is None or stream not in known.streams:
            return self._problem(request, "camera_unknown" if known is None else "stream_unknown")
        answer: web.StreamResponse | None = None
        try:
            async with self._served.gate.lease(Feature.REMOTE_LIVE, camera) as lease:
                answer = await work(request, (camera, stream))
            denial = lease.denial
        except LeaseDeniedError as error:
            denial = error.denial
        if answer is not None and (denial is None or answer.prepared):
            return answer
        assert denial is not None  # nothing else ends a lease before its work has answered
        return problem_response(problem(denial, language_of(request, self._served.config.device.language), self._zone))

    async def _playlist(self, request: web.Request, key: Key) -> web.StreamResponse:
        packing = self._packing(key)
        if packing is None:
            return self._problem(request, "too_many_viewers")
        packing.asked_ns = self._served.clock.monotonic_ns()
        try:
            async with self._served.clock.timeout(FIRST_SECONDS_MAX):
                while not packing.window.ready:
                    packing.grown.clear()
                    await packing.grown.wait()
        except TimeoutError:
            if packing.window.empty:
                return self._problem(request, "no_picture")
        return await self._send(request, packing.window.playlist(key[1]).encode(), "application/vnd.apple.mpegurl")

    async def _held(
        self, found_in: Callable[[Window, int], bytes | None], request: web.Request, key: Key
    ) -> web.StreamResponse:
        packing, number = self._packings.get(key), request.match_info["number"]
        if packing is None or not (number.isascii() and number.isdecimal() and len(number) < 16):
            return self._problem(request, "not_found")
        body = found_in(packing.window, int(number))
        if body is None:
            return self._problem(request, "not_found")
        return await self._send(request, body, "video/mp4")

    async def _send(self, request: web.Request, body: bytes, kind: str) -> web.StreamResponse:
        """All of it, or the connection is reset."""
        response = web.StreamResponse(headers={"Content-Type": kind, "Cache-Control": "no-store"})
        response.content_length = len(body)
        bound_kernel_buffer(request.transport)
        whole = False
        try:
            await response.prepare(request)
            for at in range(0, len(body), CHUNK_BYTES):
                async with self._served.clock.timeout(SEND_SECONDS_MAX):
                    await response.write(body[at : at + CHUNK_BYTES])
            await response.write_eof()
            whole = True
        except (TimeoutError, ConnectionError) as error:
            _log.info("%s ended: %s", request.path, type(error).__name__)
        finally:
            if not whole:
                reset(request.transport)
        return response

    def _packing(self, key: Key) -> _Packing | None:
        """That of a stream, begun if it is not there; None where too many are."""
        known = self._packings.get(key)
        if known is not None or len(self._packings) >= STREAMS_MAX:
            return known
        clock = self._served.clock
        window = Window(key[0], clock.now_ns() // 1_000_000_000)  # no stream has more than one piece a second
        packing = self._packings[key] = _Packing(window=window, asked_ns=clock.monotonic_ns())
        packing.task = asyncio.get_running_loop().create_task(self._run(key, packing), name=f"hls {key}")
        return packing

    async def _run(self, key: Key, packing: _Packing) -> None:
        try:
            async with (
                self._served.gate.lease(Feature.REMOTE_LIVE, key[0]) as lease,
                anyio.create_task_group() as group,
            ):
                group.start_soon(self._pack, key, packing, lease)
                await self._until_idle(key, packing)
                group.cancel_scope.cancel()
        except LeaseDeniedError:
            pass
        except Exception:
            _log.exception("camera %s %s: packing for HLS failed", *key)
        finally:
            del self._packings[key]

    async def _pack(self, key: Key, packing: _Packing, lease: Lease) -> None:
        feed = self._served.hub.feed(*key)
        with feed.subscribe(lease, now_ns=self._served.clock.monotonic_ns()) as subscription:
            feed.want_key()
            async for item in subscription:
                if isinstance(item, Dropped):
                    packing.window.lose()
                else:
                    packing.window.push(item)
                packing.grown.set()

    async def _until_idle(self, key: Key, packing: _Packing) -> None:
        clock = self._served.clock
        while key[0] in self._served.board.cameras:
            left = IDLE_SECONDS_MAX - (clock.monotonic_ns() - packing.asked_ns) / 1e9
            if left <= 0:
                return
            await clock.sleep(min(left, 1.0))

    async def _closing(self, _: web.Application) -> AsyncIterator[None]:
        yield
        tasks = [packing.task for packing in self._packings.values() if packing.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _problem(self, request: web.Request, code: str) -> web.Response:
        language = language_of(request, self._served.config.device.language)
        return problem_response(own_problem(code, language, camera=request.match_info["camera"][:64]))
