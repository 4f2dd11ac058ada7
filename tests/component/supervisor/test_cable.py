"""The recorder's cable: bytes as they are, nothing while it is pulled, everything when it is back."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from gate.clock import SystemClock
from recorder.supervisor.cable import CONNECTIONS_MAX, Cable

SECONDS_MAX = 10.0


@pytest_asyncio.fixture
async def echo() -> AsyncIterator[int]:
    """A server that gives back whatever it gets; its port."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while piece := await reader.read(1 << 16):
                writer.write(piece)
                await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


@pytest_asyncio.fixture
async def cable(echo: int) -> AsyncIterator[Cable]:
    laid = Cable({"portal": lambda: f"127.0.0.1:{echo}"})
    async with laid.laid():
        yield laid


async def connect(cable: Cable) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", cable.ports["portal"])


async def test_bytes_pass_whole_and_the_end_with_them(cable: Cable) -> None:
    reader, writer = await connect(cable)
    sent = bytes(range(256)) * 4000

    async def send() -> None:
        writer.write(sent)
        await writer.drain()
        writer.write_eof()

    _, heard = await asyncio.gather(send(), reader.read())
    assert heard == sent
    writer.close()


async def test_pulled_it_breaks_what_is_under_way_off(cable: Cable) -> None:
    reader, writer = await connect(cable)
    writer.write(b"a")
    assert await reader.read(1) == b"a"
    cable.pull()
    with contextlib.suppress(ConnectionError):
        assert await reader.read(1) == b""
    assert cable.pulled
    writer.close()


async def test_what_is_sent_while_it_is_pulled_arrives_when_it_is_back(cable: Cable) -> None:
    cable.pull()
    reader, writer = await connect(cable)
    writer.write(b"hello")
    clock = SystemClock()
    with pytest.raises(TimeoutError):
        async with clock.timeout(0.05):
            await reader.read(1)
    cable.put_back()
    async with clock.timeout(SECONDS_MAX):
        assert await reader.readexactly(5) == b"hello"
    writer.close()
    clock.close()


async def test_beyond_its_bound_a_connection_is_refused_and_the_others_go_on(cable: Cable) -> None:
    cable.pull()
    open_ones = [await connect(cable) for _ in range(CONNECTIONS_MAX)]
    reader, writer = await connect(cable)
    with contextlib.suppress(ConnectionError):
        assert await reader.read(1) == b""
    cable.put_back()
    open_ones[0][1].write(b"x")
    assert await open_ones[0][0].read(1) == b"x"
    for _, one in (*open_ones, (reader, writer)):
        one.close()


async def test_who_gives_up_while_it_is_pulled_takes_no_room_from_those_who_come_later(cable: Cable) -> None:
    """A recorder whose cable is pulled overnight tries again and again."""
    cable.pull()
    for _ in range(CONNECTIONS_MAX + 1):
        reader, writer = await connect(cable)
        writer.write(b"GET / HTTP/1.1")
        writer.write_eof()
        with contextlib.suppress(OSError):
            async with SystemClock().timeout(SECONDS_MAX):
                assert await reader.read() == b""
        writer.close()
    reader, writer = await connect(cable)
    writer.write(b"at last")
    cable.put_back()
    async with SystemClock().timeout(SECONDS_MAX):
        assert await reader.readexactly(7) == b"at last"
    writer.close()


async def test_a_far_end_that_is_not_there_breaks_off() -> None:
    def nowhere() -> str:
        raise ConnectionError("not up")

    cable = Cable({"relay": nowhere})
    async with cable.laid():
        reader, writer = await asyncio.open_connection("127.0.0.1", cable.ports["relay"])
        with contextlib.suppress(ConnectionError):
            assert await reader.read(1) == b""
        writer.close()
