"""What moves in pictures, and when that is an event."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recorder.events.motion import (
    CONFIRM_SECONDS,
    LEARN_PICTURES,
    QUIET_SECONDS,
    Edge,
    Episode,
    Luma,
    MotionDetector,
    zone_mask,
)
from recorder.events.motion_settings import MotionSettings

SECOND = 10**9


def scene(number: int, *, walker: int | None = None, height: int = 90, width: int = 160, light: int = 0) -> Luma:
    """A still picture with noise and a flickering label, and somebody of 8 × 20 pixels at that column."""
    still = np.random.default_rng(1).integers(60, 160, (9, 16)).repeat(10, 0).repeat(10, 1)
    picture = still + np.random.default_rng(100 + number).integers(-4, 5, still.shape) + light
    picture[2:6, 2:40:3] = 255 * (number % 2)
    if walker is not None:
        picture[50:70, walker : walker + 8] = 235
    picture = picture.clip(0, 255).astype(np.uint8)
    return picture.repeat(height // 90, 0).repeat(width // 160, 1)


def learnt(settings: MotionSettings) -> MotionDetector:
    detector = MotionDetector(settings)
    for number in range(60):
        assert not detector.moving(scene(number)), number
    return detector


@pytest.mark.parametrize("height", [90, 360, 720])
def test_somebody_who_walks_moves_and_noise_and_a_burnt_in_clock_do_not(height: int) -> None:
    detector = MotionDetector(MotionSettings(enabled=True))
    size = {"height": height, "width": height * 16 // 9}
    still = [detector.moving(scene(number, **size)) for number in range(60)]
    assert not any(still[LEARN_PICTURES:])
    walk = [detector.moving(scene(60 + step, walker=20 + 4 * step, **size)) for step in range(25)]
    assert sum(walk) >= 23
    assert not any([detector.moving(scene(90 + number, **size)) for number in range(20)][5:])


def test_the_light_switched_on_is_no_motion() -> None:
    detector = learnt(MotionSettings(enabled=True))
    assert not any(detector.moving(scene(60 + number, light=70)) for number in range(30))


def test_motion_counts_in_its_zones_only() -> None:
    left = MotionSettings(enabled=True, zones=(((0, 0), (0.4, 0), (0.4, 1), (0, 1)),))
    detector = learnt(left)
    assert not any(detector.moving(scene(60 + step, walker=90 + 4 * step)) for step in range(10))
    assert all(detector.moving(scene(80 + step, walker=10 + 4 * step)) for step in range(10))


def test_a_lower_sensitivity_wants_more() -> None:
    dull, keen = (learnt(MotionSettings(enabled=True, sensitivity=value)) for value in (1, 100))
    walk = [scene(60 + step, walker=20 + 4 * step) for step in range(10)]
    assert not any(dull.moving(picture) for picture in walk)
    assert all(keen.moving(picture) for picture in walk)


def test_a_camera_that_changes_its_size_is_learnt_anew() -> None:
    detector = learnt(MotionSettings(enabled=True))
    assert not any(detector.moving(scene(number, width=160)[:60]) for number in range(20))


def test_a_zone_covers_what_lies_within_its_corners() -> None:
    mask = zone_mask([[(0.5, 0), (1, 0), (1, 1), (0.5, 1)]], 100, 50)
    assert mask[:, 60:].all() and not mask[:, :45].any()
    assert zone_mask([], 100, 50).all()


def feed(pictures: list[tuple[float, bool]]) -> list[tuple[str, float]]:
    episode = Episode()
    edges = [episode.feed(round(at * SECOND), moving) for at, moving in pictures] + [episode.end()]
    return [(edge.phase, edge.at_utc_ns / SECOND) for edge in edges if edge]


def test_an_episode_lasts_from_its_first_moving_picture_to_its_last() -> None:
    pictures = [(0.0, False), (1.0, True), (1.2, True), (2.0, True), (2.2, False), (4.5, False), (9, False)]
    assert feed(pictures) == [("start", 1.0), ("end", 2.0)]


def test_one_moving_picture_alone_is_nothing() -> None:
    assert feed([(0.0, True), (0.2, False), (CONFIRM_SECONDS + 0.5, True), (5.0, False)]) == []


def test_what_pauses_shortly_is_one_episode() -> None:
    assert feed([(0.0, True), (0.2, True), (0.2 + QUIET_SECONDS, False), (2.3, True), (9.0, False)]) == [
        ("start", 0.0),
        ("end", 2.3),
    ]


def test_a_clock_that_steps_back_ends_an_episode() -> None:
    assert feed([(10.0, True), (10.2, True), (3.0, True), (3.2, True)])[:2] == [("start", 10.0), ("end", 10.2)]


@given(st.lists(st.tuples(st.integers(0, 3 * SECOND), st.booleans()), max_size=60))
def test_starts_and_ends_alternate_and_never_overlap(steps: list[tuple[int, bool]]) -> None:
    episode, at_ns, edges = Episode(), 0, list[Edge]()
    for step_ns, moving in steps:
        at_ns += step_ns
        if edge := episode.feed(at_ns, moving):
            edges.append(edge)
    if edge := episode.end():
        edges.append(edge)
    assert [edge.phase for edge in edges] == ["start", "end"] * (len(edges) // 2)
    assert [edge.at_utc_ns for edge in edges] == sorted(edge.at_utc_ns for edge in edges)
