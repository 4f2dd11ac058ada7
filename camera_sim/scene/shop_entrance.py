"""The shop entrance: a bakery with its awning and door, a paved street, people who pass by and who come in."""

import numpy as np

from camera_sim.scene.backdrop import hills, sky
from camera_sim.scene.canvas import Canvas, lit, rgb
from camera_sim.scene.night import Lamp, LampLight, Night, Wall
from camera_sim.scene.person import Look
from camera_sim.scene.plants import AUTUMN, OLIVE, pot, shrub, tree
from camera_sim.scene.route import Route
from camera_sim.scene.shapes import Colour, Shapes
from camera_sim.scene.shop_front import LIT, awning, door, put_up, put_up_opposite
from camera_sim.scene.shop_ground import FRONT_Y, KERB_Y, lay_ground
from camera_sim.scene.sites import Eye, Plan
from camera_sim.scene.stage import Actor, Cast
from camera_sim.scene.vehicle import HATCHBACK, KEI_VAN, SEDAN
from camera_sim.scene.view import Point, View

_EYES = (
    Eye(at=(-3.9, -1.6, 3.7), target=(0.2, 9.6, 1.55), fov=44.0),
    Eye(at=(9.4, 3.7, 3.5), target=(-3.2, 8.7, 1.25), fov=50.0),
)
_DOOR_SLIDES = 1.2
"""Seconds the door takes to open or close."""
_DOOR_OPEN = ((12.6, 17.2), (36.4, 41.0), (50.6, 55.0))
"""When it begins to open, and when it has closed again."""
_NEAR_CARS, _FAR_CARS = 20, 6
"""That pass in a minute, on either lane."""


def _paint(canvas: Canvas, number: int) -> None:
    sky(canvas, 17 + number)
    hills(canvas, 9)
    lay_ground(canvas)
    put_up_opposite(canvas)
    put_up(canvas)


def _props(view: View) -> list[Shapes]:
    props = awning(view)
    for x, seed in ((-1.62, 3), (1.62, 4)):
        props += [pot(view, x, 9.45, 0.27, 0.5, rgb("a35f45")), shrub(view, (x, 9.45, 0.86), 0.40, seed, OLIVE)]
    for x, seed in ((-5.2, 5), (-4.2, 6), (2.9, 7), (4.0, 8), (5.1, 9)):
        props += [pot(view, x, 9.6, 0.2, 0.34, rgb("6f7c80")), shrub(view, (x, 9.6, 0.52), 0.26, seed)]
    props += [
        _board(view, 2.5, 8.3),
        _machine(view, -7.9, 9.45, rgb("d8dde0")),
        _machine(view, -9.0, 9.45, rgb("b3342f")),
    ]
    props += _bench(view, -4.4, 8.9)
    streetside = (
        (-10.5, 5.4, 21, AUTUMN),
        (-18.0, 5.8, 22, OLIVE),
        (-26.0, 5.6, 23, AUTUMN),
        (-35.0, 6.0, 24, OLIVE),
    )
    props += [tree(view, x, KERB_Y + 0.9, height, seed, palette) for x, height, seed, palette in streetside]
    opposite = ((-12.0, 5.2, 31), (-22.0, 5.8, 32), (-33.0, 5.4, 33), (-46.0, 6.0, 34))
    props += [tree(view, x, -5.6, height, seed) for x, height, seed in opposite]
    return props


def _cast(view: View) -> Cast:
    looks = _people()
    ways = (
        (Route(((2, -13, 7.2), (12.5, -0.4, 8.0), (16.4, 0.0, 10.9))), looks[0]),
        (Route(((36.6, 0.1, 10.9), (40.0, 0.4, 8.0), (52, 13, 6.9))), looks[1]),
        (Route(((38, -14, 7.6), (50.4, -0.3, 8.1), (54.2, 0.0, 10.9))), looks[2]),
        (Route(((44, -20, 5.6), (60, -3, 5.5), (73, 14, 5.3))), looks[3]),
        (Route(((16, 14, 6.9), (36, -16, 7.3))), looks[4]),
        (Route(((20, -16, 5.2), (42, 14, 5.0))), looks[5]),
        (Route(((0, 9, 7.4), (17, -16, 7.0))), looks[6]),
    )
    people = [lambda t, way=way, look=look: way.person(view, look, t) for way, look in ways]
    child = Look(top=rgb("f0c544"), trousers=rgb("3f5d86"), size=0.68, backpack=rgb("c23b35"))
    return Cast(
        people=[*people, lambda t: ways[4][0].person(view, child, t, aside=0.55)],
        vehicles=[_driver(view, number) for number in range(_NEAR_CARS + _FAR_CARS)],
        fixtures=[lambda t: door(view, _opened(t))],
    )


