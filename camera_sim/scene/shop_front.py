"""The bakery's front, its neighbours' fronts, the awning and the sliding door. Fronts stand on the line y = FRONT_Y."""

import numpy as np

from camera_sim.scene.backdrop import block
from camera_sim.scene.canvas import Canvas, lit, mix, rgb
from camera_sim.scene.panel import Panel, hang
from camera_sim.scene.shapes import Colour, Shapes
from camera_sim.scene.shop_ground import FRONT_Y
from camera_sim.scene.view import Point, View

_HALF, _HEIGHT = 7.0, 7.4
_PER_METRE = 130
_OPPOSITE_Y = -8.5
_DOOR_HALF, _DOOR_TOP = 1.15, 2.45
_WINDOWS = ((1.0, 5.25), (8.75, 13.0))
"""Left and right edges of the shop windows, from the front's left end."""
_WOOD, _DARK_WOOD, _PLASTER = rgb("8a5f3c"), rgb("4a3325"), rgb("efe4d0")
_AWNING_OUT, _AWNING_HIGH, _AWNING_LOW = 1.15, 3.02, 2.62
_GREEN, _CREAM = rgb("2f6a55"), rgb("f6ecd8")
LIT: tuple[tuple[Point, ...], ...] = tuple(
    tuple((x - _HALF, FRONT_Y, z) for x, z in ((left, low), (right, low), (right, high), (left, high)))
    for left, right, low, high in (
        *((left, right, 0.62, 2.82) for left, right in _WINDOWS),
        (_HALF - _DOOR_HALF, _HALF + _DOOR_HALF, 0.05, _DOOR_TOP + 0.44),
        (4.0, 10.0, 3.2, 3.9),
        (1.4, 3.0, 4.7, 6.35),
        (14.5, 26.5, 0.15, 2.6),
        (-8.5, -0.5, 0.15, 2.6),
    )
)
"""What shines by night: shop windows, the door, the sign, a room upstairs, the neighbours' windows."""


def put_up(canvas: Canvas) -> None:
    """Paints the fronts of the whole street side, the far ones first."""
    rows = (
        (-46, 10, 8.5, "b9b2a8", 1),
        (-36, 11, 6.6, "d4c3ae", 2),
        (-25, 9, 9.4, "a9b4ba", 3),
        (-16, 9, 6.9, "d9c9c0", 4),
    )
    for x, wide, high, wall, seed in (*rows, (20, 12, 7.4, "cfc7b8", 6), (7.0, 13, 8.2, "b3bcc0", 5)):
        _front(canvas, x, _neighbour(wide, high, rgb(wall), seed), wide, high)
    _front(canvas, -_HALF, _bakery(), 2 * _HALF, _HEIGHT)


def put_up_opposite(canvas: Canvas) -> None:
    """Paints the fronts across the road, in the shade, the far ones first."""
    far = ((-84, 13, 8.0, "bfae9c", 8), (-70, 14, 10.5, "a8b0b4", 9), (-55, 12, 7.2, "cbb9a4", 7))
    near = ((-42, 12, 9.2, "b4a698", 10), (-29, 11, 7.0, "c6c2b6", 11), (-17, 13, 8.4, "a7a6a2", 12))
    for x, wide, high, wall, seed in (*far, *near):
        block(canvas, (x, _OPPOSITE_Y - 9, 0), (x + wide, _OPPOSITE_Y, high), rgb(wall))
        image = (_neighbour(wide, high, rgb(wall), seed).image * 0.74).astype(np.uint8)
        corners: list[Point] = [(x + wide, _OPPOSITE_Y, high), (x, _OPPOSITE_Y, high)]
        canvas.texture([*corners, (x, _OPPOSITE_Y, 0), (x + wide, _OPPOSITE_Y, 0)], image)


def _front(canvas: Canvas, x: float, panel: Panel, wide: float, high: float) -> None:
    block(canvas, (x, FRONT_Y, 0), (x + wide, FRONT_Y + 9, high), rgb("b5aa9b"))
    hang(canvas, panel, (x, FRONT_Y), (x + wide, FRONT_Y), 14)


