"""Fragmented MP4 (ISO/IEC 14496-12): a video track of timescale 90000, and one of sound where there is any
(recorder.media.sound_track): what lies on disk and what live view sends.

A file is `init_segment` and then any number of `fragment`s. Reading back (recovery) understands exactly what is
written here; everything else is a BoxError.

B-frames: a sample's composition offset says how much later than decoded it is shown. Negative ones are allowed, but
FFmpeg moves the whole track for them, away from its sound. So in files all pictures lie `delay_90k` later, and an edit
list takes that back: presentation = decode time + offset - delay.
"""

import re
import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from recorder.media.access_unit import TIMESCALE, VideoFormat
from recorder.media.boxes import MATRIX, box, full_box, media_box
from recorder.media.errors import BoxError
from recorder.media.formats import parameter_sets_of, video_format
from recorder.media.sound_track import (
    SOUND_TRACK_ID,
    SoundHead,
    SoundPiece,
    parse_sound_traf,
    sound_format_of,
    sound_traf,
    sound_trak,
    sound_trex,
    traf_bytes,
)

TRACK_ID = 1
MARK_UUID = bytes.fromhex("c5b0a1c27d2f4f0e9a3ee1d9a0f6b7d4")

_KEY_FLAGS, _OTHER_FLAGS = 0x02000000, 0x01010000  # sample_depends_on, sample_is_non_sync_sample (section 8.8.3.1)
_HEAD = struct.Struct(">I4sI4sIII4sI4sIII4sIQI4sIIi")  # moof, mfhd, traf, tfhd, tfdt and the head of trun
_SAMPLE = struct.Struct(">IIIi")
_MARK = struct.Struct(">BIIq")
_SAMPLE_ENTRIES = {"h264": (b"avc1", b"avcC"), "h265": (b"hvc1", b"hvcC")}  # ISO/IEC 14496-15
_CONFIGURATION = re.compile(rb"avcC|hvcC")

Reader = Callable[[int, int], bytes]
"""Reads (offset, size) bytes of a file; fewer at its end."""


class Sample(NamedTuple):
    """One picture. `data`: NAL units, each after its length in four bytes. `offset_90k`: from decoding to showing."""

    data: bytes
    duration_90k: int
    key: bool
    offset_90k: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentMark:
    """What identifies a segment within its camera and stream, and when its first picture was taken."""

    run: int
    seq: int
    start_utc_ns: int


@dataclass(frozen=True, slots=True)
class Box:
    """A box's place in its file: `offset` and `size` include the header, `body` is where its content begins."""

    kind: bytes
    offset: int
    size: int
    body: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FragmentHead:
    """A moof, read back. `data_bytes`: of the mdat's content, which is the pictures', then the sound's."""

    sequence: int
    decode_time_90k: int
    duration_90k: int
    key: bool
    sample_bytes: tuple[int, ...]
    sample_durations_90k: tuple[int, ...]
    sample_offsets_90k: tuple[int, ...]
    sound: SoundHead | None

    @property
    def picture_bytes(self) -> int:
        return sum(self.sample_bytes)

    @property
    def data_bytes(self) -> int:
        return self.picture_bytes + (sum(self.sound.frame_bytes) if self.sound else 0)


def init_segment(format: VideoFormat, extra_box: bytes = b"", *, delay_90k: int = 0) -> bytes:
    """ftyp and moov, then `extra_box`: what a player needs before the first fragment."""
    entry_kind, _ = _SAMPLE_ENTRIES[format.codec]
    ftyp = box(b"ftyp", b"iso6", struct.pack(">I", 0), b"iso6iso5" + entry_kind + b"mp41")
    mvhd = full_box(
        b"mvhd", 0, 0, struct.pack(">IIIIIH10x", 0, 0, TIMESCALE, 0, 0x10000, 0x100), MATRIX,
        struct.pack(">24xI", SOUND_TRACK_ID + 1),
    )  # fmt: skip
    trex = full_box(b"trex", 0, 0, struct.pack(">IIIII", TRACK_ID, 1, 0, 0, 0))
    traks, trexes = [_trak(format, delay_90k)], [trex]
    if format.sound is not None:
        traks.append(sound_trak(format.sound))
        trexes.append(sound_trex())
    return ftyp + box(b"moov", mvhd, *traks, box(b"mvex", *trexes)) + extra_box


def _trak(format: VideoFormat, delay_90k: int) -> bytes:
    tkhd = full_box(
        b"tkhd", 0, 3, struct.pack(">IIIII8xHHHH", 0, 0, TRACK_ID, 0, 0, 0, 0, 0, 0), MATRIX,
        struct.pack(">II", format.width << 16, format.height << 16),
    )  # fmt: skip
    vmhd = full_box(b"vmhd", 0, 1, bytes(8))
    edit = struct.pack(">IIiI", 1, 0, delay_90k, 0x10000)  # to the end, whose time is not known yet
    edts = (box(b"edts", full_box(b"elst", 0, 0, edit)),) if delay_90k else ()
    return box(b"trak", tkhd, *edts, media_box(TIMESCALE, b"vide", b"video", vmhd, sample_entry(format)))


def sample_entry(format: VideoFormat) -> bytes:
    """What a track of these pictures is described by (ISO/IEC 14496-15)."""
    entry_kind, configuration_kind = _SAMPLE_ENTRIES[format.codec]
    return box(
        entry_kind,
        struct.pack(">6xH16xHHIIIH32xHh", 1, format.width, format.height, 0x480000, 0x480000, 0, 1, 24, -1),
        box(configuration_kind, format.decoder_configuration),
    )


