"""Composition: what is painted, and what is left alone."""

import dataclasses

import numpy as np
import pytest

from hdmi_out.compositor.canvas import Canvas
from hdmi_out.compositor.statistics import OutputCount
from hdmi_out.compositor.tile import Tile
from hdmi_out.layout.rect import Rect
from hdmi_out.live import Source
from hdmi_out.osd.model import Card, TileLabel
from hdmi_out.osd.overlay import Painter
from hdmi_out.osd.palette import WHITE, Colour, colour, type_scale
from hdmi_out.osd.typeface import Typeface, open_typeface
from hdmi_out.site_state import Camera, Recording
from hdmi_out.views.choices import Choices
from hdmi_out.views.wall import WallView
from tests.unit.hdmi.moments import camera, lapsed, live, made_stage, moment, picture, silent

A, B = Source("a", "sub"), Source("b", "sub")


@pytest.fixture(scope="module")
def face() -> Typeface:
    return open_typeface()


@pytest.fixture
def canvas() -> Canvas:
    return Canvas(640, 360)


@pytest.fixture
def wall(face: Typeface, canvas: Canvas) -> WallView:
    return WallView(made_stage(canvas, face), Choices())


def area_of(wall: WallView, source: Source, *cameras: Camera) -> Rect:
    return wall.wanted(moment(*cameras))[source]


