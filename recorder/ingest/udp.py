"""A pair of UDP ports for one stream: RTP on the even one, RTCP on the odd one above it (RFC 3550 section 11).

Only the camera is listened to: a datagram from any other address is dropped and counted.
"""

import asyncio
import contextlib
import logging
import socket
from collections.abc import Callable, Iterable
from typing import Any

from recorder.ingest.errors import UnreachableError
from recorder.ingest.rtsp.transport import PortPair

RECEIVE_BUFFER_BYTES = 2 << 20
"""Asked of the kernel for RTP: half a second of 32 Mbit/s. It gives less where net.core.rmem_max is less."""
PAIR_TRIES = 32
_SO_RCVBUFFORCE = 33  # Linux, for those who may; not in Python's socket module

_log = logging.getLogger(__name__)


class UdpPorts:
    """`on_rtp` and `on_rtcp` get each datagram. Raises UnreachableError if no two ports are free.

    `local`: our address on the way to the camera; `camera`: its address.
    """

    def __init__(self, sockets: tuple[socket.socket, socket.socket], camera: str) -> None:
        self.foreign = 0
        self._sockets = sockets
        self._camera = camera
        self._rtcp: asyncio.DatagramTransport | None = None
        self._transports: list[asyncio.DatagramTransport] = []

    @property
    def pair(self) -> PortPair:
        """Our ports."""
        rtp, rtcp = (int(one.getsockname()[1]) for one in self._sockets)
        return PortPair(rtp=rtp, rtcp=rtcp)

    @property
    def buffer_bytes(self) -> int:
        """What the kernel holds of RTP for us, in its own count."""
        return self._sockets[0].getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)

    async def open(self, on_rtp: Callable[[bytes], None], on_rtcp: Callable[[bytes], None]) -> None:
        """Begins to listen."""
        loop = asyncio.get_running_loop()
        for one, take in zip(self._sockets, (on_rtp, on_rtcp), strict=True):
            transport, _ = await loop.create_datagram_endpoint(lambda take=take: _Port(self, take), sock=one)  # type: ignore[misc]
            self._transports.append(transport)
        self._rtcp = self._transports[1]

    def send_rtcp(self, packets: Iterable[bytes], port: int) -> None:
        """To the camera's RTCP port."""
        if self._rtcp is not None and not self._rtcp.is_closing():
            for packet in packets:
                self._rtcp.sendto(packet, (self._camera, port))

    def close(self) -> None:
        """Frees both ports."""
        for transport in self._transports:
            transport.abort()
        if not self._transports:
            for one in self._sockets:
                one.close()
        if self.foreign:
            _log.warning("%d datagrams from other addresses than %s were dropped", self.foreign, self._camera)

    def accepts(self, address: str) -> bool:
        """Whether a datagram comes from the camera."""
        if address == self._camera:
            return True
        self.foreign += 1
        return False


class _Port(asyncio.DatagramProtocol):
    def __init__(self, ports: UdpPorts, take: Callable[[bytes], None]) -> None:
        self._ports = ports
        self._take = take

    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        if self._ports.accepts(addr[0]):
            self._take(data)

    def error_received(self, exc: Exception) -> None:
        """An ICMP message about our RTCP: the camera does not listen there. Its packets are what counts."""


def bind_ports(local: str, camera: str, family: int) -> UdpPorts:
    """Two free ports, not listening yet. Raises UnreachableError."""
    for _ in range(PAIR_TRIES):
        with contextlib.ExitStack() as stack:
            first = stack.enter_context(socket.socket(family, socket.SOCK_DGRAM))
            second = stack.enter_context(socket.socket(family, socket.SOCK_DGRAM))
            try:
                first.bind((local, 0))
                port = int(first.getsockname()[1])
                if port % 2:
                    first.close()
                    first = stack.enter_context(socket.socket(family, socket.SOCK_DGRAM))
                    first.bind((local, port - 1))
                second.bind((local, port | 1))
            except OSError:
                continue
            _enlarge(first)
            stack.pop_all()
            return UdpPorts((first, second), camera)
    raise UnreachableError("No two UDP ports are free on this machine.")


def _enlarge(one: socket.socket) -> None:
    one.setblocking(False)
    for option in (_SO_RCVBUFFORCE, socket.SO_RCVBUF):
        with contextlib.suppress(OSError):
            one.setsockopt(socket.SOL_SOCKET, option, RECEIVE_BUFFER_BYTES)
            return
