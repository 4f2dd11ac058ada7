"""One coded picture with its time: what ingest makes and everything else passes on, unchanged. The sound that goes with
it rides on it, so that whatever holds, drops or cuts pictures does so with their sound."""

from dataclasses import dataclass
from typing import NamedTuple

TIMESCALE = 90_000
"""Ticks per second of every media time in the recorder (RTP's video clock, RFC 6184 section 8.2.1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SoundFormat:
    """AAC. `config`: the AudioSpecificConfig (ISO/IEC 14496-3 section 1.6.2.1); `rate`: samples a second, of which
    each frame has `frame_samples`; `codecs`: the RFC 6381 string, e.g. `mp4a.40.2`."""

    config: bytes
    rate: int
    channels: int
    frame_samples: int
    codecs: str


class SoundFrame(NamedTuple):
    """One raw AAC frame. `pts_90k`: when it begins, in the media time of its run; negative before the first picture."""

    data: bytes
    pts_90k: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoFormat:
    """What a decoder must know before the first picture. Equal formats need no new init section. `sound`: of the sound
    that comes with the pictures, if any.

    `parameter_sets`: NAL units without start code, SPS before PPS. `decoder_configuration`: the body of an `avcC` box
    (ISO/IEC 14496-15 section 5.3.3). `codecs`: the RFC 6381 string, e.g. `avc1.64001F`.
    """

    codec: str
    parameter_sets: tuple[bytes, ...]
    width: int
    height: int
    decoder_configuration: bytes
    codecs: str
    sound: SoundFormat | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessUnit:
    """`data`: NAL units, each after its length in four bytes, big-endian; parameter sets are not repeated in it.

    `run` changes whenever time or pictures are not continuous with the unit before (reconnect, clock step, a jump of
    the camera's timestamps); after a clock step it may begin with a picture that is no key frame. Units come in decode
    order. `pts_90k`, when it is shown, counts from the run's first unit; `composition_90k` is how much later than it is
    decoded that is (signed; 0 without B-frames): decode times strictly increase in a run. `utc_ns` is the label: the
    run's wall anchor plus the media time elapsed, of the latest of this unit and all before it in its run; licences,
    indexes and timelines go by it. So nothing that is shown at X or later has a label before X, and a cut by labels is
    one in decode order. `arrival_ns` is monotonic. `sound`: frames of `format.sound` that have come since the unit
    before and ended by this label, in order: a permission that covers the unit's label covers their end.
    """

    format: VideoFormat
    data: bytes
    key: bool
    run: int
    pts_90k: int
    utc_ns: int
    arrival_ns: int
    composition_90k: int = 0
    sound: tuple[SoundFrame, ...] = ()
