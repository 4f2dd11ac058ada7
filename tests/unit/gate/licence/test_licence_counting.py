"""Other ways of counting than the manual's, and the calendar that all share."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gate.licence.counting import count
from gate.licence.rules import Rules
from gate.licence.term import months_after, term_of

ZONES = [
    "Asia/Tokyo",
    "UTC",
    "Europe/Berlin",
    "America/Sao_Paulo",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "Pacific/Kiritimati",
]
INSTANTS = st.datetimes(datetime(2023, 1, 1), datetime(2040, 12, 31), timezones=st.just(UTC))


@pytest.mark.parametrize(
    ("day", "months", "after"),
    [
        (date(2026, 1, 15), 1, date(2026, 2, 15)),
        (date(2026, 1, 31), 1, date(2026, 3, 1)),  # valid to 28 February, the last day there is
        (date(2027, 12, 30), 2, date(2028, 3, 1)),
        (date(2024, 2, 29), 12, date(2025, 3, 1)),
        (date(2024, 2, 29), 48, date(2028, 2, 29)),
        (date(2026, 3, 31), 12, date(2027, 3, 31)),
    ],
)
def test_a_period_of_months_ends_as_the_civil_code_says(day: date, months: int, after: date) -> None:
    assert months_after(day, months) == after


@given(day=st.dates(date(2023, 1, 1), date(2040, 12, 31)), months=st.integers(1, 120))
def test_longer_periods_end_later_and_later_days_never_earlier(day: date, months: int) -> None:
    assert months_after(day, months) < months_after(day, months + 1)
    assert months_after(day, months) <= months_after(day + timedelta(days=1), months)


@given(
    allocated=INSTANTS,
    months=st.sampled_from([1, 12, 36, 60]),
    zone=st.sampled_from(ZONES),
    origin=st.sampled_from(["first", "renewal", "automatic"]),
)
def test_the_default_rules_are_the_formula_in_every_zone(
    allocated: datetime, months: int, zone: str, origin: str
) -> None:
    previous = term_of(allocated - timedelta(days=300), 12, ZoneInfo(zone))
    term = count(Rules(time_zone=zone), at=allocated, months=months, origin=origin, previous=previous)  # type: ignore[arg-type]
    assert term == term_of(allocated, months, ZoneInfo(zone))
    assert 29 <= term.free_days <= 62
    local = term.ends.astimezone(ZoneInfo(zone))
    assert local.day == 1
    assert (term.ends - timedelta(microseconds=1)).astimezone(ZoneInfo(zone)).day != 1


@given(
    allocated=INSTANTS,
    rule=st.sampled_from(["calendar", "strict60", "from_expiry"]),
    free=st.sets(st.sampled_from(["first", "renewal", "automatic"])),
    days_before=st.integers(-30, 400),
    zone=st.sampled_from(ZONES),
)
def test_whatever_the_rule_a_term_is_paid_in_full_months_and_valid_from_its_allocation(
    allocated: datetime, rule: str, free: set[str], days_before: int, zone: str
) -> None:
    rules = Rules(time_zone=zone, renewal=rule, free_period=frozenset(free))  # type: ignore[arg-type]
    previous = term_of(allocated + timedelta(days=days_before - 425), 12, rules.zone)
    term = count(rules, at=allocated, months=12, origin="renewal", previous=previous)
    assert term.starts == allocated < term.ends
    assert term.last_day + timedelta(days=1) == months_after(term.term_start, 12)
    assert term.term_start >= term.allocated_on
    if rule == "from_expiry" and previous.ends > allocated:
        assert term.term_start == previous.last_day + timedelta(days=1)
    if rule == "strict60" and 0 <= (previous.last_day - term.allocated_on).days <= 60 and previous.ends > allocated:
        assert term.term_start > previous.last_day, "burns nothing"
