"""The account of one stream's time: up to when there is footage, which gap lasts and why, and what the board shows.

A gap has the first reason that applies, in this order: `licence` (denied), `disk` (it takes nothing), `camera_offline`
(no picture), `clock_step` (time that was skipped), `crash`, `schedule`, `event_mode`, `off` (not wanted, or the
recorder did not run). It lasts until the first picture recorded after it, or until another reason takes over.
"""

from dataclasses import dataclass

from gate.clock import Clock, instant_of
from recorder.catalog.rows import GapReason, Stream
from recorder.media.access_unit import AccessUnit
from recorder.segments.admission import MODE_REASONS
from recorder.segments.disk_commands import OpenSegment
from recorder.segments.gaps import GapKeeper
from recorder.state import RecordingPhase, RecordingState, StateBoard

HOLE_SECONDS_MIN = 0.5
"""Shorter silences between two pictures are no gaps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What the index knows of a stream at start. `end_utc_ns`: of its footage and ended gaps; None if there is
    neither. `clean`: whether the recorder before this one stopped in good order; `alive_utc_ns`: when it was last
    known to run."""

    end_utc_ns: int | None
    clean: bool
    alive_utc_ns: int | None = None


class StreamAccount:
    """Kept by a StreamRecorder. `end_utc_ns`: of the footage so far. `waiting_…_ns`: since when pictures are waited
    for, or when the last one came that was not to be recorded."""

    def __init__(
        self, *, camera: str, gaps: GapKeeper, clock: Clock, board: StateBoard, past: Past, stream: Stream = "main"
    ) -> None:
        self._camera = camera
        self._stream: Stream = stream
        self._gaps = gaps
        self._clock = clock
        self._board = board
        self._discontinuities = clock.discontinuities
        self.end_utc_ns = past.end_utc_ns
        self.waiting_utc_ns = now_utc_ns = clock.now_ns()
        self.waiting_monotonic_ns = clock.monotonic_ns()
        if gaps.reason is None and past.end_utc_ns is not None and past.end_utc_ns < now_utc_ns:
            gaps.begin("off" if past.clean else "crash", past.end_utc_ns)
        elif gaps.reason in MODE_REASONS and not past.clean and past.alive_utc_ns is not None:
            at_utc_ns = max(past.alive_utc_ns, gaps.start_utc_ns or 0)
            if at_utc_ns < now_utc_ns:
                gaps.begin("crash", at_utc_ns)

    @property
    def state(self) -> RecordingState:
        """What the board shows."""
        return self._board.cameras[self._camera].recording_of(self._stream)

    @property
    def jumped(self) -> bool:
        """Whether wall time has jumped since that was last looked at."""
        return self._clock.discontinuities != self._discontinuities

    def begin_run(self, command: OpenSegment) -> None:
        """Footage begins."""
        self.note_jump()
        hole_ns = command.start_utc_ns - (self.end_utc_ns or command.start_utc_ns)
        if self._gaps.reason is None and hole_ns > HOLE_SECONDS_MIN * 1e9:
            self._gaps.begin("camera_offline", command.start_utc_ns - hole_ns)
        self._gaps.end(command.start_utc_ns)
        self.show("recording", None)

    def end_silence(self, resumed_utc_ns: int) -> None:
        """The run goes on after a silence that was taken for the camera's end."""
        start_utc_ns = self._gaps.start_utc_ns
        if start_utc_ns is None:
            return
        is_hole = resumed_utc_ns - start_utc_ns > HOLE_SECONDS_MIN * 1e9
        self._gaps.end(resumed_utc_ns if is_hole else start_utc_ns)
        self.show("recording", None)

    def leave_out(self, unit: AccessUnit, reason: GapReason, ended_utc_ns: int | None) -> None:
        """A picture has come that is not to be recorded. `ended_utc_ns`: where recording ended, if that is a rule's."""
        self.note_jump()
        if self._gaps.reason is None:
            at_utc_ns = ended_utc_ns or self.end_utc_ns or self.waiting_utc_ns
            if ended_utc_ns is None and self.end_utc_ns and unit.utc_ns - at_utc_ns < HOLE_SECONDS_MIN * 1e9:
                at_utc_ns = unit.utc_ns  # exactly: the next recording may begin with this very picture
            self._gaps.begin(reason, min(at_utc_ns, unit.utc_ns))
        elif self._gaps.reason != reason:
            self._gaps.begin(reason, max(unit.utc_ns, self._gaps.start_utc_ns or 0))
        self.waiting_utc_ns, self.waiting_monotonic_ns = unit.utc_ns, unit.arrival_ns
        self.show_unwanted(reason)

    def note_silence(self, at_utc_ns: int, *, recording: bool) -> None:
        """No picture comes: what lasted so far ends, the camera is offline."""
        if self._gaps.reason is None and self.end_utc_ns is not None and not recording:
            at_utc_ns = min(at_utc_ns, self.end_utc_ns)
        self._gaps.begin("camera_offline", max(at_utc_ns, self._gaps.start_utc_ns or at_utc_ns))

    def note_jump(self) -> None:
        """Wall time may have jumped: what it skipped is a gap of its own, unless a stronger reason lasts."""
        if not self.jumped:
            return
        self._discontinuities = self._clock.discontinuities
        now_utc_ns = self._clock.now_ns()
        if self._gaps.reason is None:
            if self.end_utc_ns is not None and now_utc_ns > self.end_utc_ns:
                self._gaps.begin("clock_step", self.end_utc_ns)
        elif self._gaps.reason in MODE_REASONS and abs(now_utc_ns - self.waiting_utc_ns) > HOLE_SECONDS_MIN * 1e9:
            if now_utc_ns > self.waiting_utc_ns:
                self._gaps.begin("clock_step", max(self.waiting_utc_ns, self._gaps.start_utc_ns or 0))
            else:
                self._gaps.end(self.waiting_utc_ns)
                self.end_utc_ns = None

    def stop_for_licence(self, at_utc_ns: int) -> None:
        """Denied, since then."""
        now_utc_ns = self._clock.now_ns()
        self.note_jump()
        if self._gaps.reason != "licence":
            earliest = self._gaps.start_utc_ns or self.end_utc_ns or self.waiting_utc_ns
            self._gaps.begin("licence", max(min(at_utc_ns, now_utc_ns), min(earliest, now_utc_ns)))
        self.show("stopped", "licence")

    def stop_for_disk(self, at_utc_ns: int | None = None) -> None:
        """The disk takes nothing, since then; without a time, since the end of the footage or now."""
        if at_utc_ns is None:
            at_utc_ns = (self.end_utc_ns if self._gaps.reason is None else None) or self._clock.now_ns()
        start_utc_ns = self._gaps.start_utc_ns or at_utc_ns
        self.lose(at_utc_ns, start_utc_ns)
        self._gaps.begin("disk", max(at_utc_ns, start_utc_ns))
        self.show("stopped", "disk")

    def lose(self, start_utc_ns: int, end_utc_ns: int) -> None:
        """Footage that was thought to be on disk is not."""
        self._gaps.insert("disk", start_utc_ns, end_utc_ns)

    def stop_for_good(self) -> None:
        """The recorder ends."""
        if self._gaps.reason is None and self.end_utc_ns is not None:
            self._gaps.begin("off", self.end_utc_ns)
        self.show("stopped", "off")

    def wait_from_now(self) -> None:
        """The next picture that comes is to be recorded."""
        self.waiting_utc_ns = self._clock.now_ns()
        self.waiting_monotonic_ns = self._clock.monotonic_ns()
        self.show("waiting", None)

    def show_unwanted(self, reason: GapReason) -> None:
        """Pictures are not to be recorded now."""
        self.show("waiting" if reason == "event_mode" else "stopped", reason)

    def show(self, phase: RecordingPhase, reason: GapReason | None) -> None:
        """On the board."""
        state = self.state
        if (state.phase, state.reason) != (phase, reason):
            state.phase, state.reason, state.since = phase, reason, self._clock.now()
            self._board.changed()

    def note_picture(self, unit: AccessUnit) -> None:
        """The newest picture that was handed to the disk."""
        self.state.last_picture = instant_of(unit.utc_ns)
