"""H.265 over RTP, as a camera packs it, written against RFC 7798; and parameter sets made by libx265."""

import struct
from collections.abc import Sequence

VPS = bytes.fromhex("40010c01ffff01600000030090000003000003003cba0240")
SPS = bytes.fromhex("42010101600000030090000003000003003ca00a880407111196e92930bc05a02000000300200000030141")
"""322 × 242, Main, level 2."""
PPS = bytes.fromhex("4401c073c189")
HVCC_HEAD = bytes.fromhex("0101600000009000000000003cf000fcfdf8f800000f")
"""As FFmpeg writes it."""
VPS_10 = bytes.fromhex("40010c01ffff222000000300900000030000030099ba0240")
SPS_10 = bytes.fromhex("420101222000000300900000030000030099a00a8804071110d96e92930bc05a020000030002000003001410")
"""The same size, Main 10, high tier, level 5.1."""
HVCC_HEAD_10 = bytes.fromhex("01222000000090000000000099f000fcfdfafa00000f")
TRAIL, RASL, IDR, CRA, AUD, SEI = 1, 9, 19, 21, 35, 39


def nal(kind: int, number: int = 0, size: int = 20) -> bytes:
    """A NAL unit of this type, told apart by its number."""
    return bytes((kind << 1, 1)) + struct.pack(">I", number | 0x80000000) + bytes(size)


def recovery_point() -> bytes:
    return bytes((SEI << 1, 1, 6, 1, 0x80, 0x80))


def aggregated(nals: Sequence[bytes]) -> bytes:
    """An aggregation packet's payload (section 4.4.2)."""
    return b"\x60\x01" + b"".join(struct.pack(">H", len(one)) + one for one in nals)


def fragmented(one: bytes, size: int) -> list[bytes]:
    """A NAL unit in fragmentation units (section 4.4.3)."""
    kind, body = one[0] >> 1 & 0x3F, [one[i : i + size] for i in range(2, len(one), size)]
    head = bytes((one[0] & 0x81 | 49 << 1, one[1]))
    flags = [(0x80 if i == 0 else 0) | (0x40 if i == len(body) - 1 else 0) for i in range(len(body))]
    return [head + bytes((flag | kind,)) + part for flag, part in zip(flags, body, strict=True)]
