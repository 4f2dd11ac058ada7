"""Waiting before the next try."""

from hypothesis import given
from hypothesis import strategies as st

from recorder.ingest.backoff import HUMAN_STEPS, JITTER, Backoff


def test_waits_grow_to_a_minute_and_stay_there() -> None:
    backoff = Backoff()
    waits = [backoff.next_seconds(0) for _ in range(30)]
    assert waits == [1] * 5 + [5] * 5 + [10] * 10 + [60] * 10


def test_a_good_stream_starts_the_steps_anew() -> None:
    backoff = Backoff()
    for _ in range(25):
        backoff.next_seconds(0)
    backoff.reset()
    assert backoff.next_seconds(0) == 1


def test_what_only_a_person_can_mend_is_tried_rarely() -> None:
    backoff = Backoff(HUMAN_STEPS)
    assert sum(backoff.next_seconds(0) for _ in range(12)) >= 1800  # no lock of an account in half an hour


@given(st.floats(0, 1))
def test_jitter_only_lengthens(share: float) -> None:
    assert 1 <= Backoff().next_seconds(share) <= 1 + JITTER
