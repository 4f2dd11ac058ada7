"""Looks for cameras on a network: asks by multicast, and hands over whoever answers."""

import asyncio
import socket
import uuid
from collections.abc import AsyncIterator

from gate.clock import Clock
from recorder.ingest.errors import UnreachableError
from recorder.ingest.onvif import discovery
from recorder.ingest.onvif.discovery import Found

GROUP = ("239.255.255.250", 3702)
QUESTIONS = ("dn:NetworkVideoTransmitter", "", "dn:NetworkVideoTransmitter")
"""Datagrams get lost, and some cameras answer only to a question without types."""
BETWEEN_QUESTIONS_SECONDS = 0.4
CAMERAS_MAX = 1024
_DATAGRAMS_MAX = 512
_BUFFER_BYTES = 1 << 20


class _Answers(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.queue: asyncio.Queue[bytes] = asyncio.Queue(_DATAGRAMS_MAX)
        self.dropped = 0

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        try:
            self.queue.put_nowait(data)
        except asyncio.QueueFull:
            self.dropped += 1


async def look(interface: str | None, seconds: float, clock: Clock) -> AsyncIterator[Found]:
    """Each camera that answers within that time, once. `interface`: the address of one of this machine's; None: the
    one the system picks. Raises UnreachableError if nothing can be asked there."""
    try:
        sock = _socket(interface)
    except OSError as error:
        where = f"at {interface}" if interface else "on this machine's network"
        raise UnreachableError(f"Cameras cannot be looked for {where}: {error.strerror}.") from None
    answers = _Answers()
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(lambda: answers, sock=sock)
    ids = tuple(f"urn:uuid:{uuid.uuid4()}" for _ in QUESTIONS)
    seen: set[str] = set()
    asking = asyncio.create_task(_ask(transport, ids, clock), name="discovery")
    end_ns = clock.monotonic_ns() + round(seconds * 1e9)
    try:
        while (left_ns := end_ns - clock.monotonic_ns()) > 0:
            try:
                async with clock.timeout(left_ns / 1e9):
                    datagram = await answers.queue.get()
            except TimeoutError:
                return
            for found in discovery.matches(datagram, ids):
                if found.urn not in seen and len(seen) < CAMERAS_MAX:
                    seen.add(found.urn)
                    yield found
    finally:
        asking.cancel()
        transport.close()


async def _ask(transport: asyncio.DatagramTransport, ids: tuple[str, ...], clock: Clock) -> None:
    for message_id, types in zip(ids, QUESTIONS, strict=True):
        transport.sendto(discovery.probe(message_id, types), GROUP)
        await clock.sleep(BETWEEN_QUESTIONS_SECONDS)


def _socket(interface: str | None) -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_BYTES)
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 1)
        if interface is not None:
            sock.bind((interface, 0))
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(interface))
        else:
            sock.bind(("", 0))
        sock.setblocking(False)
    except OSError:
        sock.close()
        raise
    return sock
