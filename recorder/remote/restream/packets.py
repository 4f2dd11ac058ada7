"""Access units as RTP (RFC 3550) interleaved in RTSP (RFC 2326 section 10.12), and what RTCP says of them. Pure.

H.264 as RFC 6184 (single NAL units, FU-A), H.265 as RFC 7798 (single NAL units, FU), AAC as RFC 3640 (AAC-hbr, one
frame a packet). Parameter sets go before every key frame. RTP times are those at which pictures are shown; across runs
they go on by what passed between arrivals, so that no player sees time step.
"""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from recorder.media.access_unit import TIMESCALE, AccessUnit

PAYLOAD_BYTES_MAX = 1400
VIDEO_TYPE, SOUND_TYPE = 96, 97

_FU_A, _FU = 28, 49
_FIRST, _LAST = 0x80, 0x40
_NTP_1970_SECONDS = 2_208_988_800
_MASK = 0xFFFFFFFF


@dataclass(slots=True, kw_only=True)
class Track:
    """One RTP stream on two interleaved channels, `channel` and the next. `sequence` and `time`: of the first packet;
    `rate`: RTP ticks a second."""

    channel: int
    ssrc: int
    sequence: int
    time: int
    payload_type: int
    rate: int
    packets: int = 0
    payload_bytes: int = 0

    def send(self, payloads: Sequence[bytes], rtp_time: int) -> bytes:
        """One picture or frame of sound; the marker is on its last packet."""
        last = len(payloads) - 1
        parts: list[bytes] = []
        for index, payload in enumerate(payloads):
            marked = self.payload_type | (0x80 if index == last else 0)
            number = self.sequence + self.packets + index & 0xFFFF
            head = (0x24, self.channel, 12 + len(payload), 0x80, marked, number, rtp_time & _MASK, self.ssrc)
            parts += (struct.pack(">BBHBBHII", *head), payload)
        self.packets += len(payloads)
        self.payload_bytes += sum(map(len, payloads))
        return b"".join(parts)

    def report(self, utc_ns: int, rtp_time: int, cname: str) -> bytes:
        """A sender report and its name: this RTP time is that wall time."""
        seconds, ns = divmod(utc_ns, 1_000_000_000)
        ntp = (seconds + _NTP_1970_SECONDS & _MASK, (ns << 32) // 1_000_000_000)
        counted = (rtp_time & _MASK, self.packets & _MASK, self.payload_bytes & _MASK)
        item = bytes((1, len(cname))) + cname.encode("ascii")
        item += bytes(4 - len(item) % 4)
        sdes = struct.pack(">BBHI", 0x81, 202, 1 + len(item) // 4, self.ssrc) + item
        return self._rtcp(struct.pack(">BBHIIIIII", 0x80, 200, 6, self.ssrc, *ntp, *counted) + sdes)

    def bye(self) -> bytes:
        """The end: an empty receiver report, as each compound packet begins with a report, and BYE."""
        return self._rtcp(struct.pack(">BBHIBBHI", 0x80, 201, 1, self.ssrc, 0x81, 203, 1, self.ssrc))

    def _rtcp(self, packet: bytes) -> bytes:
        return struct.pack(">BBH", 0x24, self.channel + 1, len(packet)) + packet


class Packetizer:
    """The units of one session. `video` and `sound` are the tracks that were set up, or None."""

    def __init__(self, *, video: Track | None, sound: Track | None, cname: str) -> None:
        self._video = video
        self._sound = sound
        self._cname = cname
        self._run: int | None = None
        self._shift_90k = 0
        self._newest_90k = 0
        self._newest_utc_ns = self._newest_arrival_ns = 0

    @property
    def tracks(self) -> tuple[Track, ...]:
        """Those that were set up."""
        return tuple(track for track in (self._video, self._sound) if track is not None)

    def unit(self, unit: AccessUnit) -> bytes:
        """The next unit's packets, its sound first."""
        self._place(unit)
        parts: list[bytes] = []
        if self._sound is not None:
            for data, pts_90k in unit.sound:
                if pts_90k + self._shift_90k < 0:
                    continue  # before the first picture
                headed = struct.pack(">HH", 16, len(data) << 3) + data
                parts.append(self._sound.send([headed], self._time(self._sound, pts_90k + self._shift_90k)))
        if self._video is not None:
            payloads = list(picture_payloads(unit))
            parts.append(self._video.send(payloads, self._time(self._video, unit.pts_90k + self._shift_90k)))
        return b"".join(parts)

    def report(self, now_utc_ns: int) -> bytes:
        """Sender reports of all tracks, by the label of the newest picture."""
        at_90k = self._newest_90k + (now_utc_ns - self._newest_utc_ns) * 9 // 100_000
        return b"".join(track.report(now_utc_ns, self._time(track, at_90k), self._cname) for track in self.tracks)

    def bye(self) -> bytes:
        """The end of all tracks."""
        return b"".join(track.bye() for track in self.tracks)

    def _place(self, unit: AccessUnit) -> None:
        """`_shift_90k` makes the run's media time that of the session, which begins at 0."""
        if self._run is None:
            self._shift_90k = -unit.pts_90k
        elif unit.run != self._run:
            passed_90k = max((unit.arrival_ns - self._newest_arrival_ns) * 9 // 100_000, 1)
            self._shift_90k = self._newest_90k + passed_90k - unit.pts_90k
        begins = unit.run != self._run
        self._run = unit.run
        at_90k = unit.pts_90k + self._shift_90k
        if begins or at_90k >= self._newest_90k:
            self._newest_90k, self._newest_utc_ns, self._newest_arrival_ns = at_90k, unit.utc_ns, unit.arrival_ns

    def _time(self, track: Track, at_90k: int) -> int:
        return track.time + (at_90k * track.rate + TIMESCALE // 2) // TIMESCALE


def picture_payloads(unit: AccessUnit) -> Iterator[bytes]:
    """A picture's RTP payloads in order, parameter sets before a key frame."""
    cut = _pieces_h265 if unit.format.codec == "h265" else _pieces_h264
    for nal in unit.format.parameter_sets if unit.key else ():
        yield from cut(nal)
    position, data = 0, unit.data
    while position < len(data):
        start = position + 4
        position = start + int.from_bytes(data[position:start], "big")
        yield from cut(data[start:position])


def _pieces_h264(nal: bytes) -> Iterator[bytes]:
    if len(nal) <= PAYLOAD_BYTES_MAX:
        yield nal
        return
    indicator, kind = nal[0] & 0xE0 | _FU_A, nal[0] & 0x1F
    for start, flags in _fragments(1, len(nal), PAYLOAD_BYTES_MAX - 2):
        yield bytes((indicator, flags | kind)) + nal[start : start + PAYLOAD_BYTES_MAX - 2]


def _pieces_h265(nal: bytes) -> Iterator[bytes]:
    if len(nal) <= PAYLOAD_BYTES_MAX:
        yield nal
        return
    head, kind = bytes((nal[0] & 0x81 | _FU << 1, nal[1])), nal[0] >> 1 & 0x3F
    for start, flags in _fragments(2, len(nal), PAYLOAD_BYTES_MAX - 3):
        yield head + bytes((flags | kind,)) + nal[start : start + PAYLOAD_BYTES_MAX - 3]


def _fragments(start: int, end: int, size: int) -> Iterator[tuple[int, int]]:
    """Where each fragment begins, and its start and end flags."""
    for at in range(start, end, size):
        yield at, (_FIRST if at == start else 0) | (_LAST if at + size >= end else 0)
