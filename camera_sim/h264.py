"""The little of H.264 that the simulator needs: NAL units and their types (ITU-T H.264 section 7.3.1 and table 7-1)."""

import re

NAL_SLICE, NAL_IDR, NAL_SEI, NAL_SPS, NAL_PPS = 1, 5, 6, 7, 8
_START_CODE = re.compile(rb"\x00\x00\x01")


def nal_type(nal: bytes) -> int:
    """The type of a NAL unit given without start code."""
    return nal[0] & 0x1F


def split_annex_b(data: bytes) -> list[bytes]:
    """NAL units of a byte stream with start codes (annex B), without them; trailing zeros belong to the stream."""
    starts = [match.end() for match in _START_CODE.finditer(data)]
    ends = [start - 3 for start in starts[1:]] + [len(data)]
    return [nal for start, end in zip(starts, ends, strict=False) if (nal := data[start:end].rstrip(b"\0"))]


def profile_level_id(sps: bytes) -> str:
    """`profile-level-id` of RFC 6184 section 8.1: profile, constraints and level as six hexadecimal digits."""
    return sps[1:4].hex().upper()
