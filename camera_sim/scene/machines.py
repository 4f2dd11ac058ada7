"""Vehicles of indoor sites: a forklift, a carrier without a driver, a delivery robot."""

from collections.abc import Callable, Sequence

import numpy as np

from camera_sim.scene.canvas import rgb
from camera_sim.scene.route import Route
from camera_sim.scene.shapes import Colour, Shapes
from camera_sim.scene.solid import Part, assembled
from camera_sim.scene.view import Point, View

_BLACK, _STEEL, _CARD, _PALLET = rgb("25272a"), rgb("8f979d"), rgb("b98d5c"), rgb("9a7346")
_AMBER = rgb("ffb14a")


def _part(low: Point, high: Point, colour: Colour) -> Part:
    return Part(low=low, high=high, colour=colour)


def _forklift() -> Sequence[Part]:
    yellow, dark = rgb("e3a21f"), rgb("3a3d41")
    wheels = [
        _part((x - 0.28, side - 0.12, 0), (x + 0.28, side + 0.12, 0.55), _BLACK)
        for x in (-0.75, 0.75)
        for side in (-0.5, 0.5)
    ]
    posts = [
        _part((x - 0.04, side - 0.04, 1.1), (x + 0.04, side + 0.04, 2.1), dark)
        for x in (-0.7, 0.45)
        for side in (-0.48, 0.48)
    ]
    return [
        *wheels,
        _part((-1.15, -0.5, 0.28), (0.85, 0.5, 0.75), yellow),
        _part((-1.15, -0.5, 0.75), (-0.45, 0.5, 1.2), yellow),
        _part((-0.4, -0.25, 0.75), (0.1, 0.25, 1.0), dark),
        _part((-0.3, -0.2, 1.0), (0.05, 0.2, 1.55), rgb("35506e")),
        _part((-0.25, -0.12, 1.55), (0.0, 0.12, 1.8), rgb("e0b48c")),
        *posts,
        _part((-0.75, -0.52, 2.1), (0.5, 0.52, 2.16), dark),
        *[_part((0.9, side - 0.05, 0.1), (1.0, side + 0.05, 2.3), _STEEL) for side in (-0.32, 0.32)],
        _part((1.0, -0.5, 0.22), (2.0, 0.5, 0.34), _PALLET),
        _part((1.05, -0.45, 0.34), (1.95, 0.45, 1.15), _CARD),
    ]


def _carrier() -> Sequence[Part]:
    return [
        _part((-0.7, -0.45, 0.06), (0.7, 0.45, 0.32), rgb("e8eaec")),
        _part((0.66, -0.4, 0.1), (0.72, 0.4, 0.26), rgb("2b7fd0")),
        _part((-0.6, -0.4, 0.32), (0.6, 0.4, 0.38), _BLACK),
        _part((-0.55, -0.36, 0.38), (0.02, 0.36, 0.82), rgb("3f78b5")),
        _part((0.08, -0.36, 0.38), (0.55, 0.36, 0.7), rgb("5d9a5f")),
    ]


def _robot() -> Sequence[Part]:
    white, grey = rgb("eef0f1"), rgb("565d64")
    return [
        _part((-0.3, -0.27, 0.05), (0.3, 0.27, 0.2), grey),
        _part((-0.3, -0.27, 0.2), (0.3, 0.27, 0.95), white),
        _part((0.28, -0.2, 0.35), (0.31, 0.2, 0.8), rgb("3aa6a0")),
        _part((-0.2, -0.2, 0.95), (0.15, 0.2, 1.2), grey),
        _part((0.13, -0.17, 0.98), (0.17, 0.17, 1.17), rgb("8fe3ff")),
    ]


_PARTS = {"forklift": _forklift(), "carrier": _carrier(), "robot": _robot()}
_BEACON = {"forklift": (-0.3, 0.0, 2.25), "carrier": (0.6, 0.0, 0.5), "robot": (0.0, 0.0, 1.3)}


def machine(view: View, kind: str, way: Route) -> Callable[[float], Shapes | None]:
    """One that goes its way, a warning light on it."""

    def drawn(seconds: float) -> Shapes | None:
        pose = way.pose(seconds)
        if pose is None:
            return None
        x, y, heading, _ = pose
        shapes = assembled(view, x, y, heading, _PARTS[kind])
        if not shapes.polygons:
            return None
        ahead, left, up = _BEACON[kind]
        at = (x + ahead * np.cos(heading) - left * np.sin(heading), y + ahead * np.sin(heading), up)
        if seconds % 1 < 0.5:
            pixel = view.project([at])[0][0]
            shapes.blob((pixel,), (max(1.5, 0.07 * view.scale_at(at)),), _AMBER)
        return shapes

    return drawn
