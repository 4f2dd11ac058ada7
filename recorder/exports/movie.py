"""A movie that plays anywhere (ISO/IEC 14496-12): `ftyp`, `moov` and the head of one `mdat`, whose content follows.

All sizes and times are known beforehand, so that nothing is written twice. What a player shows is exactly the edit:
pictures before it are decoded and hidden (they lead from the key picture to the first one wanted), pictures after it
are not shown.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from recorder.media.access_unit import TIMESCALE, SoundFormat, VideoFormat
from recorder.media.boxes import MATRIX, box, full_box
from recorder.media.fmp4 import TRACK_ID, sample_entry
from recorder.media.sound_track import SOUND_TRACK_ID, sound_entry

Numbers = npt.NDArray[np.int64]

_EPOCH_1904_SECONDS = 2_082_844_800
_LANGUAGE_UND = 0x55C4


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """One track. `decode_times` strictly increase from 0, `last_duration` is the last sample's; `offsets` are from
    decoding to showing; `keys` the numbers of key samples, None: all are. A chunk is a run of samples that lie
    together: how many, and how far behind the beginning of the mdat's content. Shown are `edit_ticks` from `edit_start`
    on, after a pause of `pause_90k`."""

    sizes: Numbers
    decode_times: Numbers
    last_duration: int
    offsets: Numbers | None = None
    keys: Numbers | None = None
    chunk_samples: Numbers
    chunk_offsets: Numbers
    edit_start: int
    edit_90k: int
    pause_90k: int = 0


def movie_head(
    video: VideoFormat, pictures: Track, sound: Track | None, *, data_bytes: int, taken_at_unix_seconds: int
) -> bytes:
    """All that stands before the content of the mdat, which has `data_bytes`."""
    kind = b"avc1" if video.codec == "h264" else b"hvc1"
    ftyp = box(b"ftyp", b"isom", struct.pack(">I", 0x200), b"isomiso2iso4", kind, b"mp41")
    size = len(_moov(video, pictures, sound, 0, taken_at_unix_seconds))
    moov = _moov(video, pictures, sound, len(ftyp) + size + 16, taken_at_unix_seconds)
    assert len(moov) == size
    return ftyp + moov + struct.pack(">I4sQ", 1, b"mdat", 16 + data_bytes)


def _moov(video: VideoFormat, pictures: Track, sound: Track | None, data_at: int, taken_at: int) -> bytes:
    created = taken_at + _EPOCH_1904_SECONDS
    shown = pictures.pause_90k + pictures.edit_90k
    mvhd = full_box(
        b"mvhd",
        1,
        0,
        struct.pack(">QQIQIH10x", created, created, TIMESCALE, shown, 0x10000, 0x100),
        MATRIX,
        struct.pack(">24xI", SOUND_TRACK_ID + 1),
    )
    traks = [
        _trak(
            TRACK_ID,
            pictures,
            TIMESCALE,
            created,
            data_at,
            volume=0,
            size=(video.width, video.height),
            handler=(b"vide", b"video"),
            header=full_box(b"vmhd", 0, 1, bytes(8)),
            entry=sample_entry(video),
        )
    ]
    if sound is not None:
        format = _sound_of(video)
        traks.append(
            _trak(
                SOUND_TRACK_ID,
                sound,
                format.rate,
                created,
                data_at,
                volume=0x0100,
                size=(0, 0),
                handler=(b"soun", b"sound"),
                header=full_box(b"smhd", 0, 0, bytes(4)),
                entry=sound_entry(format),
            )
        )
    return box(b"moov", mvhd, *traks)


def _sound_of(video: VideoFormat) -> SoundFormat:
    assert video.sound is not None
    return video.sound


def _trak(
    number: int, track: Track, timescale: int, created: int, data_at: int, *,
    volume: int, size: tuple[int, int], handler: tuple[bytes, bytes], header: bytes, entry: bytes,
) -> bytes:  # fmt: skip
    shown_90k = track.pause_90k + track.edit_90k
    tkhd = full_box(
        b"tkhd",
        1,
        3,
        struct.pack(">QQI4xQ8xHHHH", created, created, number, shown_90k, 0, 0, volume, 0),
        MATRIX,
        struct.pack(">II", size[0] << 16, size[1] << 16),
    )
    edits = [(track.pause_90k, -1)] if track.pause_90k else []
    edits.append((track.edit_90k, track.edit_start))
    elst = struct.pack(">I", len(edits)) + b"".join(struct.pack(">QqI", *edit, 0x10000) for edit in edits)
    length = int(track.decode_times[-1]) + track.last_duration
    mdhd = full_box(b"mdhd", 1, 0, struct.pack(">QQIQHH", created, created, timescale, length, _LANGUAGE_UND, 0))
    hdlr = full_box(b"hdlr", 0, 0, struct.pack(">I4s12x", 0, handler[0]), handler[1] + b"\x00")
    dinf = box(b"dinf", full_box(b"dref", 0, 0, struct.pack(">I", 1), full_box(b"url ", 0, 1)))
    minf = box(b"minf", header, dinf, _stbl(track, entry, data_at))
    return box(b"trak", tkhd, box(b"edts", full_box(b"elst", 1, 0, elst)), box(b"mdia", mdhd, hdlr, minf))


def _stbl(track: Track, entry: bytes, data_at: int) -> bytes:
    durations = np.append(np.diff(track.decode_times), track.last_duration)
    tables = [
        full_box(b"stsd", 0, 0, struct.pack(">I", 1), entry),
        full_box(b"stts", 0, 0, _run_lengths(durations)),
    ]
    if track.offsets is not None and track.offsets.any():
        signed = 1 if int(track.offsets.min()) < 0 else 0
        tables.append(full_box(b"ctts", signed, 0, _run_lengths(track.offsets)))
    if track.keys is not None:
        tables.append(full_box(b"stss", 0, 0, struct.pack(">I", len(track.keys)), _words(track.keys + 1)))
    return box(
        b"stbl",
        *tables,
        full_box(b"stsc", 0, 0, _chunk_lengths(track.chunk_samples)),
        full_box(b"stsz", 0, 0, struct.pack(">II", 0, len(track.sizes)), _words(track.sizes)),
        full_box(
            b"co64",
            0,
            0,
            struct.pack(">I", len(track.chunk_offsets)),
            (track.chunk_offsets + data_at).astype(">u8").tobytes(),
        ),
    )


def _run_lengths(values: Numbers) -> bytes:
    """Each value with how often it comes in a row."""
    begins = np.flatnonzero(np.diff(values, prepend=values[0] - 1))
    counts = np.diff(np.append(begins, len(values)))
    return struct.pack(">I", len(begins)) + _pairs(counts, values[begins])


def _chunk_lengths(counts: Numbers) -> bytes:
    """`stsc`: the first chunk of each row of chunks of one length."""
    begins = np.flatnonzero(np.diff(counts, prepend=-1))
    rows = np.empty((len(begins), 3), ">u4")
    rows[:, 0], rows[:, 1], rows[:, 2] = begins + 1, counts[begins], 1
    return struct.pack(">I", len(begins)) + rows.tobytes()


def _pairs(counts: Numbers, values: Numbers) -> bytes:
    rows = np.empty((len(counts), 2), ">i4")
    rows[:, 0], rows[:, 1] = counts, values
    return rows.tobytes()


def _words(values: Any) -> bytes:
    return np.asarray(values).astype(">u4").tobytes()


def concatenated(parts: Sequence[Any]) -> Numbers:
    """The arrays one after the other; empty for none."""
    return np.concatenate([np.asarray(part, np.int64) for part in parts]) if parts else np.empty(0, np.int64)
