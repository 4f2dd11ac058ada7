"""Things made of boxes: machines, shelves, goods. Each box is shaded face by face."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from camera_sim.scene.canvas import lit
from camera_sim.scene.shapes import Colour, Shapes
from camera_sim.scene.view import SUN, Floats, Point, View

_FACES = (
    ((0, 1, 2, 3), (0, 0, -1)), ((4, 5, 6, 7), (0, 0, 1)), ((0, 1, 5, 4), (0, -1, 0)),
    ((2, 3, 7, 6), (0, 1, 0)), ((1, 2, 6, 5), (1, 0, 0)), ((0, 3, 7, 4), (-1, 0, 0)),
)  # fmt: skip
"""Corners (see `_corners`) and outward normal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A box in a thing's own coordinates (ahead, left, up; metres)."""

    low: Point
    high: Point
    colour: Colour


def assembled(view: View, x: float, y: float, heading: float, parts: Sequence[Part], darkness: float = 0.4) -> Shapes:
    """A thing at (x, y) that looks towards `heading` (radians from the x axis)."""
    unit = view.scale_at((x, y, 0.7))
    depth = float(view.local([(x, y, 0)])[0, 2])
    shapes = Shapes(depth=depth, softness=max(1.2, unit * 0.05), darkness=darkness)
    cosine, sine = np.cos(heading), np.sin(heading)
    turn = np.array(((cosine, sine, 0), (-sine, cosine, 0), (0, 0, 1.0)))
    origin = np.array((x, y, 0.0))
    bodies = [(origin + _corners(part) @ turn, part.colour) for part in parts]
    if min(float(view.local(corners)[:, 2].min()) for corners, _ in bodies) < 0.4:
        return shapes
    normals = np.array([normal for _, normal in _FACES], float) @ turn
    for corners, colour in sorted(bodies, key=lambda body: -float(np.linalg.norm(body[0].mean(axis=0) - view.eye))):
        shapes.throw(view, corners)
        pixels = view.project(corners)[0]
        for (at, _), normal in zip(_FACES, normals, strict=True):
            if normal @ (view.eye - corners[at[0]]) > 0:
                light = 0.66 + 0.42 * max(0.0, float(normal @ SUN)) + 0.16 * max(0.0, float(normal[2]))
                shapes.add(pixels[list(at)], lit(colour, light))
    return shapes


def _corners(part: Part) -> Floats:
    (x0, y0, z0), (x1, y1, z1) = part.low, part.high
    ring = ((x0, y0), (x1, y0), (x1, y1), (x0, y1))
    return np.array([(*at, z0) for at in ring] + [(*at, z1) for at in ring], float)
