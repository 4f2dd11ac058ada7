"""The preview: the wall over HTTP on loopback (docs/protocols.md). Where there is no screen, the only sink.

Pictures are made only while somebody looks, in one worker thread, each once for all viewers; a slow viewer skips.
"""

import asyncio
import errno
import logging
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from importlib.resources import files

import cv2
import numpy as np
from aiohttp import web
from aiohttp.typedefs import Handler
from numpy.typing import NDArray

from gate.clock import Clock
from gate.config_fields import host_is_loopback
from hdmi_out.compositor.canvas import Canvas
from hdmi_out.errors import StartError

_log = logging.getLogger(__name__)

VIEWERS_MAX = 8
"""MJPEG viewers at a time; further ones are refused with 503."""
JPEG_QUALITY = 85
WRITE_SECONDS_MAX = 5.0
"""A viewer that does not take one picture in this time is gone."""
SHUTDOWN_SECONDS_MAX = 0.3
_BOUNDARY = "frame"
_NO_STORE = {"Cache-Control": "no-store", "Cross-Origin-Resource-Policy": "same-origin"}

Status = Callable[[bool], dict[str, object]]
"""Makes the object of `/v1/status`; the argument: reset the pauses."""


@web.middleware
async def _guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    """The wall is for this machine: a page elsewhere that resolves its own name to here (DNS rebinding) gets nothing,
    and none may embed the pictures."""
    if not host_is_loopback(request.headers.get("Host")):
        raise web.HTTPMisdirectedRequest(text="This preview answers to the names of this machine's loopback only.")
    return await handler(request)


class Preview:
    """A sink that keeps the newest frame for whoever asks over HTTP."""

    def __init__(self, canvas: Canvas, clock: Clock, status: Status) -> None:
        self._canvas = canvas
        self._clock = clock
        self._status = status
        self._number = 0
        self._changed = asyncio.Event()
        self._viewers = 0
        self._made: dict[str, tuple[int, asyncio.Future[bytes]]] = {}
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="preview")

    @property
    def name(self) -> str:
        """The sink's name in the status."""
        return "headless"

    def present(self, canvas: Canvas) -> None:
        """Notes that the canvas changed; it is copied when somebody wants to see it."""
        self._number += 1
        self._changed.set()
        self._changed = asyncio.Event()

    @asynccontextmanager
    async def serving(self, host: str, port: int) -> AsyncIterator[int]:
        """Serves; gives the port. Raises StartError if it is taken."""
        app = web.Application(middlewares=[_guard])
        app.router.add_get("/", self._page)
        app.router.add_get("/picture.png", self._picture)
        app.router.add_get("/stream.mjpeg", self._stream)
        app.router.add_get("/v1/status", self._status_object)
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
        page = files("hdmi_out.sinks").joinpath("preview.html").read_text(encoding="utf-8")
        return web.Response(text=page, content_type="text/html", headers=_NO_STORE)

    async def _status_object(self, request: web.Request) -> web.Response:
        return web.json_response(self._status(request.query.get("reset") == "1"), headers=_NO_STORE)

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
            while True:
                changed = self._changed
                jpeg = await self._newest(".jpg")
                head = f"--{_BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
                async with self._clock.timeout(WRITE_SECONDS_MAX):
                    await response.write(head.encode() + jpeg + b"\r\n")
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


def _encode(i420: NDArray[np.uint8], extension: str) -> bytes:
    """A frame (I420, ITU-R BT.601) as a picture file."""
    options = [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY] if extension == ".jpg" else []
    done, data = cv2.imencode(extension, cv2.cvtColor(i420, cv2.COLOR_YUV2BGR_I420), options)
    if not done:
        raise RuntimeError(f"OpenCV could not make a {extension} picture")
    return data.tobytes()
