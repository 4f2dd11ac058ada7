"""The corridor of an office: doors on both sides, a window at its end, lamps in the ceiling, a glossy floor."""

import numpy as np

from camera_sim.scene.canvas import Canvas, rgb
from camera_sim.scene.machines import machine
from camera_sim.scene.night import Infrared, Night
from camera_sim.scene.panel import Panel, hang
from camera_sim.scene.person import Look
from camera_sim.scene.plants import OLIVE, SUMMER, pot, shrub
from camera_sim.scene.route import Route
from camera_sim.scene.shapes import Colour, Shapes
from camera_sim.scene.sites import Eye, Plan
from camera_sim.scene.solid import Part, assembled
from camera_sim.scene.stage import Cast
from camera_sim.scene.texture import World, band, joints, paint
from camera_sim.scene.view import Point, View

_EYES = (
    Eye(at=(1.15, -1.2, 2.45), target=(-0.25, 7.5, 0.85), fov=58.0),
    Eye(at=(-1.2, 21.5, 2.5), target=(0.3, 13.0, 0.9), fov=58.0),
)
_HALF, _HIGH, _FAR, _NEAR = 1.75, 2.75, 24.0, -4.0
_PITCH, _PER_METRE = 4.0, 130
"""Doors come every so many metres."""
_RUNS = 6
"""Robots that pass in a minute."""
_ROOMS = ("会議室 A", "会議室 B", "開発部", "総務部", "資料室", "給湯室", "応接室", "倉庫")


def _paint(canvas: Canvas, number: int) -> None:
    del number
    canvas.image[:] = rgb("dedfdb")
    _floor(canvas)
    _ceiling(canvas)
    _end(canvas)
    for side in (-1, 1):
        segments = np.arange(_NEAR, _FAR, _PITCH)
        for at, y in enumerate(segments):
            _wall(canvas, side, float(y), _ROOMS[(at * 2 + (side > 0)) % len(_ROOMS)], at % 3 == 1)


def _floor(canvas: Canvas) -> None:
    x, y, foot = canvas.ground()
    broad, fine = World(5, 81).at(x, y), World(0.5, 82, 4).at(x, y)
    near = np.clip(1.1 - foot * 9, 0, 1)
    colours = np.array(rgb("a7a79f"), np.float32) * (1 + broad * 0.03 + fine * 0.035 * near)[..., None]
    colours = paint(colours, rgb("8d8d86"), np.maximum(joints(x, 0.6, 0.006, foot), joints(y, 0.6, 0.006, foot)) * 0.5)
    runner = band(np.abs(x).astype(np.float32), -1.0, 0.95, foot)
    colours = paint(colours, rgb("5c7186"), runner * 0.88)
    colours = paint(colours, rgb("6d849a"), runner * np.clip(fine, 0, 1) * 0.3 * near)
    colours = paint(colours, rgb("c9b886"), band(np.abs(x).astype(np.float32), 0.86, 0.9, foot) * 0.9)
    # What the lamps and the far window throw back.
    pool = np.exp(-(((np.mod(y + 3.0, 3.0) - 1.5) / 0.8) ** 2) - (x / 1.0) ** 2) * 0.15
    window = np.exp(-np.clip(_FAR - y, 0, 1e3) / 5.5) * np.exp(-((x / 1.1) ** 2)) * 0.5
    colours = paint(colours, rgb("f4f6f4"), np.clip(pool + window, 0, 0.7))
    edge = np.exp(-np.clip(_HALF - np.abs(x), 0, None) / 0.12) * 0.4
    canvas.lay(paint(colours, rgb("3d3a36"), edge), rgb("c9cbc9"))


