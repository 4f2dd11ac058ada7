"""The HTTP side of a fleet's cameras: one server, an address for each camera."""

import contextlib
import errno
import logging
import socket
import struct
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware

from camera_sim.errors import ListenError, SoapFaultError
from camera_sim.faults.services import Troubles
from camera_sim.onvif import dispatcher
from camera_sim.onvif.answers import fault_envelope
from camera_sim.onvif.camera import OnvifCamera
from camera_sim.onvif.soap import BODY_BYTES_MAX, malformed
from camera_sim.sd_card import pages
from gate.clock import Clock
from gate.config_fields import host_is_loopback

REQUESTS_MAX = 64
"""Requests under way at one camera, pulls included; more are refused with 503."""
BODY_SECONDS_MAX = 10.0
SILENCE_SECONDS_MAX = 60.0
"""How long a camera that says nothing keeps a connection."""
SERVER = "camera-simulator"
_SHUTDOWN_SECONDS = 0.5
_SOAP = "application/soap+xml"
_TYPES = (_SOAP, "text/xml")
"""A page of another site can send neither without asking first."""

_log = logging.getLogger(__name__)


class OnvifServer:
    """`cameras` by address, filled in once the ports are known."""

    def __init__(self, troubles: Troubles, clock: Clock) -> None:
        self.cameras: dict[str, OnvifCamera] = {}
        self._troubles = troubles
        self._clock = clock
        self._under_way: dict[str, list[web.Request]] = {}
        self.refused = 0

    def reset(self, camera: OnvifCamera) -> None:
        """Cuts whoever waits for an answer of that camera."""
        for request in self._under_way.get(camera.identity.id, ()):
            _reset(request)

    @asynccontextmanager
    async def listening(self, sockets: Sequence[socket.socket]) -> AsyncIterator[None]:
        """Serves while the body runs, at sockets of `open_sockets`."""
        app = web.Application(middlewares=[self._guard], client_max_size=BODY_BYTES_MAX)
        app.on_response_prepare.append(_sign)
        app.add_routes(
            [
                *(web.post(path, self._soap) for path in dispatcher.PATHS),
                web.post("/onvif/subscription/{token}", self._soap),
                web.get("/onvif/snapshot/{profile}.jpg", self._snapshot, allow_head=False),
                web.get("/sd/files", self._card, allow_head=False),
                web.get("/sd/files/{path:.+}", self._card, allow_head=False),
            ]
        )
        runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=_SHUTDOWN_SECONDS)
        await runner.setup()
        try:
            for one in sockets:
                await web.SockSite(runner, one).start()
            yield
        finally:
            await runner.cleanup()

    async def _soap(self, request: web.Request) -> web.StreamResponse:
        camera = self._camera(request)
        if request.content_type not in _TYPES:
            return _fault(415, malformed(f"{_SOAP} is wanted"))
        try:
            async with self._clock.timeout(BODY_SECONDS_MAX):
                body = await request.read()
        except web.HTTPRequestEntityTooLarge:
            return _fault(413, malformed(f"more than {BODY_BYTES_MAX} bytes"))
        except TimeoutError:
            _reset(request)
            return web.Response()
        found = await dispatcher.answer(camera, _asked(request, body))
        return _http(found)

    async def _snapshot(self, request: web.Request) -> web.StreamResponse:
        camera = self._camera(request)
        if (refused := _refusal(camera, request)) is not None:
            return refused
        profile = camera.profile(request.match_info["profile"])
        jpeg = None if profile is None else await camera.snapshot(profile)
        if jpeg is None:
            return web.Response(status=404 if profile is None else 503)
        return web.Response(body=jpeg, content_type="image/jpeg", headers={"Cache-Control": "no-store"})

    async def _card(self, request: web.Request) -> web.StreamResponse:
        camera = self._camera(request)
        if (refused := _refusal(camera, request)) is not None:
            return refused
        path = request.match_info.get("path")
        return await (pages.listing(camera.card, camera.now) if path is None else pages.file(camera.card, path))

    @property
    def _guard(self) -> Middleware:
        @web.middleware
        async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
            if _address(request) not in self.cameras or not host_is_loopback(request.host):
                return web.Response(status=421)
            camera = self._camera(request)
            with self._counted(camera.identity.id, request) as welcome:
                if not welcome:
                    self.refused += 1
                    _log.warning("camera %s: refused, %s requests are under way", camera.identity.id, REQUESTS_MAX)
                    return web.Response(status=503)
                return await self._answer(camera, request, handler)

        return guard

    async def _answer(self, camera: OnvifCamera, request: web.Request, handler: Handler) -> web.StreamResponse:
        trouble = self._troubles.of(camera.identity.id)
        if trouble is None:
            return await handler(request)
        await self._clock.sleep(trouble.delay_seconds)
        if trouble.silent:
            await self._clock.sleep(SILENCE_SECONDS_MAX)
        if trouble.silent or trouble.cut:
            _reset(request)
            return web.Response()
        response = await handler(request)
        if trouble.nonce_once and hdrs.AUTHORIZATION in request.headers and response.status != 401:
            camera.login.renew()
        return response

    @contextmanager
    def _counted(self, camera: str, request: web.Request) -> Iterator[bool]:
        under_way = self._under_way.setdefault(camera, [])
        if len(under_way) >= REQUESTS_MAX:
            yield False
            return
        under_way.append(request)
        try:
            yield True
        finally:
            under_way.remove(request)

    def _camera(self, request: web.Request) -> OnvifCamera:
        return self.cameras[_address(request)]


