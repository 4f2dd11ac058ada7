"""Listening for RTSP: a bound on connections, and an end of all of them."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from typing import cast

from recorder.remote.restream.connection import READ_BYTES, Connection
from recorder.remote.restream.door import Door
from recorder.remote.restream.requests import answer
from recorder.web.served import Served
from recorder.web.server import BACKLOG, bind_tcp
from recorder.web.viewers import Viewers

CONNECTIONS_MAX = 128
"""More than may watch: whoever is refused is told why."""

_log = logging.getLogger(__name__)


class _Refuse(asyncio.Protocol):
    """Answers a connection beyond the bound."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        stream = cast(asyncio.Transport, transport)  # uvloop's are none by inheritance
        stream.write(answer(503, None))
        stream.close()


class _Listener:
    """`tasks`: one for each connection."""

    def __init__(self, served: Served, viewers: Viewers, connections_max: int) -> None:
        self._served = served
        self._viewers = viewers
        self._door = Door(served.access)
        self._connections_max = connections_max
        self._refused = 0
        self.tasks: set[asyncio.Task[None]] = set()

    def protocol(self) -> asyncio.BaseProtocol:
        """Of the next connection."""
        if len(self.tasks) < self._connections_max:
            return asyncio.StreamReaderProtocol(asyncio.StreamReader(limit=READ_BYTES), self._connected)
        self._refused += 1
        if self._refused & (self._refused - 1) == 0:  # 1, 2, 4, 8, …: repeats collapsed
            _log.warning("rtsp: %d connections refused, %d are open", self._refused, self._connections_max)
        return _Refuse()

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = Connection(
            served=self._served, viewers=self._viewers, door=self._door, reader=reader, writer=writer
        )
        task = asyncio.get_running_loop().create_task(connection.run(), name="rtsp client")
        self.tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self.tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("rtsp: a connection failed", exc_info=error)


@contextlib.asynccontextmanager
async def serve_restream(
    served: Served,
    viewers: Viewers,
    *,
    listen: str,
    connections_max: int = CONNECTIONS_MAX,
) -> AsyncIterator[str]:
    """Serves on `host:port` (port 0 picks one), whose address it gives. Raises RecorderError."""
    sock = bind_tcp(listen, "remote.rtsp.listen")
    listener = _Listener(served, viewers, connections_max)
    host, port = sock.getsockname()[:2]
    server = await asyncio.get_running_loop().create_server(listener.protocol, sock=sock, backlog=BACKLOG)
    url = f"rtsp://[{host}]:{port}/" if ":" in host else f"rtsp://{host}:{port}/"
    _log.info("listening on %s", url)
    try:
        yield url
    finally:
        server.close()
        tasks = list(listener.tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
