"""The second track of a file: its sound, raw AAC in `mp4a` (ISO/IEC 14496-14 section 5.6), in samples' own time."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from recorder.media import aac
from recorder.media.access_unit import SoundFormat
from recorder.media.boxes import MATRIX, box, full_box, media_box
from recorder.media.errors import BoxError

SOUND_TRACK_ID = 2

_HEAD = struct.Struct(">I4sI4sIII4sIQI4sIIi")  # traf, tfhd, tfdt and the head of trun
_SAMPLE = struct.Struct(">II")
_TRUN_FLAGS = 0x000301  # data offset, duration, size


@dataclass(frozen=True, slots=True, kw_only=True)
class SoundPiece:
    """The sound of one fragment. `decode_time` and `durations` in samples, the former from the segment's start."""

    decode_time: int
    frames: Sequence[bytes]
    durations: Sequence[int]

    @property
    def data_bytes(self) -> int:
        return sum(map(len, self.frames))


@dataclass(frozen=True, slots=True, kw_only=True)
class SoundHead:
    """A traf, read back: as SoundPiece has it, but for the sizes of the frames."""

    decode_time: int
    frame_bytes: tuple[int, ...]
    durations: tuple[int, ...]


def sound_trak(format: SoundFormat) -> bytes:
    """The track's trak."""
    tkhd = full_box(
        b"tkhd", 0, 3, struct.pack(">IIIII8xHHHH", 0, 0, SOUND_TRACK_ID, 0, 0, 0, 0, 0x0100, 0), MATRIX, bytes(8)
    )
    smhd = full_box(b"smhd", 0, 0, bytes(4))
    return box(b"trak", tkhd, media_box(format.rate, b"soun", b"sound", smhd, sound_entry(format)))


def sound_entry(format: SoundFormat) -> bytes:
    """What a track of this sound is described by."""
    rate = format.rate if format.rate < 1 << 16 else 0
    return box(b"mp4a", struct.pack(">6xH8xHHIHxx", 1, format.channels, 16, 0, rate), _esds(format.config))


def sound_trex() -> bytes:
    """The track's trex: every frame may be begun at."""
    return full_box(b"trex", 0, 0, struct.pack(">IIIII", SOUND_TRACK_ID, 1, 0, 0, 0))


def traf_bytes(frames: int) -> int:
    """Size of the traf of so many frames."""
    return _HEAD.size + _SAMPLE.size * frames


def sound_traf(piece: SoundPiece, data_offset: int) -> bytes:
    """The traf of a piece whose data lies so far behind the beginning of the moof."""
    count = len(piece.frames)
    trun = 20 + _SAMPLE.size * count
    values: list[int] = []
    for data, duration in zip(piece.frames, piece.durations, strict=True):
        values += (duration, len(data))
    head = _HEAD.pack(
        44 + trun, b"traf", 16, b"tfhd", 0x020000, SOUND_TRACK_ID, 20, b"tfdt", 0x01000000, piece.decode_time,
        trun, b"trun", _TRUN_FLAGS, count, data_offset,
    )  # fmt: skip
    return head + struct.pack(f">{2 * count}I", *values)


def parse_sound_traf(traf: bytes, offset: int) -> SoundHead:
    """A traf of `sound_traf`. `offset`: of its moof, for the error. Raises BoxError on any other bytes."""
    if len(traf) < _HEAD.size:
        raise BoxError("the traf of a moof's sound is too short", offset)
    (size, kind, _, tfhd, _, track, _, tfdt, _, decode_time,
     trun_size, trun, flags, count, _) = _HEAD.unpack_from(traf)  # fmt: skip
    if (
        (kind, tfhd, tfdt, trun, flags, track) != (b"traf", b"tfhd", b"tfdt", b"trun", _TRUN_FLAGS, SOUND_TRACK_ID)
        or size != len(traf)
        or trun_size != size - 44
        or size != traf_bytes(count)
        or not count
    ):
        raise BoxError("the sound of a moof is not of this recorder's making", offset)
    samples = list(_SAMPLE.iter_unpack(traf[_HEAD.size :]))
    return SoundHead(
        decode_time=decode_time,
        frame_bytes=tuple(sample[1] for sample in samples),
        durations=tuple(sample[0] for sample in samples),
    )


def sound_format_of(moov: bytes) -> SoundFormat | None:
    """The sound in a moov with a `sound_trak`; None without one. Raises MediaError."""
    at = moov.rfind(b"esds")
    if at < 0 or moov.rfind(b"mp4a", 0, at) < 0:
        return None
    descriptors = moov[at + 8 :]
    at = 5 + 15  # the heads of ES_Descriptor and DecoderConfigDescriptor
    if len(descriptors) < at + 2 or descriptors[at] != 5 or len(descriptors) < at + 2 + descriptors[at + 1]:
        raise BoxError("an esds without a configuration", 0)
    return aac.sound_format(descriptors[at + 2 : at + 2 + descriptors[at + 1]])


def _esds(config: bytes) -> bytes:
    """ISO/IEC 14496-1 section 7.2.6; every length fits into one byte."""

    def descriptor(tag: int, *content: bytes) -> bytes:
        data = b"".join(content)
        return bytes((tag, len(data))) + data

    specific = descriptor(5, config)
    decoder = descriptor(4, struct.pack(">BBBHII", 0x40, 0x15, 0, 0, 0, 0), specific)  # AAC, an audio stream
    return full_box(b"esds", 0, 0, descriptor(3, struct.pack(">HB", 0, 0), decoder, descriptor(6, b"\x02")))
