"""`/relay/{device}/…`: a device's remote site, shown to those who may see it. HTTP with ranges, and WebSockets.

A WebSocket is never refused at the handshake: a page would learn nothing of the reason; it gets `end` with a problem
and a close code, like the recorder's own.
"""

import contextlib
import json
import logging

import aiohttp
import anyio
from aiohttp import web
from yarl import URL

from gate.clock import Clock
from gate.licence.text import Language
from gate.own_origin import origin_is_own
from gate.peer import bound_kernel_buffer, reset
from gate.service.portal.catalogue import choose_language
from gate.service.relay.connections import Connections, DeviceAwayError, DeviceConnection
from gate.service.relay.connector import DeviceConnector
from gate.service.relay.introductions import HEADER, Introductions
from gate.service.relay.problems import close_code_of, problem_response, relay_problem
from gate.service.relay.proxy_rules import (
    DEVICE_HOST,
    METHODS,
    REQUEST_HEADERS,
    RESPONSE_HEADERS,
    VIEW_METHODS,
    is_device,
    is_host,
    page_policy,
    passed,
)
from gate.service.relay.visits import Visit, Visits
from gate.signing.visitor import PersonRole
from gate.uplink.bounded import read_bounded

PREFIX = "/relay"
BODY_BYTES_MAX = 64 << 10
CHUNK_BYTES = 64 << 10
HEAD_SECONDS_MAX = 20.0
"""How long a device may take to begin its answer."""
SEND_SECONDS_MAX = 5.0
"""A visitor that takes nothing for so long is dropped."""
MESSAGE_BYTES_MAX = 16 << 20
VISITOR_MESSAGE_BYTES_MAX = 4096
WRITER_BYTES_MAX = 64 << 10
HEARTBEAT_SECONDS = 20.0
CLOSE_SECONDS = 1.0
REASON_BYTES_MAX = 123

_log = logging.getLogger(__name__)


