"""Geometry of the wall."""

import itertools

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hdmi_out.layout.rect import Rect, fit
from hdmi_out.layout.screen import CANVAS_MAX, CANVAS_MIN, canvas_size, plan_screen
from hdmi_out.layout.wall import GRIDS, grid_side, pages_of, plan_wall

EVEN_WIDTHS = st.integers(320, 1920).map(lambda half: 2 * half)
EVEN_HEIGHTS = st.integers(180, 1080).map(lambda half: 2 * half)


@given(st.integers(1, 8000), st.integers(1, 8000))
def test_a_canvas_for_any_screen_is_even_has_its_shape_and_room_for_the_bar(width: int, height: int) -> None:
    canvas = canvas_size(width, height)
    assert canvas[0] % 2 == canvas[1] % 2 == 0
    assert CANVAS_MIN[0] <= canvas[0] <= CANVAS_MAX[0]
    assert CANVAS_MIN[1] <= canvas[1] <= CANVAS_MAX[1]
    if canvas[0] > CANVAS_MIN[0] and canvas[1] > CANVAS_MIN[1]:
        assert abs(canvas[0] / canvas[1] / (width / height) - 1) < 0.02


@pytest.mark.parametrize(
    ("screen", "canvas"),
    [
        ((1920, 1080), (1920, 1080)),
        ((3840, 2160), (1920, 1080)),
        ((1280, 1024), (1280, 1024)),
        ((1366, 768), (1366, 768)),
        ((3440, 1440), (1920, 802)),
        ((1080, 1920), (606, 1080)),
    ],
)
def test_known_screens_have_these_canvases(screen: tuple[int, int], canvas: tuple[int, int]) -> None:
    assert canvas_size(*screen) == (max(canvas[0], CANVAS_MIN[0]), canvas[1])


@given(EVEN_WIDTHS, EVEN_HEIGHTS, st.sampled_from(GRIDS))
def test_tiles_and_bar_are_inside_even_and_apart(width: int, height: int, side: int) -> None:
    layout = plan_screen(width, height)
    tiles = plan_wall(layout.body, side).tiles
    pieces = [*tiles, layout.clock, layout.message]
    canvas = Rect(0, 0, width, height)
    assert all(canvas.contains(piece) and piece.even and piece.width and piece.height for piece in pieces)
    assert not any(one.overlaps(other) for one, other in itertools.combinations(pieces, 2))
    assert layout.clock.width + layout.message.width == width


@given(EVEN_WIDTHS, EVEN_HEIGHTS, st.sampled_from(GRIDS))
def test_the_frame_around_a_tile_touches_no_picture_and_no_bar(width: int, height: int, side: int) -> None:
    layout = plan_screen(width, height)
    wall = plan_wall(layout.body, side)
    for tile in wall.tiles:
        for edge in tile.frame(wall.gap):
            assert edge.even
            assert layout.body.contains(edge)
            assert not any(edge.overlaps(other) for other in wall.tiles)


@given(EVEN_WIDTHS, EVEN_HEIGHTS, st.integers(1, 40), st.sampled_from((None, *GRIDS)))
def test_tiles_are_16_to_9_and_every_camera_has_one_on_some_page(
    width: int, height: int, cameras: int, chosen: int | None
) -> None:
    side = chosen or grid_side(cameras)
    wall = plan_wall(plan_screen(width, height).body, side)
    assert pages_of(cameras, side) * len(wall.tiles) >= cameras
    assert (pages_of(cameras, side) - 1) * len(wall.tiles) < cameras
    for tile in wall.tiles:
        assert abs(tile.width - tile.height * 16 / 9) < 6


def test_grid_is_1_4_9_or_16_by_camera_count() -> None:
    assert [grid_side(n) for n in (0, 1, 2, 4, 5, 9, 10, 16, 17, 200)] == [1, 1, 2, 2, 3, 3, 4, 4, 4, 4]


@given(st.integers(1, 4000), st.integers(1, 4000), st.integers(1, 500), st.integers(1, 500))
@example(3, 1, 1, 3)  # at least two pixels high
def test_a_picture_fits_its_tile_centred_and_undistorted(width: int, height: int, half_w: int, half_h: int) -> None:
    box = Rect(2, 4, 2 * half_w, 2 * half_h)
    inner = fit(width, height, box)
    assert inner.even
    assert box.contains(inner)
    assert abs((inner.x - box.x) - (box.right - inner.right)) <= 2
    exact = min(box.width / width, box.height / height)
    assert abs(inner.width - max(width * exact, 2)) <= 5
    assert abs(inner.height - max(height * exact, 2)) <= 5
