"""The listening side: accepts, counts, sweeps and ends connections."""

import asyncio
import errno
import logging
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any

import anyio.abc

from camera_sim.errors import ListenError
from camera_sim.rtsp.connection import Connection
from camera_sim.rtsp.responder import SESSION_SECONDS
from camera_sim.rtsp.stream import LiveStream
from gate.clock import Clock

_log = logging.getLogger(__name__)

CONNECTIONS_MAX = 256
_SWEEP_SECONDS = 5.0
_GRACE_SECONDS = 5.0
"""A client that keeps alive exactly every timeout is not cut for a slow packet."""
_FAREWELL_SECONDS = 0.3


class RtspServer:
    """Serves streams by path (`/cam1/main`). `start` listens, `run` sweeps for ever, `close` ends everything."""

    def __init__(self, streams: Mapping[str, LiveStream], clock: Clock) -> None:
        self._streams = streams
        self._clock = clock
        self.connections: set[Connection] = set()
        self._closing = False
        self._empty = asyncio.Event()
        self.refused = 0
        self.port = 0
        self._listeners: list[asyncio.Server] = []

    async def start(self, hosts: Sequence[str], port: int, tasks: anyio.abc.TaskGroup) -> None:
        """Listens at each host, with one port for all (0: any free one). Raises ListenError."""

        async def guarded(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
            try:
                await work()
            except Exception:  # a defect in one client's session must not end the others'
                _log.exception("a session ended by a defect")

        def spawn(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
            if not self._closing:
                tasks.start_soon(guarded, work)

        def connection() -> Connection:
            return Connection(self._streams, self._clock, spawn, self._opened, self._closed)

        self._factory, self._hosts = connection, tuple(dict.fromkeys(hosts))
        await self._listen(port)

    def refuse(self) -> None:
        """Listens no more: whoever connects is refused by the kernel."""
        for listener in self._listeners:
            listener.close()
        self._listeners.clear()

    async def accept(self) -> None:
        """Listens again. Raises ListenError."""
        if not self._closing:
            await self._listen(self.port)

    async def _listen(self, port: int) -> None:
        for host in self._hosts:
            try:
                listener = await asyncio.get_running_loop().create_server(
                    self._factory, host, port, backlog=CONNECTIONS_MAX
                )
            except OSError as error:
                self.refuse()
                reason = "another program listens there already" if error.errno == errno.EADDRINUSE else error.strerror
                raise ListenError(
                    f"cannot listen on {host}:{port}: {reason}; end it, or choose other ports with --port-base"
                ) from None
            self._listeners.append(listener)
            port = int(listener.sockets[0].getsockname()[1])
        self.port = port

    async def run(self) -> None:
        """Closes connections whose client has been silent for longer than the session's timeout."""
        while True:
            await self._clock.sleep(_SWEEP_SECONDS)
            limit_ns = self._clock.monotonic_ns() - round((SESSION_SECONDS + _GRACE_SECONDS) * 1e9)
            for connection in [other for other in self.connections if other.heard_ns < limit_ns]:
                _log.info("%s: silent for more than %s s; closed", connection.peer, SESSION_SECONDS)
                connection.abort()

    async def close(self) -> None:
        """Stops listening and ends every connection, within a third of a second."""
        self._closing = True
        self.refuse()
        for connection in tuple(self.connections):
            connection.close()
        try:
            async with self._clock.timeout(_FAREWELL_SECONDS):
                while self.connections:
                    self._empty.clear()
                    await self._empty.wait()
        except TimeoutError:
            for connection in tuple(self.connections):
                connection.abort()

    def _opened(self, connection: Connection) -> bool:
        if len(self.connections) >= CONNECTIONS_MAX:
            self.refused += 1
            _log.warning(
                "%s: refused, %s connections already (%s refused)", connection.peer, CONNECTIONS_MAX, self.refused
            )
            return False
        self.connections.add(connection)
        return True

    def _closed(self, connection: Connection) -> None:
        self.connections.discard(connection)
        if not self.connections:
            self._empty.set()
