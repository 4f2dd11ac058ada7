"""The verifier's own arithmetic of terms, against that of the licence rules."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from gate.licence.term import term_of as rules_term_of
from gate.verify.terms import term_of

TOKYO = ZoneInfo("Asia/Tokyo")


def test_free_to_the_end_of_the_next_month_then_so_many_months() -> None:
    term = term_of(datetime(2026, 11, 22, 5, tzinfo=UTC), 12, TOKYO)
    assert term.free_until == datetime(2027, 1, 1, tzinfo=TOKYO)
    assert term.expiry == datetime(2028, 1, 1, tzinfo=TOKYO)


def test_the_day_is_that_of_the_local_calendar() -> None:
    assert term_of(datetime(2026, 11, 30, 15, tzinfo=UTC), 12, TOKYO).free_until == datetime(2027, 2, 1, tzinfo=TOKYO)


@given(st.datetimes(datetime(2020, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)), st.sampled_from([12, 36, 60]))
def test_the_free_period_has_29_to_62_days_and_the_term_whole_months(allocated: datetime, months: int) -> None:
    term = term_of(allocated, months, TOKYO)
    first_day = allocated.astimezone(TOKYO).replace(hour=0, minute=0, second=0, microsecond=0)
    assert timedelta(days=29) <= term.free_until - first_day <= timedelta(days=62)
    free_until, expiry = term.free_until.astimezone(TOKYO), term.expiry.astimezone(TOKYO)
    assert (free_until.day, expiry.day) == (1, 1)
    assert (expiry.year - free_until.year) * 12 + expiry.month - free_until.month == months


@given(st.datetimes(datetime(2020, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)), st.sampled_from([12, 36, 60]))
def test_it_agrees_with_the_licence_rules(allocated: datetime, months: int) -> None:
    assert term_of(allocated, months, TOKYO).expiry == rules_term_of(allocated, months, TOKYO).ends