def _ceiling(canvas: Canvas) -> None:
    front = float(canvas.view.eye[1])
    ahead = 1 if canvas.view.forward[1] > 0 else -1
    end = _FAR if ahead > 0 else _NEAR
    whole: list[Point] = [(-_HALF, front, _HIGH), (_HALF, front, _HIGH), (_HALF, end, _HIGH), (-_HALF, end, _HIGH)]
    canvas.fill(whole, rgb("dedfdb"))
    for y in np.arange(_NEAR, _FAR, 0.6):
        tile: list[Point] = [(-_HALF, y, _HIGH - 0.001), (_HALF, y, _HIGH - 0.001), (_HALF, y + 0.012, _HIGH - 0.001)]
        canvas.fill([*tile, (-_HALF, y + 0.012, _HIGH - 0.001)], rgb("c3c5c2"))
    for y in np.arange(_NEAR + 1.0, _FAR - 0.5, 3.0):
        lamp: list[Point] = [(-0.3, y, _HIGH - 0.002), (0.3, y, _HIGH - 0.002), (0.3, y + 1.2, _HIGH - 0.002)]
        canvas.fill([*lamp, (-0.3, y + 1.2, _HIGH - 0.002)], rgb("fffef6"))
        if (y - front) * ahead > 0.8:
            canvas.glow((0, y + 0.6, _HIGH), 1.1, rgb("fbf8ea"), 0.35)


def _end(canvas: Canvas) -> None:
    """The window at the far end, or the lift at the other one."""
    panel = Panel(2 * _HALF, _HIGH, _PER_METRE, rgb("dcd8cf"))
    ahead = canvas.view.forward[1] > 0
    if ahead:
        panel.ramp(0.35, 0.7, 3.15, 2.4, rgb("cfe3ea"), rgb("f4fafc"))
        for x, high in ((0.5, 1.25), (1.1, 1.6), (1.7, 1.15), (2.3, 1.5), (2.7, 1.3)):
            panel.box(x, 0.7, x + 0.5, high, rgb("b4c6cd"))
        for x in (0.35, 1.25, 2.2, 3.1):
            panel.box(x - 0.04, 0.66, x + 0.04, 2.44, rgb("6a6f73"))
        panel.box(0.3, 0.62, 3.2, 0.7, rgb("6a6f73"))
        panel.box(0.3, 2.4, 3.2, 2.48, rgb("6a6f73"))
        panel.glow(1.75, 1.6, 2.2, rgb("ffffff"), 0.25)
    else:
        panel.box(0.85, 0, 2.65, 2.2, rgb("777d82"))
        panel.ramp(0.95, 0, 1.74, 2.1, rgb("9aa1a6"), rgb("c9ced1"))
        panel.ramp(1.76, 0, 2.55, 2.1, rgb("a3aaae"), rgb("d2d6d8"))
        panel.box(2.85, 1.0, 3.0, 1.3, rgb("4b4f53"))
        panel.disc(2.925, 1.2, 0.03, rgb("ffb347"))
        panel.text("3 F", 1.75, 2.32, 0.2, rgb("45484b"), 700)
    y, sign = (_FAR, 1) if ahead else (_NEAR, -1)
    left, right = -_HALF * sign, _HALF * sign
    canvas.texture([(left, y, _HIGH), (right, y, _HIGH), (right, y, 0), (left, y, 0)], panel.image)


def _wall(canvas: Canvas, side: int, y: float, room: str, framed: bool) -> None:
    panel = Panel(_PITCH, _HIGH, _PER_METRE, rgb("e4e1d9"))
    panel.ramp(0, 0, _PITCH, _HIGH, rgb("d9d5cb"), rgb("eeebe4"))
    panel.grain(0.012, 0.7, round(y * 10) + side + 400)
    panel.box(0, 0, _PITCH, 0.1, rgb("6b665e"))
    panel.box(0, 0.92, _PITCH, 1.0, rgb("a98c66"))
    panel.box(0, 0.99, _PITCH, 1.0, rgb("c6aa84"))
    left = 0.6
    panel.shadow([(left - 0.1, 0), (left + 1.1, 0), (left + 1.1, 2.2), (left - 0.1, 2.2)], 0.25, 0.05)
    panel.box(left - 0.07, 0, left + 1.0, 2.17, rgb("8b8780"))
    panel.ramp(left, 0, left + 0.93, 2.1, rgb("a77c4f"), rgb("bf9464"))
    for grain in np.linspace(left + 0.06, left + 0.88, 9):
        panel.box(grain, 0, grain + 0.008, 2.1, rgb("9d7347"))
    panel.ramp(left + 0.55, 1.1, left + 0.78, 1.95, rgb("89a6b4"), rgb("c6dbe2"))
    panel.box(left + 0.08, 0.98, left + 0.13, 1.12, rgb("d9dcdd"))
    panel.box(left + 0.06, 1.03, left + 0.22, 1.06, rgb("c3c7c9"))
    panel.box(1.75, 1.55, 2.25, 1.78, rgb("3d5a73"))
    panel.text(room, 2.0, 1.62, 0.1, rgb("f4f6f7"), 600)
    if framed:
        panel.shadow([(2.6, 1.2), (3.5, 1.2), (3.5, 1.9), (2.6, 1.9)], 0.35, 0.05)
        panel.box(2.58, 1.22, 3.48, 1.92, rgb("5b4330"))
        panel.ramp(2.64, 1.28, 3.42, 1.86, rgb("7f9a62"), rgb("b9d3e2"))
        panel.disc(3.2, 1.72, 0.07, rgb("f3d98b"))
        panel.polygon(
            [(2.64, 1.28), (2.64, 1.42), (2.95, 1.6), (3.15, 1.46), (3.42, 1.55), (3.42, 1.28)], rgb("56734a")
        )
    else:
        panel.box(2.75, 0.5, 3.05, 1.25, rgb("b3302c"))
        panel.box(2.79, 0.55, 3.01, 1.2, rgb("d9443d"))
        panel.text("消火器", 2.9, 1.32, 0.11, rgb("b3302c"), 700)
    x, ends = side * _HALF, (y, y + _PITCH)
    hang(canvas, panel, (x, ends[side > 0]), (x, ends[side < 0]), 8)


