"""The sites as pictures: each view draws, moves, loops, and is the same every time."""

from functools import cache

import numpy as np
import pytest

from camera_sim.scene.overlay import Overlay
from camera_sim.scene.site import Site, open_site

VIEWS = [("shop_entrance", 0), ("shop_entrance", 1), ("car_park", 0), ("car_park", 1)]


@cache
def site(scene: str, view: int) -> Site:
    return open_site(scene, view, 320, 180)


@pytest.mark.parametrize(("scene", "view"), VIEWS)
def test_a_site_is_colourful_and_full_of_detail(scene: str, view: int) -> None:
    picture = site(scene, view).draw(5)
    assert picture.shape == (180, 320, 3)
    assert picture.dtype == np.uint8
    assert picture.std() > 30
    assert np.abs(np.diff(picture.astype(int), axis=1)).mean() > 3


@pytest.mark.parametrize(("scene", "view"), VIEWS)
def test_something_moves_in_every_view_within_a_loop(scene: str, view: int) -> None:
    still = site(scene, view).draw(0.0).astype(int)
    moved = [np.abs(site(scene, view).draw(second).astype(int) - still).max() for second in range(5, 60, 10)]
    assert max(moved) > 60


@pytest.mark.parametrize(("scene", "view"), VIEWS)
def test_the_loop_has_no_seam(scene: str, view: int) -> None:
    step = 1 / 15
    end, begin, after = (site(scene, view).draw(second).astype(int) for second in (60 - step, 0.0, step))
    seam, ordinary = np.abs(begin - end), np.abs(after - begin)
    assert seam.mean() <= ordinary.mean() + 0.35


def test_drawing_is_repeatable() -> None:
    assert np.array_equal(site("car_park", 1).draw(12.5), open_site("car_park", 1, 320, 180).draw(12.5))


def test_the_clock_shows_other_tenths_every_picture_that_has_them() -> None:
    overlay = Overlay(320, 180)
    pictures = []
    for number in (0, 1, 2, 899):
        i420 = np.full((270, 320), 128, np.uint8)
        overlay.draw(i420, number, 15)
        pictures.append(i420[150:180, 260:])
    assert not np.array_equal(pictures[0], pictures[2])
    assert not np.array_equal(pictures[0], pictures[3])
