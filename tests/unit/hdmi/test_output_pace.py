"""How the output goes slower when the machine is too busy, and fast again."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from hdmi_out.pace import FASTER_SECONDS, SLOWER_SECONDS, Pace, PaceKeeper, paces


def run(keeper: PaceKeeper, seconds: float, *, frame_seconds: float, behind: bool = False) -> None:
    """The machine needs so long for each frame."""
    while seconds > 0:
        seconds -= 1 / keeper.pace.fps
        keeper.add(frame_seconds, behind=behind)


def test_an_output_in_time_keeps_the_rate_that_is_wanted() -> None:
    keeper = PaceKeeper(paces(30))
    run(keeper, 600, frame_seconds=0.02)
    assert keeper.pace == Pace(fps=30) and not keeper.reduced


def test_an_output_that_is_late_goes_slower_until_it_is_in_time() -> None:
    keeper = PaceKeeper(paces(30))
    run(keeper, 60, frame_seconds=0.06)
    assert keeper.pace == Pace(fps=10) and keeper.reduced


def test_a_moments_rush_changes_nothing() -> None:
    keeper = PaceKeeper(paces(30))
    run(keeper, SLOWER_SECONDS * 0.9, frame_seconds=1.0)
    run(keeper, 5, frame_seconds=0.005)
    assert not keeper.reduced


def test_when_no_rate_is_slow_enough_only_key_pictures_are_decoded() -> None:
    keeper = PaceKeeper(paces(30))
    run(keeper, 120, frame_seconds=0.01, behind=True)
    assert keeper.pace == Pace(fps=1, keys_only=True)


def test_with_room_again_it_goes_back_step_by_step() -> None:
    keeper = PaceKeeper(paces(30))
    run(keeper, 120, frame_seconds=0.2, behind=True)
    seen = []
    for _ in range(100):
        run(keeper, FASTER_SECONDS / 4, frame_seconds=0.005)
        if not seen or seen[-1] != keeper.pace:
            seen.append(keeper.pace)
    assert seen == list(reversed(paces(30)))


@given(st.integers(1, 30), st.floats(0.001, 0.5))
def test_under_a_steady_load_it_settles(fps: int, frame_seconds: float) -> None:
    keeper = PaceKeeper(paces(fps))
    run(keeper, 300, frame_seconds=frame_seconds)
    settled = keeper.pace
    run(keeper, 300, frame_seconds=frame_seconds)
    assert keeper.pace == settled


@given(st.integers(1, 30))
def test_every_pace_is_slower_than_the_one_before(fps: int) -> None:
    known = paces(fps)
    assert known[0] == Pace(fps=fps)
    assert all((later.fps, not later.keys_only) < (pace.fps, not pace.keys_only) for pace, later in pairwise(known))
