"""A receiver's way with faults on it: put in place of the plain one while there are any, and taken out again."""

import asyncio
from collections import deque

from camera_sim.faults.filters import Filter
from camera_sim.rtsp.packetizer import Packets, datagrams
from camera_sim.rtsp.senders import Sender
from gate.clock import Clock

_FULL_BYTES = 1 << 30
"""What a full buffer of the slow network says it holds: pictures are dropped up to a key frame."""


class FaultySender:
    """A `Sender` around another one. `filters` are applied in order; `slow`: how fast packets leave."""

    def __init__(self, inner: Sender, filters: list[Filter], slow: "SlowQueue | None" = None) -> None:
        self.inner = inner
        self.filters = filters
        self.slow = slow

    @property
    def transport(self) -> str:
        return self.inner.transport

    @property
    def closing(self) -> bool:
        return self.inner.closing

    def waiting_bytes(self) -> int:
        waiting = self.inner.waiting_bytes()
        if self.slow is None:
            return waiting
        return _FULL_BYTES if self.slow.full else waiting

    def send(self, packets: Packets, *, sequence: int, rtp_time: int, ssrc: int) -> None:
        whole = datagrams(packets, sequence=sequence, rtp_time=rtp_time, ssrc=ssrc)
        changed = [bytearray(packet) for packet in whole]
        for fault in self.filters:
            changed = fault.packets(changed)
        self.send_each([bytes(packet) for packet in changed])

    def send_each(self, packets: list[bytes]) -> None:
        if self.slow is not None:
            self.slow.put(packets)
        else:
            self.inner.send_each(packets)

    def report(self, packet: bytes) -> None:
        changed: bytearray | None = bytearray(packet)
        for fault in self.filters:
            changed = None if changed is None else fault.report(changed)
        if changed is not None:
            self.inner.report(bytes(changed))

    def close(self) -> None:
        if self.slow is not None:
            self.slow.close()
        self.inner.close()


class SlowQueue:
    """Packets that leave no faster than the network carries them. `run` lets them go; `close` drops the rest."""

    def __init__(self, inner: Sender, bits_per_second: float, buffer_bytes: int, clock: Clock) -> None:
        self._inner = inner
        self._rate = bits_per_second
        self._bytes_max = buffer_bytes
        self._clock = clock
        self._packets: deque[bytes] = deque()
        self._bytes = 0
        self._wake = asyncio.Event()
        self._closed = False

    @property
    def full(self) -> bool:
        """Whether the buffer holds all it can."""
        return self._bytes >= self._bytes_max

    def put(self, packets: list[bytes]) -> None:
        """A picture's packets; taken whole unless the buffer is full."""
        self._packets += packets
        self._bytes += sum(map(len, packets))
        self._wake.set()

    def close(self) -> None:
        """No more."""
        self._closed = True
        self._packets.clear()
        self._wake.set()

    def flush(self) -> None:
        """The network is fast again."""
        if not self._inner.closing:
            self._inner.send_each(list(self._packets))
        self.close()

    async def run(self) -> None:
        """Until closed."""
        while not self._closed and not self._inner.closing:
            if not self._packets:
                self._wake.clear()
                await self._wake.wait()
                continue
            packet = self._packets.popleft()
            self._bytes -= len(packet)
            self._inner.send_each([packet])
            await self._clock.sleep(len(packet) * 8 / self._rate)
