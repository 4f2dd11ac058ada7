"""The monitor's own unix socket: orders as lines of JSON, an answer to each (docs/protocols.md)."""

import asyncio
import contextlib
import json
import logging
import os
import socket
from collections.abc import AsyncIterator
from pathlib import Path

from gate.clock import Clock
from hdmi_out.errors import StartError
from hdmi_out.orders import ORDER_BYTES_MAX, Monitor, carry_out

CLIENTS_MAX = 8
IDLE_SECONDS_MAX = 300.0
"""A client that says nothing for this long is let go."""
WRITE_SECONDS_MAX = 5.0

_log = logging.getLogger(__name__)


class Control:
    """Serves orders to whoever may open the socket: this user's programs."""

    def __init__(self, monitor: Monitor, clock: Clock) -> None:
        self._monitor = monitor
        self._clock = clock
        self._clients: set[asyncio.Task[None]] = set()

    @contextlib.asynccontextmanager
    async def serving(self, path: Path) -> AsyncIterator[bool]:
        """Serves on a socket of mode 0600; False where another monitor serves there already: it is left alone. Raises
        StartError where there can be no socket."""
        sock = _bound(path)
        if sock is None:
            yield False
            return
        inode = _inode(path)
        server = await asyncio.start_unix_server(self._accept, sock=sock, limit=ORDER_BYTES_MAX)
        try:
            yield True
        finally:
            server.close()
            for client in self._clients:
                client.cancel()
            await asyncio.gather(*self._clients, return_exceptions=True)
            if _inode(path) == inode:
                _remove(path)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._clients.add(task)
        try:
            if len(self._clients) > CLIENTS_MAX:
                await self._say(writer, {"error": f"{CLIENTS_MAX} programs already give orders to this monitor"})
                return
            while line := await self._line(reader):
                await self._say(writer, carry_out(line, self._monitor))
        except (ConnectionError, TimeoutError):
            pass
        except ValueError:
            await self._say(writer, {"error": f"an order has at most {ORDER_BYTES_MAX} bytes"})
        finally:
            self._clients.discard(task)
            writer.close()

    async def _line(self, reader: asyncio.StreamReader) -> bytes:
        async with self._clock.timeout(IDLE_SECONDS_MAX):
            return await reader.readline()

    async def _say(self, writer: asyncio.StreamWriter, answer: dict[str, object]) -> None:
        writer.write(json.dumps(answer, ensure_ascii=False).encode() + b"\n")
        with contextlib.suppress(ConnectionError):
            async with self._clock.timeout(WRITE_SECONDS_MAX):
                await writer.drain()


def _bound(path: Path) -> socket.socket | None:
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_socket():
            if _is_served(path):
                _log.warning("another monitor takes orders at %s; this one takes none", path)
                sock.close()
                return None
            path.unlink()
        before = os.umask(0o177)
        try:
            sock.bind(str(path))
        finally:
            os.umask(before)
    except OSError as error:
        sock.close()
        raise StartError(f"the HDMI monitor cannot listen at {path}: {error.strerror or error}") from None
    return sock


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink()


def _inode(path: Path) -> int | None:
    try:
        return path.stat().st_ino
    except OSError:
        return None


def _is_served(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1)
        try:
            probe.connect(str(path))
        except OSError:
            return False
        return True
