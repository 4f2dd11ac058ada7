"""When planned events are due."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camera_sim.errors import EventError
from camera_sim.events.plan import Every, lasting, next_due, weekly_of

TOKYO, BERLIN = ZoneInfo("Asia/Tokyo"), ZoneInfo("Europe/Berlin")
instants = st.datetimes(datetime(2024, 1, 1), datetime(2034, 1, 1)).map(lambda naive: naive.replace(tzinfo=UTC))


@given(instants, st.integers(1, 86_400), st.integers(0, 86_400))
def test_what_comes_again_and_again_is_next_due_within_one_period(now: datetime, seconds: int, phase: int) -> None:
    due = next_due(Every(seconds=seconds, phase_seconds=phase), now)
    assert now < due <= now + timedelta(seconds=seconds)
    assert (round(due.timestamp()) - phase) % seconds == 0


@given(instants)
def test_a_weekly_time_comes_on_its_days_at_its_time_of_day(now: datetime) -> None:
    due = next_due(weekly_of("mon-fri 08:30", TOKYO), now)
    there = due.astimezone(TOKYO)
    assert now < due <= now + timedelta(days=3)
    assert (there.weekday() < 5, there.hour, there.minute, there.second) == (True, 8, 30, 0)


@given(instants, st.sampled_from(["daily 02:30", "sun 02:30", "fri-mon 23:59"]))
def test_no_week_is_left_out_where_clocks_change(now: datetime, text: str) -> None:
    when = weekly_of(text, BERLIN)
    due = next_due(when, now)
    assert now < due <= now + timedelta(days=7, hours=1)
    assert next_due(when, due) > due


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("monday 8:30", "a day and a time like"),
        ("mon 24:00", "a day and a time like"),
        ("mon-fry 08:30", "'mon-fry' is no day; the days are mon, tue"),
        ("", "a day and a time like"),
    ],
)
def test_a_bad_weekly_time_is_one_sentence(text: str, says: str) -> None:
    with pytest.raises(EventError, match=says):
        weekly_of(text, TOKYO)


@pytest.mark.parametrize("seconds", [0.5, 90_000, float("nan")])
def test_an_event_has_bounds(seconds: float) -> None:
    with pytest.raises(EventError, match="an event lasts 1 to 86400 s"):
        lasting(seconds)
