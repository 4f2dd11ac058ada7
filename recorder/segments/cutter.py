"""The cutter: access units of one stream in, commands for the disk out. Pure; it reads no clock and touches no file.

- A fragment is a group of pictures, cut after FRAGMENT_SECONDS at the latest.
- A segment begins at a key frame and lasts up to `segment_seconds`: it ends at the key frame after which one more group
  like the last would not fit. The first segment of a run is shorter, each camera's by its own share, so that cameras
  that start together do not rotate together.
- A run ends when the source's run changes, or when it is told to end; the next one begins at a key frame.
- A picture lasts until the next one, but no longer than UNIT_SECONDS_MAX. Decode times never step back.
- Sound goes into the fragment in whose time it begins (recorder.segments.sound).
- With B-frames all this goes by decode times, and each picture keeps the time at which it is shown. What follows the
  first key frame of a run but is shown before it is left out: it cannot be decoded, and may be older than the run.
"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from recorder.catalog.rows import SEGMENT_SECONDS_MAX
from recorder.media.access_unit import TIMESCALE, AccessUnit, VideoFormat
from recorder.segments.disk_commands import CloseSegment, Command, OpenSegment, WriteFragment
from recorder.segments.sound import SoundBeside

FRAGMENT_SECONDS = 2.0
FRAGMENT_BYTES_MAX = 16 << 20
"""Bound of what a stream holds in memory before it is given to the disk."""
UNIT_SECONDS_MAX = 5.0

_UNIT_TICKS_MAX = round(UNIT_SECONDS_MAX * TIMESCALE)
_FRAGMENT_TICKS = round(FRAGMENT_SECONDS * TIMESCALE)
_SEGMENT_TICKS_HARD = round((SEGMENT_SECONDS_MAX - FRAGMENT_SECONDS - UNIT_SECONDS_MAX) * TIMESCALE)
_DURATION_UNKNOWN = TIMESCALE // 30


@dataclass(slots=True, kw_only=True)
class Cutter:
    """One stream. `next_run`: the number that its next run gets."""

    camera: str
    segment_seconds: float
    segment_bytes_max: int
    next_run: int
    _source_run: int | None = field(default=None, init=False)
    _format: VideoFormat | None = field(default=None, init=False)
    _units: list[AccessUnit] = field(default_factory=list, init=False)
    _unit_bytes: int = field(default=0, init=False)
    _cut_pts: int = field(default=0, init=False)
    _key_pts: int = field(default=0, init=False)
    _seq: int = field(default=0, init=False)
    _run_pts: int = field(default=0, init=False)
    _segment_pts: int = field(default=0, init=False)
    _delay: int | None = field(default=None, init=False)
    _segment_bytes: int = field(default=0, init=False)
    _segment_ticks: int = field(default=0, init=False)
    _decode_end: int = field(default=0, init=False)
    _end_utc_ns: int = field(default=0, init=False)
    _duration: int = field(default=_DURATION_UNKNOWN, init=False)
    _left_free: int = field(default=0, init=False)
    _sound: SoundBeside = field(default_factory=SoundBeside, init=False)

    @property
    def recording(self) -> bool:
        """Whether a run is open: else it waits for a key frame."""
        return self._source_run is not None

    @property
    def last_unit(self) -> AccessUnit | None:
        """The newest unit of the open run."""
        return self._units[-1] if self._units else None

    @property
    def expected_end_utc_ns(self) -> int:
        """When the newest unit ends, if it lasts as long as the one before."""
        last = self._units[-1]
        return last.utc_ns + ns_of_ticks(self._duration_before_last())

    @property
    def overdue(self) -> bool:
        """Whether the segment is much longer than it should be because no key frame comes."""
        return self.recording and self._decode_end > 2 * self._segment_ticks

    def push(self, unit: AccessUnit) -> Sequence[Command]:
        """Takes the next unit of the stream, in decode order."""
        if unit.sound and unit.run == self._source_run:
            self._sound.take(unit.sound)
        if (
            unit.key
            or unit.pts_90k >= self._cut_pts
            or unit.pts_90k < self._run_pts
            or unit.run != self._source_run
            or unit.format is not self._format
            or self._unit_bytes >= FRAGMENT_BYTES_MAX
        ):
            return self._boundary(unit)
        self._units.append(unit)
        self._unit_bytes += len(unit.data)
        return self._sound.pass_on((), unit.pts_90k) if self._sound.holding else ()

    def flush(self) -> Sequence[Command]:
        """Gives out what is held, but for the last unit, whose duration is not known yet. The run goes on."""
        commands: Sequence[Command] = ()
        if len(self._units) > 1:
            last = self._units.pop()
            commands = self._cut(last.pts_90k - last.composition_90k)
            self._begin_fragment(last)
        return self._sound.pass_on(commands)

    def finish(self, until_utc_ns: int | None = None) -> Sequence[Command]:
        """Ends the run. Its last unit lasts as long as the one before, but not beyond `until_utc_ns`."""
        if not self.recording:
            return ()
        commands: list[Command] = []
        if self._units:
            last = self._units[-1]
            duration = self._duration_before_last()
            if until_utc_ns is not None:
                duration = max(min(duration, ticks_of(until_utc_ns - last.utc_ns)), 0)
            commands += self._cut(last.pts_90k - last.composition_90k + duration)
        end_utc_ns = self._end_utc_ns if until_utc_ns is None else min(self._end_utc_ns, until_utc_ns)
        commands.append(CloseSegment(end_utc_ns=end_utc_ns))
        ready = self._sound.pass_on(commands)
        self.abort()
        return ready

    def leave_run_free(self) -> None:
        """The camera is out of reach: the next run leaves a number free before it, for footage that is fetched later
        and belongs between the two. Order is by number."""
        self._left_free = 1

    def abort(self) -> None:
        """Forgets the open run: the disk did not take it."""
        self._sound.abort()
        self._source_run = self._format = None
        self._units, self._unit_bytes = [], 0

    def _boundary(self, unit: AccessUnit) -> Sequence[Command]:
        if self._source_run is None:
            return self._begin_run(unit) if unit.key else ()
        if unit.run != self._source_run or (unit.format != self._format and not unit.key):
            return [*self.finish(), *self._boundary(unit)]
        if unit.pts_90k < self._run_pts and unit.composition_90k:
            return ()
        commands = self._cut(unit.pts_90k - unit.composition_90k)
        if unit.format != self._format or (unit.key and self._is_rotation_due(unit)):
            commands.append(CloseSegment(end_utc_ns=self._end_utc_ns))
            lead = max(unit.composition_90k, 0)  # of what is shown before this key frame, after the one before
            commands.append(self._begin_segment(unit, lead, self._seq + 1, round(self.segment_seconds * TIMESCALE)))
        elif unit.pts_90k - self._segment_pts > _SEGMENT_TICKS_HARD:
            return [*self._sound.pass_on(commands), *self.finish(), *self._boundary(unit)]
        self._format = unit.format
        if unit.key:
            self._key_pts = unit.pts_90k
        self._begin_fragment(unit)
        return self._sound.pass_on(commands, unit.pts_90k)

    def _begin_run(self, unit: AccessUnit) -> Sequence[Command]:
        self._source_run = unit.run
        self.next_run, self._left_free = self.next_run + self._left_free, 0
        share = zlib.crc32(self.camera.encode()) / 2**32
        first_seconds = max(self.segment_seconds * share, FRAGMENT_SECONDS)
        self._duration = _DURATION_UNKNOWN
        command = self._begin_segment(unit, 0, 0, round(first_seconds * TIMESCALE))
        self.next_run += 1
        self._key_pts = self._run_pts = unit.pts_90k
        self._begin_fragment(unit)
        return self._sound.pass_on([command])

    def _begin_segment(self, unit: AccessUnit, lead_90k: int, seq: int, segment_ticks: int) -> OpenSegment:
        run = self.next_run - (seq > 0)
        start_utc_ns = unit.utc_ns - ns_of_ticks(lead_90k)
        self._seq, self._format, self._delay = seq, unit.format, None
        self._segment_pts, self._segment_bytes, self._segment_ticks = unit.pts_90k - lead_90k, 0, segment_ticks
        self._decode_end, self._end_utc_ns = 0, start_utc_ns
        return OpenSegment(
            run=run, seq=seq, format=unit.format, start_utc_ns=start_utc_ns, start_pts_90k=self._segment_pts
        )

    def _begin_fragment(self, unit: AccessUnit) -> None:
        self._units, self._unit_bytes = [unit], len(unit.data)
        self._cut_pts = unit.pts_90k + _FRAGMENT_TICKS

    def _is_rotation_due(self, key: AccessUnit) -> bool:
        elapsed = key.pts_90k - self._segment_pts
        group = key.pts_90k - self._key_pts
        return elapsed + group > self._segment_ticks or self._segment_bytes >= self.segment_bytes_max

    def _cut(self, next_decode: int) -> list[Command]:
        """The fragment of all units held; the last lasts until `next_decode`."""
        units = self._units
        times = [unit.pts_90k - unit.composition_90k - self._segment_pts for unit in units]
        durations = [after - before for before, after in pairwise(times)]
        if times[0] < self._decode_end or (durations and min(durations) <= 0):
            times = _monotone(times, self._decode_end)
            durations = [after - before for before, after in pairwise(times)]
        last_ticks = min(max(next_decode - self._segment_pts - times[-1], 0), _UNIT_TICKS_MAX)
        durations.append(last_ticks)
        self._duration = durations[-2] if len(durations) > 1 else last_ticks or self._duration
        self._decode_end = times[-1] + last_ticks
        self._end_utc_ns = max(units[-1].utc_ns + ns_of_ticks(last_ticks), self._end_utc_ns)
        self._segment_bytes += self._unit_bytes
        offsets: Sequence[int] = ()
        if any(unit.composition_90k for unit in units):
            offsets = [unit.pts_90k - self._segment_pts - time for unit, time in zip(units, times, strict=True)]
        if self._delay is None:
            self._delay = max(-min(offsets, default=0), 0)
        fragment = WriteFragment(
            decode_time_90k=times[0],
            units=units,
            durations_90k=durations,
            data_bytes=self._unit_bytes,
            offsets_90k=offsets,
            delay_90k=self._delay,
        )
        self._units, self._unit_bytes = [], 0
        return [fragment]

    def _duration_before_last(self) -> int:
        if len(self._units) < 2:
            return self._duration
        before, last = self._units[-2:]
        return max(last.pts_90k - last.composition_90k - before.pts_90k + before.composition_90k, 1)


def ns_of_ticks(ticks_90k: int) -> int:
    """Nanoseconds of media time, rounded down."""
    return ticks_90k * 100_000 // 9


def ticks_of(ns: int) -> int:
    """Media time of nanoseconds, rounded down."""
    return ns * 9 // 100_000


def _monotone(times: Sequence[int], start: int) -> list[int]:
    """Decode times that strictly grow from `start`, as close to the wanted ones as that allows."""
    out: list[int] = []
    earliest = start
    for time in times:
        earliest = max(time, earliest)
        out.append(earliest)
        earliest += 1
    return out
