"""People: a walking skeleton in three dimensions, dressed in rounded shapes."""

from dataclasses import dataclass

import numpy as np

from camera_sim.scene.canvas import lit, mix
from camera_sim.scene.shapes import Colour, Shapes
from camera_sim.scene.view import Floats, View

STRIDE_METRES = 1.45
"""Two steps."""
_THIGH, _SHIN, _FOOT = 0.44, 0.43, 0.19
_UPPER_ARM, _FOREARM = 0.29, 0.27
_SWING, _ARM_SWING = 0.46, 0.5
_HIP, _SHOULDER, _HEAD = 0.90, 1.40, 1.62
_HIP_WIDTH, _SHOULDER_WIDTH = 0.10, 0.19


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How somebody is dressed and built. `size` 1 is 1.72 m."""

    top: Colour
    trousers: Colour
    hair: Colour = (34, 30, 32)
    skin: Colour = (150, 184, 226)
    shoes: Colour = (44, 42, 46)
    size: float = 1.0
    skirt: Colour | None = None
    long_hair: bool = False
    bag: Colour | None = None
    backpack: Colour | None = None


class _Body:
    """Turns body coordinates (ahead, left, up; metres) into pixels."""

    def __init__(self, view: View, x: float, y: float, heading: float, size: float) -> None:
        self._view = view
        self._origin = np.array((x, y, 0.0))
        ahead = np.array((np.cos(heading), np.sin(heading), 0))
        self._axes = np.stack((ahead, np.array((-ahead[1], ahead[0], 0)), np.array((0, 0, 1.0)))) * size
        self.scale = view.scale_at((x, y, size)) * size
        self.faces_us = float(ahead[:2] @ (view.eye - self._origin)[:2]) > 0
        self.left_is_near = float(self._axes[1] @ (view.eye - self._origin)) > 0

    def world(self, *points: tuple[float, float, float]) -> Floats:
        return np.asarray(self._origin + np.array(points) @ self._axes)

    def at(self, *points: tuple[float, float, float]) -> Floats:
        return self._view.project(self.world(*points))[0]


def walker(view: View, look: Look, x: float, y: float, heading: float, walked: float) -> Shapes:
    """Somebody at (x, y) who has walked so many metres; `heading` in radians from the x axis."""
    body = _Body(view, x, y, heading, look.size)
    phase = walked / (STRIDE_METRES * look.size) * 2 * np.pi
    bob = 0.02 * np.cos(2 * phase)
    shapes = Shapes(depth=float(view.local([(x, y, 0)])[0, 2]), softness=max(1.0, body.scale * 0.03), darkness=0.45)
    sides = (-1, 1) if body.left_is_near else (1, -1)
    _cast_shadow(shapes, view, body, phase)
    for near, side in enumerate(sides):
        swing = phase if side > 0 else phase + np.pi
        if not near:
            _arm(shapes, body, look, side, swing + np.pi, bob, 0.80)
        _leg(shapes, body, look, side, swing, bob, 1.0 if near else 0.78)
    _trunk(shapes, body, look, bob)
    _head(shapes, body, look, bob)
    near = sides[1]
    swing = (phase if near > 0 else phase + np.pi) + np.pi
    _arm(shapes, body, look, near, swing, bob, 1.06)
    return shapes


def _leg(shapes: Shapes, body: _Body, look: Look, side: int, phase: float, bob: float, light: float) -> None:
    hip, knee, ankle, toe = _leg_joints(side, phase, bob)
    a, b, c, d = body.at(hip, knee, ankle, toe)
    unit = body.scale
    colour = lit(look.trousers if look.skirt is None else look.skin, light)
    shoe = lit(look.shoes, light)
    shapes.blob((c, d), (0.045 * unit, 0.035 * unit), shoe)
    _limb(shapes, b, c, 0.062 * unit, 0.047 * unit, colour)
    _limb(shapes, a, b, 0.088 * unit, 0.064 * unit, colour)


def _leg_joints(side: int, phase: float, bob: float) -> list[tuple[float, float, float]]:
    thigh = _SWING * np.sin(phase)
    flex = 0.08 + 0.85 * max(0.0, float(np.cos(phase))) ** 2
    hip = (0.0, side * _HIP_WIDTH, _HIP + bob)
    knee = (hip[0] + _THIGH * np.sin(thigh), hip[1], hip[2] - _THIGH * np.cos(thigh))
    shin = thigh - flex
    ankle = (knee[0] + _SHIN * np.sin(shin), hip[1], max(0.05, knee[2] - _SHIN * np.cos(shin)))
    lift = 0.4 * flex - 0.25 * max(0.0, float(np.sin(phase)))
    toe = (ankle[0] + _FOOT * np.cos(lift), hip[1], max(0.03, ankle[2] - 0.04 - _FOOT * 0.5 * np.sin(lift)))
    return [hip, knee, ankle, toe]


def _arm(shapes: Shapes, body: _Body, look: Look, side: int, phase: float, bob: float, light: float) -> None:
    angle = _ARM_SWING * np.sin(phase) * 0.8
    shoulder = (0.0, side * (_SHOULDER_WIDTH + 0.02), _SHOULDER - 0.04 + bob)
    elbow = (
        shoulder[0] + _UPPER_ARM * np.sin(angle),
        shoulder[1] + side * 0.03,
        shoulder[2] - _UPPER_ARM * np.cos(angle),
    )
    bend = angle + 0.35 + 0.15 * np.sin(phase)
    hand = (elbow[0] + _FOREARM * np.sin(bend), elbow[1] + side * 0.01, elbow[2] - _FOREARM * np.cos(bend))
    a, b, c = body.at(shoulder, elbow, hand)
    unit = body.scale
    if look.bag is not None and side < 0:
        low = (hand[0], hand[1], hand[2] - 0.30)
        corners = body.at((low[0] - 0.15, low[1], low[2]), (low[0] + 0.15, low[1], low[2]), hand)
        shapes.blob((corners[0], corners[1]), (0.10 * unit, 0.10 * unit), lit(look.bag, light * 0.95))
        shapes.blob((corners[2], (corners[0] + corners[1]) / 2), (0.012 * unit, 0.02 * unit), lit(look.bag, 0.6))
    shapes.blob((c,), (0.044 * unit,), lit(look.skin, light))
    _limb(shapes, b, c, 0.047 * unit, 0.038 * unit, lit(look.top, light))
    _limb(shapes, a, b, 0.060 * unit, 0.048 * unit, lit(look.top, light))


def _trunk(shapes: Shapes, body: _Body, look: Look, bob: float) -> None:
    unit = body.scale
    hips = body.at((0, _HIP_WIDTH, _HIP + 0.03 + bob), (0, -_HIP_WIDTH, _HIP + 0.03 + bob))
    shoulders = body.at((0.01, _SHOULDER_WIDTH, _SHOULDER + bob), (0.01, -_SHOULDER_WIDTH, _SHOULDER + bob))
    if look.backpack is not None:
        pack = body.at((-0.17, 0, 1.34 + bob), (-0.18, 0, 1.05 + bob))
        shapes.blob(pack, (0.13 * unit, 0.15 * unit), lit(look.backpack, 0.9))
    if look.skirt is not None:
        hem = body.at((0.05, 0.17, 0.52), (0.05, -0.17, 0.52), (-0.05, 0.17, 0.52), (-0.05, -0.17, 0.52))
        shapes.blob((*hips, *hem), (0.10 * unit, 0.10 * unit, *(0.05 * unit,) * 4), look.skirt)
        shapes.blob((hips[0], hem[2]), (0.05 * unit, 0.03 * unit), lit(look.skirt, 1.12))
    else:
        shapes.blob(hips, (0.105 * unit, 0.105 * unit), look.trousers)
    waist = body.at((0, 0.10, 1.08 + bob), (0, -0.10, 1.08 + bob))
    shapes.blob((*hips, *waist, *shoulders), (0.10 * unit,) * 2 + (0.10 * unit,) * 2 + (0.075 * unit,) * 2, look.top)
    sunny = np.array((-0.035 * unit, -0.01 * unit))
    mid_low, mid_high = waist.mean(axis=0) + sunny, shoulders.mean(axis=0) + sunny
    shapes.blob((mid_low, mid_high), (0.085 * unit, 0.11 * unit), lit(look.top, 1.12))


def _head(shapes: Shapes, body: _Body, look: Look, bob: float) -> None:
    unit = body.scale
    neck, head, face, crown, nape = body.at(
        (0.01, 0, _SHOULDER + 0.06 + bob),
        (0.03, 0, _HEAD + bob),
        (0.075, 0, _HEAD - 0.035 + bob),
        (0.005, 0, _HEAD + 0.045 + bob),
        (-0.05, 0, _HEAD - 0.16 + bob),
    )
    shapes.blob((neck, head), (0.05 * unit, 0.05 * unit), lit(look.skin, 0.85))
    hair = (crown, nape) if look.long_hair else (crown, (crown + nape) / 2)
    shapes.blob(hair, (0.118 * unit, (0.10 if look.long_hair else 0.075) * unit), look.hair)
    if body.faces_us:
        shapes.blob((face, head), (0.080 * unit, 0.090 * unit), look.skin)
        shapes.blob((_aside(face, -0.02 * unit, 0.01 * unit),), (0.052 * unit,), mix(look.skin, (225, 238, 250), 0.3))
        shapes.blob((_aside(crown, 0, -0.035 * unit),), (0.098 * unit,), look.hair)
    else:
        shapes.blob((face, head), (0.078 * unit, 0.085 * unit), look.skin)
        shapes.blob((crown, (crown + nape) / 2), (0.108 * unit, 0.088 * unit), look.hair)
    shapes.blob((_aside(crown, -0.035 * unit, -0.05 * unit),), (0.045 * unit,), lit(look.hair, 1.5))


def _aside(pixel: Floats, across: float, down: float) -> Floats:
    return np.asarray(pixel + np.array((across, down)))


def _limb(shapes: Shapes, start: Floats, end: Floats, first: float, last: float, colour: Colour) -> None:
    """A tapered limb with a lit edge on the sun's side."""
    shapes.blob((start, end), (first, last), colour)
    aside = np.array((-0.3 * first, -0.05 * first))
    shapes.blob((start + aside, end + aside), (first * 0.5, last * 0.5), lit(colour, 1.13))


def _cast_shadow(shapes: Shapes, view: View, body: _Body, phase: float) -> None:
    """On the ground: legs, trunk and head, and a dark spot under the feet."""
    trunk = [
        (0, 0.16, 0.95),
        (0, -0.16, 0.95),
        (0, 0.2, 1.42),
        (0, -0.2, 1.42),
        (0.03, 0.06, 1.72),
        (0.03, -0.06, 1.72),
    ]
    pieces = [body.world(*trunk)]
    for side in (1, -1):
        joints = _leg_joints(side, phase if side > 0 else phase + np.pi, 0.0)
        thick = [(a, side * 0.05 + w, z) for a, _, z in joints for w in (0.0, 0.11 * side)]
        pieces.append(body.world(*thick))
    for piece in pieces:
        shapes.throw(view, piece, 1.0)
    ring = [(0.24 * np.cos(a), 0.2 * np.sin(a), 0.0) for a in np.linspace(0, 6.28, 10)]
    shapes.throw(view, body.world(*ring))
