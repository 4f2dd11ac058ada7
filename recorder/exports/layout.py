"""Where the samples of one export file lie in time and in the file. Pure, but for knowing the paths of segments.

Times are ticks of 1/90000 s from the decode time of the stretch's first picture. A fragment's pictures are one chunk,
its sound is the next: so they lie in segments, too, and are copied in one piece. Frames of sound follow each other
without a hole; only where their times say otherwise by more than SLIP_SECONDS a hole is left, the frame before it
lasting longer.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np

from recorder.exports.movie import Numbers, Track, concatenated
from recorder.exports.source import SourceFragment
from recorder.media.access_unit import TIMESCALE
from recorder.segments.cutter import ns_of_ticks, ticks_of

SLIP_SECONDS = 0.005


class Extent(NamedTuple):
    """Bytes of a segment's file."""

    path: Path
    offset: int
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Pictures:
    """Every picture of a stretch, in decode order: when it is decoded (strictly increasing) and shown, the number of
    its fragment, the numbers of those that are key pictures, and how long the very last one lasts."""

    decode: Numbers
    shown: Numbers
    owner: Numbers
    keys: Numbers
    last_duration: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """Pictures `first` to `last` are taken; `count` of them are shown, from `begin` to `end`."""

    first: int
    last: int
    count: int
    begin: int
    end: int


