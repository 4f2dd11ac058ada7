"""The warehouse: an aisle between high racks full of goods, gates at its end, lamps under the roof."""

import numpy as np

from camera_sim.scene.backdrop import block
from camera_sim.scene.canvas import Canvas, lit, mix, rgb
from camera_sim.scene.machines import machine
from camera_sim.scene.night import Infrared, Night
from camera_sim.scene.panel import Panel
from camera_sim.scene.person import Look
from camera_sim.scene.route import Route
from camera_sim.scene.shapes import Shapes
from camera_sim.scene.sites import Eye, Plan
from camera_sim.scene.stage import Cast
from camera_sim.scene.texture import World, band, joints, paint
from camera_sim.scene.view import Point, View

_EYES = (
    Eye(at=(-0.9, -5.0, 4.9), target=(0.5, 10.0, 0.9), fov=48.0),
    Eye(at=(0.9, 25.0, 4.4), target=(-0.3, 11.0, 0.8), fov=48.0),
)
_AISLE, _DEEP, _ROOF, _END, _BACK, _SIDE = 3.0, 1.3, 8.2, 30.0, -12.0, 16.0
_BAY, _LEVELS = 2.8, (0.12, 1.75, 3.4, 5.0)
_DRIVES = 8
"""Forklifts and carriers that pass in a minute."""
_BLUE, _ORANGE = rgb("2d5590"), rgb("d9772b")


def _paint(canvas: Canvas, number: int) -> None:
    canvas.image[:] = rgb("6e757a")
    _floor(canvas)
    _shell(canvas)
    bays = np.arange(-8.4, 25.0, _BAY)
    eye_y = float(canvas.view.eye[1])
    for y in sorted(bays, key=lambda at: -abs(at + _BAY / 2 - eye_y)):
        for side in (-1, 1):
            _bay(canvas, side, float(y))


def _floor(canvas: Canvas) -> None:
    x, y, foot = canvas.ground()
    broad, fine = World(11, 71).at(x, y), World(1.0, 72, 6).at(x, y)
    near = np.clip(1.1 - foot * 6, 0, 1)
    colours = np.array(rgb("a3a5a4"), np.float32) * (1 + broad * 0.07 + fine * 0.05 * near)[..., None]
    shine = np.exp(-((np.mod(y + 4, 8) - 4) ** 2 / 3.0 + (x / 1.6) ** 2)) * 0.34
    colours = paint(colours, rgb("eef1f0"), shine)
    colours = paint(colours, rgb("84868a"), np.maximum(joints(x, 6, 0.03, foot), joints(y, 6, 0.03, foot)) * 0.6)
    for wheel in (-0.9, -0.3, 0.4, 1.0):
        track = np.exp(-(((x - wheel) / 0.16) ** 2)) * 0.16 * (0.6 + 0.4 * broad)
        colours = paint(colours, rgb("5d5f62"), np.clip(track, 0, 1))
    lines = np.maximum(band(x, -2.55, -2.43, foot), band(x, 2.43, 2.55, foot))
    stop = band(y, 26.6, 27.0, foot) * band(np.mod(x + y, 0.8).astype(np.float32), 0, 0.4, foot)
    colours = paint(colours, rgb("e9bd2c"), np.maximum(lines, stop) * 0.9)
    canvas.lay(colours, rgb("a9abab"))


def _shell(canvas: Canvas) -> None:
    """Roof, walls and the gates in both of them."""
    eye_y = float(canvas.view.eye[1])
    wall_y = _END if canvas.view.forward[1] > 0 else _BACK
    ahead = 1 if wall_y > eye_y else -1
    near = eye_y + ahead * 0.5
    roof: list[Point] = [(-_SIDE, near, _ROOF), (_SIDE, near, _ROOF), (_SIDE, wall_y, _ROOF), (-_SIDE, wall_y, _ROOF)]
    canvas.fill(roof, rgb("6e757a"))
    for side in (-1, 1):
        wall: list[Point] = [(side * _SIDE, near, 0), (side * _SIDE, wall_y, 0)]
        canvas.fill([*wall, (side * _SIDE, wall_y, _ROOF), (side * _SIDE, near, _ROOF)], rgb("989fa2"))
    _gates(canvas, wall_y, ahead)
    for y in np.arange(wall_y - ahead * 1.5, near, -ahead * 4.0):
        beam: list[Point] = [(-_SIDE, y, _ROOF - 0.5), (_SIDE, y, _ROOF - 0.5), (_SIDE, y, _ROOF), (-_SIDE, y, _ROOF)]
        canvas.fill(beam, rgb("565c61"))
        for x in (-0.0, -6.0, 6.0):
            lamp: list[Point] = [(x - 0.35, y - 1.6, _ROOF - 0.7), (x + 0.35, y - 1.6, _ROOF - 0.7)]
            canvas.fill([*lamp, (x + 0.35, y + 0.2, _ROOF - 0.7), (x - 0.35, y + 0.2, _ROOF - 0.7)], rgb("fdfcf2"))
            canvas.glow((x, y - 0.7, _ROOF - 0.7), 1.7, rgb("f4f3e4"), 0.5)


