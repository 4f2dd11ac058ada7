"""Puts datagrams back into order: UDP lets packets overtake each other and arrive twice.

Rules:
1. A packet that is next goes on at once. One that is ahead waits for those before it, WAIT_SECONDS or PACKETS_MAX
   packets at most; then the hole is given up, and the receiver behind counts what is missing as lost.
2. A packet that has come before, or too late, is not let through; both are counted as `late`.
3. Another source, or numbers far from those before, begin anew; whatever waits goes first.
"""

from collections.abc import Callable

from recorder.ingest.rtsp.rtp import DROPOUT_MAX, MISORDER_MAX

WAIT_SECONDS = 0.1
PACKETS_MAX = 128
"""Packets that wait: 64 KiB each at the very most."""

_WAIT_NS = round(WAIT_SECONDS * 1e9)

Deliver = Callable[[memoryview, int, int], None]


class ReorderWindow:
    """`deliver(view, start, stop)` gets the packets of one stream in order, and whatever is too short to be one."""

    __slots__ = ("_deliver", "_held", "_next", "_oldest_ns", "_ssrc", "late")

    def __init__(self, deliver: Deliver) -> None:
        self._deliver = deliver
        self._ssrc = b""
        self._next = 0
        self._held: dict[int, bytes] = {}
        self._oldest_ns = 0
        self.late = 0

    @property
    def holding(self) -> bool:
        """Whether packets wait."""
        return bool(self._held)

    def push(self, packet: bytes, now_ns: int) -> None:
        """One datagram. `now_ns`: monotonic."""
        if len(packet) < 12:
            self._deliver(memoryview(packet), 0, len(packet))
            return
        sequence = packet[2] << 8 | packet[3]
        step = (sequence - self._next) & 0xFFFF
        if packet[8:12] != self._ssrc or DROPOUT_MAX < step < 0x10000 - MISORDER_MAX:
            self._flush()
            self._ssrc, self._next = packet[8:12], sequence
            step = 0
        if not step:
            self._pass(packet)
            if self._held:
                self._drain(now_ns)
        elif step > DROPOUT_MAX or sequence in self._held:
            self.late += 1
        else:
            if not self._held:
                self._oldest_ns = now_ns
            self._held[sequence] = packet
            if len(self._held) > PACKETS_MAX or now_ns - self._oldest_ns >= _WAIT_NS:
                self._give_up(now_ns)

    def release(self, now_ns: int) -> None:
        """Gives up holes that have waited for too long, if no packet comes any more that would."""
        while self._held and now_ns - self._oldest_ns >= _WAIT_NS:
            self._give_up(now_ns - _WAIT_NS)

    def _give_up(self, now_ns: int) -> None:
        self._next = min(self._held, key=lambda sequence: (sequence - self._next) & 0xFFFF)
        self._drain(now_ns)

    def _drain(self, now_ns: int) -> None:
        while (packet := self._held.pop(self._next, None)) is not None:
            self._pass(packet)
        self._oldest_ns = now_ns

    def _flush(self) -> None:
        while self._held:
            self._give_up(0)

    def _pass(self, packet: bytes) -> None:
        self._next = (self._next + 1) & 0xFFFF
        self._deliver(memoryview(packet), 0, len(packet))
