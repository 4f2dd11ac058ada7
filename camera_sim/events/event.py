"""The events of a camera and the words for what its pictures show. Pure.

Rules
1. A camera shows one state at a time. Nothing happens in `idle` and `night`; the others are events while they last.
2. `night` is an event of another kind: the light goes, whoever moves goes on moving.
3. A new event takes the place of the one under way: that one ends at the very picture at which the new one begins.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

State = Literal["idle", "motion", "person", "vehicle", "dark", "blurred", "moved", "night"]
"""What the pictures show: nothing moving; people and vehicles; people; vehicles; a covered lens; a lens out of focus;
a camera turned away; the site by night."""
EventKind = Literal["motion", "person", "vehicle", "dark", "blurred", "moved", "night"]
"""The states that begin and end as events."""
STATES: tuple[State, ...] = get_args(State)
KINDS: tuple[EventKind, ...] = get_args(EventKind)
TAMPERS: tuple[EventKind, ...] = ("dark", "blurred", "moved")
"""Somebody has meddled with the camera."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraEvent:
    """An event begins or ends, as it is told. `number` is the event's: the same at its beginning and its end, and in
    the ground-truth log. `at` (UTC, the camera's own time) is that of the first picture that shows the new state."""

    camera: str
    number: int
    kind: EventKind
    phase: Literal["began", "ended"]
    at: datetime
