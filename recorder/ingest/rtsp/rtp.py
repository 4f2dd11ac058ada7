"""RTP reception and RTCP (RFC 3550; picture loss indication of RFC 4585 section 6.3.1)."""

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass

MISORDER_MAX = 100
"""A packet at most this far behind the newest is late or a duplicate; further behind, numbering has begun anew."""
DROPOUT_MAX = 3000
"""A step of more than this is a new numbering, not loss (RFC 3550 appendix A.1)."""
RTCP_PACKETS_MAX = 32
"""Packets looked at in one compound RTCP packet."""

_HEADER = struct.Struct(">BBHII").unpack_from
_REPORT = struct.Struct(">BBHIIIIIII")
_SENDER_INFO = struct.Struct(">IIII").unpack_from
_WRAP = 1 << 32
_NTP_UNIX_SECONDS = 2208988800  # 1900 to 1970
_NTP_ERA_1_SECONDS_MAX = 1 << 31  # below, it is after February 2036 (RFC 5905 figure 4; 1900 to 1968 are past)

PacketSink = Callable[[memoryview, int, int, int, bool], None]
"""view, start and stop of the payload, timestamp (32 bits), marker."""


def near(timestamp: int, unwrapped: int) -> int:
    """A timestamp of 32 bits, unwrapped so that it lies near another."""
    step = (timestamp - unwrapped) % _WRAP
    return unwrapped + (step if step < _WRAP >> 1 else step - _WRAP)


class TimestampUnwrapper:
    """Continues 32-bit timestamps to integers that do not wrap. A step of less than half the range is taken as meant,
    in either direction."""

    __slots__ = ("_last", "_total")

    def __init__(self) -> None:
        self._last = -1
        self._total = 0

    def unwrap(self, timestamp: int) -> int:
        if self._last < 0:
            self._total = timestamp
        else:
            step = (timestamp - self._last) % _WRAP
            self._total += step if step < _WRAP >> 1 else step - _WRAP
        self._last = timestamp
        return self._total

    def near(self, timestamp: int) -> int:
        """What `unwrap` would give, without taking the step."""
        return timestamp if self._last < 0 else near(timestamp, self._total)


