"""The factory: a conveyor before a row of machines, robot arms, a marked way for people and carriers."""

import numpy as np

from camera_sim.scene.canvas import Canvas, lit, rgb
from camera_sim.scene.machines import machine
from camera_sim.scene.night import Infrared, Night
from camera_sim.scene.panel import Panel, hang
from camera_sim.scene.person import Look
from camera_sim.scene.route import Route
from camera_sim.scene.shapes import Colour, Shapes
from camera_sim.scene.sites import Eye, Plan
from camera_sim.scene.solid import Part, assembled
from camera_sim.scene.stage import Actor, Cast
from camera_sim.scene.texture import World, band, joints, paint
from camera_sim.scene.view import Point, View

_EYES = (
    Eye(at=(-4.5, -3.4, 4.3), target=(0.6, 6.6, 0.9), fov=48.0),
    Eye(at=(8.6, -1.0, 4.0), target=(-2.0, 6.6, 0.8), fov=50.0),
)
_WALL_Y, _FRONT_Y, _HIGH, _HALF = 12.5, -20.0, 7.0, 20.0
_BELT_Y, _BELT_HIGH, _BELT_HALF = 6.4, 0.86, 0.45
_GOODS, _GOODS_PITCH, _SPEED = 14, 1.5, 0.25
"""The belt moves a whole number of pitches in a minute."""
_RUNS = 8
"""Carriers that pass in a minute."""
_MACHINES = ((-9.0, "2f6f8f"), (-4.6, "d5d8d6"), (0.2, "2f6f8f"), (5.0, "d5d8d6"), (9.6, "2f6f8f"))
_ARMS = (-6.8, -2.2, 2.6, 7.4)


def _paint(canvas: Canvas, number: int) -> None:
    del number
    canvas.image[:] = rgb("5f676a")
    _floor(canvas)
    panel = Panel(2 * _HALF, _HIGH, 55, rgb("c3c9c8"))
    panel.ramp(0, 0, 2 * _HALF, _HIGH, rgb("aab2b3"), rgb("d3d8d7"))
    panel.ramp(0, 0, 2 * _HALF, 1.3, rgb("4f7d77"), rgb("5b8b84"))
    for x in np.arange(0, 2 * _HALF, 2.5):
        panel.box(x, 0, x + 0.16, _HIGH, rgb("8f9999"))
        panel.ramp(x + 0.55, 4.0, x + 2.1, 5.8, rgb("a9c5d2"), rgb("e3f0f4"))
        panel.box(x + 1.3, 4.0, x + 1.36, 5.8, rgb("7b8788"))
        panel.box(x + 0.55, 4.88, x + 2.1, 4.94, rgb("7b8788"))
    for z, tone in ((3.5, "c9803a"), (3.3, "6f8fae"), (6.3, "9aa3a4")):
        panel.ramp(0, z, 2 * _HALF, z + 0.13, lit(rgb(tone), 0.7), lit(rgb(tone), 1.15))
    panel.box(16.5, 2.0, 22.5, 3.05, rgb("f3f4ee"))
    panel.box(16.5, 2.0, 22.5, 2.16, rgb("2c8a55"))
    panel.text("安全第一", 19.5, 2.34, 0.6, rgb("1f7a48"), 800)
    panel.grain(0.03, 2.2, 33)
    hang(canvas, panel, (-_HALF, _WALL_Y), (_HALF, _WALL_Y))
    for side in (-1, 1):
        end: list[Point] = [(side * _HALF, _FRONT_Y, 0), (side * _HALF, _WALL_Y, 0), (side * _HALF, _WALL_Y, _HIGH)]
        end.append((side * _HALF, _FRONT_Y, _HIGH))
        canvas.ramp(end, ((side * _HALF, _WALL_Y, 0), (side * _HALF, _WALL_Y, _HIGH)), (rgb("7f8a8a"), rgb("b9c1c0")))
    roof: list[Point] = [(-_HALF, _FRONT_Y, _HIGH), (_HALF, _FRONT_Y, _HIGH), (_HALF, _WALL_Y, _HIGH)]
    canvas.fill([*roof, (-_HALF, _WALL_Y, _HIGH)], rgb("5f676a"))
    for y in np.arange(-8.0, _WALL_Y, 3.0):
        beam: list[Point] = [(-_HALF, y, _HIGH - 0.4), (_HALF, y, _HIGH - 0.4), (_HALF, y, _HIGH), (-_HALF, y, _HIGH)]
        canvas.fill(beam, rgb("4d5457"))
    for x in np.arange(-12, 13, 4.0):
        for y in (4.0, 8.5):
            lamp: list[Point] = [(x - 0.8, y - 0.12, 6.0), (x + 0.8, y - 0.12, 6.0), (x + 0.8, y + 0.12, 6.0)]
            canvas.fill([*lamp, (x - 0.8, y + 0.12, 6.0)], rgb("fffef4"))
            canvas.glow((x, y, 6.0), 1.5, rgb("f6f4e6"), 0.4)
    canvas.shade(
        [[(-_HALF, _WALL_Y - 0.6, 0), (_HALF, _WALL_Y - 0.6, 0), (_HALF, _WALL_Y, 0), (-_HALF, _WALL_Y, 0)]], 0.4, 6
    )