def _bakery() -> Panel:
    panel = Panel(2 * _HALF, _HEIGHT, _PER_METRE, _PLASTER)
    panel.ramp(0, 0, 14, _HEIGHT, rgb("e2d3ba"), rgb("f6eedf"))
    panel.grain(0.035, 1.6, 8)
    _upper_floor(panel)
    for left, right in _WINDOWS:
        _shop_window(panel, left, right)
    _doorway(panel)
    for x in (0.0, 5.55, 7.0 + _DOOR_HALF + 0.1, 13.35):
        _pier(panel, x, 0.35 if 1 < x < 13 else 0.65)
    panel.box(0, 0, 7 - _DOOR_HALF, 0.32, rgb("5d5650"))
    panel.box(7 + _DOOR_HALF, 0, 14, 0.32, rgb("5d5650"))
    panel.ramp(0, 0, 14, 0.05, rgb("3a3531"), rgb("4c4641"))
    _sign(panel)
    panel.shadow([(0.3, 3.0), (13.7, 3.0), (14, 2.25), (1.1, 2.25)], 0.46, 0.10)
    for x in (0.35, 13.65):
        panel.box(x - 0.09, 2.05, x + 0.09, 2.4, rgb("2c2a28"))
        panel.glow(x, 2.2, 0.75, rgb("ffd890"), 0.75)
        panel.box(x - 0.06, 2.09, x + 0.06, 2.36, rgb("fff2cf"))
    return panel


def _upper_floor(panel: Panel) -> None:
    panel.ramp(0, 3.95, 14, _HEIGHT, rgb("e9dcc4"), rgb("f8f1e4"))
    panel.grain(0.012, 0.5, 9)
    panel.box(0, 6.95, 14, 7.4, rgb("6e5a48"))
    panel.shadow([(0, 6.95), (14, 6.95), (14, 6.7), (0, 6.7)], 0.4, 0.08)
    for x in (1.4, 4.6, 7.8, 11.0):
        panel.shadow([(x - 0.02, 4.6), (x + 1.75, 4.6), (x + 1.75, 6.4), (x - 0.02, 6.4)], 0.35, 0.06)
        panel.box(x - 0.1, 4.6, x + 1.7, 6.45, rgb("f4efe6"))
        panel.ramp(x, 4.7, x + 1.6, 6.35, rgb("86a0ae"), rgb("4f6b80"))
        panel.polygon([(x + 0.2, 4.7), (x + 0.75, 4.7), (x + 1.5, 6.35), (x + 0.95, 6.35)], rgb("dfe9ee"), 0.30)
        panel.ramp(x, 4.7, x + 0.28, 6.35, rgb("e8dcc8"), rgb("f5ecdc"))
        panel.box(x + 0.77, 4.7, x + 0.83, 6.35, rgb("f4efe6"))
        panel.box(x, 5.7, x + 1.6, 5.75, rgb("f4efe6"))
        panel.box(x - 0.18, 4.5, x + 1.78, 4.62, rgb("d9cdb8"))
        _flowers(panel, x - 0.1, x + 1.7, 4.62, round(x * 10))


def _flowers(panel: Panel, left: float, right: float, foot: float, seed: int) -> None:
    random = np.random.default_rng(seed)
    panel.box(left, foot, right, foot + 0.16, rgb("7c563a"))
    for at in random.uniform(left + 0.04, right - 0.04, 55):
        panel.disc(
            at, foot + 0.16 + random.uniform(0, 0.16), 0.05, mix(rgb("3c6b34"), rgb("7fae58"), random.uniform(0, 1))
        )
    for at in random.uniform(left + 0.05, right - 0.05, 24):
        petals = rgb(("e2504f", "f2a7b5", "f7d254", "ffffff")[int(random.integers(4))])
        panel.disc(at, foot + 0.2 + random.uniform(0, 0.15), 0.035, petals)


