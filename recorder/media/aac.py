"""AAC: what its configuration means (ISO/IEC 14496-3 sections 1.6.2 and 4.4.1), and frames in ADTS (section 1.A.2.2).

Pure functions over bytes from cameras and files, which may be anything: ParameterSetError is the only error.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from recorder.media.access_unit import SoundFormat
from recorder.media.bits import BitReader
from recorder.media.errors import ParameterSetError

CONFIG_BYTES_MAX = 64
FRAME_BYTES_MAX = 8191
"""What an AU header of 13 bits (RFC 3640 section 3.3.6) and ADTS can measure."""

_RATES = (96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350)
_LOW_COMPLEXITY, _SPECTRAL_BAND, _PARAMETRIC_STEREO = 2, 5, 29
_ESCAPE_TYPE, _ESCAPE_RATE = 31, 15
_CHANNELS = {1: 1, 2: 2, 3: 3, 4: 4, 5: 5, 6: 6, 7: 8}
_ADTS_HEADER = 7


@dataclass(frozen=True, slots=True)
class AdtsFrame:
    """A raw frame and the configuration that its header describes."""

    config: bytes
    data: bytes


def sound_format(config: bytes) -> SoundFormat:
    """What an AudioSpecificConfig describes: AAC of low complexity, with or without band replication."""
    if not 2 <= len(config) <= CONFIG_BYTES_MAX:
        raise ParameterSetError(f"an AAC configuration of {len(config)} bytes")
    bits = BitReader(config)
    kind = first_kind = _object_type(bits)
    rate, channels = _rate(bits), bits.u(4)
    if kind in (_SPECTRAL_BAND, _PARAMETRIC_STEREO):
        _rate(bits)  # of the output; frames are counted at the core's
        kind = _object_type(bits)
    if kind != _LOW_COMPLEXITY:
        raise ParameterSetError(f"AAC of the object type {kind}")
    if channels not in _CHANNELS:
        raise ParameterSetError(f"AAC with the channel configuration {channels}")
    return SoundFormat(
        config=config,
        rate=rate,
        channels=_CHANNELS[channels],
        frame_samples=960 if bits.u(1) else 1024,
        codecs=f"mp4a.40.{first_kind}",
    )


def low_complexity_config(rate: int, channels: int) -> bytes:
    """The AudioSpecificConfig of plain AAC."""
    return (_LOW_COMPLEXITY << 11 | _RATES.index(rate) << 7 | channels << 3).to_bytes(2, "big")


def adts_frames(data: bytes) -> Iterator[AdtsFrame]:
    """The frames of a chain of ADTS frames; ends at the first that is none."""
    position = 0
    while len(data) - position > _ADTS_HEADER:
        head = int.from_bytes(data[position : position + _ADTS_HEADER], "big")
        size = head >> 13 & 0x1FFF
        start = position + _ADTS_HEADER + (0 if head >> 40 & 1 else 2)
        stop = position + size
        rate = head >> 34 & 0xF
        if head >> 44 != 0xFFF or rate >= len(_RATES) or stop > len(data) or start >= stop or head & 3:
            return
        kind, channels = (head >> 38 & 3) + 1, head >> 30 & 7
        yield AdtsFrame((kind << 11 | rate << 7 | channels << 3).to_bytes(2, "big"), data[start:stop])
        position = stop


def _object_type(bits: BitReader) -> int:
    kind = bits.u(5)
    return 32 + bits.u(6) if kind == _ESCAPE_TYPE else kind


def _rate(bits: BitReader) -> int:
    index = bits.u(4)
    rate = bits.u(24) if index == _ESCAPE_RATE else _RATES[index] if index < len(_RATES) else 0
    if not 7000 <= rate <= 96000:
        raise ParameterSetError(f"AAC at {rate} samples a second")
    return rate
