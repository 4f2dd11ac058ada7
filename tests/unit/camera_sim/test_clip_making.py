"""Files of the clip cache, the order in which they are made, and what makes two streams share them."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camera_sim.camera_config import CameraConfig, StreamConfig, SubStreamConfig
from camera_sim.clips import gop_file
from camera_sim.clips.gop_file import Gop, Picture
from camera_sim.clips.recipe import Show, by_show, recipe_of
from camera_sim.clips.workshop import plan_next
from camera_sim.errors import ClipError

slices = st.lists(st.binary(min_size=1, max_size=90), min_size=1, max_size=3).map(tuple)
gops = st.builds(
    Gop,
    parameter_sets=st.tuples(st.binary(min_size=4, max_size=30), st.binary(min_size=2, max_size=9)),
    pictures=st.lists(
        st.builds(Picture, slices=slices, shift=st.integers(-(2**31), 2**31 - 1)), min_size=1, max_size=6
    ).map(tuple),
)


@given(gops)
def test_a_group_survives_its_file(gop: Gop) -> None:
    assert gop_file.unpack(gop_file.pack(gop)) == gop


@given(gops, st.data())
def test_a_torn_or_altered_file_is_noticed(gop: Gop, data: st.DataObject) -> None:
    whole = gop_file.pack(gop)
    with pytest.raises(ClipError):
        gop_file.unpack(whole[: data.draw(st.integers(0, len(whole) - 1))])
    at, bit = data.draw(st.integers(0, len(whole) - 1)), data.draw(st.integers(0, 7))
    with pytest.raises(ClipError):
        gop_file.unpack(whole[:at] + bytes([whole[at] ^ 1 << bit]) + whole[at + 1 :])


def test_a_file_appears_whole_and_leaves_no_part_behind(tmp_path: Path) -> None:
    gop = Gop(parameter_sets=(b"sps", b"pps"), pictures=(Picture(slices=(b"idr",)),))
    gop_file.write(tmp_path / "a" / "0001.gop", gop)
    assert gop_file.read(tmp_path / "a" / "0001.gop") == gop
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["0001.gop"]


def test_a_missing_file_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(ClipError, match=r"0007\.gop"):
        gop_file.read(tmp_path / "0007.gop")


SHOW = Show(scene="car_park", view=0, loop_seconds=60, fps=15, gop_pictures=15)
OTHER = Show(scene="car_park", view=1, loop_seconds=60, fps=15, gop_pictures=30)
MINUTE = 1_795_000_020 * 1_000_000_000


def test_the_group_that_is_needed_first_is_made_first() -> None:
    everything = set(range(60))
    assert plan_next({SHOW: everything}, MINUTE + 7 * 10**9, 2.0) == (SHOW, 9)
    assert plan_next({SHOW: everything - {9, 10}}, MINUTE + 7 * 10**9, 2.0) == (SHOW, 11)
    assert plan_next({SHOW: {3, 8}}, MINUTE + 7 * 10**9, 2.0) == (SHOW, 3)
    assert plan_next({SHOW: set()}, MINUTE, 2.0) is None


def test_the_show_with_the_least_lead_goes_first() -> None:
    missing = {SHOW: set(range(60)) - {9, 10, 11}, OTHER: set(range(30)) - {4}}
    assert plan_next(missing, MINUTE + 7 * 10**9, 2.0) == (OTHER, 5)


def test_a_show_of_which_there_is_nothing_yet_goes_first_unless_it_is_for_later() -> None:
    missing = {SHOW: set(range(60)) - {8}, OTHER: set(range(30))}
    assert plan_next(missing, MINUTE + 7 * 10**9, 2.0) == (OTHER, 4)
    assert plan_next(missing, MINUTE + 7 * 10**9, 2.0, later={OTHER}) == (SHOW, 9)


def test_cameras_that_show_the_same_share_a_loop_and_both_streams_one_drawing() -> None:
    first, second = CameraConfig(id="a", name="A", scene="car_park"), CameraConfig(id="b", scene="car_park")
    assert recipe_of(first, "main", 60) == recipe_of(second, "main", 60)
    recipes = [recipe_of(first, name, 60) for name in ("sub", "main")]
    assert [(show.view, [r.width for r in group]) for show, group in by_show(recipes).items()] == [(0, [1280, 640])]


def test_whatever_changes_the_pictures_changes_the_folder() -> None:
    forms = [
        CameraConfig(id="a", scene="car_park"),
        CameraConfig(id="a", scene="car_park", view=1),
        CameraConfig(id="a", scene="car_park", light="night"),
        CameraConfig(id="a", scene="car_park", resting="motion"),
        CameraConfig(id="a", scene="shop_entrance"),
        CameraConfig(id="a", scene="car_park", main=StreamConfig(bitrate=1_000_000)),
        CameraConfig(id="a", scene="car_park", main=StreamConfig(gop_seconds=2)),
        CameraConfig(id="a", scene="car_park", main=StreamConfig(fps=30)),
        CameraConfig(id="a", scene="car_park", main=StreamConfig(codec="h265")),
    ]
    folders = {recipe_of(form, "main", 60).folder for form in forms}
    assert len(folders) == len(forms)


def test_defaults_of_the_small_stream_are_its_own() -> None:
    assert (SubStreamConfig().width, SubStreamConfig().bitrate, StreamConfig().width) == (640, 500_000, 1280)
