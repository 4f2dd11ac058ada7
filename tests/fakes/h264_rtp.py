"""H.264 over RTP, as a camera packs it: NAL units, packets, interleaved frames. Written against RFC 6184 and RFC 3550,
not against the recorder."""

import struct
from collections.abc import Iterable, Sequence

SPS = bytes.fromhex("6742c00cda0507ec04400000030040000007a3c50aa8")
"""320 × 240."""
SPS_LARGER = bytes.fromhex("6742c016da0280bfe5c0440000030004000003007a3c58ba80")
"""640 × 360."""
PPS = bytes.fromhex("68ce0fc8")
DELIMITER = bytes.fromhex("09f0")
RECOVERY_POINT = bytes.fromhex("06060184 80".replace(" ", ""))
"""SEI with recovery_frame_cnt 0."""


def idr(number: int, size: int = 40) -> bytes:
    """A slice of an IDR picture, told apart by its number."""
    return b"\x65" + struct.pack(">I", number | 0x80000000) + bytes(size)


def inter(number: int, size: int = 20) -> bytes:
    """A slice of a picture that is not IDR."""
    return b"\x41" + struct.pack(">I", number | 0x80000000) + bytes(size)


def marked_sei(text: bytes) -> bytes:
    """An SEI of user data, as picture marks are."""
    body = b"U" * 16 + text
    return b"\x06\x05" + bytes((len(body),)) + body + b"\x80"


def stap_a(nals: Sequence[bytes]) -> bytes:
    """An aggregation packet's payload."""
    return b"\x78" + b"".join(struct.pack(">H", len(nal)) + nal for nal in nals)


def fu_a(nal: bytes, size: int) -> list[bytes]:
    """A NAL unit in fragments of at most `size` bytes."""
    body = [nal[position : position + size] for position in range(1, len(nal), size)]
    flags = [(0x80 if i == 0 else 0) | (0x40 if i == len(body) - 1 else 0) for i in range(len(body))]
    return [bytes((nal[0] & 0xE0 | 28, flag | nal[0] & 0x1F)) + part for flag, part in zip(flags, body, strict=True)]


def with_lengths(nals: Iterable[bytes]) -> bytes:
    """NAL units each after its length: what an access unit's data holds."""
    return b"".join(struct.pack(">I", len(nal)) + nal for nal in nals)


class Packer:
    """RTP packets of one source, numbered on."""

    def __init__(self, *, sequence: int = 1000, ssrc: int = 0x1234, payload_type: int = 96) -> None:
        self.sequence = sequence
        self.ssrc = ssrc
        self.payload_type = payload_type

    def packet(self, payload: bytes, timestamp: int, *, marker: bool = False) -> bytes:
        """One packet."""
        second = self.payload_type | (0x80 if marker else 0)
        header = struct.pack(">BBHII", 0x80, second, self.sequence, timestamp & 0xFFFFFFFF, self.ssrc)
        self.sequence = (self.sequence + 1) & 0xFFFF
        return header + payload

    def picture(self, nals: Sequence[bytes], timestamp: int, *, size: int = 1400) -> list[bytes]:
        """One access unit: a NAL unit longer than `size` in fragments, the marker on the last packet."""
        payloads = [part for nal in nals for part in (fu_a(nal, size) if len(nal) > size else [nal])]
        return [self.packet(payload, timestamp, marker=i == len(payloads) - 1) for i, payload in enumerate(payloads)]


def interleaved(packets: Iterable[bytes], channel: int = 0) -> bytes:
    """Packets as RTSP carries them in TCP."""
    return b"".join(struct.pack(">BBH", 0x24, channel, len(packet)) + packet for packet in packets)
