"""Which pictures of a stream are recorded, by its mode. Pure; it is given every picture that the licence covers.

- `schedule`: those whose label lies in an open window.
- `event`: those from `pre_event_seconds` before an event until `post_event_seconds` after the last one, and on to the
  next key frame, so that the recording of a next event can begin where this one ended.
"""

from collections.abc import Sequence
from typing import Protocol

from recorder.catalog.rows import GapReason
from recorder.media.access_unit import AccessUnit
from recorder.segments.mode import RecordingMode
from recorder.segments.pre_event import PreEventRing
from recorder.segments.schedule import WeeklySchedule, Window

KEY_WAIT_SECONDS = 10.0
"""How long after the end of an event's time a key frame is waited for, at most."""

MODE_REASONS: tuple[GapReason, ...] = ("schedule", "event_mode", "off")


class Admission(Protocol):
    """The rule of one mode, for one stream."""

    @property
    def reason(self) -> GapReason | None:
        """Why pictures are not recorded now; None while they are."""

    @property
    def until_utc_ns(self) -> int | None:
        """Where recording has ended, exactly; None if it is with the last picture."""

    @property
    def wants_key(self) -> bool:
        """Whether a key frame is needed soon."""

    def push(self, unit: AccessUnit) -> Sequence[AccessUnit]:
        """What is to be recorded now that this picture has come; nothing where it is not admitted."""

    def look(self, utc_ns: int) -> None:
        """Brings `reason` up to date while no picture comes."""

    def trigger(self, now_ns: int) -> Sequence[AccessUnit]:
        """An event at this monotonic time; what is to be recorded at once, before it."""

    def clear(self) -> None:
        """Forgets every picture: the permission, or the connection with what follows, is lost."""


class _Plain:
    """A rule without a memory."""

    until_utc_ns: int | None = None
    wants_key = False

    def look(self, utc_ns: int) -> None:
        pass

    def trigger(self, now_ns: int) -> Sequence[AccessUnit]:
        return ()

    def clear(self) -> None:
        pass


class Always(_Plain):
    """Continuous recording."""

    reason: GapReason | None = None

    def push(self, unit: AccessUnit) -> Sequence[AccessUnit]:
        return (unit,)


class Never(_Plain):
    """No recording."""

    reason: GapReason | None = "off"

    def push(self, unit: AccessUnit) -> Sequence[AccessUnit]:
        return ()


class OnSchedule(_Plain):
    """Recording while a weekly schedule is open."""

    def __init__(self, schedule: WeeklySchedule, now_utc_ns: int) -> None:
        self._schedule = schedule
        self._window: Window = schedule.window_at(now_utc_ns)

    @property
    def reason(self) -> GapReason | None:
        return None if self._window.open else "schedule"

    def push(self, unit: AccessUnit) -> Sequence[AccessUnit]:
        self.look(unit.utc_ns)
        return (unit,) if self._window.open else ()

    def look(self, utc_ns: int) -> None:
        if not self._window.covers(utc_ns):
            before, self._window = self._window, self._schedule.window_at(utc_ns)
            self.until_utc_ns = before.end_utc_ns if before.open and not self._window.open else None


class OnEvent(_Plain):
    """Recording around events. `recording`: whether pictures are being recorded already; they then are to the next
    key frame."""

    def __init__(self, camera: str, mode: RecordingMode, *, recording: bool) -> None:
        self._ring = PreEventRing(camera, mode.pre_event_seconds)
        self._post_ns = round(mode.post_event_seconds * 1e9)
        self._until_ns = 0
        self._give_up_ns: int | None = None
        self._recording = recording
        self.wants_key = recording

    @property
    def reason(self) -> GapReason | None:
        return None if self._recording else "event_mode"

    def push(self, unit: AccessUnit) -> Sequence[AccessUnit]:
        if unit.arrival_ns < self._until_ns:
            before = () if self._recording else self._ring.drain()
            self._recording, self.wants_key, self._give_up_ns = True, False, None
            return (*before, unit)
        if self._recording and not self._ends_with(unit):
            return (unit,)
        self._ring.push(unit)
        return ()

    def trigger(self, now_ns: int) -> Sequence[AccessUnit]:
        self._until_ns = max(self._until_ns, now_ns + self._post_ns)
        self.wants_key, self._give_up_ns = False, None
        if self._recording:
            return ()
        self._recording = True
        return self._ring.drain()

    def clear(self) -> None:
        self._ring.clear()

    def _ends_with(self, unit: AccessUnit) -> bool:
        """Whether recording ends before this picture."""
        if self._give_up_ns is None:
            self._give_up_ns = unit.arrival_ns + round(KEY_WAIT_SECONDS * 1e9)
        self.wants_key = not unit.key and unit.arrival_ns < self._give_up_ns
        if self.wants_key:
            return False
        self._recording, self._give_up_ns = False, None
        return True


def admission_of(mode: RecordingMode, *, camera: str, recording: bool, now_utc_ns: int) -> Admission:
    """The rule of a mode. `recording`: whether a run is open now."""
    match mode.name:
        case "off":
            return Never()
        case "event":
            return OnEvent(camera, mode, recording=recording)
        case "schedule":
            assert mode.schedule is not None
            return OnSchedule(mode.schedule, now_utc_ns)
        case "continuous":
            return Always()
