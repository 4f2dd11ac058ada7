"""Packets over UDP, seen by a client of its own making."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from camera_sim.fleet import Fleet
from gate.clock import SystemClock
from tests.component.camera_sim.conftest import GOP
from tests.component.camera_sim.raw_client import PATIENCE_SECONDS, RawClient, connected


class Ports:
    """A client's pair of UDP ports. Every packet is (from, bytes)."""

    def __init__(self, clock: SystemClock) -> None:
        self.sockets = _pair()
        self.numbers = tuple(sock.getsockname()[1] for sock in self.sockets)
        self._clock = clock

    async def receive(self, which: int) -> tuple[tuple[str, int], bytes]:
        async with self._clock.timeout(PATIENCE_SECONDS):
            data, source = await asyncio.get_running_loop().sock_recvfrom(self.sockets[which], 2048)
        return source, data


def _pair() -> tuple[socket.socket, socket.socket]:
    while True:
        first, second = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
        first.bind(("127.0.0.1", 0))
        port = first.getsockname()[1]
        try:
            second.bind(("127.0.0.1", port + 1 if port % 2 == 0 else port - 1))
        except OSError:
            first.close()
            second.close()
            continue
        first.setblocking(False)
        second.setblocking(False)
        return (first, second) if port % 2 == 0 else (second, first)


@asynccontextmanager
async def playing(
    fleet: Fleet, clock: SystemClock, path: str
) -> AsyncIterator[tuple[RawClient, Ports, dict[str, str]]]:
    """A client that plays, its ports, and the parameters of the transport agreed on."""
    ports = Ports(clock)
    async with connected(fleet.port, clock) as client:
        wish = f"RTP/AVP;unicast;client_port={ports.numbers[0]}-{ports.numbers[1]}"
        answer = await client.ask("SETUP", f"{path}/trackID=0", Transport=wish)
        assert answer.headers["transport"].startswith(f"{wish};server_port=")
        agreed = dict(part.partition("=")[::2] for part in answer.headers["transport"].split(";"))
        client.session = answer.headers["session"].partition(";")[0]
        await client.ask("PLAY", path)
        try:
            yield client, ports, agreed
        finally:
            for sock in ports.sockets:
                sock.close()


async def test_packets_come_from_the_ports_told_one_a_datagram(fleet: Fleet, clock: SystemClock) -> None:
    async with playing(fleet, clock, "/cam1/main") as (_, ports, agreed):
        packets = [await ports.receive(0) for _ in range(3 * GOP)]
        report_from, report = await ports.receive(1)
    rtp, rtcp = map(int, agreed["server_port"].split("-"))
    assert (rtp % 2, rtcp) == (0, rtp + 1)
    assert {source for source, _ in packets} == {("127.0.0.1", rtp)}
    heads = [struct.unpack_from(">BBHII", data) for _, data in packets]
    assert [head[2] for head in heads] == [(heads[0][2] + k) % 65536 for k in range(len(heads))]
    assert {head[4] for head in heads} == {int(agreed["ssrc"], 16)}
    assert max(len(data) for _, data in packets) <= 1412
    assert report_from == ("127.0.0.1", rtcp)
    assert report[1] == 200 and struct.unpack_from(">I", report, 4)[0] == heads[0][4]


async def test_a_key_frame_can_be_asked_for_over_udp(fleet: Fleet, clock: SystemClock) -> None:
    async with playing(fleet, clock, "/cam2/main") as (_, ports, agreed):
        ssrc = int(agreed["ssrc"], 16)
        pli = struct.pack(">BBHII", 0x81, 206, 2, 1, ssrc)
        keys = 0
        for _ in range(200):
            _, data = await ports.receive(0)
            keys += data[12] & 31 == 7
            if keys == 1:
                server = ("127.0.0.1", int(agreed["server_port"].split("-")[1]))
                ports.sockets[1].sendto(pli, server)
            if keys == 2:
                return
    raise AssertionError("no second key frame")


async def test_teardown_says_goodbye_and_frees_the_ports(fleet: Fleet, clock: SystemClock) -> None:
    async with playing(fleet, clock, "/cam1/main") as (client, ports, agreed):
        await ports.receive(0)
        assert (await client.ask("TEARDOWN", "/cam1/main")).status == 200
        while (await ports.receive(1))[1][9:10] != b"\xcb":
            pass
        for port in map(int, agreed["server_port"].split("-")):
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as again:
                again.bind(("127.0.0.1", port))
        assert fleet.streams["/cam1/main"].receivers == 0
