"""The recorder's cable to its licence service, which somebody may pull: TCP as it is on a network that is not there.

Pulled, connections break off, and new ones are not answered: what was sent meanwhile arrives when the cable is back,
as with TCP it does, unless who sent it has given up by then.
"""

import asyncio
import contextlib
import errno
import logging
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

from gate.config_fields import split_address
from recorder.errors import RecorderError

CONNECTIONS_MAX = 64
BUFFER_BYTES = 64 << 10

_log = logging.getLogger(__name__)


class Cable:
    """`strands`: by their names, what they lead to (`host:port`, asked for at each connection; ConnectionError where it
    is not there). `ports`: where, on loopback, each begins."""

    def __init__(self, strands: Mapping[str, Callable[[], str]]) -> None:
        self.ports: dict[str, int] = {}
        self._strands = strands
        self._plugged = asyncio.Event()
        self._plugged.set()
        self._connections: set[asyncio.Task[None]] = set()
        self._under_way: set[asyncio.Task[None]] = set()

    @property
    def pulled(self) -> bool:
        """Whether nothing passes now."""
        return not self._plugged.is_set()

    def pull(self) -> None:
        """From now on nothing passes."""
        self._plugged.clear()
        for connection in tuple(self._under_way):
            connection.cancel()

    def put_back(self) -> None:
        """From now on everything passes."""
        self._plugged.set()

    @asynccontextmanager
    async def laid(self) -> AsyncIterator[None]:
        """Lies until the body ends. Raises RecorderError."""
        servers: list[asyncio.Server] = []
        try:
            for name, far in self._strands.items():
                servers.append(await self._begin(name, far))
            yield
        finally:
            for server in servers:
                server.close()
            for connection in self._connections:
                connection.cancel()
            await asyncio.gather(*self._connections, return_exceptions=True)

    async def _begin(self, name: str, far: Callable[[], str]) -> asyncio.Server:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await self._serve(reader, writer, far)

        try:
            near = socket.create_server(("127.0.0.1", 0))
        except OSError as error:
            raise RecorderError(f"no port is free for the recorder's cable: {error.strerror}") from None
        self.ports[name] = near.getsockname()[1]
        return await asyncio.start_server(serve, sock=near, limit=BUFFER_BYTES)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, far: Callable[[], str]) -> None:
        task = asyncio.current_task()
        assert task is not None
        if len(self._connections) >= CONNECTIONS_MAX:
            _log.warning("cable: a connection was refused, %d are open", CONNECTIONS_MAX)
            writer.transport.abort()
            return
        self._connections.add(task)
        try:
            held = await self._until_plugged(reader)
            self._under_way.add(task)
            await _join(reader, writer, *split_address(far()), held)
            writer.close()
        except (OSError, asyncio.CancelledError):
            writer.transport.abort()
        finally:
            self._under_way.discard(task)
            self._connections.discard(task)

    async def _until_plugged(self, reader: asyncio.StreamReader) -> bytes:
        """What was sent meanwhile. Raises OSError where who sent it has gone: nobody keeps a place for the night."""
        held = bytearray()
        if not self.pulled:
            return b""
        plugged, hearing = asyncio.create_task(self._plugged.wait()), asyncio.create_task(_hear(reader, held))
        try:
            await asyncio.wait((plugged, hearing), return_when=asyncio.FIRST_COMPLETED)
            if hearing.done():
                hearing.result()
                await plugged
        finally:
            for task in (plugged, hearing):
                task.cancel()
            await asyncio.gather(plugged, hearing, return_exceptions=True)
        return bytes(held)


async def _hear(source: asyncio.StreamReader, held: bytearray) -> None:
    """Until BUFFER_BYTES are held. Raises OSError at the end of what is sent."""
    while len(held) < BUFFER_BYTES:
        piece = await source.read(BUFFER_BYTES)
        if not piece:
            raise ConnectionError(errno.ECONNRESET, "gave up")
        held += piece


async def _join(near: asyncio.StreamReader, near_out: asyncio.StreamWriter, host: str, port: int, held: bytes) -> None:
    """Carries bytes both ways, those `held` first, until both have ended, or one breaks off."""
    far, far_out = await asyncio.open_connection(host, port, limit=BUFFER_BYTES)
    try:
        far_out.write(held)
        async with asyncio.TaskGroup() as group:
            group.create_task(_carry(near, far_out))
            group.create_task(_carry(far, near_out))
        far_out.close()
    except* OSError as errors:
        raise ConnectionError(errno.ECONNRESET, "broke off") from errors
    finally:
        if not far_out.is_closing():
            far_out.transport.abort()


async def _carry(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    while piece := await source.read(BUFFER_BYTES):
        sink.write(piece)
        await sink.drain()
    with contextlib.suppress(OSError):
        sink.write_eof()