def open_sockets(hosts: Sequence[str], port: int) -> list[socket.socket]:
    """Listening sockets, all with one port (0: any free one). Raises ListenError."""
    sockets: list[socket.socket] = []
    with contextlib.ExitStack() as opened:
        for host in hosts:
            try:
                family = socket.AF_INET6 if ":" in host else socket.AF_INET
                one = opened.enter_context(socket.create_server((host, port), family=family))
            except OSError as error:
                taken = error.errno == errno.EADDRINUSE
                reason = "another program listens there already" if taken else error.strerror
                raise ListenError(
                    f"cannot listen on {host}:{port}: {reason}; end it, or choose other ports with --port-base"
                ) from None
            port = int(one.getsockname()[1])
            sockets.append(one)
        opened.pop_all()
    return sockets


async def _sign(_request: web.Request, response: web.StreamResponse) -> None:
    response.headers[hdrs.SERVER] = SERVER


def _address(request: web.Request) -> str:
    transport = request.transport
    name = None if transport is None else transport.get_extra_info("sockname")
    return str(name[0]) if name else ""


def _asked(request: web.Request, body: bytes) -> dispatcher.Request:
    return dispatcher.Request(
        path=request.path,
        token=request.match_info.get("token"),
        authorization=request.headers.get(hdrs.AUTHORIZATION),
        body=body,
    )


def _refusal(camera: OnvifCamera, request: web.Request) -> web.Response | None:
    """For whoever may not read what is no SOAP."""
    refused = dispatcher.judge(camera, _asked(request, b""), None)
    if refused is None:
        return None
    response = web.Response(status=401)
    response.headers.extend((hdrs.WWW_AUTHENTICATE, value) for value in dispatcher.challenges(camera, refused))
    return response


def _http(found: dispatcher.Response) -> web.Response:
    response = web.Response(status=found.status, body=found.body, content_type=_SOAP, charset="utf-8")
    response.headers.extend((hdrs.WWW_AUTHENTICATE, value) for value in found.challenges)
    return response


def _fault(status: int, fault: SoapFaultError) -> web.Response:
    return _http(dispatcher.Response(status=status, body=fault_envelope(fault)))


def _reset(request: web.Request) -> None:
    """Ends the connection so that the client sees a reset."""
    if request.transport is not None:
        connection = request.transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        request.transport.abort()
