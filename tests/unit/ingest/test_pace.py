"""Packets that come in bursts go on at their own pace."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from recorder.ingest.pace import JUMP_SECONDS, LATE_SECONDS, Pace

SECOND = 10**9
PICTURE = SECOND // 25


def gone(arrivals: list[tuple[int, int]]) -> list[int]:
    """When packets of (media time, arrival) go on, each taken up once the one before has gone."""
    pace, now, found = Pace(), 0, []
    for media, arrival in arrivals:
        now = max(now, arrival)
        now = max(now, pace.due_ns(media, now))
        found.append(now)
    return found


def test_segments_of_ten_seconds_become_a_steady_stream() -> None:
    arrivals = [(number * PICTURE, number // 250 * 10 * SECOND + 2 * SECOND) for number in range(1000)]
    found = gone(arrivals)
    assert {after - before for before, after in pairwise(found)} == {PICTURE}


def test_who_had_to_be_waited_for_is_later_from_then_on() -> None:
    arrivals = [(number * PICTURE, 3 * SECOND if number >= 50 else 0) for number in range(100)]
    found = gone(arrivals)
    assert found[50] == 3 * SECOND
    assert {after - before for before, after in pairwise(found[50:])} == {PICTURE}


def test_a_small_delay_is_made_up_for() -> None:
    late = int(LATE_SECONDS * SECOND * 0.8)
    found = gone([(number * PICTURE, number * PICTURE + (late if number == 10 else 0)) for number in range(60)])
    assert found[59] == 59 * PICTURE


@given(st.lists(st.integers(-100 * SECOND, 100 * SECOND), max_size=40))
def test_no_jump_stops_the_stream_for_long_and_none_lets_it_run_ahead(steps: list[int]) -> None:
    media, arrivals = 0, [(0, 0)]
    for step in steps:
        media += step
        arrivals.append((media, 0))
    for (before, after), (old, new) in zip(pairwise(gone(arrivals)), pairwise(m for m, _ in arrivals), strict=True):
        assert 0 <= after - before <= JUMP_SECONDS * SECOND
        assert after - before >= min(new - old, JUMP_SECONDS * SECOND) - LATE_SECONDS * SECOND