def _shop_window(panel: Panel, left: float, right: float) -> None:
    low, high = 0.62, 2.82
    random = np.random.default_rng(round(left * 100))
    panel.box(left - 0.12, low - 0.12, right + 0.12, high + 0.1, _DARK_WOOD)
    panel.ramp(left, low, right, high, rgb("b98552"), rgb("f4d9a4"))
    panel.ramp(left, 1.55, right, high, rgb("e3b878"), rgb("f6e2b6"))
    for shelf in (0.98, 1.46):
        panel.box(left + 0.05, shelf - 0.06, right - 0.05, shelf, rgb("7a4f2d"))
        panel.shadow(
            [(left, shelf - 0.06), (right, shelf - 0.06), (right, shelf - 0.2), (left, shelf - 0.2)], 0.4, 0.04
        )
        at = left + 0.25
        while at < right - 0.25:
            at += _loaf(panel, at, shelf, random)
    for lamp in np.linspace(left + 0.7, right - 0.7, 3):
        panel.box(lamp - 0.012, 2.35, lamp + 0.012, high, rgb("3b2c20"))
        panel.glow(lamp, 2.22, 0.95, rgb("ffe7b0"), 0.85)
        panel.polygon([(lamp - 0.2, 2.2), (lamp + 0.2, 2.2), (lamp + 0.08, 2.4), (lamp - 0.08, 2.4)], rgb("2f4a40"))
        panel.disc(lamp, 2.2, 0.06, rgb("fffbe9"))
    for start in (0.5, 2.3):
        shine = [
            (left + start, low),
            (left + start + 0.55, low),
            (left + start + 1.45, high),
            (left + start + 0.9, high),
        ]
        panel.polygon(shine, rgb("eef6fa"), 0.17)
    panel.polygon([(left, 2.5), (right, 2.1), (right, high), (left, high)], rgb("a9c4d6"), 0.16)
    for at in np.linspace(left, right, 4)[1:-1]:
        panel.box(at - 0.035, low, at + 0.035, high, _DARK_WOOD)
    panel.box(left - 0.2, low - 0.2, right + 0.2, low - 0.1, _WOOD)


def _loaf(panel: Panel, at: float, shelf: float, random: np.random.Generator) -> float:
    """Puts bread on a shelf; gives the room it takes."""
    crust = mix(rgb("a8642b"), rgb("dca45a"), random.uniform(0, 1))
    kind = int(random.integers(3))
    if kind == 0:
        for offset in (0.0, 0.14, 0.28):
            panel.disc(at + offset, shelf + 0.075, 0.085, lit(crust, 0.9))
            panel.disc(at + offset - 0.015, shelf + 0.095, 0.055, lit(crust, 1.2))
        return 0.52
    if kind == 1:
        panel.box(at - 0.14, shelf, at + 0.16, shelf + 0.2, lit(crust, 0.85))
        panel.disc(at - 0.04, shelf + 0.2, 0.1, crust)
        panel.disc(at + 0.09, shelf + 0.2, 0.09, lit(crust, 1.12))
        return 0.42
    panel.polygon(
        [(at - 0.14, shelf), (at + 0.2, shelf), (at + 0.25, shelf + 0.12), (at - 0.19, shelf + 0.12)], rgb("b98f5c")
    )
    for offset in (-0.1, 0.0, 0.1):
        tilt = offset * 0.5
        stick = [(at + offset, shelf + 0.05), (at + offset + 0.07, shelf + 0.05)]
        panel.polygon(
            [*stick, (at + offset + 0.08 + tilt, shelf + 0.42), (at + offset + 0.01 + tilt, shelf + 0.42)], crust
        )
    return 0.58


