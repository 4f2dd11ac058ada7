"""Listening for HTTP: one socket, a bound on connections, a shutdown that is short."""

import asyncio
import contextlib
import logging
import socket
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

from aiohttp import web

from gate.config_fields import split_address
from gate.service.errors import ListenError

CONNECTIONS_MAX = 512
BACKLOG = 128
KEEPALIVE_SECONDS = 30.0
SHUTDOWN_SECONDS = 0.5

_log = logging.getLogger(__name__)


class _Turn(asyncio.Protocol):
    """Ends a connection beyond the bound."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.write(b"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
        transport.close()


@contextlib.asynccontextmanager
async def serve_http(
    app: web.Application, *, listen: str, certificate: Path | None = None, key: Path | None = None
) -> AsyncIterator[tuple[str, int]]:
    """Serves until the body ends; gives host and port. Raises ListenError, also for certificates that are none."""
    context = _tls(certificate, key) if certificate is not None and key is not None else None
    runner = web.AppRunner(
        app,
        access_log=None,
        handle_signals=False,
        keepalive_timeout=KEEPALIVE_SECONDS,
        shutdown_timeout=SHUTDOWN_SECONDS,
        handler_cancellation=True,
    )
    await runner.setup()
    listening: asyncio.Server | None = None
    try:
        refused = 0

        def protocol() -> asyncio.BaseProtocol:
            nonlocal refused
            server = runner.server
            assert server is not None
            if len(server.connections) < CONNECTIONS_MAX:
                return server()
            refused += 1
            if refused & (refused - 1) == 0:  # 1, 2, 4, 8, …: repeats collapsed
                _log.warning("%d connections refused, %d are open", refused, CONNECTIONS_MAX)
            return _Turn()

        sock = _bound(*split_address(listen))
        listening = await asyncio.get_running_loop().create_server(protocol, sock=sock, ssl=context, backlog=BACKLOG)
        host, port = sock.getsockname()[:2]
        yield host, port
    finally:
        if listening is not None:
            listening.close()
        await runner.cleanup()


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, port))
    except OSError as error:
        sock.close()
        raise ListenError(
            f"cannot listen on {host}:{port}: {error.strerror}; choose another `listen`, or --port-base"
        ) from None
    return sock


def _tls(certificate: Path, key: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(certificate, key)
    except (OSError, ssl.SSLError) as error:
        raise ListenError(f"tls: {certificate} with {key}: {error.strerror or error}") from None
    return context
