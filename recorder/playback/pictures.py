"""Access units out of fragments on disk. Blocks.

What was recorded comes back as it was, but for what a file does not keep: `run` is the catalogue's number, `pts_90k`
counts from the run's first unit by way of the labels, `utc_ns` is exact to one tick, and `arrival_ns` is 0.
"""

import logging
import os
import sqlite3
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from recorder.catalog.footage_queries import run_start_utc_ns
from recorder.catalog.rows import SegmentId
from recorder.media.access_unit import AccessUnit, VideoFormat
from recorder.media.errors import BoxError, MediaError
from recorder.media.fmp4 import FragmentHead, delay_of_init, format_of_init, parse_fragment_head, walk_boxes
from recorder.playback.errors import FootageError
from recorder.playback.fragments import FragmentPlace, Wanted, find_fragments
from recorder.playback.sound import SoundBack
from recorder.segments.cutter import ns_of_ticks, ticks_of

_log = logging.getLogger(__name__)

FORMATS_MAX = 16
GONE_MAX = 256
"""So many segments that are gone in a row end a range: a volume is not there, and nobody waits for a year of it."""
_EVER_NS = 2**62
_HEAD_BYTES = 8192
"""Enough for the head of nearly every fragment in one read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fragment:
    """A fragment as it lies on disk. `data`: its pictures, one after the other, then its sound, of the sizes in
    `head`."""

    place: FragmentPlace
    format: VideoFormat
    head: FragmentHead
    data: memoryview


class PictureSource:
    """The pictures of a range, a fragment at a time: `next_units` until it gives None, then `close`. For one thread."""

    def __init__(self, db: sqlite3.Connection, roots: Mapping[int, Path], wanted: Wanted) -> None:
        """Takes the connection over."""
        self._db = db
        self._wanted = wanted
        self._places = find_fragments(db, roots, wanted)
        self._formats: OrderedDict[bytes, VideoFormat] = OrderedDict()
        self._id: SegmentId | None = None
        self._gone: SegmentId | None = None
        self._gone_segments = 0
        self._left_out: list[FragmentPlace] = []
        self._file = -1
        self._format: VideoFormat | None = None
        self._run_offset_90k = self._delay_90k = 0
        self._sound = SoundBack()
        forward_end = None if wanted.backward else wanted.end_utc_ns
        self._end_utc_ns = _EVER_NS if forward_end is None else forward_end

    def next_units(self) -> list[AccessUnit] | None:
        """The units of the next fragment (of a key frame's, with `keys_only` or backward, the first alone); None at the
        end. What lies before the range's start is given from its key frame on, nothing from the range's end on.
        Fragments that are gone or broken are left out and logged. Raises sqlite3.Error."""
        while (fragment := self.next_fragment()) is not None:
            if units := list(self._units(fragment)):
                return units
        return None

    def next_fragment(self) -> Fragment | None:
        """The next fragment as it lies on disk, whole (with `keys_only` or backward: its first picture's data alone);
        None at the end. Otherwise like `next_units`."""
        for place in self._places:
            if self._gone_segments >= GONE_MAX:
                return None
            if place.id == self._gone:
                self._leave_out(place)
                continue
            try:
                self._turn_to(place)
            except (OSError, MediaError) as error:
                self._lose(place, error)
                continue
            try:
                fragment = self._fragment(place)
                self._gone_segments = 0
                return fragment
            except (OSError, FootageError) as error:
                self._lose(place, error)
            except MediaError as error:  # the index knows where the next one begins
                self._leave_out(place, error)
        return None

    def take_left_out(self) -> tuple[int, int] | None:
        """From when to when (UTC nanoseconds) fragments were left out since the last call."""
        places, self._left_out = self._left_out, []
        return (min(p.utc_ns for p in places), max(p.end_utc_ns for p in places)) if places else None

    def close(self) -> None:
        """Closes the open file and the connection."""
        self._close_file()
        self._db.close()

    def _lose(self, place: FragmentPlace, why: Exception) -> None:
        """The rest of a segment."""
        self._gone = place.id
        self._gone_segments += 1
        self._leave_out(place, why)

    def _leave_out(self, place: FragmentPlace, why: Exception | None = None) -> None:
        self._left_out = [*self._left_out[:1], place]  # the first and the last tell from when to when
        gone = self._gone_segments
        if why is not None and gone & (gone - 1) == 0:  # 1, 2, 4, 8, …: repeats collapsed
            _log.warning("camera %s: footage left out: %s%s", place.id.camera, why, f"; {gone} segments" * (gone > 1))

    def _turn_to(self, place: FragmentPlace) -> None:
        """Opens the segment of a fragment, unless it is open."""
        if place.id == self._id:
            return
        self._close_file()
        self._file = os.open(place.path, os.O_RDONLY | os.O_CLOEXEC)
        self._id = place.id
        self._format = self._format_of(os.pread(self._file, place.init_bytes, 0))
        run_start = run_start_utc_ns(self._db, place.id)
        run_start = place.segment_start_utc_ns if run_start is None else run_start
        self._run_offset_90k = max(ticks_of(place.segment_start_utc_ns - run_start), 0)

    def _format_of(self, init: bytes) -> VideoFormat:
        """Equal init sections give the same object. Raises MediaError."""
        for moov in walk_boxes(lambda offset, size: init[offset : offset + size], len(init)):
            if moov.kind == b"moov":
                break
        key = init[moov.offset : moov.offset + moov.size]
        self._delay_90k = delay_of_init(key)
        if key not in self._formats:
            self._formats[key] = format_of_init(key)
            if len(self._formats) > FORMATS_MAX:
                self._formats.popitem(last=False)
        return self._formats[key]

    def _fragment(self, place: FragmentPlace) -> Fragment:
        assert self._format is not None
        first_only = self._wanted.keys_only or self._wanted.backward
        start = os.pread(self._file, _HEAD_BYTES if first_only else place.entry.bytes, place.offset)
        moof_bytes = int.from_bytes(start[:4], "big")
        if first_only and moof_bytes > len(start):
            start = os.pread(self._file, moof_bytes, place.offset)
        head = parse_fragment_head(start[:moof_bytes], place.offset)
        if head.data_bytes + moof_bytes + 8 != place.entry.bytes:
            raise BoxError(f"{place.path}: a fragment whose pictures have another size than it has", place.offset)
        if first_only:
            data = memoryview(self._read(place, moof_bytes + 8, head.sample_bytes[0]))
        elif len(start) < place.entry.bytes:
            raise FootageError("the file ends within a fragment", place.id, place.offset)
        else:
            data = memoryview(start)[moof_bytes + 8 :]
        return Fragment(place=place, format=self._format, head=head, data=data)

    def _read(self, place: FragmentPlace, at: int, size: int) -> bytes:
        data = os.pread(self._file, size, place.offset + at)
        if len(data) < size:
            raise FootageError("the file ends within a picture", place.id, place.offset + at)
        return data

    def _units(self, fragment: Fragment) -> Iterator[AccessUnit]:
        place, head, data = fragment.place, fragment.head, fragment.data
        at, ticks, key, latest = 0, head.decode_time_90k, head.key, -_EVER_NS
        if len(data) == head.data_bytes:
            self._sound.add(
                head,
                data,
                fragment.format.sound,
                id=place.id,
                start_utc_ns=place.segment_start_utc_ns,
                run_offset_90k=self._run_offset_90k,
            )
        samples = zip(head.sample_bytes, head.sample_durations_90k, head.sample_offsets_90k, strict=True)
        for size, duration_90k, offset_90k in samples:
            composition_90k = offset_90k - self._delay_90k
            latest = max(latest, ticks + composition_90k)
            utc_ns = place.segment_start_utc_ns + ns_of_ticks(latest)
            if at == len(data) or utc_ns >= self._end_utc_ns:
                return
            yield AccessUnit(
                format=fragment.format,
                data=bytes(data[at : at + size]),
                key=key,
                run=place.id.run,
                pts_90k=self._run_offset_90k + ticks + composition_90k,
                utc_ns=utc_ns,
                arrival_ns=0,
                composition_90k=composition_90k,
                sound=self._sound.until(utc_ns),
            )
            at, ticks, key = at + size, ticks + duration_90k, False

    def _close_file(self) -> None:
        if self._file >= 0:
            os.close(self._file)
        self._file, self._id = -1, None