def luma_low(canvas: Canvas, area: Rect) -> np.ndarray:
    """The lower half of a tile, where no label is."""
    return canvas.planes[0][area.y + area.height // 2 : area.bottom, area.x : area.right]


def test_new_picture_is_painted_and_told(wall: WallView, canvas: Canvas) -> None:
    both = camera("a"), camera("b")
    a, b = area_of(wall, A, *both), area_of(wall, B, *both)
    shown = wall.compose(moment(*both, live={A: live(a, 200)}), whole=True)
    assert set(shown) == {A}
    assert (luma_low(canvas, a) == 200).all()
    assert (luma_low(canvas, b) != 200).all()


def test_only_the_tile_with_a_new_picture_changes(wall: WallView, canvas: Canvas) -> None:
    both = camera("a"), camera("b")
    a, b = area_of(wall, A, *both), area_of(wall, B, *both)
    wall.compose(moment(*both, live={A: live(a, 100), B: live(b, 100)}), whole=True)
    before = canvas.planes[0].copy()
    canvas.changed.clear()
    wall.compose(moment(*both, live={A: live(None), B: live(b, 150)}), whole=False)
    changed = np.argwhere(canvas.planes[0] != before)
    assert (changed.min(axis=0) >= (b.y, b.x)).all()
    assert (changed.max(axis=0) < (b.bottom, b.right)).all()
    assert all(b.contains(area) for area in canvas.changed), "the canvas tells what was painted"
    canvas.changed.clear()
    wall.compose(moment(*both, live={A: live(None), B: live(None)}), whole=False)
    assert canvas.changed == []


def test_label_can_change_without_a_new_picture_and_does_not_darken_it(wall: WallView, canvas: Canvas) -> None:
    usual = camera("a")
    area = area_of(wall, A, usual)
    wall.compose(moment(usual, live={A: live(area, 120)}), whole=True)
    first = canvas.planes[0].copy()
    stopped = dataclasses.replace(usual, recording=Recording(phase="stopped"))
    wall.compose(moment(stopped, live={A: live(None)}), whole=False)
    assert (canvas.planes[0] != first).any()
    wall.compose(moment(usual, live={A: live(None)}), whole=False)
    assert (canvas.planes[0] == first).all()


def test_card_replaces_the_picture_and_the_stale_picture_never_returns(wall: WallView, canvas: Canvas) -> None:
    one = camera("a")
    area = area_of(wall, A, one)
    wall.compose(moment(one, live={A: live(area, 200)}), whole=True)
    wall.compose(moment(one, live={A: silent(2.5)}), whole=False)
    assert np.bincount(luma_low(canvas, area).ravel()).argmax() < 60
    wall.compose(moment(one, live={A: silent(None, opened_seconds=0.1)}), whole=False)
    assert (luma_low(canvas, area) < 60).all(), "opened anew, it waits for a new picture"


def test_a_tile_forgets_its_picture_when_a_card_takes_its_place(face: Typeface, canvas: Canvas) -> None:
    area, label = Rect(20, 20, 160, 90), TileLabel(name="a")
    tile = Tile(area, canvas, face, type_scale(360))
    assert tile.compose(label, None, picture(area, 200))
    tile.compose(label, Card(title="映像なし"), None)
    tile.compose(label, None, None)
    assert (luma_low(canvas, area) < 60).all()


def test_what_was_covered_comes_back_whole_with_its_newest_picture(wall: WallView, canvas: Canvas) -> None:
    one = camera("a")
    area = area_of(wall, A, one)
    wall.compose(moment(one, live={A: live(area, 200)}), whole=True)
    before = canvas.planes[0].copy()
    canvas.fill(Rect(0, 0, 640, 300), WHITE)
    wall.compose(moment(one, live={A: live(None)}), whole=True)
    assert (canvas.planes[0][:300] == before[:300]).all()


def test_pictures_of_an_earlier_plan_are_not_shown_over_other_tiles(wall: WallView) -> None:
    big = area_of(wall, A, camera("a"))
    shown = wall.compose(moment(camera("a"), camera("b"), live={A: live(big, 200)}), whole=True)
    assert set(shown) == set()


def test_no_picture_moves_when_a_licence_lapses(wall: WallView, canvas: Canvas) -> None:
    both = camera("a"), camera("b")
    a, b = area_of(wall, A, *both), area_of(wall, B, *both)
    wall.compose(moment(*both, live={A: live(a, 100), B: live(b, 100)}), whole=True)
    above = luma_low(canvas, a).copy()
    wall.compose(moment(*map(lapsed, both), live={A: live(None), B: live(None)}), whole=False)
    assert (luma_low(canvas, a) == above).all()


def test_narrow_picture_is_framed_not_stretched(wall: WallView, canvas: Canvas) -> None:
    one = camera("a")
    area = area_of(wall, A, one)
    narrow = Rect(0, 0, area.width // 8 * 4, area.height)
    for _ in range(2):
        wall.compose(moment(one, live={A: live(narrow, 180)}), whole=False)
    columns = luma_low(canvas, area)[0]
    assert (columns == 180).sum() == narrow.width
    assert columns[0] == columns[-1] == 16


def test_overlay_leaves_the_canvas_where_nothing_is_drawn_and_is_exact_where_opaque() -> None:
    canvas = Canvas(64, 32)
    canvas.buffer[:] = np.random.default_rng(1).integers(0, 256, canvas.buffer.shape, dtype=np.uint8)
    before = canvas.planes[0].copy()
    painter = Painter(32, 16)
    painter.rect(Rect(0, 0, 8, 8), WHITE)
    canvas.lay(16, 8, painter.finish())
    assert (canvas.planes[0][8:16, 16:24] == WHITE.y).all()
    assert (canvas.planes[1][4:8, 8:12] == WHITE.u).all()
    changed = np.argwhere(canvas.planes[0] != before)
    assert changed.max(axis=0).tolist() <= [15, 23]


def test_colours_are_video_range_bt601() -> None:
    assert colour("#000000") == Colour(16, 128, 128)
    assert colour("#FFFFFF") == Colour(235, 128, 128)
    assert colour("#FF0000") == Colour(81, 90, 240)


def test_japanese_kanji_have_japanese_shapes(face: Typeface) -> None:
    assert face.source != "uni"
    text = face.mask("直骨刃", 64)
    assert text.max() == 255
    built_in = Typeface(__import__("cv2").FontFace("uni"), "uni").mask("直骨刃", 64)
    assert text.shape != built_in.shape or (np.abs(text.astype(int) - built_in) > 128).mean() > 0.02


def test_long_text_is_shortened_to_its_room(face: Typeface) -> None:
    for text, mark in (("とても長いカメラの名前", "…"), ("A very long camera name", "...")):
        short = face.fitted(text, 20, 100)
        assert short.endswith(mark)
        assert face.width(short, 20) <= 100
    assert face.fitted("玄関", 20, 100) == "玄関"
    assert face.fitted("玄関", 20, 3) == ""


def test_longest_pause_counts_until_reset_and_while_it_lasts() -> None:
    count = OutputCount()
    count.keep(["a"])
    for now_ms in (0, 66, 266, 332):
        count.cameras["a"].add(now_ms * 10**6)
    assert count.cameras["a"].pause_ns(400 * 10**6) == 200 * 10**6
    count.reset_pauses()
    assert count.cameras["a"].pause_ns(400 * 10**6) == 68 * 10**6
    count.keep(["b", "a"])
    assert list(count.cameras) == ["b", "a"]
    assert count.cameras["a"].pictures == 4
