"""What the page shows of the site, passed through as it is: the monitor's picture, and the recorder's remote side with
the modules of its own web app. Only what a viewer reads; nothing is kept, nothing is changed."""

import asyncio
import contextlib
import re
from collections.abc import Iterator

import aiohttp
from aiohttp import web

from gate.clock import Clock
from gate.peer import bound_kernel_buffer, reset
from gate.show.demo_site import DemoSite
from gate.show.errors import SiteAwayError

VIEWS_MAX = 64
"""Pictures and sockets under way at a time, of all pages."""
WRITE_SECONDS_MAX = 5.0
CONNECT_SECONDS_MAX = 5.0
PIECE_BYTES = 64 << 10
MESSAGE_BYTES_MAX = 4 << 20
RESTART_CODE = 1012
TOO_MANY_CODE = 4409
_READABLE = re.compile(
    r"static/[\w./-]+|api/v1/state|api/v1/cameras/[\w.-]+/(?:live|live\.mjpeg|hls/[\w.-]+)", re.ASCII
)
_PASSED = ("Content-Type", "Content-Length", "ETag", "Cache-Control")


class Through:
    """`open` before, `close` after."""

    def __init__(self, site: DemoSite, clock: Clock) -> None:
        self._site = site
        self._clock = clock
        self._views: set[asyncio.Task[object]] = set()
        self._session: aiohttp.ClientSession | None = None

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Its routes."""
        router.add_get("/hdmi.mjpeg", self._hdmi, allow_head=False)
        router.add_get("/{path:(?:static|api)/.+}", self._remote, allow_head=False)

    async def open(self) -> None:
        """Makes ready to ask the site."""
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS_MAX)
        self._session = aiohttp.ClientSession(timeout=timeout, auto_decompress=False, trust_env=False)

    async def close(self) -> None:
        """Ends every view."""
        for view in tuple(self._views):
            view.cancel()
        if self._session is not None:
            await self._session.close()

    async def answers(self) -> bool:
        """Whether the recorder's remote side is there now."""
        assert self._session is not None
        try:
            async with (
                self._clock.timeout(CONNECT_SECONDS_MAX),
                self._session.get(f"{self._site.facts.address('remote')}api/v1/state") as response,
            ):
                return response.status == 200
        except (aiohttp.ClientError, OSError, TimeoutError, SiteAwayError):
            return False

    async def _hdmi(self, request: web.Request) -> web.StreamResponse:
        return await self._pass(request, "hdmi", "stream.mjpeg")

    async def _remote(self, request: web.Request) -> web.StreamResponse:
        path = request.match_info["path"]
        if not _READABLE.fullmatch(path) or ".." in path:
            raise web.HTTPNotFound
        if request.headers.get("Upgrade", "").lower() == "websocket":
            return await self._pass_socket(request, path)
        return await self._pass(request, "remote", path)

    async def _pass(self, request: web.Request, name: str, path: str) -> web.StreamResponse:
        assert self._session is not None
        headers = {k: v for k, v in request.headers.items() if k in ("Accept-Language", "If-None-Match")}
        headers["Accept-Encoding"] = "identity"
        with self._view() as free:
            if not free:
                raise web.HTTPServiceUnavailable(text=f"{VIEWS_MAX} views are open already.")
            try:
                address = f"{self._site.facts.address(name)}{path}"
                async with self._session.get(address, params=request.query, headers=headers) as source:
                    return await self._pour(request, source)
            except SiteAwayError as error:
                raise web.HTTPServiceUnavailable(text=str(error)) from None
            except (aiohttp.ClientError, OSError, TimeoutError):
                raise web.HTTPServiceUnavailable(text="The site is just beginning anew.") from None

    async def _pour(self, request: web.Request, source: aiohttp.ClientResponse) -> web.StreamResponse:
        answer = web.StreamResponse(
            status=source.status, headers={k: source.headers[k] for k in _PASSED if k in source.headers}
        )
        bound_kernel_buffer(request.transport)
        await answer.prepare(request)
        try:
            async for piece in source.content.iter_any():
                async with self._clock.timeout(WRITE_SECONDS_MAX):
                    await answer.write(piece)
            await answer.write_eof()
        except (aiohttp.ClientError, OSError, TimeoutError):
            reset(request.transport)  # torn off there, torn off here: nothing looks whole that is not
        return answer

    async def _pass_socket(self, request: web.Request, path: str) -> web.WebSocketResponse:
        assert self._session is not None
        near = web.WebSocketResponse(compress=False, heartbeat=20.0, max_msg_size=4096)
        bound_kernel_buffer(request.transport)
        await near.prepare(request)
        with self._view() as free:
            if not free:
                await near.close(code=TOO_MANY_CODE, drain=False)
                return near
            try:
                address = f"{self._site.facts.address('remote')}{path}"
                async with self._session.ws_connect(
                    address, params=request.query, compress=0, max_msg_size=MESSAGE_BYTES_MAX
                ) as far:
                    if not await self._join(near, far):
                        reset(request.transport)
                    code = far.close_code
            except (aiohttp.ClientError, OSError, TimeoutError, SiteAwayError):
                code = RESTART_CODE
            unsaid = code in (1005, 1006)  # a connection that was lost has a code nobody may send
            await near.close(code=RESTART_CODE if unsaid or code is None else code, drain=False)
        return near

    async def _join(self, near: web.WebSocketResponse, far: aiohttp.ClientWebSocketResponse) -> bool:
        """Passes what the recorder says; ends with either of the two. False: the viewer takes nothing any more."""

        async def listen() -> None:
            async for _ in near:
                pass  # viewers say nothing
            await far.close()

        listening = asyncio.ensure_future(listen())
        try:
            async for message in far:
                try:
                    async with self._clock.timeout(WRITE_SECONDS_MAX):
                        if message.type is aiohttp.WSMsgType.BINARY:
                            await near.send_bytes(message.data)
                        elif message.type is aiohttp.WSMsgType.TEXT:
                            await near.send_str(message.data)
                except TimeoutError:
                    return False
            return True
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)

    @contextlib.contextmanager
    def _view(self) -> Iterator[bool]:
        """Counts one view; false where there are too many."""
        task = asyncio.current_task()
        assert task is not None
        if len(self._views) >= VIEWS_MAX:
            yield False
            return
        self._views.add(task)
        try:
            yield True
        finally:
            self._views.discard(task)
