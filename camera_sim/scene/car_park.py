"""The car park: two rows of bays with an aisle between them, a supermarket behind, trees and lamps."""

import numpy as np

from camera_sim.scene.backdrop import block, hills, house, sky, skyline
from camera_sim.scene.canvas import Canvas, lit, mix, rgb
from camera_sim.scene.car_park_ground import BAY_METRES, FAR_ROW, NEAR_ROW, lay_ground
from camera_sim.scene.night import Lamp, LampLight, Night
from camera_sim.scene.panel import Panel
from camera_sim.scene.person import Look
from camera_sim.scene.plants import AUTUMN, SUMMER, hedge, tree
from camera_sim.scene.route import Route
from camera_sim.scene.shapes import Colour, Shapes
from camera_sim.scene.sites import Eye, Plan
from camera_sim.scene.stage import Actor, Cast
from camera_sim.scene.vehicle import HATCHBACK, KEI_VAN, MINIVAN, SEDAN, Build, car
from camera_sim.scene.view import Point, View

_EYES = (
    Eye(at=(-7.5, -6.0, 6.4), target=(1.2, 12.0, 0.4), fov=46.0),
    Eye(at=(15.5, 1.0, 4.9), target=(-2.0, 15.4, 0.7), fov=46.0),
)
_WHITE, _SILVER, _BLACK, _RED = rgb("eceeee"), rgb("b4bac0"), rgb("2b2d31"), rgb("b2242b")
_BLUE, _BEIGE, _GREEN, _PINK = rgb("2f5c96"), rgb("c9b997"), rgb("47685a"), rgb("d9a5a8")
_PARKED: tuple[tuple[int, float, Build, Colour, int], ...] = (
    (0, FAR_ROW, MINIVAN, _WHITE, -1), (1, FAR_ROW, HATCHBACK, _RED, 1), (3, FAR_ROW, SEDAN, _SILVER, 1),
    (4, FAR_ROW, KEI_VAN, _BEIGE, -1), (5, FAR_ROW, HATCHBACK, _BLUE, -1), (7, FAR_ROW, MINIVAN, _BLACK, -1),
    (8, FAR_ROW, KEI_VAN, _PINK, 1), (9, FAR_ROW, SEDAN, _WHITE, -1), (11, FAR_ROW, HATCHBACK, _GREEN, 1),
    (12, FAR_ROW, SEDAN, _BLACK, -1), (2, NEAR_ROW, HATCHBACK, _WHITE, 1), (3, NEAR_ROW, SEDAN, _BLUE, 1),
    (5, NEAR_ROW, KEI_VAN, _GREEN, 1), (8, NEAR_ROW, MINIVAN, _SILVER, 1), (9, NEAR_ROW, HATCHBACK, _RED, -1),
)  # fmt: skip
_FIRST_BAY = -15.0
_LAMPS_X = (-9.5, 3.0, 16.0)
_CARS = 10
"""That pass in a minute."""
_TREES_AROUND = (
    (-19.6, 2.0, 5.5, 7), (-19.8, 10.5, 6.2, 8), (23.4, 9.0, 6.0, 10),
    (34, 36, 8.0, 11), (27, 33, 7.0, 13), (44, 38, 8.5, 14),
)  # fmt: skip


def _paint(canvas: Canvas, number: int) -> None:
    sky(canvas, 11 + number)
    hills(canvas, 3)
    lay_ground(canvas)
    _neighbours(canvas)
    _supermarket(canvas)


def _props(view: View) -> list[Shapes]:
    parked = [
        car(view, build, colour, _FIRST_BAY + bay * BAY_METRES, row, sign * np.pi / 2)
        for bay, row, build, colour, sign in _PARKED
    ]
    green = [hedge(view, (x, 21.2), (x + 4.6, 21.2), 0.85, round((x + 30) * 7)) for x in np.arange(-24.0, 24.0, 4.8)]
    green += [hedge(view, (-18.4, y), (-18.4, y + 4.6), 0.85, round(y + 90)) for y in np.arange(-8.0, 20.0, 4.8)]
    green += [hedge(view, (22.0, y), (22.0, y + 4.6), 0.85, round(y + 190)) for y in np.arange(-2.0, 20.0, 4.8)]
    trees = [
        tree(view, x, 22.6, height, seed, AUTUMN if seed % 3 == 0 else SUMMER)
        for x, height, seed in ((-21.5, 6.5, 1), (-13.0, 5.6, 2), (6.0, 6.2, 3), (12.6, 7.0, 4), (20.5, 6.0, 6))
    ]
    trees += [tree(view, x, y, height, seed) for x, y, height, seed in _TREES_AROUND]
    lamps = [_lamp(view, x, 20.6) for x in _LAMPS_X]
    return [*parked, *green, *trees, *lamps, *_trolleys(view)]