def _gates(canvas: Canvas, wall_y: float, ahead: int) -> None:
    panel = Panel(2 * _SIDE, _ROOF, 50, rgb("a9b0b3"))
    panel.ramp(0, 0, 2 * _SIDE, _ROOF, rgb("9ba2a5"), rgb("bcc2c4"))
    for x in np.arange(0, 2 * _SIDE, 0.5):
        panel.box(x, 0, x + 0.04, _ROOF, rgb("8e9699"))
    for number, x in enumerate((-4.6, 0.0, 4.6)):
        left = _SIDE + x - 1.9
        panel.box(left - 0.15, 0, left + 3.95, 4.4, rgb("41474c"))
        open_to = 2.6 if number == 1 else 0.0
        panel.ramp(left, 0, left + 3.8, 4.2, rgb("f2f4ee"), rgb("dfe9f0"))
        for z in np.arange(open_to, 4.2, 0.24):
            panel.ramp(left, z, left + 3.8, min(z + 0.22, 4.2), rgb("7f97a8"), rgb("a3b8c6"))
        panel.box(left + 1.4, 4.6, left + 2.4, 5.4, rgb("e8b22c"))
        panel.text(str(number + 1), left + 1.9, 4.72, 0.6, rgb("26292c"), 800)
        for edge in (left - 0.35, left + 3.9):
            for z in np.arange(0, 1.2, 0.3):
                panel.box(edge, z, edge + 0.2, z + 0.15, rgb("e9bd2c"))
    left_x, right_x = (-_SIDE, _SIDE) if ahead > 0 else (_SIDE, -_SIDE)
    corners: list[Point] = [
        (left_x, wall_y, _ROOF),
        (right_x, wall_y, _ROOF),
        (right_x, wall_y, 0),
        (left_x, wall_y, 0),
    ]
    canvas.texture(corners, panel.image)


def _bay(canvas: Canvas, side: int, y: float) -> None:
    """One bay of a rack: uprights, beams, and what lies on them, the aisle's side last."""
    random = np.random.default_rng(round((y + 50) * 10) * 2 + side)
    front, back = side * _AISLE, side * (_AISLE + _DEEP)
    low_x, high_x = min(front, back), max(front, back)
    shade: list[Point] = [(back, y, 0), (back, y + _BAY, 0), (back, y + _BAY, 6.6), (back, y, 6.6)]
    canvas.fill(shade, rgb("4c5157"))
    ends = (y, y + _BAY) if canvas.view.eye[1] > y else (y + _BAY, y)
    block(canvas, (low_x, ends[1] - 0.05, 0), (high_x, ends[1] + 0.05, 6.6), lit(_BLUE, 0.7))
    for level in _LEVELS:
        block(canvas, (low_x, y, level - 0.12), (high_x, y + _BAY, level), rgb("8b7a60"))
        slots = [y + 0.14, y + 1.46]
        for at in sorted(slots, key=lambda slot: -abs(slot - float(canvas.view.eye[1]))):
            _pallet(canvas, low_x + 0.1, high_x - 0.1, at, level, random)
        block(canvas, (front - 0.05, y, level - 0.16), (front + 0.05, y + _BAY, level - 0.02), _ORANGE)
    for end in (y, y + _BAY):
        block(canvas, (front - 0.06, end - 0.06, 0), (front + 0.06, end + 0.06, 6.6), _BLUE)


def _pallet(canvas: Canvas, low_x: float, high_x: float, y: float, z: float, random: np.random.Generator) -> None:
    kind, height = int(random.integers(6)), float(random.uniform(0.7, 1.25))
    if kind == 0:
        return
    block(canvas, (low_x, y, z), (high_x, y + 1.2, z + 0.13), rgb("a5804f"))
    colours = ("b98d5c", "c7a074", "a97f52", "5f86b8", "d7d9d6")
    tone = mix(rgb(colours[kind - 1]), rgb("8c6a44"), float(random.uniform(0, 0.25)))
    rows = 2 if kind < 4 else 1
    for row in range(rows):
        foot = z + 0.13 + row * height / rows
        for half in (0, 1) if kind < 4 else (0,):
            wide = 0.6 if kind < 4 else 1.2
            box_tone = lit(tone, float(random.uniform(0.92, 1.08)))
            corner = y + half * 0.6
            block(
                canvas,
                (low_x, corner + 0.01, foot),
                (high_x, corner + wide - 0.01, foot + height / rows - 0.015),
                box_tone,
            )


def _cast(view: View) -> Cast:
    vest, cap = rgb("e9802c"), rgb("2a4d7c")
    picker = Look(top=vest, trousers=rgb("3a4553"), hair=cap)
    checker = Look(top=rgb("c7e04a"), trousers=rgb("30363f"), hair=rgb("f2f2ee"), bag=rgb("c9b08a"))
    loader = Look(top=rgb("4d6f93"), trousers=rgb("474b50"), hair=cap, size=1.02)
    people = (
        (Route(((0, 1.8, 29), (34, 1.6, -4), (36, 1.2, -9))), picker),
        (Route(((24, -1.9, -9), (56, -1.7, 24), (62, -6, 27.5))), checker),
        (Route(((28, -9, 27.8), (50, 9, 27.4))), loader),
        (Route(((48, 0.4, -9), (84, 1.9, 29))), loader),
    )
    drives = []
    for number in range(_DRIVES):
        begins, north = 60.0 * number / _DRIVES, number % 2
        lane, start, end = (-0.9, -10, 28) if north else (0.9, 28, -10)
        drives.append(Route(((begins, lane, start), (begins + 12, lane, end))))
    return Cast(
        people=[way.walk(view, look) for way, look in people],
        vehicles=[
            machine(view, "carrier" if number % 3 == 2 else "forklift", way) for number, way in enumerate(drives)
        ],
    )


def _props(_view: View) -> list[Shapes]:
    return []


def _night(view: View) -> Night:
    return Infrared(view)


PLAN = Plan(eyes=_EYES, paint=_paint, props=_props, cast=_cast, night=_night)
