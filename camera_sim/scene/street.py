"""The street: small restaurants under lit signs, lanterns, two lanes between them. It is made for the night."""

import numpy as np

from camera_sim.scene.backdrop import HAZE, block, hills, sky, skyline
from camera_sim.scene.canvas import Canvas, lit, mix, rgb
from camera_sim.scene.night import Lamp, LampLight, Night, Wall
from camera_sim.scene.panel import Panel, hang
from camera_sim.scene.person import Look
from camera_sim.scene.plants import OLIVE, SUMMER, pot, shrub
from camera_sim.scene.route import Route
from camera_sim.scene.shapes import Colour, Shapes
from camera_sim.scene.sites import Eye, Plan
from camera_sim.scene.stage import Actor, Cast
from camera_sim.scene.texture import World, band, cell_tone, joints, paint
from camera_sim.scene.vehicle import HATCHBACK, KEI_VAN, MINIVAN, SEDAN
from camera_sim.scene.view import Point, View

_EYES = (
    Eye(at=(-2.2, -7.0, 4.6), target=(0.7, 9.0, 1.5), fov=50.0),
    Eye(at=(4.2, 25.6, 4.5), target=(-0.9, 12.0, 1.0), fov=52.0),
)
_ROAD, _FRONT = 3.1, 5.7
"""Half widths: of the road, and up to the fronts."""
_HOUSES = (
    (-14.0, 7.0, 7.4, "居酒屋 つばき", "7a4630", "d8402f"), (-7.0, 6.0, 9.8, "CAFE LUNA", "8d8f93", "2f7f86"),
    (-1.0, 7.5, 7.0, "らーめん 一番", "a08a6c", "e0a02a"), (6.5, 6.5, 10.4, "BOOKS", "6f7d88", "3f66a8"),
    (13.0, 7.0, 7.8, "すし 海", "b9a98e", "2d6fb5"), (20.0, 8.0, 9.0, "DRUG 24", "9aa09c", "3a9b57"),
    (28.0, 7.0, 7.2, "花屋", "a58f86", "c2568a"), (35.0, 9.0, 10.8, "HOTEL", "7f7a86", "8f5fc0"),
    (44.0, 9.0, 8.0, "やきとり", "8a6a50", "d8402f"),
)  # fmt: skip
_POLES_Y = (9.0, 21.0, 33.0, 45.0)
_LANTERNS_Y = (-12.5, -10.5, 0.4, 2.2, 4.0, 14.4, 16.4, 45.5, 48.0)


def _paint(canvas: Canvas, number: int) -> None:
    sky(canvas, 41 + number)
    hills(canvas, 13)
    skyline(canvas, 15, 110 if canvas.view.forward[1] > 0 else -90, (-120, 120))
    _ground(canvas)
    eye_y = float(canvas.view.eye[1])
    for begin, deep, high, name, wall, sign in sorted(_HOUSES, key=lambda h: -abs(h[0] + h[1] / 2 - eye_y)):
        for side in (-1, 1):
            words = name if side > 0 else _HOUSES[(round(begin) * 3) % len(_HOUSES)][3]
            _house(canvas, side, begin, deep, high if side > 0 else 17.4 - high, words, rgb(wall), rgb(sign))


def _ground(canvas: Canvas) -> None:
    x, y, foot = canvas.ground()
    broad, fine = World(12, 43).at(x, y), World(1.2, 44, 6).at(x, y)
    near = np.clip(1.1 - foot * 6, 0, 1)
    colours = np.array(rgb("66686b"), np.float32) * (1 + broad * 0.07 + fine * 0.06 * near)[..., None]
    lines = np.maximum(band(x, -_ROAD + 0.15, -_ROAD + 0.3, foot), band(x, _ROAD - 0.3, _ROAD - 0.15, foot))
    dashes = band(x, -0.07, 0.07, foot) * band(np.mod(y, 6.0).astype(np.float32), 0, 3.4, foot)
    crossing = band(np.abs(x).astype(np.float32), -1, _ROAD - 0.4, foot) * band(y, 11.0, 14.0, foot)
    crossing = crossing * band(np.mod(x, 0.9).astype(np.float32), 0, 0.45, foot)
    clear = 1 - band(y, 10.5, 14.5, foot)
    colours = paint(colours, rgb("e8e7e0"), np.maximum(np.maximum(lines, dashes) * clear, crossing) * 0.88)
    side = band(np.abs(x).astype(np.float32), _ROAD + 0.16, 60, foot)
    row = np.floor(y / 0.3)
    tone = cell_tone(np.floor(x / 0.3).astype(np.float32), row.astype(np.float32), 5)
    paving = np.array(rgb("a8988a"), np.float32) * (1 + broad * 0.05 + tone * 0.07 * near)[..., None]
    paving = paint(paving, rgb("776b60"), np.maximum(joints(x, 0.3, 0.012, foot), joints(y, 0.3, 0.012, foot)) * 0.7)
    colours = colours + (paving - colours) * side[..., None]
    kerb = band(np.abs(x).astype(np.float32), _ROAD, _ROAD + 0.16, foot)
    canvas.lay(paint(colours, rgb("c8c5bc"), kerb), HAZE)