def _driver(view: View, number: int) -> Actor:
    """One of the cars that pass: slow traffic on the near lane, less on the far one."""
    build = (SEDAN, KEI_VAN, HATCHBACK)[number % 3]
    colour = rgb(("5d7b9c", "e6e3da", "a93236", "3c3f44", "c9a54a")[number % 5])
    begins = 60.0 * number / _NEAR_CARS
    corners = ((begins, 24.0, 2.6), (begins + 14, -36.0, 2.6))
    if number >= _NEAR_CARS:
        begins = 60.0 * (number - _NEAR_CARS) / _FAR_CARS
        corners = ((begins, -44.0, -2.1), (begins + 8, 26.0, -2.1))
    way = Route(corners)
    return lambda t: way.car(view, build, colour, t)


def _night(view: View) -> Night:
    """Street lamps, the lit shop and its neighbours."""
    lamps = [Lamp(at=(x, KERB_Y + 0.4, 5.6), reach=4.4, strength=0.95) for x in (-14.0, -3.2, 7.6, 18.4)]
    lamps += [Lamp(at=(x, FRONT_Y - 0.5, 2.2), reach=1.9, strength=0.75, size=0.35) for x in (-6.65, 6.65)]
    lamps += [Lamp(at=(x, FRONT_Y - 0.6, 1.6), reach=2.4, strength=0.8, size=0.0) for x in (-4.0, 0.0, 4.0)]
    panes = [*LIT, [(-9.45, 9.1, 0.8), (-7.4, 9.1, 0.8), (-7.4, 9.1, 1.75), (-9.45, 9.1, 1.75)]]
    return LampLight(view, lamps, panes, [Wall(axis=1, at=FRONT_Y)])


def _people() -> tuple[Look, ...]:
    return (
        Look(top=rgb("b8493f"), trousers=rgb("37435c"), bag=rgb("d9c39a")),
        Look(top=rgb("3d5f86"), trousers=rgb("c2ab85"), bag=rgb("8c5a36"), hair=rgb("2c2420")),
        Look(
            top=rgb("e9e2d3"),
            trousers=rgb("5a4a42"),
            skirt=rgb("7d5a6e"),
            long_hair=True,
            hair=rgb("4b3324"),
            size=0.94,
        ),
        Look(top=rgb("2d2f36"), trousers=rgb("3a3c44"), bag=rgb("54362a"), hair=rgb("23201f"), size=1.03),
        Look(top=rgb("5f8a6b"), trousers=rgb("2e3a52"), backpack=rgb("d98f38")),
        Look(top=rgb("7f6aa8"), trousers=rgb("41414c"), long_hair=True, hair=rgb("362419"), size=0.95),
        Look(top=rgb("8d8f86"), trousers=rgb("6a5d4d"), hair=rgb("c4c2c0"), size=0.93),
    )


def _opened(seconds: float) -> float:
    """How far the door is open: it slides evenly, softened at both ends."""
    for begins, closed in _DOOR_OPEN:
        share = min(seconds - begins, closed - seconds) / _DOOR_SLIDES
        if share > 0:
            share = min(1.0, share)
            return share * share * (3 - 2 * share)
    return 0.0


def _quad(shapes: Shapes, view: View, corners: list[Point], colour: Colour) -> None:
    shapes.add(view.project(corners)[0], colour)


def _box(view: View, low: Point, high: Point, colour: Colour) -> Shapes:
    """A box that stands on the ground, its front towards the street."""
    (x0, y0, z0), (x1, y1, z1) = low, high
    middle = ((x0 + x1) / 2, (y0 + y1) / 2)
    unit = view.scale_at((*middle, 0.5))
    shapes = Shapes(depth=float(view.local([(*middle, 0)])[0, 2]), softness=max(1, unit * 0.05), darkness=0.5)
    if view.eye[0] > x1:
        _quad(shapes, view, [(x1, y0, z0), (x1, y1, z0), (x1, y1, z1), (x1, y0, z1)], lit(colour, 0.68))
    if view.eye[0] < x0:
        _quad(shapes, view, [(x0, y0, z0), (x0, y1, z0), (x0, y1, z1), (x0, y0, z1)], lit(colour, 0.95))
    if view.eye[2] > z1:
        _quad(shapes, view, [(x0, y0, z1), (x1, y0, z1), (x1, y1, z1), (x0, y1, z1)], lit(colour, 1.15))
    _quad(shapes, view, [(x0, y0, z0), (x1, y0, z0), (x1, y0, z1), (x0, y0, z1)], colour)
    base = np.array([(x, y, z) for x in (x0, x1) for y in (y0, y1) for z in (z0, z1)])
    shapes.throw(view, base)
    return shapes


