"""The plan of the wall: a grid of 16:9 tiles in the body of the screen, and which cameras are on which page."""

from dataclasses import dataclass

from hdmi_out.layout.rect import Rect, even

GRIDS = (1, 2, 3, 4)
"""Tiles a side: walls of 1, 4, 9 and 16."""
TILES_MAX = GRIDS[-1] ** 2

_MARGIN_SHARE = 0.0198
_GAP_SHARE = 0.0128
_ASPECT = 16 / 9


@dataclass(frozen=True, slots=True, kw_only=True)
class WallLayout:
    """`tiles` row by row, as many as the grid has, used or not, `gap` pixels apart."""

    body: Rect
    side: int
    gap: int
    tiles: tuple[Rect, ...]


def grid_side(cameras: int) -> int:
    """Tiles a side of the smallest grid that shows them all; more than sixteen get pages of sixteen."""
    return next((side for side in GRIDS if side * side >= cameras), GRIDS[-1])


def pages_of(cameras: int, side: int) -> int:
    """How many pages that many cameras fill; one where there are none."""
    return max(-(-cameras // (side * side)), 1)


def plan_wall(body: Rect, side: int) -> WallLayout:
    """The plan in an even body (at least 320×154). Every tile is even, none overlap."""
    unit = min(body.height, body.width / 2)
    margin, gap = max(even(unit * _MARGIN_SHARE), 2), max(even(unit * _GAP_SHARE), 2)
    width, height = body.width - 2 * margin - gap * (side - 1), body.height - 2 * margin - gap * (side - 1)
    tile_width = even(min(width / side, height / side * _ASPECT))
    tile_height = even(tile_width / _ASPECT)
    left = body.x + even((body.width - tile_width * side - gap * (side - 1)) / 2)
    top = body.y + even((body.height - tile_height * side - gap * (side - 1)) / 2)
    tiles = tuple(
        Rect(left + column * (tile_width + gap), top + row * (tile_height + gap), tile_width, tile_height)
        for row in range(side)
        for column in range(side)
    )
    return WallLayout(body=body, side=side, gap=gap, tiles=tiles)
