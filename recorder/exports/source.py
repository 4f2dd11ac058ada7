"""The fragments of an export as they lie on disk, by their heads alone. Blocks."""

import logging
import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from recorder.exports.errors import ExportError
from recorder.media.access_unit import VideoFormat
from recorder.media.errors import BoxError, MediaError
from recorder.media.fmp4 import FragmentHead, delay_of_init, format_of_init, parse_fragment_head, walk_boxes
from recorder.playback.fragments import FragmentPlace, Wanted, find_fragments

_HEAD_BYTES = 8192
"""Enough for nearly every head in one read."""
_HEAD_BYTES_MAX = 16 << 20

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFragment:
    """`data_offset`: where in the file its pictures' data begin; its sound's follow. `delay_90k`: of its init
    section."""

    place: FragmentPlace
    format: VideoFormat
    delay_90k: int
    head: FragmentHead
    data_offset: int


def read_fragments(
    db: sqlite3.Connection, roots: Mapping[int, Path], wanted: Wanted, abandoned: Callable[[], bool]
) -> Iterator[SourceFragment | None]:
    """The fragments of a range in the order they were recorded in; None for one that cannot be read (logged). Raises
    sqlite3.Error, and ExportError once it has been `abandoned`: a day has many."""
    open_file: tuple[Path, int] | None = None
    formats: dict[bytes, VideoFormat] = {}
    format: VideoFormat | None = None
    delay_90k = 0
    try:
        for place in find_fragments(db, roots, wanted):
            if abandoned():
                raise ExportError("export_lost", "it is no longer wanted")
            try:
                if open_file is None or open_file[0] != place.path:
                    if open_file is not None:
                        os.close(open_file[1])
                        open_file = None
                    format = None
                    open_file = place.path, os.open(place.path, os.O_RDONLY | os.O_CLOEXEC)
                    moov = _moov(os.pread(open_file[1], place.init_bytes, 0))
                    format, delay_90k = formats.setdefault(moov, format_of_init(moov)), delay_of_init(moov)
                head, head_bytes = _head(open_file[1], place)
            except (OSError, MediaError) as error:
                _log.warning("camera %s: an export leaves footage out: %s", place.id.camera, error)
                yield None
                continue
            if format is None:  # its beginning is damaged, which has been said
                yield None
                continue
            yield SourceFragment(
                place=place,
                format=format,
                delay_90k=delay_90k,
                head=head,
                data_offset=place.offset + head_bytes + 8,
            )
    finally:
        if open_file is not None:
            os.close(open_file[1])


def _moov(init: bytes) -> bytes:
    for found in walk_boxes(lambda offset, size: init[offset : offset + size], len(init)):
        if found.kind == b"moov":
            return init[found.offset : found.offset + found.size]
    raise BoxError("an init section without a moov", 0)


def _head(fd: int, place: FragmentPlace) -> tuple[FragmentHead, int]:
    start = os.pread(fd, _HEAD_BYTES, place.offset)
    size = int.from_bytes(start[:4], "big")
    if size > _HEAD_BYTES_MAX:
        raise BoxError(f"a moof of {size} bytes", place.offset)
    if size > len(start):
        start = os.pread(fd, size, place.offset)
    head = parse_fragment_head(start[:size], place.offset)
    if size + 8 + head.data_bytes != place.entry.bytes:
        raise BoxError("a fragment is not of the size that its index says", place.offset)
    return head, size
