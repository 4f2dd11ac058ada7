from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gate.clock import instant_of, ns_of
from gate.shared_clock.errors import ClockCommandError
from gate.shared_clock.grammar import parse_command, parse_duration, target_ns

NOW = ns_of(datetime(2026, 6, 1, tzinfo=UTC))
DAY = 86_400 * 10**9
EXPIRIES = {"cam1": NOW + 90 * DAY, "cam2": NOW + 30 * DAY}


def target(text: str, deadlines: list[int] | None = None) -> int:
    return target_ns(parse_command(text), now_ns=NOW, deadlines_ns=deadlines or [], expiries_ns=EXPIRIES)


def test_each_command_leads_where_it_says() -> None:
    assert target("advance 30d") == NOW + 30 * DAY
    assert target("advance 1d12h30m5s") == NOW + DAY + 45_005 * 10**9
    assert target("to 2027-01-01T00:00+09:00") == ns_of(datetime(2026, 12, 31, 15, tzinfo=UTC))
    assert target("to-expiry") == NOW + 30 * DAY - 10 * 10**9
    assert target("to-expiry cam1") == NOW + 90 * DAY - 10 * 10**9
    assert target("to-expiry cam1 --before 1m") == NOW + 90 * DAY - 60 * 10**9
    assert target("to-expiry --before 0s") == NOW + 30 * DAY
    assert target("next-event", [NOW - 5, NOW + 7, NOW + 9]) == NOW + 7


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("", "advance 30d"),
        ("advance", "advance 30d"),
        ("advance 30", "a duration like"),
        ("advance -1d", "a duration like"),
        ("advance 1000000d", "two hundred years"),
        ("to tomorrow", "an instant like"),
        ("to 2027-01-01", "no offset"),
        ("to 2020-01-01T00:00Z", "never goes back"),
        ("to-expiry cam9", "cam1, cam2"),
        ("to-expiry --after 3s", "[CAMERA] [--before 10s]"),
        ("to-expiry cam1 cam2", "[CAMERA] [--before 10s]"),
        ("next-event", "nobody waits"),
        ("to 9999-12-31T23:59:30Z", "ends with the year 2299"),
    ],
)
def test_a_wrong_command_is_answered_with_the_right_form(text: str, hint: str) -> None:
    with pytest.raises(ClockCommandError) as caught:
        target(text)
    assert hint in str(caught.value)


def test_expiry_without_any_licence_says_to_issue_one() -> None:
    with pytest.raises(ClockCommandError, match="issue one first"):
        target_ns(parse_command("to-expiry"), now_ns=NOW, deadlines_ns=[], expiries_ns={})


@given(st.text(max_size=40))
def test_no_text_raises_anything_but_the_declared_error(text: str) -> None:
    try:
        target(text)
    except ClockCommandError:
        pass


@given(st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=70_000)))
def test_whole_seconds_survive_the_duration_grammar(span: timedelta) -> None:
    seconds = int(span.total_seconds())
    assert parse_duration(f"{seconds // 86_400}d{seconds % 86_400}s") == timedelta(seconds=seconds)


@given(st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(2200, 1, 1)))
def test_instants_and_nanoseconds_are_the_same_thing(instant: datetime) -> None:
    aware = instant.replace(tzinfo=UTC)
    assert instant_of(ns_of(aware)) == aware
