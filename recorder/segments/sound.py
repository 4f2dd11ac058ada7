"""The sound of one stream beside its pictures: the cutter's commands in, the same with their sound out. Pure.

1. A frame belongs to the fragment in whose time it begins. So a fragment waits until its sound has come, WAIT_SECONDS
   at most, and what is commanded after it waits with it.
2. A segment's sound begins with its first picture. So does a run's: what began before it may have been captured before
   that was allowed.
3. Within a segment frames follow each other without a hole. Only where their times say otherwise by more than
   SLIP_SECONDS a hole is left, or a frame left out. So sound and pictures are never further apart than that.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import replace

from recorder.media.access_unit import TIMESCALE, SoundFormat, SoundFrame
from recorder.media.sound_track import SoundPiece
from recorder.segments.disk_commands import Command, OpenSegment, WriteFragment

WAIT_SECONDS = 1.0
SLIP_SECONDS = 0.03
FRAMES_MAX = 2048
"""Frames that wait for their fragment; the oldest go first."""

_WAIT_TICKS = round(WAIT_SECONDS * TIMESCALE)


class SoundBeside:
    """`take` the frames that come; every command goes through `pass_on`; `abort` when a run is over. `holding`: whether
    commands wait here, and `pass_on` is to be called although there are no new ones."""

    def __init__(self) -> None:
        self.holding = False
        self._frames: deque[SoundFrame] = deque(maxlen=FRAMES_MAX)
        self._held: deque[Command] = deque()
        self._format: SoundFormat | None = None
        self._start_pts = 0
        self._next: int | None = None

    def take(self, frames: Iterable[SoundFrame]) -> None:
        """The frames that come with a picture of the run."""
        self._frames += frames

    def pass_on(self, commands: Sequence[Command], now_90k: int | None = None) -> Sequence[Command]:
        """What is ready to go: all of it, unless sound is waited for. `now_90k`: of the newest picture; without it
        nothing is waited for any more."""
        if not self._held and not any(isinstance(command, WriteFragment) for command in commands):
            self._open_last(commands)
            return commands
        self._held += commands
        ready: list[Command] = []
        while self._held:
            command = self._held[0]
            if isinstance(command, WriteFragment) and self._format is not None:
                end = self._start_pts + command.decode_time_90k + sum(command.durations_90k)
                if now_90k is not None and now_90k < end + _WAIT_TICKS and not self._reaches(end):
                    break
                command = self._with_sound(command, self._format, end)
            elif isinstance(command, OpenSegment):
                self._open(command)
            ready.append(command)
            self._held.popleft()
        self.holding = bool(self._held)
        return ready

    def abort(self) -> None:
        """Forgets all that waits."""
        self._frames.clear()
        self._held.clear()
        self.holding = False

    def _open_last(self, commands: Sequence[Command]) -> None:
        for command in commands:
            if isinstance(command, OpenSegment):
                self._open(command)

    def _open(self, command: OpenSegment) -> None:
        self._format, self._start_pts, self._next = command.format.sound, command.start_pts_90k, None

    def _reaches(self, end: int) -> bool:
        """Whether all that begins before `end` has come."""
        assert self._format is not None
        frame_ticks = self._format.frame_samples * TIMESCALE // self._format.rate
        return bool(self._frames) and self._frames[-1].pts_90k + frame_ticks >= end

    def _with_sound(self, command: WriteFragment, format: SoundFormat, end: int) -> WriteFragment:
        frames: list[bytes] = []
        durations: list[int] = []
        slip_max, begin = round(SLIP_SECONDS * format.rate), 0
        while self._frames and self._frames[0].pts_90k < end:
            data, pts = self._frames.popleft()
            place = (pts - self._start_pts) * format.rate // TIMESCALE
            slip = 0 if self._next is None else place - self._next
            if place < 0 or slip < -slip_max:
                continue
            if self._next is not None and slip <= slip_max:
                place = self._next
            elif durations:
                durations[-1] += slip
            if not frames:
                begin = place
            frames.append(data)
            durations.append(format.frame_samples)
            self._next = place + format.frame_samples
        if not frames:
            return command
        piece = SoundPiece(decode_time=begin, frames=frames, durations=durations)
        return replace(command, sound=piece, data_bytes=command.data_bytes + piece.data_bytes)
