"""Listening: a TCP or unix socket of our own, a bound on connections, a shutdown that is short and said aloud."""

import asyncio
import contextlib
import errno
import logging
import socket
import ssl
import stat
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import anyio
from aiohttp import web

from gate.clock import Clock
from gate.config_fields import split_address
from recorder.errors import AddressInUseError, RecorderError

CONNECTIONS_MAX = 256
REQUEST_BYTES_MAX = 64 << 10
KEEPALIVE_SECONDS = 30.0
BACKLOG = 128
SHUTDOWN_SECONDS = 0.5
"""aiohttp takes up to twice this for a handler that will not end."""
CLOSE_SECONDS_MAX = 0.8
"""How long shutdown waits for the pages to take their close frame."""
UNIX_PATH_BYTES_MAX = 107
HANDSHAKE_SECONDS_MAX = 5.0
FAREWELL_SECONDS_MAX = 0.1
"""How long a peer may take to take leave of TLS; a loop that is closed sooner complains of its connections."""

RESTART_CODE, RESTART_REASON = 1012, b"restart"

SOCKETS = web.AppKey("sockets", dict[web.WebSocketResponse, str])
"""Open WebSockets, each with the text that is its farewell (empty: only the close frame)."""

_REFUSAL = (
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/problem+json\r\nCache-Control: no-store\r\n"
    b"Connection: close\r\nContent-Length: %d\r\n\r\n%s"
)
_REFUSAL_BODY = (
    b'{"type": "urn:edge-recorder:problem:too_many_connections", "title": "Too many connections", "status": 503, '
    b'"code": "too_many_connections", "remedy": "Close other views and try again."}'
)

_log = logging.getLogger(__name__)


