"""The sites as pictures: each view draws, moves as its state says, loops, and is the same every time."""

from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray

from camera_sim.camera_config import VIEWS, SceneName
from camera_sim.scene.overlay import Overlay
from camera_sim.scene.site import Site
from camera_sim.scene.sites import open_site
from camera_sim.scene.tamper import finish
from camera_sim.state import Activity, Light, State

SCENES: tuple[str, ...] = SceneName.__args__
EYES = [(scene, view) for scene in SCENES for view in range(VIEWS)]
WIDTH, HEIGHT = 320, 180


@cache
def site(scene: str, view: int, light: Light = "day", knocked: bool = False) -> Site:
    return open_site(scene, view, light, knocked, WIDTH, HEIGHT)


def drawn(scene: str, view: int, second: float, activity: Activity = "idle", light: Light = "day") -> NDArray[np.int64]:
    return site(scene, view, light).draw(second, activity).astype(int)


def changed(first: NDArray[np.int64], second: NDArray[np.int64]) -> int:
    """Pixels that differ by more than noise."""
    return int((np.abs(first - second).max(axis=2) > 24).sum())


@pytest.mark.parametrize(("scene", "view"), EYES)
def test_a_site_is_full_of_detail(scene: str, view: int) -> None:
    picture = site(scene, view).draw(5, "idle")
    assert (picture.shape, picture.dtype) == ((HEIGHT, WIDTH, 3), np.uint8)
    assert picture.std() > 30
    assert np.abs(np.diff(picture.astype(int), axis=1)).mean() > 2.5


@pytest.mark.parametrize(("scene", "view"), EYES)
def test_nothing_moves_while_a_site_is_idle(scene: str, view: int) -> None:
    assert all(np.array_equal(drawn(scene, view, 0), drawn(scene, view, second)) for second in range(7, 60, 13))


@pytest.mark.parametrize("activity", ["person", "vehicle"])
@pytest.mark.parametrize(("scene", "view"), EYES)
def test_somebody_is_in_sight_whenever_an_event_says_so(scene: str, view: int, activity: Activity) -> None:
    still = drawn(scene, view, 0)
    seen = [changed(drawn(scene, view, second, activity), still) >= 25 for second in range(60)]
    empty = [second for second, is_seen in enumerate(seen) if not is_seen]
    assert len(empty) <= 8, empty
    assert not any({second, second + 1, second + 2} <= set(empty) for second in empty), empty


@pytest.mark.parametrize(("scene", "view"), EYES)
def test_the_loop_has_no_seam(scene: str, view: int) -> None:
    step = 1 / 15
    end, begin, after = (drawn(scene, view, second, "motion") for second in (60 - step, 0.0, step))
    seam, ordinary = np.abs(begin - end), np.abs(after - begin)
    assert seam.mean() <= ordinary.mean() + 0.35


@pytest.mark.parametrize("scene", SCENES)
def test_by_night_a_site_is_much_darker_and_still_shows_who_moves(scene: str) -> None:
    night = drawn(scene, 0, 0, light="night")
    assert night.mean() < 0.7 * drawn(scene, 0, 0).mean()
    assert max(changed(drawn(scene, 0, second, "person", "night"), night) for second in range(0, 60, 6)) >= 25


@pytest.mark.parametrize("scene", SCENES)
def test_a_camera_that_was_meddled_with_sees_something_else(scene: str) -> None:
    plain = site(scene, 0).draw(0, "idle")
    states: tuple[State, ...] = ("dark", "blurred")
    dark, blurred = (finish(plain, state).astype(int) for state in states)
    moved = site(scene, 0, knocked=True).draw(0, "idle").astype(int)
    assert dark.mean() < 12
    assert np.abs(np.diff(blurred, axis=1)).mean() < 0.5 * np.abs(np.diff(plain.astype(int), axis=1)).mean()
    assert abs(blurred.mean() - plain.mean()) < 3
    assert changed(moved, plain.astype(int)) > WIDTH * HEIGHT // 5


def test_drawing_is_repeatable() -> None:
    again = open_site("car_park", 1, "day", False, WIDTH, HEIGHT)
    assert np.array_equal(site("car_park", 1).draw(12.5, "motion"), again.draw(12.5, "motion"))


def test_the_clock_shows_other_tenths_every_picture_that_has_them() -> None:
    overlay = Overlay(320, 180)
    pictures = []
    for number in (0, 1, 2, 899):
        i420 = np.full((270, 320), 128, np.uint8)
        overlay.draw(i420, number, 15)
        pictures.append(i420[150:180, 260:])
    assert not np.array_equal(pictures[0], pictures[2])
    assert not np.array_equal(pictures[0], pictures[3])