def _machine(view: View, x: float, y: float, colour: Colour) -> Shapes:
    """A drinks machine."""
    shapes = _box(view, (x - 0.5, y - 0.35, 0.0), (x + 0.5, y + 0.4, 1.85), colour)
    front = y - 0.36
    _quad(
        shapes,
        view,
        [(x - 0.43, front, 0.85), (x + 0.43, front, 0.85), (x + 0.43, front, 1.72), (x - 0.43, front, 1.72)],
        rgb("eef4f6"),
    )
    random = np.random.default_rng(round(abs(x) * 10))
    for shelf in (0.92, 1.2, 1.47):
        for at in np.arange(x - 0.38, x + 0.36, 0.095):
            can = rgb(("c23a34", "2f6fb0", "e8b53c", "3f8a56", "7a4a30", "f5f5f2")[int(random.integers(6))])
            _quad(
                shapes,
                view,
                [
                    (at, front, shelf),
                    (at + 0.06, front, shelf),
                    (at + 0.06, front, shelf + 0.18),
                    (at, front, shelf + 0.18),
                ],
                can,
            )
    _quad(
        shapes,
        view,
        [(x - 0.3, front, 0.22), (x + 0.3, front, 0.22), (x + 0.3, front, 0.42), (x - 0.3, front, 0.42)],
        rgb("33373a"),
    )
    _quad(
        shapes,
        view,
        [(x + 0.2, front, 0.55), (x + 0.4, front, 0.55), (x + 0.4, front, 0.78), (x + 0.2, front, 0.78)],
        rgb("474c50"),
    )
    return shapes


def _board(view: View, x: float, y: float) -> Shapes:
    """A folding blackboard with today's menu."""
    shapes = Shapes(depth=float(view.local([(x, y, 0)])[0, 2]), softness=2.0, darkness=0.45)
    back: list[Point] = [
        (x - 0.3, y + 0.42, 0),
        (x + 0.3, y + 0.42, 0),
        (x + 0.28, y + 0.12, 1.05),
        (x - 0.28, y + 0.12, 1.05),
    ]
    front: list[Point] = [
        (x - 0.3, y - 0.12, 0),
        (x + 0.3, y - 0.12, 0),
        (x + 0.28, y + 0.12, 1.05),
        (x - 0.28, y + 0.12, 1.05),
    ]
    _quad(shapes, view, back, rgb("5d4331"))
    _quad(shapes, view, front, rgb("9a6b43"))

    def on_front(across: float, up: float) -> Point:
        return x + across, y - 0.121 + 0.24 * up / 1.05, up

    _quad(
        shapes,
        view,
        [on_front(-0.24, 0.2), on_front(0.24, 0.2), on_front(0.23, 0.98), on_front(-0.23, 0.98)],
        rgb("2b3531"),
    )
    for up, wide, tone in (
        (0.88, 0.16, "f3d36b"),
        (0.74, 0.19, "e8ebe4"),
        (0.64, 0.15, "e8ebe4"),
        (0.54, 0.18, "e8ebe4"),
        (0.36, 0.1, "e79aa0"),
    ):
        _quad(
            shapes,
            view,
            [on_front(-wide, up), on_front(wide, up), on_front(wide, up + 0.035), on_front(-wide, up + 0.035)],
            rgb(tone),
        )
    shapes.throw(view, [*front, *back])
    return shapes


def _bench(view: View, x: float, y: float) -> list[Shapes]:
    """A wooden bench before the window."""
    parts = [
        _box(view, (x + dx - 0.05, y - 0.2, 0), (x + dx + 0.05, y + 0.2, 0.4), rgb("3d3f42")) for dx in (-0.65, 0.65)
    ]
    return [*parts, _box(view, (x - 0.85, y - 0.23, 0.4), (x + 0.85, y + 0.23, 0.46), rgb("b07f4f"))]


PLAN = Plan(eyes=_EYES, paint=_paint, props=_props, cast=_cast, night=_night, wall_y=FRONT_Y)
