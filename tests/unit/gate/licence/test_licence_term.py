"""The formula of the licence term: the worked cases, and what must hold on every day of the calendar."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from gate.licence.errors import TermError
from gate.licence.term import first_instant, last_day_of, renewal_of, term_of

TOKYO = ZoneInfo("Asia/Tokyo")
ZONES = ["Asia/Tokyo", "UTC", "Europe/Berlin", "America/Sao_Paulo", "America/Havana", "Asia/Beirut", "Pacific/Apia"]
CASES: dict[str, list[dict[str, Any]]] = yaml.safe_load(
    (Path(__file__).parents[3] / "testdata/licence_terms.yaml").read_text()
)
DAYS_OF_2023_TO_2040 = [date(2023, 1, 1) + timedelta(days=n) for n in range((date(2041, 1, 1) - date(2023, 1, 1)).days)]


@pytest.mark.parametrize("case", CASES["first_allocation"], ids=lambda case: str(case["allocated"]))
def test_first_allocation_is_free_until_the_end_of_the_next_month(case: dict[str, Any]) -> None:
    term = term_of(first_instant(case["allocated"], TOKYO), 12, TOKYO)
    assert term.allocated_on == case["allocated"]
    assert (term.free_until, term.free_days) == (case["free_until"], case["free_days"])
    assert (term.term_start, term.last_day) == (case["term_start"], case["last_day"])


@pytest.mark.parametrize("case", CASES["instant_boundary"], ids=lambda case: str(case["allocated_utc"]))
def test_the_allocations_local_date_counts_to_the_second(case: dict[str, Any]) -> None:
    term = term_of(datetime.fromisoformat(case["allocated_utc"]), 12, TOKYO)
    assert term.last_day == case["last_day"]


@pytest.mark.parametrize("case", CASES["renewal"], ids=lambda case: str(case["allocated"]))
def test_renewal_burns_or_gains_days_by_its_date(case: dict[str, Any]) -> None:
    term = term_of(first_instant(case["allocated"], TOKYO), 12, TOKYO)
    renewal = renewal_of(case["old_last_day"], term)
    got = {
        "term_start": term.term_start,
        "last_day": term.last_day,
        "burnt": renewal.burnt_days,
        "extra_free": renewal.extra_free_days,
        "dark_full_days": renewal.dark_full_days,
    }
    wanted = {name: value for name, value in case.items() if name in got}
    assert {name: got[name] for name in wanted} == wanted
    assert min(got["burnt"], got["extra_free"], got["dark_full_days"]) == 0


@pytest.mark.parametrize("zone_name", ZONES)
def test_the_free_window_has_29_to_62_days_on_every_day_of_the_calendar(zone_name: str) -> None:
    zone = ZoneInfo(zone_name)
    lengths = set()
    for day in DAYS_OF_2023_TO_2040:
        term = term_of(first_instant(day, zone), 12, zone)
        assert term.allocated_on == day
        assert term.term_start.day == 1
        lengths.add(term.free_days)
    assert (min(lengths), max(lengths)) == (29, 62)


@pytest.mark.parametrize("zone_name", ZONES)
def test_a_term_ends_at_the_first_instant_of_a_local_first(zone_name: str) -> None:
    zone = ZoneInfo(zone_name)
    for day in DAYS_OF_2023_TO_2040[::7]:
        for months in (1, 12, 60):
            end = term_of(first_instant(day, zone), months, zone).ends
            assert end.astimezone(zone).day == 1
            assert (end - timedelta(microseconds=1)).astimezone(zone).day != 1


@given(
    allocated=st.datetimes(datetime(2023, 1, 1), datetime(2040, 12, 31), timezones=st.just(UTC)),
    months=st.integers(1, 120),
    zone_name=st.sampled_from(ZONES),
)
def test_the_parts_of_a_term_follow_each_other(allocated: datetime, months: int, zone_name: str) -> None:
    zone = ZoneInfo(zone_name)
    term = term_of(allocated, months, zone)
    assert term.starts == allocated < term.ends
    assert term.allocated_on <= term.free_until < term.term_start <= term.last_day
    assert last_day_of(term.ends, zone) == term.last_day
    paid_months = (term.last_day + timedelta(days=1)).year * 12 + (term.last_day + timedelta(days=1)).month
    assert paid_months - (term.term_start.year * 12 + term.term_start.month) == months


@given(
    old=st.dates(date(2023, 1, 1), date(2039, 12, 31)),
    allocated=st.dates(date(2023, 1, 1), date(2039, 12, 31)),
)
def test_a_renewal_account_is_balanced(old: date, allocated: date) -> None:
    term = term_of(first_instant(allocated, TOKYO), 12, TOKYO)
    renewal = renewal_of(old, term)
    assert not (renewal.burnt_days and renewal.extra_free_days)
    assert not (renewal.burnt_days and renewal.dark_full_days)
    from_old_end = (term.term_start - old).days - 1
    assert renewal.dark_full_days + renewal.extra_free_days - renewal.burnt_days == from_old_end


@pytest.mark.parametrize(
    ("zone_name", "day", "instant"),
    [
        ("Asia/Tokyo", date(2026, 1, 1), "2025-12-31T15:00:00Z"),
        # clocks go from 24:00 to 01:00: the day begins at 01:00 local
        ("America/Sao_Paulo", date(2018, 11, 4), "2018-11-04T03:00:00Z"),
        ("Asia/Beirut", date(2026, 3, 29), "2026-03-28T22:00:00Z"),
        # midnight comes twice: the earlier one
        ("America/Havana", date(2026, 11, 1), "2026-11-01T04:00:00Z"),
        # 30 December 2011 did not exist in Samoa
        ("Pacific/Apia", date(2011, 12, 30), "2011-12-30T10:00:00Z"),
        # the skip lies around midnight, 23:30 to 00:30
        ("America/Toronto", date(1919, 3, 31), "1919-03-31T04:30:00Z"),
    ],
)
def test_a_local_day_begins_where_its_zone_says(zone_name: str, day: date, instant: str) -> None:
    assert first_instant(day, ZoneInfo(zone_name)) == datetime.fromisoformat(instant)


@given(
    day=st.dates(date(1900, 1, 2), date(2100, 1, 1)),
    zone_name=st.sampled_from([*ZONES, "America/Toronto", "Australia/Lord_Howe", "Africa/Cairo", "Asia/Gaza"]),
)
def test_nothing_before_the_first_instant_of_a_day_belongs_to_it(day: date, zone_name: str) -> None:
    zone = ZoneInfo(zone_name)
    begins = first_instant(day, zone)
    assert begins.astimezone(zone).date() >= day
    assert (begins - timedelta(seconds=1)).astimezone(zone).date() < day


@pytest.mark.parametrize("months", [0, -1, 121])
def test_months_out_of_bounds_are_refused(months: int) -> None:
    with pytest.raises(TermError, match="months"):
        term_of(datetime(2026, 1, 1, tzinfo=UTC), months, TOKYO)


def test_a_naive_allocation_is_refused() -> None:
    with pytest.raises(TermError, match="time zone"):
        term_of(datetime(2026, 1, 1), 12, TOKYO)


def test_an_allocation_at_the_calendars_end_is_refused() -> None:
    with pytest.raises(TermError, match="calendar"):
        term_of(datetime(9999, 12, 31, 20, tzinfo=UTC), 12, TOKYO)