def fragment(
    sequence: int, decode_time_90k: int, samples: Sequence[Sample], sound: SoundPiece | None = None
) -> list[bytes]:
    """moof and mdat of at least one sample, as buffers for writev: the boxes' heads first, then each sample's data, and
    each frame's of the sound."""
    count = len(samples)
    trun = 20 + _SAMPLE.size * count
    traf = 44 + trun
    moof = 24 + traf + (traf_bytes(len(sound.frames)) if sound else 0)
    datas = [sample.data for sample in samples]
    values: list[int] = []
    for data, duration_90k, key, offset_90k in samples:
        values += (duration_90k, len(data), _KEY_FLAGS if key else _OTHER_FLAGS, offset_90k & 0xFFFFFFFF)
    head = _HEAD.pack(
        moof, b"moof", 16, b"mfhd", 0, sequence,
        traf, b"traf", 16, b"tfhd", 0x020000, TRACK_ID, 20, b"tfdt", 0x01000000, decode_time_90k,
        trun, b"trun", 0x01000F01, count, moof + 8,
    )  # fmt: skip
    table = struct.pack(f">{4 * count}I", *values)
    size = sum(map(len, datas))
    if sound is not None:
        table += sound_traf(sound, moof + 8 + size)
        datas += sound.frames
        size += sound.data_bytes
    return [head + table + struct.pack(">I4s", 8 + size, b"mdat"), *datas]


def mark_box(mark: SegmentMark) -> bytes:
    """The `uuid` box of a segment, for `init_segment`'s extra box."""
    return box(b"uuid", MARK_UUID, _MARK.pack(1, mark.run, mark.seq, mark.start_utc_ns))


def parse_mark(content: bytes) -> SegmentMark | None:
    """The mark in a `uuid` box's content; None if the box is somebody else's or of another version."""
    if len(content) != 16 + _MARK.size or content[:16] != MARK_UUID:
        return None
    version, run, seq, start_utc_ns = _MARK.unpack_from(content, 16)
    return SegmentMark(run=run, seq=seq, start_utc_ns=start_utc_ns) if version == 1 else None


def walk_boxes(read: Reader, end: int, offset: int = 0) -> Iterator[Box]:
    """The boxes from `offset` to `end`, in order. Raises BoxError at the first that is malformed or passes `end`."""
    while offset < end:
        header = read(offset, 16)
        if len(header) < 8:
            raise BoxError("a box's header is cut off", offset)
        size, kind = struct.unpack_from(">I4s", header)
        body = offset + 8
        if size == 1 and len(header) == 16:
            size, body = struct.unpack_from(">Q", header, 8)[0], offset + 16
        if offset + size < body:
            raise BoxError(f"a box has the impossible size {size}", offset)
        if offset + size > end:
            raise BoxError(f"a box of {size} bytes is cut off", offset)
        yield Box(kind, offset, size, body)
        offset += size


def parse_fragment_head(moof: bytes, offset: int = 0) -> FragmentHead:
    """A moof of `fragment`. `offset`: of the box in its file, for the error. Raises BoxError on any other bytes."""
    if len(moof) < _HEAD.size:
        raise BoxError("a moof is too short", offset)
    (moof_size, moof_kind, _, mfhd, _, sequence, traf_size, traf, _, tfhd, _, _, _, tfdt, _, decode_time_90k,
     trun_size, trun, flags, count, data_offset) = _HEAD.unpack_from(moof)  # fmt: skip
    kinds = (moof_kind, mfhd, traf, tfhd, tfdt, trun)
    video_end = 24 + traf_size
    if (
        kinds != (b"moof", b"mfhd", b"traf", b"tfhd", b"tfdt", b"trun")
        or flags != 0x01000F01
        or traf_size != trun_size + 44
        or not moof_size == data_offset - 8 == len(moof) >= video_end
    ):
        raise BoxError("a moof is not of this recorder's making", offset)
    if count == 0 or trun_size != 20 + _SAMPLE.size * count:
        raise BoxError(f"a trun of {trun_size} bytes cannot hold {count} samples", offset)
    samples = list(_SAMPLE.iter_unpack(moof[_HEAD.size : video_end]))
    return FragmentHead(
        sequence=sequence,
        decode_time_90k=decode_time_90k,
        duration_90k=sum(sample[0] for sample in samples),
        key=samples[0][2] == _KEY_FLAGS,
        sample_bytes=tuple(sample[1] for sample in samples),
        sample_durations_90k=tuple(sample[0] for sample in samples),
        sample_offsets_90k=tuple(sample[3] for sample in samples),
        sound=parse_sound_traf(moof[video_end:], offset) if video_end < len(moof) else None,
    )


def format_of_init(moov: bytes) -> VideoFormat:
    """The format in a moov of `init_segment`. Raises MediaError."""
    found = _CONFIGURATION.search(moov)  # the first: what lies inside the box may hold such letters, too
    if found is None or found.start() < 4:
        raise BoxError("a moov without avcC or hvcC", 0)
    position = found.start()
    size = int.from_bytes(moov[position - 4 : position], "big")
    body = moov[position + 4 : position - 4 + size]
    codec = "h265" if found[0] == b"hvcC" else "h264"
    video = video_format(codec, parameter_sets_of(codec, body))
    sound = sound_format_of(moov[position - 4 + size :])
    return video if sound is None else replace(video, sound=sound)


def delay_of_init(moov: bytes) -> int:
    """The delay in a moov of `init_segment`."""
    found = moov.find(b"elst", 0, moov.find(b"mdia"))
    return int(struct.unpack_from(">i", moov, found + 16)[0]) if 0 <= found <= len(moov) - 20 else 0