class RtpReceiver:
    """Packets of one RTP stream in, in order (over UDP: recorder.ingest.rtsp.reorder), payloads out. A packet behind
    the newest is dropped.

    `on_payload` gets each payload; `on_loss(timestamp)` comes before the first payload after a hole; `on_restart`
    when another source (SSRC) or another numbering takes over.
    """

    __slots__ = (
        "_base",
        "_cycles",
        "_expected",
        "_expected_before",
        "_on_loss",
        "_on_payload",
        "_on_restart",
        "_payload_type",
        "_received_before",
        "_report_arrival_ns",
        "_report_ntp",
        "late",
        "lost",
        "malformed",
        "received",
        "ssrc",
    )

    def __init__(
        self,
        payload_type: int,
        *,
        on_payload: PacketSink,
        on_loss: Callable[[int], None],
        on_restart: Callable[[], None],
    ) -> None:
        self._payload_type = payload_type
        self._on_payload = on_payload
        self._on_loss = on_loss
        self._on_restart = on_restart
        self.ssrc = -1
        self.received = 0
        self._base = self._cycles = self._expected = 0
        self._expected_before = self._received_before = 0
        self._report_ntp = self._report_arrival_ns = 0
        self.lost = 0
        self.late = 0
        self.malformed = 0

    def packet(self, view: memoryview, start: int, stop: int) -> None:
        """One RTP packet, `view[start:stop]`."""
        if stop - start < 12:
            self.malformed += 1
            return
        first, second, sequence, timestamp, ssrc = _HEADER(view, start)
        if second & 0x7F != self._payload_type or first & 0xC0 != 0x80:
            self.malformed += 1
            return
        if first != 0x80:
            start, stop = payload_bounds(view, start, stop)
            if start > stop:
                self.malformed += 1
                return
        else:
            start += 12
        if (sequence != self._expected or ssrc != self.ssrc) and not self._follows(sequence, timestamp, ssrc):
            return
        self.received += 1
        self._expected = (sequence + 1) & 0xFFFF
        if not self._expected:
            self._cycles += 1
        self._on_payload(view, start, stop, timestamp, second > 0x7F)

    @property
    def next_header(self) -> tuple[int, int]:
        """The header of a plain packet that follows the newest, without its timestamp: the first four bytes, SSRC."""
        return 0x8000_0000 | self._payload_type << 16 | self._expected, self.ssrc

    def advance(self, packets: int) -> None:
        """So many packets that followed the newest have been received elsewhere; no number wrapped between them."""
        self.received += packets
        self._expected += packets
        if self._expected > 0xFFFF:
            self._expected = 0
            self._cycles += 1

    def sender_report(self, ntp: int, arrival_ns: int) -> None:
        """Remembers a sender report for the next `receiver_report`. `arrival_ns`: monotonic."""
        self._report_ntp = ntp
        self._report_arrival_ns = arrival_ns

    def report_block(self, now_ns: int) -> "ReportBlock":
        """What to report of this stream. Fractions count from the report before."""
        highest = (self._cycles << 16) + self._expected - 1
        expected = highest - self._base + 1
        interval = expected - self._expected_before
        missing = interval - (self.received - self._received_before)
        self._expected_before, self._received_before = expected, self.received
        delay_ns = now_ns - self._report_arrival_ns if self._report_ntp else 0
        return ReportBlock(
            ssrc=self.ssrc,
            fraction_lost=min((missing << 8) // interval, 255) if interval > 0 and missing > 0 else 0,
            lost=min(self.lost, 0x7FFFFF),
            highest_sequence=highest & 0xFFFFFFFF,
            last_report=(self._report_ntp >> 16) & 0xFFFFFFFF,
            delay_since_report=min(delay_ns * 65536 // 10**9, 0xFFFFFFFF),
        )

    def _follows(self, sequence: int, timestamp: int, ssrc: int) -> bool:
        """Whether to take a packet that is not simply the next one."""
        step = (sequence - self._expected) & 0xFFFF
        if ssrc != self.ssrc or DROPOUT_MAX < step < 0x10000 - MISORDER_MAX:
            if self.ssrc >= 0:
                self._on_restart()
            self.ssrc = ssrc
            self._reset(sequence)
        elif step > DROPOUT_MAX:
            self.late += 1
            return False
        elif step:
            self.lost += step
            if sequence < self._expected:
                self._cycles += 1
            self._on_loss(timestamp)
        return True

    def _reset(self, sequence: int) -> None:
        self._expected = sequence
        self._base = sequence - self.received
        self._cycles = 0
        self._expected_before = self.received
        self._received_before = self.received
        self._report_ntp = 0
        self._report_arrival_ns = 0


def payload_bounds(view: memoryview, start: int, stop: int) -> tuple[int, int]:
    """Where the payload of a packet lies whose header has CSRCs, an extension or padding; start > stop if nowhere."""
    first = view[start]
    if first & 0x20:
        padding = view[stop - 1]
        if not padding:
            return stop, start
        stop -= padding
    start += 12 + 4 * (first & 0x0F)
    if first & 0x10:
        if start + 4 > stop:
            return stop + 1, stop
        start += 4 + 4 * (view[start + 2] << 8 | view[start + 3])
    return start, stop


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportBlock:
    """Section 6.4.1. `fraction_lost` of 256; `delay_since_report` in 1/65536 s. Jitter is not measured, TCP hides
    it."""

    ssrc: int
    fraction_lost: int
    lost: int
    highest_sequence: int
    last_report: int
    delay_since_report: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SenderReport:
    """The camera's clock: `ntp` (64 bits, seconds since 1900 and fraction) belongs to `timestamp` (RTP, 32 bits)."""

    ssrc: int
    ntp: int
    timestamp: int


@dataclass(frozen=True, slots=True)
class Bye:
    """The camera ends the stream."""

    ssrc: int


def camera_utc_ns(ntp: int) -> int | None:
    """Nanoseconds since 1970 of an NTP timestamp of 64 bits (era 0 to 2036, then era 1); None for 0, a camera that
    does not know the time (RFC 3550 section 6.4.1)."""
    if not ntp:
        return None
    seconds, fraction = ntp >> 32, ntp & 0xFFFFFFFF
    if seconds < _NTP_ERA_1_SECONDS_MAX:
        seconds += 1 << 32
    return (seconds - _NTP_UNIX_SECONDS) * 10**9 + (fraction * 10**9 >> 32)


def parse_rtcp(view: memoryview) -> Iterator[SenderReport | Bye]:
    """The reports and farewells of a compound packet; the rest, and whatever is malformed, is passed over."""
    position = 0
    for _ in range(RTCP_PACKETS_MAX):
        if len(view) - position < 8 or view[position] & 0xC0 != 0x80:
            return
        kind = view[position + 1]
        stop = position + 4 + 4 * (view[position + 2] << 8 | view[position + 3])
        if stop > len(view):
            return
        if kind == 200 and stop - position >= 28:
            ssrc, high, low, timestamp = _SENDER_INFO(view, position + 4)
            yield SenderReport(ssrc=ssrc, ntp=high << 32 | low, timestamp=timestamp)
        elif kind == 203 and view[position] & 0x1F and stop - position >= 8:
            yield Bye(int.from_bytes(view[position + 4 : position + 8], "big"))
        position = stop


def receiver_report(*, ssrc: int, cname: str, block: ReportBlock | None) -> bytes:
    """A compound packet: receiver report and the name that RFC 3550 section 6.1 asks for."""
    if block is None:
        report = struct.pack(">BBHI", 0x80, 201, 1, ssrc)
    else:
        report = _REPORT.pack(
            0x81,
            201,
            7,
            ssrc,
            block.ssrc,
            block.fraction_lost << 24 | block.lost,
            block.highest_sequence,
            0,
            block.last_report,
            block.delay_since_report,
        )
    item = bytes((1, len(cname.encode()[:255]))) + cname.encode()[:255] + b"\0"
    item += bytes(-len(item) % 4)
    return report + struct.pack(">BBHI", 0x81, 202, 1 + len(item) // 4, ssrc) + item


def picture_loss_indication(*, ssrc: int, media_ssrc: int) -> bytes:
    """Asks for a key frame."""
    return struct.pack(">BBHII", 0x81, 206, 2, ssrc, media_ssrc)