def _house(
    canvas: Canvas, side: int, begin: float, deep: float, high: float, name: str, wall: Colour, sign: Colour
) -> None:
    block(
        canvas,
        (min(side * _FRONT, side * 14), begin, 0),
        (max(side * _FRONT, side * 14), begin + deep, high),
        lit(wall, 0.8),
    )
    ends = (begin, begin + deep)
    left, right = ends[side > 0], ends[side < 0]
    hang(
        canvas,
        _front(deep, high, name, wall, sign, round(begin) + side),
        (side * _FRONT, left),
        (side * _FRONT, right),
        8,
    )
    _signboard(canvas, side, begin + deep * 0.78, high, name, sign)


def _front(wide: float, high: float, name: str, wall: Colour, sign: Colour, seed: int) -> Panel:
    random = np.random.default_rng(seed + 100)
    panel = Panel(wide, high, 90, wall)
    panel.ramp(0, 0, wide, high, lit(wall, 0.9), lit(wall, 1.1))
    panel.grain(0.06, 1.2, seed + 100)
    for foot in np.arange(3.9, high - 1.3, 2.3):
        for x in np.arange(0.7, wide - 1.3, 1.9):
            panel.box(x - 0.07, foot - 0.07, x + 1.17, foot + 1.27, lit(wall, 1.2))
            bright = random.uniform() < 0.4
            low, top = (rgb("e9c27c"), rgb("ffe6ae")) if bright else (rgb("54697a"), rgb("8fa6b3"))
            panel.ramp(x, foot, x + 1.1, foot + 1.2, low, top)
            panel.box(x + 0.53, foot, x + 0.57, foot + 1.2, lit(wall, 1.2))
    panel.box(0.2, 2.75, wide - 0.2, 3.55, sign)
    panel.box(0.2, 2.75, wide - 0.2, 2.82, lit(sign, 0.6))
    panel.text(name, wide / 2, 2.95, 0.46, rgb("fffaf0"), 800)
    panel.ramp(0.4, 0.1, wide - 0.4, 2.55, rgb("c99550"), rgb("ffdf9f"))
    for x in np.arange(0.4, wide - 0.6, 1.15):
        panel.box(x - 0.05, 0, x + 0.05, 2.6, rgb("4a3627"))
        panel.box(x, 0.1, x + 1.1, 0.75, rgb("6b4a31"))
    cloth = mix(sign, (40, 30, 30), 0.3)
    for x in np.arange(1.3, wide - 1.6, 0.52):
        panel.box(x, 1.85, x + 0.48, 2.5, cloth)
    panel.box(0, 0, wide, 0.1, rgb("55504b"))
    return panel


def _signboard(canvas: Canvas, side: int, y: float, high: float, name: str, sign: Colour) -> None:
    """An upright board that stands out into the street, its words one above the other."""
    letters = [letter for letter in name if letter != " "][:5]
    tall = 0.62 * len(letters) + 0.3
    panel = Panel(0.9, tall, 110, sign)
    panel.box(0.04, 0.04, 0.86, tall - 0.04, lit(sign, 1.25))
    for number, letter in enumerate(letters):
        panel.text(letter, 0.45, tall - 0.68 - 0.62 * number, 0.48, rgb("fffdf4"), 800)
    top = min(high - 0.3, 3.9 + tall)
    inner, outer = side * _FRONT, side * (_FRONT - 0.9)
    left, right = sorted((inner, outer)) if canvas.view.forward[1] > 0 else sorted((inner, outer), reverse=True)
    canvas.texture([(left, y, top), (right, y, top), (right, y, top - tall), (left, y, top - tall)], panel.image)