def _doorway(panel: Panel) -> None:
    left, right = 7 - _DOOR_HALF, 7 + _DOOR_HALF
    panel.box(left - 0.14, 0, right + 0.14, _DOOR_TOP + 0.5, _DARK_WOOD)
    panel.ramp(left, 0.0, right, _DOOR_TOP, rgb("a87846"), rgb("f3d8a6"))
    panel.polygon([(left, 0), (right, 0), (right - 0.35, 0.62), (left + 0.35, 0.62)], rgb("c79a63"))
    panel.box(left + 0.3, 0.62, right - 0.3, 1.2, rgb("6d4527"))
    panel.ramp(left + 0.3, 1.2, right - 0.3, 1.62, rgb("d7b27a"), rgb("fbe9c3"))
    panel.glow(7, 2.1, 1.3, rgb("ffe9b8"), 0.8)
    panel.ramp(left, _DOOR_TOP + 0.06, right, _DOOR_TOP + 0.44, rgb("d9b982"), rgb("f1dcb2"))
    panel.box(left - 0.02, _DOOR_TOP, right + 0.02, _DOOR_TOP + 0.07, rgb("39281d"))


def _pier(panel: Panel, x: float, wide: float) -> None:
    """A strip of brick."""
    random = np.random.default_rng(round(x * 10))
    panel.box(x, 0.3, x + wide, 2.98, rgb("8d7867"))
    for row, foot in enumerate(np.arange(0.3, 2.95, 0.09)):
        at = x - (0.12 if row % 2 else 0.0)
        while at < x + wide:
            tone = mix(rgb("a4583f"), rgb("c68563"), random.uniform(0, 1))
            panel.box(max(at, x) + 0.006, foot + 0.006, min(at + 0.24, x + wide) - 0.006, foot + 0.084, tone)
            at += 0.24


def _sign(panel: Panel) -> None:
    panel.ramp(0, 3.05, 14, 3.95, rgb("3b2a1e"), rgb("533b2a"))
    for x in np.arange(0, 14, 0.14):
        panel.box(x, 3.05, x + 0.012, 3.95, rgb("33241a"))
    panel.box(0, 3.92, 14, 4.0, rgb("7a5b40"))
    panel.shadow([(0, 3.05), (14, 3.05), (14, 3.0), (0, 3.0)], 0.4, 0.05)
    for x in (3.6, 5.9, 8.2, 10.5):
        panel.glow(x, 3.9, 1.1, rgb("ffdf9e"), 0.45)
    panel.text("こもれびベーカリー", 7, 3.27, 0.52, rgb("fff6df"), 700)
    for x in (2.4, 11.6):
        panel.text("BAKERY & CAFE", x, 3.38, 0.24, rgb("e6c893"), 500)


def _neighbour(wide: float, high: float, wall: Colour, seed: int) -> Panel:
    random = np.random.default_rng(seed)
    panel = Panel(wide, high, 70, wall)
    panel.ramp(0, 0, wide, high, lit(wall, 0.9), lit(wall, 1.08))
    panel.grain(0.05, 1.5, seed)
    for foot in np.arange(3.6, high - 1.4, 2.6):
        for x in np.arange(0.9, wide - 1.6, 2.4):
            panel.box(x - 0.08, foot - 0.08, x + 1.38, foot + 1.48, lit(wall, 1.15))
            panel.ramp(x, foot, x + 1.3, foot + 1.4, rgb("8aa2b0"), rgb("4e6678"))
            panel.polygon(
                [(x + 0.2, foot), (x + 0.6, foot), (x + 1.2, foot + 1.4), (x + 0.8, foot + 1.4)], rgb("dce8ee"), 0.28
            )
    shade = rgb(("5b7a9a", "a8503f", "6b7f52", "7d6a8c", "c08a3e", "4f6f73")[seed % 6])
    panel.ramp(0.5, 0.15, wide - 0.5, 2.6, rgb("7b6a55"), rgb("d9bd8c"))
    for x in np.arange(0.5, wide - 0.4, 1.6):
        panel.box(x - 0.04, 0.1, x + 0.04, 2.65, rgb("3d3b3a"))
        panel.polygon([(x + 0.3, 0.15), (x + 0.7, 0.15), (x + 1.3, 2.6), (x + 0.9, 2.6)], rgb("eef5f8"), 0.20)
    panel.box(0.3, 2.7, wide - 0.3, 3.35, shade)
    words = ("BOOKS", "FLOWERS", "さくら薬局", "DELI", "CLEANING", "とけい")[seed % 6]
    panel.text(words, wide / 2 + random.uniform(-1, 1), 2.86, 0.36, rgb("fbf6ea"), 600)
    panel.shadow([(0.3, 2.7), (wide - 0.3, 2.7), (wide - 0.3, 2.35), (0.3, 2.35)], 0.4, 0.08)
    panel.box(0, 0, wide, 0.14, rgb("6c655d"))
    return panel


