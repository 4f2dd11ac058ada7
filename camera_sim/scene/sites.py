"""All sites there are, by name, and how one is built from its plan."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module

import numpy as np

from camera_sim.scene.canvas import Canvas
from camera_sim.scene.night import Night
from camera_sim.scene.shapes import Shapes
from camera_sim.scene.site import Image
from camera_sim.scene.stage import Cast, Stage
from camera_sim.scene.view import Point, View
from camera_sim.state import Activity, Light

_KNOCKED = (26.0, 9.0, 7.0)
"""Left, down and tilt, in degrees, of a camera that was turned away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Eye:
    """Where a camera stands, what it looks at, and its vertical angle of view in degrees."""

    at: Point
    target: Point
    fov: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A site before it is built; each scene's module has one, called PLAN. `paint` does the background for the view of
    that number; `wall_y`: see `View`."""

    eyes: Sequence[Eye]
    paint: Callable[[Canvas, int], None]
    props: Callable[[View], list[Shapes]]
    cast: Callable[[View], Cast]
    night: Callable[[View], Night]
    wall_y: float = np.inf


class BuiltSite:
    """`site.Site` of a plan."""

    def __init__(self, plan: Plan, number: int, light: Light, knocked: bool, width: int, height: int) -> None:
        eye = plan.eyes[number]
        view = View(eye.at, eye.target, eye.fov, width, height, plan.wall_y)
        if knocked:
            view = view.turned(*_KNOCKED)
        canvas = Canvas(view)
        plan.paint(canvas, number)
        night = plan.night(view) if light == "night" else None
        self._stage = Stage(canvas.small(), plan.props(view), plan.cast(view), night)

    def draw(self, seconds: float, activity: Activity) -> Image:
        return self._stage.draw(seconds, activity)


def open_site(scene: str, view: int, light: Light, knocked: bool, width: int, height: int) -> BuiltSite:
    """Builds what stands still; takes a second or so. `knocked`: the camera was turned away."""
    plan: Plan = import_module(f"camera_sim.scene.{scene}").PLAN
    return BuiltSite(plan, view, light, knocked, width, height)
