"""A client's session is its own: what becomes of it ends nobody else's."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from typing import Any, cast

import anyio
import uvloop

from camera_sim.rtsp.connection import READY_SECONDS_MAX
from camera_sim.rtsp.server import RtspServer
from camera_sim.rtsp.stream import LiveStream
from gate.clock import SimulatedClock

DESCRIBE = b"DESCRIBE rtsp://127.0.0.1/cam1/main RTSP/1.0\r\nCSeq: 1\r\n\r\n"
OPTIONS = b"OPTIONS rtsp://127.0.0.1/cam1/main RTSP/1.0\r\nCSeq: 1\r\n\r\n"


class NeverReady:
    """A stream whose first picture does not come."""

    account = None
    transports = ("tcp",)
    faults = None

    def __init__(self) -> None:
        self.loop = self
        self.ready = False
        self.asked = asyncio.Event()

    async def wait_ready(self) -> None:
        self.asked.set()
        await asyncio.Event().wait()


def on_uvloop(scenario: Callable[[SimulatedClock, RtspServer, NeverReady], Coroutine[Any, Any, None]]) -> None:
    """Runs a scenario against a server. uvloop, unlike asyncio, raises when a closed transport is written to."""

    async def main() -> None:
        clock, stream = SimulatedClock(datetime(2026, 6, 1, tzinfo=UTC)), NeverReady()
        server = RtspServer({"/cam1/main": cast(LiveStream, stream)}, clock)
        try:
            async with anyio.create_task_group() as tasks:
                await server.start(("127.0.0.1",), 0, tasks)
                await scenario(clock, server, stream)
                tasks.cancel_scope.cancel()
        finally:
            closing = asyncio.create_task(server.close())
            await clock.advance(1)
            await closing

    uvloop.run(main())


def test_a_client_that_leaves_before_the_first_picture_ends_nobody_else() -> None:
    async def scenario(clock: SimulatedClock, server: RtspServer, stream: NeverReady) -> None:
        _, gone = await asyncio.open_connection("127.0.0.1", server.port)
        gone.write(DESCRIBE)
        await stream.asked.wait()
        gone.transport.abort()
        await clock.advance(READY_SECONDS_MAX + 1)
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(OPTIONS)
        assert (await reader.readline()).startswith(b"RTSP/1.0 200")
        writer.close()

    on_uvloop(scenario)


def test_a_client_that_waits_too_long_for_the_first_picture_gets_503() -> None:
    async def scenario(clock: SimulatedClock, server: RtspServer, stream: NeverReady) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(DESCRIBE)
        await stream.asked.wait()
        await clock.advance(READY_SECONDS_MAX + 1)
        assert (await reader.readline()).startswith(b"RTSP/1.0 503")
        writer.close()

    on_uvloop(scenario)


def test_nonsense_while_a_client_waits_is_kept_once_and_refused_in_its_turn() -> None:
    async def scenario(clock: SimulatedClock, server: RtspServer, stream: NeverReady) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(DESCRIBE)
        await stream.asked.wait()
        [connection] = server.connections
        for _ in range(50):
            connection.data_received(b"nonsense\r\n\r\n")
        assert len(connection._inbox) == 2
        await clock.advance(READY_SECONDS_MAX + 1)
        assert (await reader.readline()).startswith(b"RTSP/1.0 503")
        writer.close()

    on_uvloop(scenario)
