"""The plan of the wall: a grid of 16:9 tiles over a bar with the time and the licence band.

The bar is always there and always of the same size: when a licence lapses not a pixel of any picture moves.
"""

from dataclasses import dataclass

from hdmi_out.layout.rect import Rect, even

GRIDS = (1, 2, 3, 4)
"""Tiles a side: walls of 1, 4, 9 and 16."""
TILES_MAX = GRIDS[-1] ** 2

_BAR_SHARE = 0.142
_MARGIN_SHARE = 0.017
_GAP_SHARE = 0.011
_CLOCK_SHARE = 0.235
_ASPECT = 16 / 9


@dataclass(frozen=True, slots=True, kw_only=True)
class WallLayout:
    """`tiles` row by row, as many as the grid has, used or not; `clock` and `message` are the two parts of the bar."""

    width: int
    height: int
    side: int
    tiles: tuple[Rect, ...]
    bar: Rect
    clock: Rect
    message: Rect


def grid_side(cameras: int) -> int:
    """Tiles a side of the smallest grid that shows them all; more than sixteen get a wall of sixteen."""
    return next((side for side in GRIDS if side * side >= cameras), GRIDS[-1])


def plan_wall(width: int, height: int, cameras: int) -> WallLayout:
    """The plan for a canvas of even `width` and `height` (at least 320×180). Every rectangle is even, none overlap."""
    side = grid_side(cameras)
    margin, gap = max(even(height * _MARGIN_SHARE), 2), max(even(height * _GAP_SHARE), 2)
    bar_height = even(height * _BAR_SHARE)
    bar = Rect(0, height - bar_height, width, bar_height)
    clock = Rect(0, bar.y, even(width * _CLOCK_SHARE), bar_height)
    message = Rect(clock.right, bar.y, width - clock.width, bar_height)
    room = Rect(margin, margin, width - 2 * margin, bar.y - 2 * margin)
    tile_width = even(min((room.width - gap * (side - 1)) / side, (room.height - gap * (side - 1)) / side * _ASPECT))
    tile_height = even(tile_width / _ASPECT)
    left = even((width - tile_width * side - gap * (side - 1)) / 2)
    top = even((bar.y - tile_height * side - gap * (side - 1)) / 2)
    tiles = tuple(
        Rect(left + column * (tile_width + gap), top + row * (tile_height + gap), tile_width, tile_height)
        for row in range(side)
        for column in range(side)
    )
    return WallLayout(width=width, height=height, side=side, tiles=tiles, bar=bar, clock=clock, message=message)
