"""How a camera is to be recorded. Values only."""

from dataclasses import dataclass

from recorder.segments.schedule import WeeklySchedule
from recorder.state import RecordingModeName


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingMode:
    """`event`: from `pre_event_seconds` before an event to `post_event_seconds` after the last of several. `schedule`:
    while `schedule` is open; it must be there then."""

    name: RecordingModeName = "continuous"
    pre_event_seconds: float = 10
    post_event_seconds: float = 30
    schedule: WeeklySchedule | None = None


CONTINUOUS = RecordingMode()
