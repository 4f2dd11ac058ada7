"""When pictures are decoded that come in decode order and say when they are shown."""

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recorder.ingest.decode_times import REORDER_MAX, DecodeTimes

FRAME = 3000
PATTERNS = {
    "one": [2, 1],
    "two": [3, 1, 2],
    "pyramid": [4, 2, 1, 3],
    "deep pyramid": [16, 8, 4, 2, 1, 3, 6, 5, 7, 12, 10, 9, 11, 14, 13, 15],
}


def stream(pattern: Sequence[int], groups: int, *, is_open: bool = False) -> list[int]:
    """Times of showing in decode order: a key frame, then three of the pattern; of open groups the key frame overtakes
    what is shown before it."""
    length = 3 * max(pattern)
    times: list[int] = []
    for group in range(groups):
        start = group * (length + (0 if is_open else 1))
        if group == 0 or not is_open:
            times.append(start)
        times += [start + step + place for step in range(0, length, max(pattern)) for place in pattern]
    return [time * FRAME for time in times]


def known(times: Sequence[int]) -> DecodeTimes:
    """After the first pictures have come."""
    made, latest = DecodeTimes(), -1
    for ticks in times:
        assert ticks > latest or made.is_reordered(ticks)
        made.note(ticks)
        latest = max(latest, ticks)
    return made


@pytest.mark.parametrize("is_open", [False, True])
@pytest.mark.parametrize("pattern", PATTERNS.values(), ids=PATTERNS)
def test_pictures_are_decoded_at_a_steady_pace_however_they_are_reordered(
    pattern: Sequence[int], is_open: bool
) -> None:
    times = stream(pattern, 4, is_open=is_open)
    made = known(times)
    made.begin_run()
    assert [made.next(ticks) for ticks in times] == [number * FRAME for number in range(len(times))]


def test_without_b_frames_a_picture_is_decoded_when_it_is_shown() -> None:
    made = DecodeTimes()
    assert [made.next(ticks) for ticks in (0, 2999, 6001, 50_000)] == [0, 2999, 6001, 50_000]


def test_a_depth_that_shows_late_costs_an_odd_pace_for_moments_only() -> None:
    times = stream(PATTERNS["two"], 6)
    made, latest, found = DecodeTimes(), -1, []
    for ticks in times:
        assert ticks > latest or made.is_reordered(ticks)
        made.note(ticks)
        latest = max(latest, ticks)
        found.append(made.next(ticks))
    assert all(after > before for before, after in pairwise(found))
    assert found[8:] == [number * FRAME for number in range(8, len(times))]


def test_the_same_time_twice_is_no_b_frame() -> None:
    made = known([0, FRAME, 2 * FRAME])
    assert not made.is_reordered(FRAME) and not made.is_reordered(2 * FRAME)


def test_what_steps_back_further_than_pictures_are_reordered_is_no_b_frame() -> None:
    made = known([number * FRAME for number in range(20)])
    assert made.is_reordered(19 * FRAME - REORDER_MAX * FRAME + 1)
    assert not made.is_reordered(19 * FRAME - (REORDER_MAX + 1) * FRAME + 1)
    sparse = known([0, 900_000])
    assert not sparse.is_reordered(90_000), "seconds of its own"


@given(st.lists(st.integers(-5 * FRAME, 5 * FRAME), max_size=60))
def test_decode_times_strictly_increase_whatever_comes(steps: list[int]) -> None:
    made, ticks, latest, found = DecodeTimes(), 0, 0, []
    made.note(0)
    for step in steps:
        ticks += step
        if ticks > latest or made.is_reordered(ticks):
            made.note(ticks)
        latest = max(latest, ticks)
        found.append(made.next(ticks))
    assert all(after > before for before, after in pairwise(found))
