"""From a moment to the last days whose reminders are due: the inverse of gate.licence.reminders."""

from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from gate.licence.reminders import moment_of
from gate.licence.rules import Reminder, Rules
from gate.licence.term import Term
from gate.service.jobs.reminders import last_day_reached

INSTANTS = st.datetimes(datetime(2024, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))


def term_to(last_day: date, rules: Rules) -> Term:
    starts = datetime(2020, 1, 1, tzinfo=UTC)
    ends = datetime.combine(last_day + timedelta(days=1), datetime.min.time(), rules.zone).astimezone(UTC)
    day = date(2020, 1, 1)
    return Term(allocated_on=day, free_until=day, term_start=day, last_day=last_day, starts=starts, ends=ends)


@given(
    instant=INSTANTS,
    days=st.integers(0, 400),
    zone=st.sampled_from(["Asia/Tokyo", "America/New_York", "Europe/London", "Pacific/Apia", "Asia/Kathmandu"]),
)
def test_a_last_day_is_reached_exactly_when_its_reminder_is_due(instant: datetime, days: int, zone: str) -> None:
    rules = Rules(time_zone=zone)
    one = Reminder(audience="partner", days=days)
    reached = last_day_reached(one, instant, rules)
    assert moment_of(one, term_to(reached, rules), rules) <= instant
    assert moment_of(one, term_to(reached + timedelta(days=1), rules), rules) > instant
