"""The events of a camera. Pure.

Rules
1. A camera shows one state at a time (camera_sim.state). All but `idle` are events while they last.
2. A new event takes the place of the one under way: that one ends at the very picture at which the new one begins.
3. An event begins and ends at a key frame of the main stream; its other stream follows at its next key frame.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

EventKind = Literal["motion", "person", "vehicle", "dark", "blurred", "moved", "night"]
"""The states that begin and end: those of camera_sim.state, without `idle`."""
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
