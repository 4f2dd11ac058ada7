"""How packets leave: as frames between the answers of a TCP connection, or as datagrams from a pair of UDP ports."""

import asyncio
import logging
import socket
from collections.abc import Callable
from typing import Protocol

from camera_sim.rtsp.packetizer import Packets, address, datagrams, interleave

_log = logging.getLogger(__name__)

UDP_BUFFER_BYTES = 1 << 20
"""A key frame's packets leave at once; what the kernel does not take is lost, as on a real network."""
_PAIR_TRIES = 32
_DATAGRAM_BYTES_MAX = 2048
_HEARD_MAX = 16
"""Datagrams read at one wake-up."""


class Sender(Protocol):
    """The way to one receiver."""

    @property
    def transport(self) -> str:
        """What the answer to SETUP says of it (RFC 2326 section 12.39)."""

    @property
    def closing(self) -> bool:
        """Whether nothing can be sent any more."""

    def waiting_bytes(self) -> int:
        """What has been sent but has not left yet."""

    def send(self, packets: Packets, *, sequence: int, rtp_time: int, ssrc: int) -> None:
        """One picture."""

    def send_each(self, packets: list[bytes]) -> None:
        """RTP packets as they are."""

    def report(self, packet: bytes) -> None:
        """One compound RTCP packet."""

    def close(self) -> None:
        """Frees what is its own."""


class TcpSender:
    """Interleaved frames on `channel`, reports on the next one."""

    def __init__(self, transport: asyncio.WriteTransport, channel: int) -> None:
        self._transport = transport
        self.channel = channel

    @property
    def transport(self) -> str:
        return f"RTP/AVP/TCP;unicast;interleaved={self.channel}-{self.channel + 1}"

    @property
    def closing(self) -> bool:
        return self._transport.is_closing()

    def waiting_bytes(self) -> int:
        return self._transport.get_write_buffer_size()

    def send(self, packets: Packets, *, sequence: int, rtp_time: int, ssrc: int) -> None:
        self._transport.write(address(packets, channel=self.channel, sequence=sequence, rtp_time=rtp_time, ssrc=ssrc))

    def send_each(self, packets: list[bytes]) -> None:
        self._transport.write(b"".join([interleave(self.channel, packet) for packet in packets]))

    def report(self, packet: bytes) -> None:
        self._transport.write(interleave(self.channel + 1, packet))

    def close(self) -> None:
        """The connection is not its own."""


class UdpSender:
    """Datagrams from an even port and the next one to a client's pair; `hear` gets what the client sends to the odd
    one. Raises OSError if there is no pair of ports."""

    def __init__(self, host: str, client: str, ports: tuple[int, int], hear: Callable[[bytes], None]) -> None:
        self._rtp, self._rtcp = _pair(host)
        self._client, self._ports = client, ports
        self._hear = hear
        self._loop = asyncio.get_running_loop()
        self.closing = False
        self.lost = 0
        """Datagrams the kernel did not take."""
        for sock in (self._rtp, self._rtcp):
            self._loop.add_reader(sock.fileno(), self._read, sock)

    @property
    def transport(self) -> str:
        server = f"{self._rtp.getsockname()[1]}-{self._rtcp.getsockname()[1]}"
        return f"RTP/AVP;unicast;client_port={self._ports[0]}-{self._ports[1]};server_port={server}"

    def waiting_bytes(self) -> int:
        return 0

    def send(self, packets: Packets, *, sequence: int, rtp_time: int, ssrc: int) -> None:
        for datagram in datagrams(packets, sequence=sequence, rtp_time=rtp_time, ssrc=ssrc):
            self._send(self._rtp, datagram, self._ports[0])

    def send_each(self, packets: list[bytes]) -> None:
        for packet in packets:
            self._send(self._rtp, packet, self._ports[0])

    def report(self, packet: bytes) -> None:
        self._send(self._rtcp, packet, self._ports[1])

    def close(self) -> None:
        self.closing = True
        for sock in (self._rtp, self._rtcp):
            if sock.fileno() >= 0:
                self._loop.remove_reader(sock.fileno())
                sock.close()

    def _send(self, sock: socket.socket, datagram: bytes | memoryview, port: int) -> None:
        try:
            sock.sendto(datagram, (self._client, port))
        except OSError as error:
            self.lost += 1
            if self.lost == 1:
                _log.warning("%s:%s: a datagram could not be sent (%s)", self._client, port, error.strerror)

    def _read(self, sock: socket.socket) -> None:
        """Hears RTCP; datagrams to the RTP port only open firewalls."""
        for _ in range(_HEARD_MAX):
            try:
                data, source = sock.recvfrom(_DATAGRAM_BYTES_MAX)
            except OSError:
                return
            if sock is self._rtcp and source[0] == self._client:
                self._hear(data)


def _pair(host: str) -> tuple[socket.socket, socket.socket]:
    """Sockets on an even port and the next one (RFC 3550 section 11)."""
    for _ in range(_PAIR_TRIES):
        first = _bound(host, 0)
        port = first.getsockname()[1]
        try:
            other = _bound(host, port ^ 1)
        except OSError:
            first.close()
            continue
        return (first, other) if port % 2 == 0 else (other, first)
    raise OSError(f"no pair of UDP ports is free on {host}")


def _bound(host: str, port: int) -> socket.socket:
    sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
    try:
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, UDP_BUFFER_BYTES)
        sock.bind((host, port))
    except OSError:
        sock.close()
        raise
    return sock
