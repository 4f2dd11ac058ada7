"""Composition: what is painted, and what is left alone."""

import numpy as np
import pytest

from hdmi_out.compositor.canvas import Canvas, Picture
from hdmi_out.compositor.statistics import OutputCount
from hdmi_out.compositor.wall import Wall
from hdmi_out.layout.rect import Rect
from hdmi_out.osd.model import Card, Mark, Message, TileContent, TileLabel, TimePanel, Tone, WallContent
from hdmi_out.osd.overlay import Painter
from hdmi_out.osd.palette import WHITE, Colour, colour
from hdmi_out.osd.typeface import Typeface, open_typeface

CALM = Message(tone=Tone.CALM, title="録画中")


@pytest.fixture(scope="module")
def face() -> Typeface:
    return open_typeface()


@pytest.fixture
def wall(face: Typeface) -> Wall:
    return Wall(Canvas(640, 360), face)


def picture(area: Rect, luma: int) -> Picture:
    half = (area.height // 2, area.width // 2)
    planes = (
        np.full((area.height, area.width), luma, np.uint8),
        np.full(half, 90, np.uint8),
        np.full(half, 160, np.uint8),
    )
    return Picture(width=area.width, height=area.height, planes=planes)


def tile(camera: str, card: Card | None = None, state: str = "REC") -> TileContent:
    return TileContent(camera=camera, label=TileLabel(name=camera, state=state, mark=Mark.RECORDING), card=card)


def content(*tiles: TileContent, time: str = "12:00:00", message: Message = CALM) -> WallContent:
    return WallContent(tiles=tiles, time=TimePanel(time=time, day="1月1日"), message=message)


def area_of(wall: Wall, camera: str) -> Rect:
    area = wall.picture_area(camera)
    assert area is not None
    return area


def luma_low(wall: Wall, camera: str) -> np.ndarray:
    """The lower half of a tile, where no label is."""
    area = area_of(wall, camera)
    return wall.canvas.planes[0][area.y + area.height // 2 : area.bottom, area.x : area.right]


def test_new_picture_is_painted_and_told(wall: Wall) -> None:
    wall.arrange(("a", "b"))
    shown = wall.compose(content(tile("a"), tile("b")), {"a": picture(area_of(wall, "a"), 200)})
    assert shown == {"a"}
    assert (luma_low(wall, "a") == 200).all()
    assert (luma_low(wall, "b") != 200).all()


def test_only_the_tile_with_a_new_picture_changes(wall: Wall) -> None:
    wall.arrange(("a", "b"))
    both = content(tile("a"), tile("b"))
    wall.compose(both, {name: picture(area_of(wall, name), 100) for name in "ab"})
    before = wall.canvas.planes[0].copy()
    wall.compose(both, {"b": picture(area_of(wall, "b"), 150)})
    changed = np.argwhere(wall.canvas.planes[0] != before)
    area = area_of(wall, "b")
    assert (changed.min(axis=0) >= (area.y, area.x)).all()
    assert (changed.max(axis=0) < (area.bottom, area.right)).all()


def test_label_can_change_without_a_new_picture_and_does_not_darken_it(wall: Wall) -> None:
    wall.arrange(("a",))
    wall.compose(content(tile("a")), {"a": picture(area_of(wall, "a"), 120)})
    first = wall.canvas.planes[0].copy()
    wall.compose(content(tile("a", state="録画停止")), {})
    assert (wall.canvas.planes[0] != first).any()
    wall.compose(content(tile("a")), {})
    assert (wall.canvas.planes[0] == first).all()


def test_card_replaces_the_picture_and_the_stale_picture_never_returns(wall: Wall) -> None:
    wall.arrange(("a",))
    wall.compose(content(tile("a")), {"a": picture(area_of(wall, "a"), 200)})
    wall.compose(content(tile("a", Card(title="映像なし", age="2秒"))), {})
    ground = np.bincount(luma_low(wall, "a").ravel()).argmax()
    assert ground < 60
    wall.compose(content(tile("a")), {})
    assert (luma_low(wall, "a") < 60).all()


def test_pictures_of_an_earlier_plan_are_not_shown_over_other_tiles(wall: Wall) -> None:
    wall.arrange(("a",))
    big = picture(area_of(wall, "a"), 200)
    shown = wall.compose(content(tile("a"), tile("b")), {"a": big})
    assert shown == set()


def test_no_picture_moves_when_the_band_appears(wall: Wall) -> None:
    wall.arrange(("a", "b"))
    wall.compose(content(tile("a"), tile("b")), {name: picture(area_of(wall, name), 100) for name in "ab"})
    above = wall.canvas.planes[0][: area_of(wall, "a").bottom].copy()
    band = Message(tone=Tone.BAND, title="ライセンス切れ", action="ライセンスを割り当ててください")
    wall.compose(content(tile("a"), tile("b"), message=band), {})
    assert (wall.canvas.planes[0][: above.shape[0]] == above).all()
    assert (wall.canvas.planes[0][-4:, 300:] != 26).any()


def test_narrow_picture_is_framed_not_stretched(wall: Wall) -> None:
    wall.arrange(("a",))
    area = area_of(wall, "a")
    narrow = Rect(0, 0, area.width // 8 * 4, area.height)
    for _ in range(2):
        wall.compose(content(tile("a")), {"a": picture(narrow, 180)})
    columns = luma_low(wall, "a")[0]
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
