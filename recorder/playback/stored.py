"""Footage as it lies on disk, for whoever plays fragmented MP4: a piece of one segment, byte for byte. Blocks.

1. A piece is a row of whole fragments of one segment that follow each other in its file. Media time counts from the
   segment's start, so that a piece needs that segment's init section before it and knows where on the wall clock it
   lies (`anchor_utc_ns`).
2. `keys`: of each fragment that begins with a key picture that picture alone, in a fragment of its own, lasting until
   the next one. Its init section is the one without sound.
3. Sample entries are named RUN-SEQ-DIGEST: where one is found, and what it is. Equal digests are equal sections.
"""

import hashlib
import os
import re
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from recorder.catalog.footage_queries import segments_from
from recorder.catalog.rows import SegmentId, SegmentRow, Stream
from recorder.media.access_unit import AccessUnit, VideoFormat
from recorder.media.fmp4 import (
    Sample,
    delay_of_init,
    format_of_init,
    fragment,
    init_segment,
    parse_fragment_head,
    walk_boxes,
)
from recorder.media.moved import moved_fragment
from recorder.playback.archive import path_on
from recorder.playback.errors import FootageError
from recorder.playback.fragments import FragmentPlace, Wanted, find_fragments, fragments_of_segment

PIECE_BYTES_MAX = 4 << 20
PIECE_FRAGMENTS_MAX = 600
"""A piece that passes one of these ends with the group of pictures it is in, for the next begins with a key picture."""
_HEAD_BYTES = 8192
_ENTRY = re.compile(r"(\d{1,9})-(\d{1,9})-([0-9a-f]{16})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Init:
    """An init section as it lies on disk, and what it says."""

    data: bytes
    moov: bytes
    format: VideoFormat
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """At least one fragment; `init`: of their segment."""

    init: Init
    places: Sequence[FragmentPlace]

    @property
    def id(self) -> SegmentId:
        return self.places[0].id

    @property
    def anchor_utc_ns(self) -> int:
        """What media time 0 of the piece is on the wall clock."""
        return self.places[0].segment_start_utc_ns

    @property
    def entry(self) -> str:
        """The name of its sample entry (rule 3)."""
        return f"{self.id.run}-{self.id.seq}-{self.init.digest}"


def find_piece(db: sqlite3.Connection, roots: Mapping[int, Path], wanted: Wanted) -> Piece | None:
    """The first piece of a range; None where it has no footage. Raises sqlite3.Error, OSError, MediaError."""
    return next(find_pieces(db, roots, wanted), None)


def find_pieces(
    db: sqlite3.Connection, roots: Mapping[int, Path], wanted: Wanted, seconds_max: float | None = None
) -> Iterator[Piece]:
    """All pieces of a range, in the order they were recorded in. With `seconds_max` each that is longer ends with the
    last group of pictures before. Raises like `find_piece`."""
    places: list[FragmentPlace] = []
    size = 0
    for place in find_fragments(db, roots, wanted):
        full = size > PIECE_BYTES_MAX or len(places) >= PIECE_FRAGMENTS_MAX
        full |= seconds_max is not None and bool(places) and _seconds(places[0], place) > seconds_max
        if places and (place.id != places[-1].id or (place.entry.key and full)):
            yield Piece(init=read_init(places[0]), places=places)
            places, size = [], 0
        places.append(place)
        size += place.entry.bytes
    if places:
        yield Piece(init=read_init(places[0]), places=places)


def find_segment_piece(
    db: sqlite3.Connection, roots: Mapping[int, Path], id: SegmentId, offset: int, count: int
) -> Piece | None:
    """So many fragments of a segment, from the one at that byte on; None if they are not there. Raises like
    `find_piece`."""
    row = _segment(db, id)
    places = fragments_of_segment(db, roots, row) if row is not None else []
    first = next((number for number, place in enumerate(places) if place.offset == offset), None)
    if first is None or not 0 < count <= len(places) - first:
        return None
    return Piece(init=read_init(places[first]), places=places[first : first + count])


def _seconds(first: FragmentPlace, last: FragmentPlace) -> float:
    return (last.end_utc_ns - first.utc_ns) / 1e9


def read_init(place: FragmentPlace) -> Init:
    """The init section of a fragment's segment. Raises OSError, MediaError."""
    fd = os.open(place.path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        data = os.pread(fd, place.init_bytes, 0)
    finally:
        os.close(fd)
    return parse_init(data)


def parse_init(data: bytes) -> Init:
    """Raises MediaError, ValueError."""
    moov = next(box for box in walk_boxes(lambda at, size: data[at : at + size], len(data)) if box.kind == b"moov")
    content = data[moov.offset : moov.offset + moov.size]
    digest = hashlib.sha256(content).hexdigest()[:16]
    return Init(data=data, moov=content, format=format_of_init(content), digest=digest)


def silent_init(init: Init) -> bytes:
    """The same pictures' init section without sound (rule 2)."""
    return init_segment(replace(init.format, sound=None), delay_90k=delay_of_init(init.moov))


def read_entry(
    db: sqlite3.Connection, roots: Mapping[int, Path], camera: str, stream: Stream, entry: str
) -> Init | None:
    """The init section of that name; None where there is none. Raises sqlite3.Error, OSError, MediaError."""
    found = _ENTRY.fullmatch(entry)
    row = _segment(db, SegmentId(camera, stream, int(found[1]), int(found[2]))) if found else None
    if found is None or row is None:
        return None
    with path_on(roots, row.volume, row.id, row.start_utc_ns).open("rb") as file:
        init = parse_init(file.read(row.init_bytes))
    return init if init.digest == found[3] else None


def _segment(db: sqlite3.Connection, id: SegmentId) -> SegmentRow | None:
    rows = segments_from(db, id, 1)
    return rows[0] if rows and rows[0].id == id else None


def read_piece(piece: Piece) -> Iterator[bytes]:
    """The piece's bytes as they are on disk, a fragment at a time. Raises OSError, FootageError."""
    with piece.places[0].path.open("rb", buffering=0) as file:
        for place in piece.places:
            yield _read(file.fileno(), place, 0, place.entry.bytes)


def read_moved(piece: Piece, ticks_90k: int) -> Iterator[bytes]:
    """The piece with every decode time so much later. Raises OSError, FootageError, MediaError."""
    sound = piece.init.format.sound
    for place, data in zip(piece.places, read_piece(piece), strict=True):
        head = parse_fragment_head(data[: int.from_bytes(data[:4], "big")], place.offset)
        yield moved_fragment(data, head, ticks_90k, sound.rate if sound is not None else None)


def read_keys(piece: Piece) -> Iterator[bytes]:
    """The piece's key pictures (rule 2). Raises OSError, FootageError, MediaError."""
    keys = [place for place in piece.places if place.entry.key]
    ends = [place.entry.decode_time_90k for place in keys[1:]]
    last = piece.places[-1].entry
    ends.append(last.decode_time_90k + last.duration_90k)
    for place, end_90k in zip(keys, ends, strict=True):
        data, offset_90k = _read_first(place)
        sample = Sample(data, max(end_90k - place.entry.decode_time_90k, 1), True, offset_90k)
        yield b"".join(fragment(1, place.entry.decode_time_90k, [sample]))


def read_key_unit(place: FragmentPlace, format: VideoFormat) -> AccessUnit:
    """The first picture of a fragment, for a decoder. Raises OSError, FootageError, MediaError."""
    data, _ = _read_first(place)
    return AccessUnit(
        format=format,
        data=data,
        key=place.entry.key,
        run=place.id.run,
        pts_90k=place.entry.decode_time_90k,
        utc_ns=place.utc_ns,
        arrival_ns=0,
    )


def _read_first(place: FragmentPlace) -> tuple[bytes, int]:
    """Data and composition offset of a fragment's first picture."""
    with place.path.open("rb", buffering=0) as file:
        start = os.pread(file.fileno(), min(_HEAD_BYTES, place.entry.bytes), place.offset)
        moof_bytes = int.from_bytes(start[:4], "big")
        if moof_bytes > len(start):
            start = _read(file.fileno(), place, 0, min(moof_bytes, place.entry.bytes))
        head = parse_fragment_head(start[:moof_bytes], place.offset)
        return _read(file.fileno(), place, moof_bytes + 8, head.sample_bytes[0]), head.sample_offsets_90k[0]


def _read(fd: int, place: FragmentPlace, at: int, size: int) -> bytes:
    data = os.pread(fd, size, place.offset + at)
    if len(data) < size:
        raise FootageError("the file ends within a fragment", place.id, place.offset)
    return data
