"""The server among many clients: slow, rude, silent, too many; and its end."""

import asyncio
import socket
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from itertools import pairwise

import pytest

from camera_sim.config import FleetConfig
from camera_sim.errors import ListenError
from camera_sim.fleet import Fleet, serve
from camera_sim.rtsp import connection, delivery, server
from gate.clock import SimulatedClock, SystemClock
from tests.component.camera_sim.conftest import GOP, READY_SECONDS
from tests.component.camera_sim.raw_client import RawClient, connected


async def test_pipelined_requests_are_answered_in_order(fleet: Fleet, clock: SystemClock) -> None:
    async with connected(fleet.port, clock) as client:
        url = f"{client.base}/cam1/main"
        for number, method in ((1, "OPTIONS"), (2, "DESCRIBE"), (3, "FETCH"), (4, "OPTIONS")):
            client.writer.write(f"{method} {url} RTSP/1.0\r\nCSeq: {number}\r\n\r\n$\1\0\0".encode())
        answers = [await client.answer() for _ in range(4)]
    assert [(answer.headers["cseq"], answer.status) for answer in answers] == [
        ("1", 200),
        ("2", 200),
        ("3", 501),
        ("4", 200),
    ]
    assert answers[1].headers["content-base"] == url + "/"


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"\x00\x01\x02\r\n\r\n", 400),
        (b"OPTIONS * RTSP/1.0\r\nbroken\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 505),
        (b"X" * 10_000, 413),
    ],
)
async def test_a_malformed_request_is_answered_and_harms_nobody_else(
    fleet: Fleet, clock: SystemClock, data: bytes, status: int
) -> None:
    async with connected(fleet.port, clock) as good, connected(fleet.port, clock) as bad:
        await good.play("/cam1/main")
        first = (await good.picture()).mark.n
        bad.writer.write(data)
        assert (await bad.answer()).status == status
        assert await bad.rest() == b""
        numbers = [(await good.picture()).mark.n for _ in range(5)]
    assert numbers == list(range(first + 1, first + 6))


async def test_a_slow_client_loses_pictures_up_to_a_key_frame_and_delays_nobody(
    fleet: Fleet, clock: SystemClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "QUEUE_BYTES_MAX", 3_000)
    monkeypatch.setattr(connection, "KERNEL_BUFFER_BYTES", 2_048)
    narrow = socket.socket()
    narrow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2_048)
    narrow.setblocking(False)
    await asyncio.get_running_loop().sock_connect(narrow, ("127.0.0.1", fleet.port))
    reader, writer = await asyncio.open_connection(sock=narrow, limit=2_048)
    slow = RawClient(reader, writer, f"rtsp://127.0.0.1:{fleet.port}", clock)
    async with connected(fleet.port, clock) as good:
        await good.play("/cam1/main")
        await slow.play("/cam1/main")
        numbers = []
        while len(numbers) < GOP + 5:
            numbers.append((await good.picture()).mark.n)
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
        received = [await slow.picture()]
        while not (gaps := [b for a, b in pairwise(received) if b.mark.n != a.mark.n + 1]):
            received.append(await slow.picture())
    writer.close()
    assert gaps[0].key
    sequences = [number for picture in received for number in picture.sequences]
    assert sequences == [(sequences[0] + k) % 65536 for k in range(len(sequences))]


async def test_connections_are_capped(fleet: Fleet, clock: SystemClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "CONNECTIONS_MAX", 2)
    async with AsyncExitStack() as stack:
        for _ in range(2):
            client = await stack.enter_async_context(connected(fleet.port, clock))
            assert (await client.ask("OPTIONS", "")).status == 200
        refused = await stack.enter_async_context(connected(fleet.port, clock))
        assert (await refused.answer()).status == 503
        assert await refused.rest() == b""