def _props(view: View) -> list[Shapes]:
    props = [_pole(view, side, y) for y in _POLES_Y for side in (-1, 1) if (round(y) // 12 + (side > 0)) % 2]
    for x, y, seed in ((4.9, 4.4, 1), (-5.0, 7.4, 2), (5.0, 18.6, 3), (-4.9, 20.4, 4)):
        props += [
            pot(view, x, y, 0.22, 0.4, rgb("6d5648")),
            shrub(view, (x, y, 0.66), 0.32, seed, OLIVE if seed % 2 else SUMMER),
        ]
    props += [_lantern(view, side * (_FRONT - 0.35), y) for y in _LANTERNS_Y for side in (-1, 1)]
    return props


def _pole(view: View, side: int, y: float) -> Shapes:
    x = side * (_ROAD + 0.45)
    unit = view.scale_at((x, y, 2.5))
    shapes = Shapes(depth=float(view.local([(x, y, 0)])[0, 2]), softness=max(0.8, unit * 0.02), darkness=0.4)
    foot, top, head = view.project([(x, y, 0), (x, y, 5.3), (x - side * 1.2, y, 5.5)])[0]
    steel = rgb("4d545b")
    shapes.blob((foot, top), (0.08 * unit, 0.05 * unit), steel)
    shapes.blob((top, head), (0.04 * unit, 0.05 * unit), steel)
    shapes.blob((head,), (0.16 * unit,), rgb("fff1cf"))
    return shapes


def _lantern(view: View, x: float, y: float) -> Shapes:
    unit = view.scale_at((x, y, 2.4))
    shapes = Shapes(depth=float(view.local([(x, y, 0)])[0, 2]), softness=1.0, darkness=0.2)
    low, high = view.project([(x, y, 2.2), (x, y, 2.55)])[0]
    shapes.blob((low, high), (0.17 * unit, 0.17 * unit), rgb("d8402f"))
    shapes.blob((low, high), (0.11 * unit, 0.11 * unit), rgb("f0694a"))
    return shapes


def _cast(view: View) -> Cast:
    looks = (
        Look(top=rgb("39424f"), trousers=rgb("2c3038"), bag=rgb("6b4630")),
        Look(
            top=rgb("b58aa0"),
            trousers=rgb("4b4450"),
            skirt=rgb("6a4a62"),
            long_hair=True,
            hair=rgb("2f211a"),
            size=0.95,
        ),
        Look(top=rgb("c9c2b2"), trousers=rgb("55606e"), hair=rgb("2a2422"), backpack=rgb("3c5a49")),
        Look(top=rgb("7c3a33"), trousers=rgb("33353d"), size=1.02),
    )
    ways = (
        (Route(((0, 4.4, 42), (44, 4.3, -9))), 0),
        (Route(((18, -4.2, -10), (60, -4.4, 40))), 1),
        (Route(((34, 4.5, 40), (76, 4.4, -9))), 2),
        (Route(((6, -5.0, 12.2), (16, 5.0, 12.8), (40, 4.7, 40))), 3),
        (Route(((46, -4.3, 40), (88, -4.2, -10))), 3),
        (Route(((24, 4.9, 12.9), (33, -4.6, 12.1), (58, -4.5, -10))), 2),
    )
    return Cast(
        people=[way.walk(view, looks[at]) for way, at in ways],
        vehicles=[_driver(view, number) for number in range(_CARS)],
    )


def _driver(view: View, number: int) -> Actor:
    """Traffic keeps left, as it does in Japan."""
    begins = 60.0 * number / _CARS
    corners = ((begins, -1.55, -16.0), (begins + 11, -1.55, 62.0))
    if number % 2:
        corners = ((begins, 1.55, 62.0), (begins + 11, 1.55, -16.0))
    way, build = Route(corners), (SEDAN, KEI_VAN, HATCHBACK, MINIVAN)[number % 4]
    colour = rgb(("aab2ba", "2f3a4d", "d8d6cf", "7d2a2a", "3f5f5a")[number % 5])
    return lambda t: way.car(view, build, colour, t)


_CARS = 18
"""That pass in a minute."""


def _night(view: View) -> Night:
    """Street lamps, open fronts, signs above them, lanterns."""
    lamps = [
        Lamp(at=(side * (_ROAD - 0.75), y, 5.4), reach=5.2, colour=rgb("ffe3b4"))
        for y in _POLES_Y for side in (-1, 1) if (round(y) // 12 + (side > 0)) % 2
    ]  # fmt: skip
    for begin, deep, *_ in _HOUSES:
        lamps += [
            Lamp(
                at=(side * (_FRONT - 0.9), begin + deep / 2, 1.9),
                reach=2.6,
                strength=0.85,
                size=0.0,
                colour=rgb("ffc985"),
            )
            for side in (-1, 1)
        ]
    lamps += [
        Lamp(at=(side * (_FRONT - 0.35), y, 2.38), reach=1.2, strength=0.5, size=0.45, colour=rgb("ff7a4c"))
        for y in _LANTERNS_Y for side in (-1, 1)
    ]  # fmt: skip
    panes: list[list[Point]] = []
    for begin, deep, *_ in _HOUSES:
        for side in (-1, 1):
            x = side * _FRONT
            for low, high, gap in ((0.12, 2.55, 0.4), (2.75, 3.55, 0.2)):
                near, far = begin + gap, begin + deep - gap
                panes.append([(x, near, low), (x, far, low), (x, far, high), (x, near, high)])
    return LampLight(view, lamps, panes, [Wall(axis=0, at=-_FRONT), Wall(axis=0, at=_FRONT)])


PLAN = Plan(eyes=_EYES, paint=_paint, props=_props, cast=_cast, night=_night)