def _cast(view: View) -> Cast:
    shopper = Route(((2, -3.6, 13.2), (6, -1.2, 15.0), (12, -1.3, 19.6), (24, -9.5, 25.4)))
    family = Route(((27, -9.0, 25.4), (40, -8.6, 19.6), (52, -0.8, 8.6)))
    stroll = Route(((30, -24, 20.1), (90, 26, 20.1)))
    back = Route(((0, 24, 20.5), (55, -24, 20.5)))
    silver = Look(top=rgb("6d4f86"), trousers=rgb("3a3f4c"), bag=rgb("e7d7b5"))
    parent = Look(top=rgb("d8a24a"), trousers=rgb("4c5d74"), long_hair=True, hair=rgb("3f2a1e"))
    child = Look(top=rgb("c9424a"), trousers=rgb("3c4a6b"), size=0.66, backpack=rgb("f0c93f"))
    walking = Look(top=rgb("3f7a6c"), trousers=rgb("4d4640"), hair=rgb("b9b6b4"), size=0.96)
    jacket = Look(top=rgb("b9512f"), trousers=rgb("2f3a4a"), backpack=rgb("38434f"))
    return Cast(
        vehicles=[_driver(view, number) for number in range(_CARS)],
        people=(
            lambda t: shopper.person(view, silver, t),
            lambda t: family.person(view, parent, t),
            lambda t: family.person(view, child, t, aside=0.55),
            lambda t: stroll.person(view, walking, t),
            lambda t: back.person(view, jacket, t),
        ),
    )


def _driver(view: View, number: int) -> Actor:
    """One of those who look for a free bay, in both directions by turns."""
    begins = 60.0 * number / _CARS
    corners = ((begins, -30.0, 10.0), (begins + 14, 34.0, 10.0))
    if number % 2:
        corners = ((begins, 36.0, 13.0), (begins + 14, -32.0, 13.0))
    way, build = Route(corners), (HATCHBACK, SEDAN, KEI_VAN, MINIVAN)[number % 4]
    colour = rgb(("e0a32e", "8f1d2c", "e9edf0", "3f5573", "c3c7c9", "5b7f63")[number % 6])
    return lambda t: way.car(view, build, colour, t)


def _night(view: View) -> Night:
    """Three lamps along the hedge, two on the house the camera hangs on, the shop's windows and its sign."""
    lamps = [Lamp(at=(x, 19.0, 5.4), reach=6.5, size=1.1) for x in _LAMPS_X]
    lamps += [Lamp(at=(x, 25.0, 3.2), reach=5.0, strength=0.7, size=0.0) for x in (-18.0, -12.0, -6.0)]
    lamps += [Lamp(at=(x, 2.0, 6.5), reach=7.5, strength=0.75, size=0.0) for x in (-8.0, 8.0)]
    shop = [_upright(-20.9 + 1.85 * k, 27.0, 1.6, (0.4, 3.25)) for k in range(10)]
    return LampLight(view, lamps, [*shop, _upright(-20.5, 26.9, 22.6, (4.2, 5.6))])


def _upright(x: float, y: float, wide: float, heights: tuple[float, float]) -> list[Point]:
    low, high = heights
    return [(x, y, low), (x + wide, y, low), (x + wide, y, high), (x, y, high)]


def _neighbours(canvas: Canvas) -> None:
    """Houses around the lot, far ones first."""
    skyline(canvas, 5, 92, (-120, 150))
    walls, roofs = ("e6ddcb", "cfd4d6", "dcc9b0", "c5b9a6"), ("5c6470", "7a4a3c", "46525c", "6a5a4c")
    rows = [(-92.0 + k * 15, 64.0, k) for k in range(15)] + [(8.0 + k * 14.5, 40.0, k + 2) for k in range(6)]
    rows += [(-44.0 - k % 2 * 3, 22.0 - k * 15.0, k + 1) for k in range(4)]
    for x, y, k in rows:
        house(canvas, x, y, 10.5, 8.0, (5.4, 3.2, 5.8)[k % 3], rgb(walls[k % 4]), rgb(roofs[k * 3 % 4]))


