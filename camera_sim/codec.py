"""The little of H.264 and H.265 that the simulator needs: NAL units and their types.

ITU-T H.264 section 7.3.1 and table 7-1; ITU-T H.265 section 7.3.1.2 and table 7-1.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

CodecName = Literal["h264", "h265"]
_START_CODE = re.compile(rb"\x00\x00\x01")


@dataclass(frozen=True, slots=True, kw_only=True)
class Codec:
    """`types` by role; `sei_header` begins an SEI NAL unit of messages before a picture."""

    name: CodecName
    decoder: str
    encoder: str
    header_bytes: int
    nal_type: Callable[[bytes], int]
    slices: range
    keys: range
    parameter_sets: tuple[int, ...]
    sei_header: bytes

    def is_slice(self, nal: bytes) -> bool:
        """Whether it holds a part of a picture."""
        return self.nal_type(nal) in self.slices

    def is_key(self, nal: bytes) -> bool:
        """Whether decoding can begin with the picture it is a part of."""
        return self.nal_type(nal) in self.keys

    def is_parameter_set(self, nal: bytes) -> bool:
        """SPS, PPS, and in H.265 VPS."""
        return self.nal_type(nal) in self.parameter_sets


H264 = Codec(
    name="h264",
    decoder="h264",
    encoder="libx264",
    header_bytes=1,
    nal_type=lambda nal: nal[0] & 0x1F,
    slices=range(1, 6),
    keys=range(5, 6),
    parameter_sets=(7, 8),
    sei_header=b"\x06",
)
H265 = Codec(
    name="h265",
    decoder="hevc",
    encoder="libx265",
    header_bytes=2,
    nal_type=lambda nal: nal[0] >> 1 & 0x3F,
    slices=range(32),
    keys=range(16, 22),
    parameter_sets=(32, 33, 34),
    sei_header=b"\x4e\x01",
)
CODECS: dict[CodecName, Codec] = {"h264": H264, "h265": H265}


def split_annex_b(data: bytes) -> list[bytes]:
    """NAL units of a byte stream with start codes (annex B), without them; trailing zeros belong to the stream."""
    starts = [match.end() for match in _START_CODE.finditer(data)]
    ends = [start - 3 for start in starts[1:]] + [len(data)]
    return [nal for start, end in zip(starts, ends, strict=False) if (nal := data[start:end].rstrip(b"\0"))]


def profile_level_id(sps: bytes) -> str:
    """`profile-level-id` of RFC 6184 section 8.1: profile, constraints and level as six hexadecimal digits."""
    return sps[1:4].hex().upper()
