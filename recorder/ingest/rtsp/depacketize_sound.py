"""Sound from RTP payloads: AAC (RFC 3640, AAC-hbr and AAC-lbr, not interleaved) and G.711 (RFC 3551 section 4.5.14).

Rules:
1. A frame that misses something is dropped, and nothing else: every frame can be decoded by itself.
2. Times are unwrapped RTP times, of the first sample of a frame; the n-th frame of a packet is n frames later.
"""

from abc import ABC, abstractmethod
from typing import NamedTuple

from recorder.ingest.rtsp.rtp import TimestampUnwrapper
from recorder.ingest.rtsp.sdp_sound import SoundMedia
from recorder.media.aac import FRAME_BYTES_MAX


class SoundPacket(NamedTuple):
    """AAC: one raw frame; G.711: samples, a byte each. `timestamp`: RTP, unwrapped; `restarted`: it does not continue
    the one before (another source took over)."""

    data: bytes
    timestamp: int
    restarted: bool


class SoundDepacketizer(ABC):
    """Collects `packets`; the caller takes them out."""

    def __init__(self, media: SoundMedia) -> None:
        self.packets: list[SoundPacket] = []
        self.malformed = 0
        self._media = media
        self._unwrapper = TimestampUnwrapper()
        self._restarted = True
        self._parts: list[bytes] = []

    def lost(self, timestamp: int) -> None:
        """Packets are missing before the one of this timestamp."""
        self._parts.clear()

    def restart(self) -> None:
        """Another source takes over, with its own timestamps."""
        self._unwrapper = TimestampUnwrapper()
        self._restarted = True
        self._parts.clear()

    def near(self, timestamp: int) -> int:
        """A timestamp of 32 bits, unwrapped; near the newest packet's, which it does not change."""
        return self._unwrapper.near(timestamp)

    @abstractmethod
    def push(self, view: memoryview, start: int, stop: int, timestamp: int, marker: bool) -> None:
        """One payload, `view[start:stop]`."""

    def _put(self, data: bytes, timestamp: int) -> None:
        self.packets.append(SoundPacket(data, timestamp, self._restarted))
        self._restarted = False


class G711Depacketizer(SoundDepacketizer):
    """See SoundDepacketizer."""

    def push(self, view: memoryview, start: int, stop: int, timestamp: int, marker: bool) -> None:
        if start < stop:
            self._put(bytes(view[start:stop]), self._unwrapper.unwrap(timestamp))


class AacDepacketizer(SoundDepacketizer):
    """See SoundDepacketizer."""

    def __init__(self, media: SoundMedia) -> None:
        super().__init__(media)
        self._parts_timestamp = -1

    def push(self, view: memoryview, start: int, stop: int, timestamp: int, marker: bool) -> None:
        sizes = self._sizes(view, start, stop)
        if not sizes:
            self.malformed += 1
            return
        bits = view[start] << 8 | view[start + 1]
        position = start + 2 + (bits + 7) // 8
        if len(sizes) == 1 and sizes[0] > stop - position:
            self._join(bytes(view[position:stop]), sizes[0], timestamp)
            return
        self._parts.clear()
        time = self._unwrapper.unwrap(timestamp)
        for size in sizes:
            if size > stop - position:
                self.malformed += 1
                return
            if size:
                self._put(bytes(view[position : position + size]), time)
            position += size
            time += self._media.frame_ticks

    def _sizes(self, view: memoryview, start: int, stop: int) -> list[int]:
        """What the AU headers say (section 3.2.1); nothing if they are malformed or interleaved."""
        if stop - start < 2:
            return []
        media = self._media
        left = view[start] << 8 | view[start + 1]
        end = start + 2 + (left + 7) // 8
        if end > stop:
            return []
        headers = int.from_bytes(view[start + 2 : end], "big") >> (-left % 8)
        sizes: list[int] = []
        while left >= (width := media.size_bits + (media.delta_bits if sizes else media.index_bits)):
            left -= width
            header = headers >> left & (1 << width) - 1
            index_bits = width - media.size_bits
            if header & (1 << index_bits) - 1:
                return []
            sizes.append(header >> index_bits)
        return sizes

    def _join(self, part: bytes, size: int, timestamp: int) -> None:
        """A frame that is spread over packets (section 3.2.3.1)."""
        if timestamp != self._parts_timestamp:
            self._parts.clear()
            self._parts_timestamp = timestamp
        self._parts.append(part)
        joined = sum(map(len, self._parts))
        if joined > min(size, FRAME_BYTES_MAX):
            self.malformed += 1
            self._parts.clear()
        elif joined == size:
            self._put(b"".join(self._parts), self._unwrapper.unwrap(timestamp))
            self._parts.clear()


def sound_depacketizer(media: SoundMedia) -> SoundDepacketizer:
    """The one for this codec."""
    return AacDepacketizer(media) if media.codec == "aac" else G711Depacketizer(media)