def _supermarket(canvas: Canvas) -> None:
    """A long, low shop behind the hedge, seen from its front."""
    left, right, y, height = -34.0, 3.0, 27.0, 6.2
    panel = Panel(right - left, height, 60, rgb("d9d2c4"))
    panel.ramp(0, 0, 37, 6.2, rgb("cfc6b6"), rgb("e4ded2"))
    panel.grain(0.05, 3, 3)
    panel.box(0, 0, 37, 0.5, rgb("8c8479"))
    for x in np.arange(0, 37, 1.85):
        panel.box(x, 0.5, x + 0.03, 4.0, rgb("bdb4a4"))
    panel.ramp(13, 0.1, 31.5, 3.4, rgb("44525b"), rgb("7a8f9a"))
    for x in np.arange(13, 31.5, 1.85):
        panel.ramp(x + 0.12, 0.4, x + 1.73, 3.25, rgb("8f8a72"), rgb("e7cf9b"))
        panel.polygon([(x + 0.3, 0.4), (x + 0.9, 0.4), (x + 1.7, 3.25), (x + 1.1, 3.25)], rgb("f6f2e6"), 0.22)
        panel.box(x + 0.12, 0.4, x + 1.73, 0.95, rgb("7c6a54"))
    panel.box(0, 4.1, 37, 5.7, rgb("2f6f52"))
    panel.box(0, 4.1, 37, 4.22, rgb("e6b64c"))
    panel.text("みどりマーケット", 30.6, 4.55, 1.15, rgb("fdfaf0"), 700)
    panel.text("FRESH  DAILY", 19.5, 4.62, 0.8, rgb("d7e7dc"), 500)
    panel.shadow([(12.6, 3.4), (32, 3.4), (32, 2.2), (12.6, 2.6)], 0.42, 0.25)
    block(canvas, (left, y, 0), (right, y + 16, height), rgb("d0c8ba"))
    canvas.texture([(left, y, height), (right, y, height), (right, y, 0), (left, y, 0)], panel.image)
    # The canopy over the entrance, and what it throws on the ground.
    canvas.fill([(-21.4, y - 2.2, 3.5), (-2.4, y - 2.2, 3.5), (-2.4, y, 3.5), (-21.4, y, 3.5)], rgb("b9b3a6"))
    canvas.ramp(
        [(-21.4, y - 2.2, 3.3), (-2.4, y - 2.2, 3.3), (-2.4, y - 2.2, 3.62), (-21.4, y - 2.2, 3.62)],
        ((-20, y - 2.2, 3.3), (-20, y - 2.2, 3.62)), (rgb("a8a194"), rgb("f3efe6")),
    )  # fmt: skip


def _lamp(view: View, x: float, y: float) -> Shapes:
    """A lamp post, five metres high, its arm over the bays."""
    unit = view.scale_at((x, y, 2.5))
    shapes = Shapes(depth=float(view.local([(x, y, 0)])[0, 2]), softness=max(0.8, unit * 0.02), darkness=0.5)
    steel = rgb("5d666e")
    foot, top, arm, head = view.project([(x, y, 0), (x, y, 5.2), (x, y - 1.1, 5.45), (x, y - 1.6, 5.42)])[0]
    shapes.blob((foot, view.project([(x, y, 0.5)])[0][0]), (0.13 * unit, 0.10 * unit), lit(steel, 0.9))
    shapes.blob((foot, top), (0.075 * unit, 0.05 * unit), steel)
    aside = np.array((-0.02 * unit, 0))
    shapes.blob((foot + aside, top + aside), (0.028 * unit, 0.02 * unit), lit(steel, 1.45))
    shapes.blob((top, arm), (0.05 * unit, 0.04 * unit), steel)
    shapes.blob((arm, head), (0.10 * unit, 0.13 * unit), lit(steel, 0.8))
    shapes.blob((arm, head), (0.05 * unit, 0.07 * unit), rgb("fff3d0"))
    shapes.throw(view, [(x, y, 0), (x, y, 5.2)], 0.06 * unit)
    shapes.throw(view, [(x, y, 5.2), (x, y - 1.6, 5.42)], 0.08 * unit)
    return shapes


def _trolleys(view: View) -> list[Shapes]:
    """A shelter for shopping trolleys between the bays of the far row."""
    x, y = _FIRST_BAY + 2 * BAY_METRES, FAR_ROW
    shapes = Shapes(depth=float(view.local([(x, y, 0)])[0, 2]), softness=2.0, darkness=0.45)
    unit = view.scale_at((x, y, 1.0))
    steel, roof = rgb("8c979f"), rgb("bcd6df")
    for dx, dy in ((-0.9, 2.0), (0.9, 2.0), (-0.9, -2.0), (0.9, -2.0)):
        foot, top = view.project([(x + dx, y + dy, 0), (x + dx, y + dy, 2.2)])[0]
        shapes.blob((foot, top), (0.03 * unit, 0.03 * unit), steel)
    for row in range(9):
        at = y + 1.5 - row * 0.33
        basket = [
            (x + dx, at + dy, z) for dx, dy, z in ((-0.28, 0, 0.45), (0.28, 0, 0.45), (0.3, 0, 0.95), (-0.3, 0, 0.95))
        ]
        shapes.add(view.project(basket)[0], mix(steel, rgb("dfe5e8"), 0.5 + 0.5 * (row % 2)))
        bar = view.project([(x - 0.3, at - 0.1, 1.02), (x + 0.3, at - 0.1, 1.02)])[0]
        shapes.blob(list(bar), (0.03 * unit, 0.03 * unit), rgb("c0392f"))
    top = [(x - 1.0, y - 2.2, 2.2), (x + 1.0, y - 2.2, 2.2), (x + 1.0, y + 2.2, 2.35), (x - 1.0, y + 2.2, 2.35)]
    shapes.add(view.project(top)[0], roof)
    edge = [(x - 1.0, y - 2.2, 2.08), (x + 1.0, y - 2.2, 2.08), (x + 1.0, y - 2.2, 2.2), (x - 1.0, y - 2.2, 2.2)]
    shapes.add(view.project(edge)[0], lit(roof, 0.7))
    shapes.throw(view, top)
    return [shapes]


PLAN = Plan(eyes=_EYES, paint=_paint, props=_props, cast=_cast, night=_night)