def _floor(canvas: Canvas) -> None:
    x, y, foot = canvas.ground()
    broad, fine = World(8, 91).at(x, y), World(0.9, 92, 5).at(x, y)
    near = np.clip(1.1 - foot * 6, 0, 1)
    colours = np.array(rgb("8fa39a"), np.float32) * (1 + broad * 0.05 + fine * 0.04 * near)[..., None]
    way = band(y, 1.6, 4.2, foot)
    grey = np.array(rgb("a8aaa9"), np.float32) * (1 + broad * 0.05 + fine * 0.04 * near)[..., None]
    colours = colours + (grey - colours) * way[..., None]
    lines = np.maximum(band(y, 1.5, 1.62, foot), band(y, 4.18, 4.3, foot))
    colours = paint(colours, rgb("f0c52f"), lines * 0.92)
    stripes = band(y, 4.9, 5.25, foot) * band(np.mod(x + y, 0.7).astype(np.float32), 0, 0.35, foot)
    colours = paint(colours, rgb("26282a"), band(y, 4.9, 5.25, foot) * 0.75)
    colours = paint(colours, rgb("ecbd2a"), stripes * 0.95)
    shine = np.exp(-(((np.mod(x + 2, 4) - 2) / 1.0) ** 2) - ((y - 2.6) / 1.6) ** 2) * 0.22
    colours = paint(colours, rgb("f2f4f0"), shine)
    colours = paint(colours, rgb("768880"), np.maximum(joints(x, 5, 0.02, foot), joints(y, 5, 0.02, foot)) * 0.4)
    canvas.lay(colours, rgb("aeb6b4"))


def _props(view: View) -> list[Shapes]:
    props = [_machine_tool(view, x, rgb(tone)) for x, tone in _MACHINES]
    props += [_belt_piece(view, x) for x in np.arange(-18.0, 18.0, 2.0)]
    props += [_cage(view, x) for x in (-11.5, 11.8)]
    return props


def _part(low: Point, high: Point, colour: Colour) -> Part:
    return Part(low=low, high=high, colour=colour)


def _machine_tool(view: View, x: float, colour: Colour) -> Shapes:
    dark, glass = rgb("3b4248"), rgb("7fa9b8")
    parts = [
        _part((-1.6, -0.8, 0), (1.6, 1.2, 0.35), dark),
        _part((-1.6, -0.7, 0.35), (1.6, 1.2, 2.2), colour),
        _part((-1.1, -0.74, 0.9), (0.3, -0.7, 1.8), glass),
        _part((-1.15, -0.76, 0.8), (0.35, -0.72, 0.9), dark),
        _part((0.7, -0.85, 1.1), (1.3, -0.7, 1.75), dark),
        _part((0.78, -0.87, 1.35), (1.22, -0.85, 1.68), rgb("6fd0e8")),
        _part((0.9, -0.88, 1.16), (1.0, -0.85, 1.26), rgb("d8342c")),
        _part((-0.3, 0.0, 2.2), (0.9, 0.9, 2.6), lit(colour, 0.85)),
        _part((1.3, 0.0, 2.2), (1.4, 0.1, 2.85), rgb("39b86a")),
    ]
    return assembled(view, x, 9.6, 0.0, parts, 0.35)


def _belt_piece(view: View, x: float) -> Shapes:
    steel, rubber, rail = rgb("9aa2a6"), rgb("35383b"), rgb("d79b2e")
    parts = [
        _part((0, -_BELT_HALF, _BELT_HIGH - 0.14), (2.0, _BELT_HALF, _BELT_HIGH - 0.02), steel),
        _part((0, -_BELT_HALF + 0.05, _BELT_HIGH - 0.02), (2.0, _BELT_HALF - 0.05, _BELT_HIGH), rubber),
        *[_part((0.15, side - 0.04, 0), (0.25, side + 0.04, _BELT_HIGH - 0.14), steel) for side in (-0.38, 0.38)],
        _part((0, -_BELT_HALF - 0.03, _BELT_HIGH - 0.1), (2.0, -_BELT_HALF, _BELT_HIGH + 0.04), rail),
    ]
    return assembled(view, x, _BELT_Y, 0.0, parts, 0.4)