class RelayProxy:
    """The routes. `close` at the end."""

    def __init__(self, *, connections: Connections, visits: Visits, introductions: Introductions, clock: Clock) -> None:
        self._connections = connections
        self._visits = visits
        self._introductions = introductions
        self._clock = clock
        self._clients: dict[DeviceConnection, aiohttp.ClientSession] = {}

    def add_to(self, app: web.Application) -> None:
        """Adds the routes."""
        app.router.add_get(PREFIX + "/{device}", self._bare, allow_head=False)
        app.router.add_route("*", PREFIX + "/{device}/{path:.*}", self.handle)

    async def close(self) -> None:
        """Ends the clients."""
        for client in self._clients.values():
            await client.close()
        self._clients.clear()

    async def _bare(self, request: web.Request) -> web.StreamResponse:
        raise web.HTTPPermanentRedirect(f"{PREFIX}/{request.match_info['device'][:64]}/")

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Whatever comes for a device."""
        if not _wants_socket(request):
            answer = await self._pass(request, None)
            if isinstance(answer, web.StreamResponse):
                return answer
            assert answer is not None
            return problem_response(relay_problem(answer, _language(request)))
        ws = _socket()
        bound_kernel_buffer(request.transport)
        await ws.prepare(request)
        code = await self._pass(request, ws)
        if isinstance(code, str) and not ws.closed:
            problem = relay_problem(code, _language(request))
            with contextlib.suppress(ConnectionError, TimeoutError):
                async with self._clock.timeout(CLOSE_SECONDS):
                    await ws.send_str(json.dumps({"end": {"problem": problem}}, ensure_ascii=False))
                    await ws.close(code=close_code_of(code), message=code.encode())
        return ws

    async def _pass(self, request: web.Request, ws: web.WebSocketResponse | None) -> web.StreamResponse | str | None:
        """The answer, or the code of the problem that takes its place; None where the socket has had its ending."""
        device = request.match_info["device"]
        visitor = await self._visits.visitor_of(request)
        if visitor is None:
            return "signed_out"
        if request.method not in METHODS:
            return "method_not_allowed"
        if not _origin_fits(request, ws is not None):
            return "origin_refused"
        if not is_device(device):
            return "device_unknown"
        refusal = await self._visits.refusal(visitor, device, request.method)
        if refusal is not None:
            return refusal
        connection = self._connections.of(device)
        if connection is None or not connection.forwards:
            return "device_away"
        with self._visits.under_way(visitor, device) as visit:
            if visit is None:
                return "too_many_connections"
            return await self._visit(request, ws, visit, connection)

    async def _visit(
        self, request: web.Request, ws: web.WebSocketResponse | None, visit: Visit, connection: DeviceConnection
    ) -> web.StreamResponse | str | None:
        response: web.StreamResponse | str | None = None
        try:
            with visit.scope:
                if ws is not None:
                    response = await self._socket(request, ws, visit, connection)
                else:
                    response = await self._http(request, visit, connection)
        except (aiohttp.ClientConnectionError, DeviceAwayError, TimeoutError) as error:
            _log.info("device %s: %s", visit.device, error)
            return self._broken(request, ws, "device_away")
        except aiohttp.ClientError as error:
            _log.warning("device %s: %s", visit.device, error)
            return self._broken(request, ws, "device_misbehaved")
        return self._broken(request, ws, visit.refusal) if visit.refusal is not None else response

    def _broken(self, request: web.Request, ws: web.WebSocketResponse | None, code: str) -> str | None:
        """An answer that has begun cannot say why it ends; it is torn off, so that nobody takes it for whole."""
        if ws is None and request.get(_BEGUN):
            reset(request.transport)
        return code

    def _client(self, connection: DeviceConnection) -> aiohttp.ClientSession:
        for former in [one for one in self._clients if self._connections.of(one.device) is not one]:
            self._clients.pop(former)._connector.close()  # type: ignore[union-attr]
        client = self._clients.get(connection)
        if client is None:
            client = self._clients[connection] = aiohttp.ClientSession(
                connector=DeviceConnector(connection),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=None, sock_read=None),
                skip_auto_headers=("Accept", "Accept-Encoding", "User-Agent"),
            )
        return client

    def _introduction(self, visit: Visit) -> dict[str, str]:
        """The visitor, as the device is told: it judges what that person may do there, and knows whom to note."""
        role: PersonRole = "customer" if visit.visitor.actor.role == "customer" else "shared"
        return {HEADER: self._introductions.by_relay(visit.visitor.name, role, visit.device)}

    async def _http(self, request: web.Request, visit: Visit, connection: DeviceConnection) -> web.StreamResponse | str:
        body = None
        if request.method not in VIEW_METHODS:
            body = await read_bounded(request.content, BODY_BYTES_MAX)
            if body is None:
                return "too_large"
        async with self._clock.timeout(HEAD_SECONDS_MAX):
            asked = await self._client(connection).request(
                request.method,
                _address(request),
                headers=passed(request.headers, REQUEST_HEADERS) | self._introduction(visit),
                data=body,
                allow_redirects=False,
            )
        async with asked:
            if asked.status < 200 or (300 <= asked.status < 400 and asked.status != 304):
                return "device_misbehaved"
            response = web.StreamResponse(status=asked.status, headers=passed(asked.headers, RESPONSE_HEADERS))
            response.headers.update(_policy(request))
            request[_BEGUN] = True
            bound_kernel_buffer(request.transport)
            await response.prepare(request)
            if request.method != "HEAD":
                async for piece in asked.content.iter_chunked(CHUNK_BYTES):
                    async with self._clock.timeout(SEND_SECONDS_MAX):
                        await response.write(piece)
            await response.write_eof()
        return response

    async def _socket(
        self, request: web.Request, ws: web.WebSocketResponse, visit: Visit, connection: DeviceConnection
    ) -> str | None:
        async with self._clock.timeout(HEAD_SECONDS_MAX):
            device = await self._client(connection).ws_connect(
                _address(request),
                headers=passed(request.headers, ("Accept-Language",)) | self._introduction(visit),
                max_msg_size=MESSAGE_BYTES_MAX,
                autoclose=False,
                timeout=aiohttp.ClientWSTimeout(ws_close=CLOSE_SECONDS),
            )
        code: str | None = None
        try:
            async with anyio.create_task_group() as group:
                group.start_soon(_upwards, ws, device, group.cancel_scope)
                code = await self._downwards(request, ws, device, group.cancel_scope)
        finally:
            with anyio.CancelScope(shield=True):
                await device.close()
        return code

    async def _downwards(
        self,
        request: web.Request,
        ws: web.WebSocketResponse,
        device: aiohttp.ClientWebSocketResponse,
        scope: anyio.CancelScope,
    ) -> str | None:
        while True:
            message = await device.receive()
            try:
                async with self._clock.timeout(SEND_SECONDS_MAX):
                    if message.type is aiohttp.WSMsgType.BINARY:
                        await ws.send_bytes(message.data)
                        continue
                    if message.type is aiohttp.WSMsgType.TEXT:
                        await ws.send_str(message.data)
                        continue
                    if message.type is aiohttp.WSMsgType.CLOSE:
                        reason = (message.extra or "").encode()[:REASON_BYTES_MAX]
                        await ws.close(code=message.data or 1000, message=reason)
            except TimeoutError:
                _log.info("device %s: a visitor took nothing and was dropped", request.match_info["device"])
                reset(request.transport)
            except ConnectionError:
                pass  # the visitor is gone
            scope.cancel()
            over = (aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.CLOSING, aiohttp.WSMsgType.ERROR)
            return "device_away" if message.type in over and not ws.closed else None


_BEGUN = web.RequestKey("relay_begun", bool)


async def _upwards(
    ws: web.WebSocketResponse, device: aiohttp.ClientWebSocketResponse, scope: anyio.CancelScope
) -> None:
    async for message in ws:
        if message.type is aiohttp.WSMsgType.TEXT:
            with contextlib.suppress(ConnectionError):
                await device.send_str(message.data)
    scope.cancel()  # the visitor has left


def _socket() -> web.WebSocketResponse:
    return web.WebSocketResponse(
        compress=False,
        heartbeat=HEARTBEAT_SECONDS,
        timeout=CLOSE_SECONDS,
        max_msg_size=VISITOR_MESSAGE_BYTES_MAX,
        writer_limit=WRITER_BYTES_MAX,
    )


def _wants_socket(request: web.Request) -> bool:
    return request.headers.get("Upgrade", "").lower() == "websocket"


def _language(request: web.Request) -> Language:
    return choose_language(
        wishes=(request.query.get("lang"), None), accept_language=request.headers.get("Accept-Language")
    )


def _origin_fits(request: web.Request, upgrades: bool) -> bool:
    """Rule 2 of the recorder's own guard, kept here since the device sees neither Host nor Origin; and what changes
    something or watches must say where it comes from."""
    origin, host = request.headers.get("Origin"), request.headers.get("Host")
    if not is_host(host):
        return False
    guarded = upgrades or request.method not in VIEW_METHODS
    return origin_is_own(origin, host) and not (guarded and origin is None)


def _address(request: web.Request) -> URL:
    raw = request.rel_url.raw_path.removeprefix(f"{PREFIX}/{request.match_info['device']}")
    query = request.rel_url.raw_query_string
    return URL(f"http://{DEVICE_HOST}{raw}" + (f"?{query}" if query else ""), encoded=True)


def _policy(request: web.Request) -> dict[str, str]:
    return page_policy(request.scheme, request.headers["Host"], f"{PREFIX}/{request.match_info['device']}/")
