"""NAL units to RTP packets, framed for interleaved TCP. Pure.

RFC 6184: section 5.6 (single NAL unit packet), 5.8 (FU-A), packetization-mode 1. RFC 7798: section 4.4.1, 4.4.3 (FU).
RFC 3550 section 5.1 (header). RFC 2326 section 10.12 (interleaved frame). Packets are made once; what differs between
receivers is patched at fixed places.
"""

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate

from camera_sim.codec import H264, Codec

PAYLOAD_TYPE = 96
PAYLOAD_BYTES_MAX = 1400
RTP_HEADER_BYTES = 12
FRAME_BYTES = 4
"""The interleaved frame's own header."""
_FRAME = struct.Struct(">cBHBB10x")
_SEQUENCE_TIME_SOURCE = struct.Struct(">HII")
_CHANNEL_AT, _SEQUENCE_AT = 1, 6
_VERSION = 0x80
_MARKER = 0x80
_FU_A, _FU_H265, _FU_START, _FU_END = 28, 49, 0x80, 0x40


@dataclass(frozen=True, slots=True, kw_only=True)
class Packets:
    """Interleaved frames back to back, receiver's fields zero. `offsets`: where each begins; `payload_bytes`: RTP
    payload of all, as sender reports count it."""

    template: bytes = b""
    offsets: tuple[int, ...] = ()
    payload_bytes: int = 0


def packetize(nals: Iterable[bytes], codec: Codec = H264, *, last: bool) -> Packets:
    """The packets of NAL units in order; `last`: the access unit ends with them, so the last packet bears the
    marker."""
    payloads = [payload for nal in nals for payload in _payloads(nal, codec)]
    parts: list[bytes] = []
    offsets, at = [], 0
    for number, payload in enumerate(payloads, 1):
        marker = _MARKER if last and number == len(payloads) else 0
        parts += (_FRAME.pack(b"$", 0, RTP_HEADER_BYTES + len(payload), _VERSION, marker | PAYLOAD_TYPE), payload)
        offsets.append(at)
        at += _FRAME.size + len(payload)
    return Packets(template=b"".join(parts), offsets=tuple(offsets), payload_bytes=sum(map(len, payloads)))


def one_packet(payload: bytes, payload_type: int) -> Packets:
    """A whole payload in a packet of its own, with the marker."""
    head = _FRAME.pack(b"$", 0, RTP_HEADER_BYTES + len(payload), _VERSION, _MARKER | payload_type)
    return Packets(template=head + payload, offsets=(0,), payload_bytes=len(payload))


def join(parts: Sequence[Packets]) -> Packets:
    """Several runs of packets as one."""
    begins = accumulate((len(part.template) for part in parts), initial=0)
    return Packets(
        template=b"".join([part.template for part in parts]),
        offsets=tuple([at + offset for at, part in zip(begins, parts, strict=False) for offset in part.offsets]),
        payload_bytes=sum([part.payload_bytes for part in parts]),
    )


def address(packets: Packets, *, channel: int, sequence: int, rtp_time: int, ssrc: int) -> bytearray:
    """The bytes for one receiver; the first packet gets `sequence` (16 bits, wraps)."""
    out = bytearray(packets.template)
    for number, offset in enumerate(packets.offsets, sequence):
        out[offset + _CHANNEL_AT] = channel
        _SEQUENCE_TIME_SOURCE.pack_into(out, offset + _SEQUENCE_AT, number & 0xFFFF, rtp_time, ssrc)
    return out


def datagrams(packets: Packets, *, sequence: int, rtp_time: int, ssrc: int) -> list[memoryview]:
    """The same as RTP packets one by one, without the frames around them."""
    whole = memoryview(address(packets, channel=0, sequence=sequence, rtp_time=rtp_time, ssrc=ssrc))
    ends = (*packets.offsets[1:], len(whole))
    return [whole[at + FRAME_BYTES : end] for at, end in zip(packets.offsets, ends, strict=True)]


def interleave(channel: int, packet: bytes) -> bytes:
    """One interleaved frame around a packet (RTCP)."""
    return struct.pack(">cBH", b"$", channel, len(packet)) + packet


def _payloads(nal: bytes, codec: Codec) -> Iterable[bytes]:
    if len(nal) <= PAYLOAD_BYTES_MAX:
        yield nal
        return
    kind, head = codec.nal_type(nal), codec.header_bytes
    indicator = bytes((nal[0] & 0xE0 | _FU_A,)) if codec is H264 else bytes((nal[0] & 0x81 | _FU_H265 << 1, nal[1]))
    step = PAYLOAD_BYTES_MAX - head - 1
    for at in range(head, len(nal), step):
        first, final = at == head, at + step >= len(nal)
        header = kind | (_FU_START if first else 0) | (_FU_END if final else 0)
        yield indicator + bytes((header,)) + nal[at : at + step]