async def test_teardown_ends_the_stream_with_a_goodbye(fleet: Fleet, clock: SystemClock) -> None:
    async with connected(fleet.port, clock) as client:
        await client.play("/cam1/main")
        await client.picture()
        assert (await client.ask("TEARDOWN", "/cam1/main")).status == 200
        client.session = ""
        assert (await client.ask("OPTIONS", "")).status == 200
    assert client.reports[-1][8:10] == b"\x81\xcb"
    assert fleet.streams["/cam1/main"].receivers == 0


async def test_a_client_that_vanishes_is_forgotten(fleet: Fleet, clock: SystemClock) -> None:
    async with connected(fleet.port, clock) as client, connected(fleet.port, clock) as other:
        await other.play("/cam1/main")
        await client.play("/cam1/main")
        await client.picture()
        client.writer.transport.abort()
        while fleet.streams["/cam1/main"].receivers > 1:
            await other.picture()


async def test_the_end_says_goodbye_and_takes_less_than_a_second(
    config: FleetConfig, fleet: Fleet, clock: SystemClock
) -> None:
    del fleet  # only its clips
    async with AsyncExitStack() as stack:
        async with serve(config, clock) as ending:
            client = await stack.enter_async_context(connected(ending.port, clock))
            await client.play("/cam1/main")
            await client.picture()
            began_ns = clock.monotonic_ns()
        assert clock.monotonic_ns() - began_ns < 1_000_000_000
        assert b"\x81\xcb\x00\x01" in await client.rest()


async def test_a_silent_client_is_closed_after_the_sessions_timeout(config: FleetConfig, fleet: Fleet) -> None:
    del fleet  # only its clips
    simulated, real = SimulatedClock(datetime(2026, 4, 1, tzinfo=UTC)), SystemClock()
    async with serve(config, simulated) as other, connected(other.port, real) as client:
        assert (await client.ask("OPTIONS", "")).status == 200
        await simulated.advance(59)
        assert (await client.ask("OPTIONS", "")).status == 200
        await simulated.advance(59)
        assert (await client.ask("OPTIONS", "")).status == 200
        await simulated.advance(75)
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await client.ask("OPTIONS", "")
    real.close()


async def test_a_taken_port_is_one_sentence(config: FleetConfig, fleet: Fleet, clock: SystemClock) -> None:
    taken = config.model_copy(update={"rtsp": config.rtsp.model_copy(update={"listen": f"127.0.0.1:{fleet.port}"})})
    with pytest.raises(ListenError, match="another program listens there already"):
        async with serve(taken, clock):
            pass


async def test_a_torn_clip_is_made_again(config: FleetConfig, fleet: Fleet, clock: SystemClock) -> None:
    del fleet  # only its clips
    files = sorted(config.cache_dir.glob("car_park-0-idle-160x90-*/0*.gop"))
    whole = {path: path.stat().st_size for path in files}
    for path in files:
        path.write_bytes(path.read_bytes()[:-7])
    async with serve(config, clock) as other, connected(other.port, clock) as client:
        await client.play("/cam1/main")
        for _ in range(GOP):
            await client.picture()
        async with clock.timeout(READY_SECONDS):
            await other.workshop.wait_complete()
    assert any(path.stat().st_size > size - 7 for path, size in whole.items())


async def test_a_client_is_held_back_until_the_first_pictures_are_there(
    config: FleetConfig, clock: SystemClock, tmp_path_factory: pytest.TempPathFactory
) -> None:
    empty = config.model_copy(update={"cache_dir": tmp_path_factory.mktemp("empty"), "cameras": config.cameras[:1]})
    async with serve(empty, clock) as other, connected(other.port, clock) as client:
        client.writer.write(f"DESCRIBE {client.base}/cam1/main RTSP/1.0\r\nCSeq: 1\r\n\r\n".encode())
        client.writer.write(f"OPTIONS {client.base}/cam1/main RTSP/1.0\r\nCSeq: 2\r\n\r\n".encode())
        async with clock.timeout(READY_SECONDS):
            await other.wait_ready()
        answers = [await client.answer() for _ in range(2)]
        assert [(answer.headers["cseq"], answer.status) for answer in answers] == [("1", 200), ("2", 200)]
        assert b"sprop-parameter-sets=" in answers[0].body
