"""The preview: the picture over HTTP on loopback (docs/protocols.md), with a remote control. Where there is no screen,
the only sink.

Pictures are made only while somebody looks, in one worker thread, each once for all viewers; a slow viewer skips.
"""

import asyncio
import errno
import logging
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from importlib.resources import files
from string import Template

import cv2
import numpy as np
from aiohttp import web
from aiohttp.typedefs import Handler
from numpy.typing import NDArray

from gate.clock import Clock
from gate.config_fields import host_is_loopback
from hdmi_out.compositor.canvas import Canvas
from hdmi_out.errors import StartError
from hdmi_out.orders import ORDER_BYTES_MAX, Monitor, carry_out
from hdmi_out.osd.words import words_of

_log = logging.getLogger(__name__)

VIEWERS_MAX = 8
"""MJPEG viewers at a time; further ones are refused with 503."""
JPEG_QUALITY = 85
WRITE_SECONDS_MAX = 5.0
"""A viewer that does not take one picture in this time is gone."""
SHUTDOWN_SECONDS_MAX = 0.3
_BOUNDARY = "frame"
_NO_STORE = {"Cache-Control": "no-store", "Cross-Origin-Resource-Policy": "same-origin"}

_PAGE_HEADERS = _NO_STORE | {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
}
_FILES = {"preview.css": "text/css", "preview.js": "text/javascript"}


@web.middleware
async def _guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    """The wall is for this machine: a page elsewhere that resolves its own name to here (DNS rebinding) gets nothing,
    and none may embed the pictures or give orders."""
    host = request.headers.get("Host")
    if not host_is_loopback(host):
        raise web.HTTPMisdirectedRequest(text="This preview answers to the names of this machine's loopback only.")
    if request.method == "POST" and request.headers.get("Origin") != f"http://{host}":
        raise web.HTTPForbidden(text="Orders are taken from the preview's own page only.")
    return await handler(request)


class Preview:
    """A sink that keeps the newest frame for whoever asks over HTTP."""

    def __init__(self, canvas: Canvas, clock: Clock, monitor: Monitor) -> None:
        self._canvas = canvas
        self._clock = clock
        self._monitor = monitor
        self._number = 0
        self._changed = asyncio.Event()
        self._viewers = 0
        self._made: dict[str, tuple[int, asyncio.Future[bytes]]] = {}
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="preview")

    @property
    def name(self) -> str:
        """The sink's name in the status."""
        return "headless"

    @property
    def state(self) -> str:
        """It has no display."""
        return "none"

    def present(self, canvas: Canvas) -> None:
        """Notes that the canvas changed; it is copied when somebody wants to see it."""
        self._number += 1
        self._changed.set()
        self._changed = asyncio.Event()

    @asynccontextmanager
    async def serving(self, host: str, port: int) -> AsyncIterator[int]:
        """Serves; gives the port. Raises StartError if it is taken."""
        app = web.Application(middlewares=[_guard], client_max_size=ORDER_BYTES_MAX)
        app.router.add_get("/", self._page)
        for name in _FILES:
            app.router.add_get(f"/{name}", self._file)
        app.router.add_get("/picture.png", self._picture)
        app.router.add_get("/stream.mjpeg", self._stream)
        app.router.add_get("/v1/status", self._status)
        app.router.add_post("/v1/order", self._order)
        runner = web.AppRunner(
            app, access_log=None, handler_cancellation=True, shutdown_timeout=SHUTDOWN_SECONDS_MAX / 2
        )
        await runner.setup()
        site = web.TCPSite(runner, host, port)
        try:
            try:
                await site.start()
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise StartError(f"the HDMI preview cannot listen on {host}:{port}: {error.strerror}") from None
                raise StartError(
                    f"port {port} on {host} is taken by another program: end it, or change `listen` in the HDMI "
                    f"configuration, or move all ports with --port-base"
                ) from None
            yield int(runner.addresses[0][1])
        finally:
            await runner.cleanup()
            self._worker.shutdown(wait=False, cancel_futures=True)

    async def _page(self, request: web.Request) -> web.Response:
        words = words_of(str(self._monitor.status()["language"]))
        page = Template(_read("preview.html")).substitute(words.preview, lang=words.code)
        return web.Response(text=page, content_type="text/html", headers=_PAGE_HEADERS)

    async def _file(self, request: web.Request) -> web.Response:
        name = request.path[1:]
        return web.Response(text=_read(name), content_type=_FILES[name], headers=_PAGE_HEADERS)

    async def _status(self, request: web.Request) -> web.Response:
        return web.json_response(self._monitor.status(reset=request.query.get("reset") == "1"), headers=_NO_STORE)

    async def _order(self, request: web.Request) -> web.Response:
        if request.content_type != "application/json":
            raise web.HTTPUnsupportedMediaType(text="An order is application/json.")
        answer = carry_out(await request.read(), self._monitor)
        if "error" not in answer:
            answer = answer | {"language": self._monitor.status()["language"]}
        return web.json_response(answer, status=400 if "error" in answer else 200, headers=_NO_STORE)

    async def _picture(self, request: web.Request) -> web.Response:
        return web.Response(body=await self._newest(".png"), content_type="image/png", headers=_NO_STORE)

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        if self._viewers >= VIEWERS_MAX:
            raise web.HTTPServiceUnavailable(text=f"{VIEWERS_MAX} viewers already watch the preview")
        response = web.StreamResponse(
            headers={"Content-Type": f"multipart/x-mixed-replace; boundary={_BOUNDARY}", **_NO_STORE}
        )
        self._viewers += 1
        try:
            await response.prepare(request)
            await response.write(f"--{_BOUNDARY}\r\n".encode())
            while True:
                changed = self._changed
                jpeg = await self._newest(".jpg")
                head = f"Content-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
                async with self._clock.timeout(WRITE_SECONDS_MAX):
                    # browsers show a picture when they see the boundary after it
                    await response.write(head.encode() + jpeg + f"\r\n--{_BOUNDARY}\r\n".encode())
                await changed.wait()
        except (ConnectionError, TimeoutError):
            return response
        finally:
            self._viewers -= 1

    async def _newest(self, extension: str) -> bytes:
        """The newest frame as a file; one that is being made already is waited for, not made again."""
        made = self._made.get(extension)
        if made is None or (made[0] != self._number and made[1].done()):
            loop = asyncio.get_running_loop()
            work = loop.run_in_executor(self._worker, _encode, self._canvas.buffer.copy(), extension)
            made = self._made[extension] = (self._number, work)
        return await asyncio.shield(made[1])


def _read(name: str) -> str:
    return files("hdmi_out.sinks").joinpath(name).read_text(encoding="utf-8")


def _encode(i420: NDArray[np.uint8], extension: str) -> bytes:
    """A frame (I420, ITU-R BT.601) as a picture file."""
    options = [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY] if extension == ".jpg" else []
    done, data = cv2.imencode(extension, cv2.cvtColor(i420, cv2.COLOR_YUV2BGR_I420), options)
    if not done:
        raise RuntimeError(f"OpenCV could not make a {extension} picture")
    return data.tobytes()