class _Refuse(asyncio.Protocol):
    """Answers a connection beyond the bound."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        stream = cast(asyncio.Transport, transport)  # uvloop's are none by inheritance
        stream.write(_REFUSAL % (len(_REFUSAL_BODY), _REFUSAL_BODY))
        stream.close()


class _CappedSite(web.BaseSite):
    """A site on a socket that is bound already; connections beyond the bound are refused and counted."""

    __slots__ = ("_connections_max", "_refused", "_sock", "_tls", "_where")

    def __init__(
        self,
        runner: web.AppRunner,
        sock: socket.socket,
        where: str,
        connections_max: int,
        tls: ssl.SSLContext | None,
    ) -> None:
        super().__init__(runner, backlog=BACKLOG)
        self._tls: dict[str, Any] = {}
        if tls is not None:
            self._tls = {
                "ssl": tls,
                "ssl_handshake_timeout": HANDSHAKE_SECONDS_MAX,
                "ssl_shutdown_timeout": FAREWELL_SECONDS_MAX,
            }
        self._sock = sock
        self._where = where
        self._connections_max = connections_max
        self._refused = 0

    @property
    def name(self) -> str:
        return self._where

    async def start(self) -> None:
        await super().start()
        loop = asyncio.get_running_loop()
        listen = loop.create_unix_server if self._sock.family == socket.AF_UNIX else loop.create_server
        self._server = await listen(self._protocol, sock=self._sock, backlog=self._backlog, **self._tls)

    def _protocol(self) -> asyncio.BaseProtocol:
        server = self._runner.server
        assert server is not None
        if len(server.connections) < self._connections_max:
            return server()
        self._refused += 1
        if self._refused & (self._refused - 1) == 0:  # 1, 2, 4, 8, …: repeats collapsed
            _log.warning("%s: %d connections refused, %d are open", self._where, self._refused, self._connections_max)
        return _Refuse()


@dataclass(frozen=True, slots=True, kw_only=True)
class Front:
    """`address`: where it truly listens; None: nowhere. `accept` serves a socket that has come another way; it raises
    ConnectionError where too many are open. `rtsp_url`: where its cameras are to be had over RTSP; empty: nowhere."""

    address: tuple[str, int] | None
    accept: Callable[[socket.socket], Awaitable[None]]
    rtsp_url: str = ""
    encrypted: bool = False
    origins: tuple[str, ...] = ()
    """Of its pages, as browsers on the same network know them."""

    @property
    def url(self) -> str:
        """Of the place where it listens; empty for nowhere."""
        if self.address is None:
            return ""
        host, port = self.address
        return f"{'https' if self.encrypted else 'http'}://{f'[{host}]' if ':' in host else host}:{port}/"

    @property
    def addresses(self) -> dict[str, str]:
        """Of all places where it listens, by their names in tables."""
        named = {"remote": self.url, "restream": self.rtsp_url}
        return {name: url for name, url in named.items() if url}


@contextlib.asynccontextmanager
async def serve_tcp(
    app: web.Application,
    *,
    listen: str | None,
    clock: Clock,
    connections_max: int = CONNECTIONS_MAX,
    tls: ssl.SSLContext | None = None,
    setting: str = "remote.listen",
) -> AsyncIterator[Front]:
    """Serves on `host:port` (port 0 picks one), or, with None, only what is handed to it; that comes without TLS, as
    what brought it is encrypted. `setting` says it. Raises RecorderError."""
    sock = bind_tcp(listen, setting) if listen is not None else None
    bound = sock.getsockname() if sock is not None else None
    where = f"{'http' if tls is None else 'https'}://{listen}"
    async with _serve(app, sock, where, clock, connections_max, tls) as runner:

        async def accept(came: socket.socket) -> None:
            server = runner.server
            if server is None or len(server.connections) >= connections_max:
                raise ConnectionError(f"{connections_max} connections are open")
            await asyncio.get_running_loop().connect_accepted_socket(server, came)

        address = (bound[0], bound[1]) if bound is not None else None
        yield Front(address=address, accept=accept, encrypted=tls is not None)


@contextlib.asynccontextmanager
async def serve_unix(
    app: web.Application, *, path: Path, clock: Clock, connections_max: int = CONNECTIONS_MAX
) -> AsyncIterator[Path]:
    """Serves on a unix socket of mode 0600. A socket left by a dead process is replaced; a living one's is not
    (AddressInUseError). The file is removed at the end."""
    sock = _unix_socket(path)
    inode = _inode(path)
    try:
        async with _serve(app, sock, str(path), clock, connections_max):
            yield path
    finally:
        if _inode(path) == inode:
            _remove(path)


@contextlib.asynccontextmanager
async def _serve(
    app: web.Application,
    sock: socket.socket | None,
    where: str,
    clock: Clock,
    connections_max: int,
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[web.AppRunner]:
    sockets: dict[web.WebSocketResponse, str] = {}
    app[SOCKETS] = sockets

    async def close_sockets(_: web.Application) -> None:
        with contextlib.suppress(TimeoutError):
            async with clock.timeout(CLOSE_SECONDS_MAX), anyio.create_task_group() as group:
                for ws, farewell in dict(sockets).items():
                    group.start_soon(_close, ws, farewell)

    app.on_shutdown.append(close_sockets)
    runner = web.AppRunner(
        app,
        handler_cancellation=True,
        shutdown_timeout=SHUTDOWN_SECONDS,
        keepalive_timeout=KEEPALIVE_SECONDS,
        access_log=None,
    )
    try:
        await runner.setup()
        if sock is not None:
            await _CappedSite(runner, sock, where, connections_max, tls).start()
            _log.info("listening on %s", where)
        yield runner
    finally:
        with anyio.CancelScope(shield=True):
            await runner.cleanup()
            if tls is not None:
                await clock.sleep(2 * FAREWELL_SECONDS_MAX)
        if sock is not None:
            sock.close()


async def _close(ws: web.WebSocketResponse, farewell: str) -> None:
    with contextlib.suppress(ConnectionError):
        if farewell:
            await ws.send_str(farewell)
        await ws.close(code=RESTART_CODE, message=RESTART_REASON, drain=False)


def bind_tcp(listen: str, field: str) -> socket.socket:
    """A socket on `host:port`. `field`: of the configuration, for the error. Raises RecorderError."""
    host, port = split_address(listen)
    sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, port))
        sock.setblocking(False)
    except OSError as error:
        sock.close()
        if error.errno == errno.EADDRINUSE:
            raise AddressInUseError(
                f"port {port} on {host} is taken by another program: end that program, or choose another {field}"
            ) from None
        raise RecorderError(f"cannot listen on {host}:{port}: {error.strerror}") from None
    return sock


def _unix_socket(path: Path) -> socket.socket:
    if len(bytes(path)) > UNIX_PATH_BYTES_MAX:
        raise RecorderError(f"{path}: longer than {UNIX_PATH_BYTES_MAX} bytes, choose a shorter local.socket")
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove_stale(path)
        sock.bind(str(path))
        path.chmod(0o600)  # before listen(): until then nobody can connect
        sock.setblocking(False)
    except OSError as error:
        sock.close()
        raise RecorderError(f"cannot listen on {path}: {error.strerror}") from None
    except RecorderError:
        sock.close()
        raise
    return sock


def _inode(path: Path) -> int | None:
    try:
        return path.stat().st_ino
    except OSError:
        return None


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink()


def _remove_stale(path: Path) -> None:
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise RecorderError(f"{path} is no socket and is not replaced: move it away or choose another local.socket")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink()
            return
        except BlockingIOError:  # its queue of connections is full: alive
            pass
    raise AddressInUseError(f"{path} is in use by another recorder: end it first, or choose another local.socket")