def _cage(view: View, x: float) -> Shapes:
    """Finished goods on a pallet, in stacks."""
    parts = [_part((-0.6, -0.6, 0), (0.6, 0.6, 0.14), rgb("a5804f"))]
    parts += [
        _part((a - 0.28, b - 0.28, 0.14 + 0.42 * k), (a + 0.28, b + 0.28, 0.54 + 0.42 * k), rgb("c39a68"))
        for k in range(3) for a in (-0.29, 0.29) for b in (-0.29, 0.29)
    ]  # fmt: skip
    return assembled(view, x, 4.9, 0.0, parts, 0.4)


def _goods(view: View, number: int) -> Actor:
    """One piece on the belt."""
    tones = ("d9dde0", "3f78b5", "d9dde0", "c9803a")

    def drawn(seconds: float) -> Shapes | None:
        span = _GOODS * _GOODS_PITCH
        x = (number * _GOODS_PITCH + seconds * _SPEED) % span - span / 2
        z = _BELT_HIGH
        parts = [
            _part((-0.26, -0.22, z), (0.26, 0.22, z + 0.1), rgb("4a4f54")),
            _part((-0.2, -0.17, z + 0.1), (0.2, 0.17, z + 0.34), rgb(tones[number % 4])),
        ]
        return assembled(view, x, _BELT_Y, 0.0, parts, 0.3)

    return drawn


def _arm(view: View, x: float, phase: float) -> Actor:
    """A robot arm behind the belt that reaches over it and back, ten times a minute."""
    orange, dark = rgb("e87722"), rgb("35393d")

    def drawn(seconds: float) -> Shapes | None:
        turn = 2 * np.pi * (seconds / 6 + phase)
        yaw = -np.pi / 2 + 0.75 * np.sin(turn)
        bend = 0.35 + 0.3 * np.cos(turn)
        base = assembled(view, x, 7.75, 0.0, [_part((-0.35, -0.35, 0), (0.35, 0.35, 0.75), dark)], 0.35)
        if not base.polygons:
            return None
        along = np.array((np.cos(yaw), np.sin(yaw), 0.0))
        foot = np.array((x, 7.75, 0.75))
        shoulder = foot + np.array((0, 0, 0.35))
        elbow = shoulder + along * 0.55 * np.sin(bend) + np.array((0, 0, 0.95 * np.cos(bend)))
        wrist = elbow + along * 0.85 - np.array((0, 0, 0.35 + 0.3 * bend))
        hand = wrist - np.array((0, 0, 0.3))
        points = view.project(np.stack((foot, shoulder, elbow, wrist, hand)))[0]
        unit = view.scale_at((x, 7.0, 1.2))
        for first, last, wide, tone in (
            (0, 1, 0.26, dark),
            (1, 2, 0.16, orange),
            (2, 3, 0.12, orange),
            (3, 4, 0.07, dark),
        ):
            base.blob((points[first], points[last]), (wide * unit, wide * 0.8 * unit), tone)
            aside = np.array((-wide * 0.3 * unit, 0))
            base.blob(
                (points[first] + aside, points[last] + aside), (wide * 0.35 * unit, wide * 0.3 * unit), lit(tone, 1.25)
            )
        base.blob((points[2],), (0.15 * unit,), dark)
        return base

    return drawn


def _cast(view: View) -> Cast:
    helmet = rgb("f0f0ea")
    worker = Look(top=rgb("5d7f9f"), trousers=rgb("46586b"), hair=helmet)
    chief = Look(top=rgb("d9dde0"), trousers=rgb("3c4653"), hair=rgb("2f6fb0"), bag=rgb("8a8f94"))
    ways = (
        (Route(((0, -13, 2.4), (24, 12, 2.8))), worker),
        (Route(((18, 13, 3.6), (44, -13, 3.4))), chief),
        (Route(((34, -12, 5.3), (47, -1, 5.5), (52, -1.4, 5.5), (66, 12, 5.4))), worker),
        (Route(((44, 13, 2.2), (68, -13, 2.0))), chief),
    )
    runs = []
    for number in range(_RUNS):
        begins, sign = 60.0 * number / _RUNS, 1 - number % 2 * 2
        lane = 2.9 + 0.5 * sign
        runs.append(Route(((begins, -14.0 * sign, lane), (begins + 17, 14.0 * sign, lane))))
    return Cast(
        people=[way.walk(view, look) for way, look in ways],
        vehicles=[machine(view, "forklift" if k % 4 == 2 else "carrier", run) for k, run in enumerate(runs)],
        fixtures=[*[_goods(view, k) for k in range(_GOODS)], *[_arm(view, x, k * 0.27) for k, x in enumerate(_ARMS)]],
    )


def _night(view: View) -> Night:
    return Infrared(view)


PLAN = Plan(eyes=_EYES, paint=_paint, props=_props, cast=_cast, night=_night, wall_y=_WALL_Y)
