"""One event: something that happened at a camera, as its source tells it. Pure.

Rules
1. A *state* has two events: `start` when it becomes true, `end` when it is over. A *pulse* has one and no duration.
2. A source tells changes only: no second `start` without an `end` between, whatever the camera repeats. What it lost
   sight of (a connection that broke, a camera that restarted) it ends as soon as it knows.
3. `at_utc_ns` is a label, on the clock of the recorder like those of pictures, never the camera's own opinion.
"""

from dataclasses import dataclass
from typing import Literal, Protocol

EventKind = Literal[
    "motion",
    "person",
    "vehicle",
    "animal",
    "face",
    "package",
    "line",
    "zone",
    "sound",
    "visitor",
    "input",
    "tamper",
    "scene_change",
    "dark",
    "bright",
    "blurred",
]
"""What happened. `line`: a line was crossed; `zone`: somebody is in a field; `input`: an alarm contact; `tamper`:
covered or sprayed; `scene_change`: turned away or moved; `visitor`: somebody rang."""
EventPhase = Literal["start", "end", "pulse"]
EventSource = Literal["onvif", "motion", "api"]
"""Who says so: the camera over ONVIF, the recorder's own motion detection, or whoever calls the recorder's API."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraEvent:
    """`rule`: which of a camera's rules it was (a line's or field's name), empty if it tells none; `start` and `end`
    of one state agree in `(camera, source, kind, rule)`. `camera_utc_ns`: when the camera says it was, by its clock;
    None if it does not."""

    camera: str
    kind: EventKind
    phase: EventPhase
    at_utc_ns: int
    source: EventSource
    rule: str = ""
    camera_utc_ns: int | None = None


class CameraEvents(Protocol):
    """Whoever takes events."""

    def take(self, event: CameraEvent) -> None:
        """Never blocks and never raises."""