def _props(view: View) -> list[Shapes]:
    props: list[Shapes] = []
    for x, y, seed in ((-1.4, 6.3, 61), (1.4, 14.2, 62)):
        props += [
            pot(view, x, y, 0.2, 0.42, rgb("e9e6de")),
            shrub(view, (x, y, 0.85), 0.38, seed, OLIVE if seed % 2 else SUMMER),
        ]
    legs, seat = rgb("45484c"), rgb("4a7a8c")
    for y in (10.2, 10.9):
        parts = [
            _part((-0.22, -0.22, 0.4), (0.22, 0.22, 0.47), seat),
            _part((-0.22, -0.22, 0.47), (-0.16, 0.22, 0.9), seat),
        ]
        parts += [
            _part((a - 0.02, b - 0.02, 0), (a + 0.02, b + 0.02, 0.4), legs) for a in (-0.2, 0.2) for b in (-0.2, 0.2)
        ]
        props.append(assembled(view, -1.4, y, 0.0, parts, 0.25))
    return props


def _part(low: Point, high: Point, colour: Colour) -> Part:
    return Part(low=low, high=high, colour=colour)


def _cast(view: View) -> Cast:
    suit = Look(top=rgb("2f3c52"), trousers=rgb("2b3344"), bag=rgb("5a3f2c"), size=1.02)
    blouse = Look(
        top=rgb("e4e0ea"), trousers=rgb("3c3c48"), skirt=rgb("4d5170"), long_hair=True, hair=rgb("3b261b"), size=0.95
    )
    shirt = Look(top=rgb("8fb3cf"), trousers=rgb("4a4a52"), hair=rgb("2a2422"))
    visitor = Look(top=rgb("7d8f6a"), trousers=rgb("5c5148"), backpack=rgb("b5673a"))
    dress = Look(top=rgb("b9465a"), trousers=rgb("32343c"), long_hair=True, hair=rgb("1f1b1a"), size=0.96)
    ways = (
        (Route(((0, 0.5, 23.6), (20, 0.6, -3))), suit),
        (Route(((14, -0.6, -3.5), (34, -0.7, 23.6))), blouse),
        (Route(((28, 0.3, 23.6), (39, 0.5, 9.0), (41, 1.7, 8.6))), shirt),
        (Route(((38, -0.4, -3.5), (60, -0.5, 23.6))), visitor),
        (Route(((50, 0.7, 23.6), (68, 0.7, -3))), dress),
    )
    runs = []
    for number in range(_RUNS):
        begins, sign = 60.0 * number / _RUNS, 1 - number % 2 * 2
        runs.append(Route(((begins, 0.9 * sign, 12 - 15.6 * sign), (begins + 17, 0.8 * sign, 12 + 13.0 * sign))))
    return Cast(
        people=[way.walk(view, look) for way, look in ways],
        vehicles=[machine(view, "robot", run) for run in runs],
    )


def _night(view: View) -> Night:
    return Infrared(view)


PLAN = Plan(eyes=_EYES, paint=_paint, props=_props, cast=_cast, night=_night)