@dataclass(slots=True, kw_only=True)
class Stretch:
    """Fragments that belong into one file, each with where its segment begins."""

    first: SourceFragment
    fragments: list[tuple[SourceFragment, int]] = field(default_factory=list)

    def add(self, fragment: SourceFragment) -> None:
        """The next one."""
        behind_ns = fragment.place.segment_start_utc_ns - self.first.place.segment_start_utc_ns
        self.fragments.append((fragment, ticks_of(behind_ns) - self.first.head.decode_time_90k))

    def utc_ns(self, ticks: int) -> int:
        """The wall time of a tick."""
        return self.first.place.segment_start_utc_ns + ns_of_ticks(ticks + self.first.head.decode_time_90k)

    def tick_at(self, utc_ns: int) -> int:
        """The first tick that is not before an instant."""
        tick = ticks_of(utc_ns - self.first.place.segment_start_utc_ns) - self.first.head.decode_time_90k
        return tick if self.utc_ns(tick) >= utc_ns else tick + 1

    def pictures(self) -> Pictures:
        """All of them."""
        decode, shown, owner, keys, count = [], [], [], [], 0
        for number, (fragment, segment_at) in enumerate(self.fragments):
            head = fragment.head
            durations = np.asarray(head.sample_durations_90k, np.int64)
            begins = segment_at + head.decode_time_90k + np.cumsum(durations) - durations
            decode.append(begins)
            shown.append(begins + np.asarray(head.sample_offsets_90k, np.int64) - fragment.delay_90k)
            owner.append(np.full(len(durations), number, np.int64))
            if head.key:
                keys.append(count)
            count += len(durations)
        steps = np.arange(count)
        return Pictures(
            decode=np.maximum.accumulate(concatenated(decode) - steps) + steps,
            shown=concatenated(shown),
            owner=concatenated(owner),
            keys=np.asarray(keys, np.int64),
            last_duration=max(self.fragments[-1][0].head.sample_durations_90k[-1], 1),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """What the file's mdat holds, and the tracks that describe it."""

    pictures: Track
    sound: Track | None
    extents: tuple[Extent, ...]


def lay_out(stretch: Stretch, pictures: Pictures, chosen: Chosen) -> Layout:
    """The file of the chosen pictures with their sound. What follows the first key picture but is shown before it (an
    open group's leading pictures) is left out: it cannot be decoded, and would be hidden."""
    between = np.arange(chosen.first, chosen.last + 1)
    taken = between[(between == chosen.first) | (pictures.shown[between] >= pictures.shown[chosen.first])]
    owner = pictures.owner[taken]
    data = _Data()
    sound = _Sound(stretch, chosen)
    sizes, chunk_samples, chunk_offsets = [], [], []
    for number in range(int(owner[0]), int(owner[-1]) + 1):
        fragment = stretch.fragments[number][0]
        all_sizes = np.asarray(fragment.head.sample_bytes, np.int64)
        own = taken[slice(*np.searchsorted(owner, (number, number + 1)))] - int(np.searchsorted(pictures.owner, number))
        for row in np.split(own, np.flatnonzero(np.diff(own) != 1) + 1) if len(own) else ():
            skipped, row_sizes = int(all_sizes[: row[0]].sum()), all_sizes[row]
            sizes.append(row_sizes)
            chunk_samples.append(len(row))
            chunk_offsets.append(data.add(fragment, fragment.data_offset + skipped, int(row_sizes.sum())))
        sound.add(number, data)
    decode, shown = pictures.decode[taken], pictures.shown[taken]
    delay, after = max(int((decode - shown).max()), 0), chosen.last + 1
    ends = int(pictures.decode[after]) if after < len(pictures.decode) else int(decode[-1]) + pictures.last_duration
    track = Track(
        sizes=concatenated(sizes),
        decode_times=decode - decode[0],
        last_duration=ends - int(decode[-1]),
        offsets=shown + delay - decode,
        keys=np.flatnonzero(np.isin(taken, pictures.keys)),
        chunk_samples=np.asarray(chunk_samples, np.int64),
        chunk_offsets=np.asarray(chunk_offsets, np.int64),
        edit_start=chosen.begin + delay - int(decode[0]),
        edit_90k=chosen.end - chosen.begin,
    )
    return Layout(pictures=track, sound=sound.track(), extents=tuple(data.extents))


class _Data:
    """The content of the mdat as it grows."""

    def __init__(self) -> None:
        self.extents: list[Extent] = []
        self._bytes = 0

    def add(self, fragment: SourceFragment, offset: int, size: int) -> int:
        """Takes bytes of a fragment's file; gives where in the mdat they begin."""
        path, before = fragment.place.path, self.extents[-1] if self.extents else None
        if before is not None and before.path == path and before.offset + before.size == offset:
            self.extents[-1] = before._replace(size=before.size + size)
        else:
            self.extents.append(Extent(path, offset, size))
        self._bytes += size
        return self._bytes - size


class _Sound:
    """The second track as it grows, in samples of its own rate from the stretch's beginning."""

    def __init__(self, stretch: Stretch, chosen: Chosen) -> None:
        self._stretch = stretch
        self._format = format = stretch.first.format.sound
        self._rate = format.rate if format else TIMESCALE
        self._frame = format.frame_samples if format else 0
        self._chosen = chosen
        self._from, self._to = (tick * self._rate // TIMESCALE for tick in (chosen.begin, chosen.end))
        self._next: int | None = None
        self._sizes: list[Numbers] = []
        self._times: list[Numbers] = []
        self._chunk_samples: list[int] = []
        self._chunk_offsets: list[int] = []

    def add(self, number: int, data: _Data) -> None:
        """The frames of a fragment that are heard, and one before them, from which the decoder is led in."""
        fragment, segment_at = self._stretch.fragments[number]
        head = fragment.head.sound
        if head is None or self._format is None:
            return
        durations = np.asarray(head.durations, np.int64)
        begin = head.decode_time + segment_at * self._rate // TIMESCALE
        if self._next is not None and begin - self._next <= SLIP_SECONDS * self._rate:
            begin = self._next
        times = begin + np.cumsum(durations) - durations
        self._next = begin + int(durations.sum())
        heard = np.flatnonzero((times + 2 * self._frame > self._from) & (times < self._to))
        if not len(heard):
            return
        sizes = np.asarray(head.frame_bytes, np.int64)
        skipped = fragment.head.picture_bytes + int(sizes[: heard[0]].sum())
        taken = sizes[heard[0] : heard[-1] + 1]
        self._sizes.append(taken)
        self._times.append(times[heard[0] : heard[-1] + 1])
        self._chunk_samples.append(len(taken))
        self._chunk_offsets.append(data.add(fragment, fragment.data_offset + skipped, int(taken.sum())))

    def track(self) -> Track | None:
        """All of it; None if nothing is heard."""
        times = concatenated(self._times)
        if not len(times):
            return None
        start = int(times[0])
        begin, end = max(start, self._from), min(int(times[-1]) + self._frame, self._to)
        edit_90k = (end - begin) * TIMESCALE // self._rate
        if edit_90k <= 0:
            return None
        return Track(
            sizes=concatenated(self._sizes),
            decode_times=times - start,
            last_duration=self._frame,
            chunk_samples=np.asarray(self._chunk_samples, np.int64),
            chunk_offsets=np.asarray(self._chunk_offsets, np.int64),
            edit_start=begin - start,
            edit_90k=edit_90k,
            pause_90k=(begin - self._from) * TIMESCALE // self._rate,
        )
