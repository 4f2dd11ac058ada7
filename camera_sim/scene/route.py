"""Ways through a site: where somebody is at each second of the loop."""

from collections.abc import Callable

import numpy as np

from camera_sim.scene.person import Look, walker
from camera_sim.scene.shapes import Colour, Shapes
from camera_sim.scene.vehicle import Build, car
from camera_sim.scene.view import View

_SHADOW_METRES = 1.5
_TURN_SECONDS = 0.35
"""Headings are taken over this time to either side, so that nobody turns on the spot."""


class Route:
    """Corners (second, x, y) in the order of time, from 0 to 120: a way may go on into the next minute, but not for a
    whole one. Out of sight before the first and after the last."""

    def __init__(self, corners: tuple[tuple[float, float, float], ...]) -> None:
        self._seconds = np.array([corner[0] for corner in corners], float)
        self._places = np.array([corner[1:] for corner in corners], float)
        steps = np.linalg.norm(np.diff(self._places, axis=0), axis=1)
        self._metres = np.concatenate(((0.0,), np.cumsum(steps)))

    def person(self, view: View, look: Look, seconds: float, aside: float = 0.0) -> Shapes | None:
        """Somebody on the way, `aside` metres left of it."""
        pose = self.pose(seconds)
        if pose is None:
            return None
        x, y, heading, metres = pose
        x, y = x - np.sin(heading) * aside, y + np.cos(heading) * aside
        if not _in_sight(view, x, y, 1.0):
            return None
        return walker(view, look, x, y, heading, metres + aside)

    def walk(self, view: View, look: Look) -> Callable[[float], Shapes | None]:
        """Somebody on the way, at every second."""
        return lambda seconds: self.person(view, look, seconds)

    def car(self, view: View, build: Build, paint: Colour, seconds: float) -> Shapes | None:
        """A car on the way."""
        pose = self.pose(seconds)
        if pose is None or not _in_sight(view, pose[0], pose[1], build.length / 2):
            return None
        return car(view, build, paint, *pose)

    def pose(self, seconds: float) -> tuple[float, float, float, float] | None:
        """x, y, heading and the metres covered so far; None before and after."""
        if seconds < self._seconds[0]:
            seconds += 60
        if not self._seconds[0] <= seconds <= self._seconds[-1]:
            return None
        x, y = self._at(seconds)
        ahead, behind = self._at(seconds + _TURN_SECONDS), self._at(seconds - _TURN_SECONDS)
        heading = float(np.arctan2(ahead[1] - behind[1], ahead[0] - behind[0]))
        return x, y, heading, float(np.interp(seconds, self._seconds, self._metres))

    def _at(self, seconds: float) -> tuple[float, float]:
        x, y = (float(np.interp(seconds, self._seconds, self._places[:, axis])) for axis in (0, 1))
        return x, y


def _in_sight(view: View, x: float, y: float, reach: float) -> bool:
    """Whether something within `reach` metres of (x, y), or its shadow, may be in the picture."""
    right, _, depth = view.local([(x, y, 0.8)])[0]
    margin = (reach + _SHADOW_METRES) * view.focal_px / max(depth, 0.1)
    return bool(depth > reach + 0.5) and abs(right / depth * view.focal_px) < view.width / 2 + margin
