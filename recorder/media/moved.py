"""Fragments of recorder.media.fmp4 moved to another decode time, everything else as it is."""

import struct

from recorder.media.access_unit import TIMESCALE
from recorder.media.fmp4 import FragmentHead

_VIDEO_TIME_AT = 60
"""Of the decode time in a moof: behind the heads of moof, mfhd, traf and tfhd, and its own."""
_SOUND_TIME_AT = 36
"""The same in the sound's traf."""
_TRAF_AT = 24


def moved_fragment(data: bytes, head: FragmentHead, ticks_90k: int, sound_rate: int | None) -> bytes:
    """A whole fragment, `ticks_90k` later (earlier, if negative; no time becomes less than 0). `head`: its own."""
    moved = bytearray(data)
    struct.pack_into(">Q", moved, _VIDEO_TIME_AT, max(head.decode_time_90k + ticks_90k, 0))
    if head.sound is not None and sound_rate is not None:
        video_traf_bytes = int.from_bytes(data[_TRAF_AT : _TRAF_AT + 4], "big")
        time = head.sound.decode_time + ticks_90k * sound_rate // TIMESCALE
        struct.pack_into(">Q", moved, _TRAF_AT + video_traf_bytes + _SOUND_TIME_AT, max(time, 0))
    return bytes(moved)