def awning(view: View) -> list[Shapes]:
    """Striped cloth over both windows and the door, in pieces, so that each is before the right people."""
    return [_awning_piece(view, -6.6 + k * 2.2, 2.2) for k in range(6)]


def _awning_piece(view: View, left: float, wide: float) -> Shapes:
    front = FRONT_Y - _AWNING_OUT
    shapes = Shapes(depth=float(view.local([(left + wide / 2, front, 2.6)])[0, 2]))
    stripe = 0.275
    for k in range(round(wide / stripe)):
        x, right = left + k * stripe, left + (k + 1) * stripe
        colour = _GREEN if k % 2 else _CREAM
        top: list[Point] = [(x, FRONT_Y - 0.02, _AWNING_HIGH), (right, FRONT_Y - 0.02, _AWNING_HIGH)]
        shapes.add(view.project([*top, (right, front, _AWNING_LOW), (x, front, _AWNING_LOW)])[0], lit(colour, 1.02))
        middle: list[Point] = [(x, front + 0.4, 2.76), (right, front + 0.4, 2.76)]
        shapes.add(view.project([*middle, (right, front, _AWNING_LOW), (x, front, _AWNING_LOW)])[0], lit(colour, 0.96))
        scallop = [
            (x + stripe * (0.5 - 0.5 * np.cos(a)), front, 2.42 - 0.07 * np.sin(a)) for a in np.linspace(0, np.pi, 9)
        ]
        edge = [(x, front, _AWNING_LOW), *scallop, (right, front, _AWNING_LOW)]
        shapes.add(view.project(edge)[0], lit(colour, 0.86))
    return shapes


def door(view: View, opened: float) -> Shapes:
    """The two leaves of the sliding door, `opened` from 0 to 1."""
    shapes = Shapes(depth=float(view.local([(0, FRONT_Y, 1.2)])[0, 2]))
    y, slide, frame = FRONT_Y - 0.03, opened * (_DOOR_HALF - 0.1), 0.07
    for side in (-1, 1):
        inner, outer = side * slide, side * (_DOOR_HALF + slide * 0.0)
        if abs(outer - inner) < 0.12:
            continue
        low, high = min(inner, outer), max(inner, outer)
        _upright(shapes, view, low, high, 0.02, _DOOR_TOP, y, rgb("4a3a2e"))
        glass = mix(rgb("c9ab7c"), rgb("b9cdd8"), 0.35)
        _upright(shapes, view, low + frame, high - frame, 0.35, _DOOR_TOP - frame, y, glass)
        _upright(shapes, view, low + frame, high - frame, 1.5, _DOOR_TOP - frame, y, mix(glass, rgb("f4e6c6"), 0.35))
        wide = high - low - 2 * frame
        if wide > 0.3:
            x = low + frame
            shine = [(x + wide * a, y, z) for a, z in ((0.1, 0.35), (0.42, 0.35), (0.9, 2.38), (0.58, 2.38))]
            shapes.add(view.project(shine)[0], mix(glass, rgb("f3f7f8"), 0.42))
            grip = low + frame + 0.05 if side > 0 else high - frame - 0.05
            _upright(shapes, view, grip - 0.02, grip + 0.02, 0.95, 1.45, y, rgb("3a2e25"))
    return shapes


def _upright(
    shapes: Shapes, view: View, left: float, right: float, low: float, high: float, y: float, colour: Colour
) -> None:
    if right > left:
        shapes.add(view.project([(left, y, low), (right, y, low), (right, y, high), (left, y, high)])[0], colour)
