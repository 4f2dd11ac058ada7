"""The calendar of a licence: from the moment of allocation to the last instant of the paid term.

A is the local date of allocation; F the last day of the month after A; T0 = F + 1 day, always a 1st; X = T0 + months;
E = X - 1 day. Free `[A, T0)`, paid `[T0, X)`, valid from the allocation's instant to X. All of it in the local calendar
of the service; instants are UTC. Rules R3, R4, R5, R8 of the manual: 「割り振った日から…「翌月の月末」までは無料期間」.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo

from gate.licence.errors import TermError

MONTHS_MAX = 120
_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One licence's term. Dates are local days, `starts` and `ends` UTC instants; `ends` is exclusive."""

    allocated_on: date
    """A"""
    free_until: date
    """F, the last free day"""
    term_start: date
    """T0, the first paid day"""
    last_day: date
    """E, the last valid day"""
    starts: datetime
    """The instant of allocation: validity begins here."""
    ends: datetime
    """X"""

    @property
    def free_days(self) -> int:
        """Days from A to F, both counted: 29 to 62."""
        return (self.term_start - self.allocated_on).days


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewal:
    """What a renewal's date costs or gains against the term before it, in days, never negative."""

    burnt_days: int
    """Paid days of the old term that the new paid term overlaps."""
    extra_free_days: int
    """Free days that lie beyond the old term."""
    dark_full_days: int
    """Whole days between the old term's end and the allocation."""


def term_of(allocated: datetime, months: int, zone: tzinfo) -> Term:
    """The term of a licence allocated at that instant. Raises TermError for months or years out of bounds."""
    return term_from(allocated, months, zone, lambda allocated_on: _month_after(allocated_on, 2))


def term_from(allocated: datetime, months: int, zone: tzinfo, start_of: Callable[[date], date]) -> Term:
    """A term whose first paid day is what `start_of` makes of the local day of allocation. For other ways of counting
    than the manual's: a term that does not begin on a 1st ends as periods of months do (`months_after`)."""
    if allocated.tzinfo is None:
        raise TermError(f"the allocation {allocated.isoformat()} has no time zone")
    if not 1 <= months <= MONTHS_MAX:
        raise TermError(f"a term of {months} months; 1 to {MONTHS_MAX} are possible")
    try:
        allocated_on = allocated.astimezone(zone).date()
        term_start = start_of(allocated_on)
        end_day = months_after(term_start, months)
        return Term(
            allocated_on=allocated_on,
            free_until=term_start - _DAY,
            term_start=term_start,
            last_day=end_day - _DAY,
            starts=allocated.astimezone(UTC),
            ends=first_instant(end_day, zone),
        )
    except (OverflowError, ValueError):
        raise TermError(f"an allocation in {allocated.year} leaves the calendar") from None


def months_after(day: date, months: int) -> date:
    """The day after a period of months that begins on `day`: the same day of the month, or the 1st of the next month
    where that month has no such day (Japanese Civil Code article 143, paragraph 2)."""
    first = _month_after(day, months)
    length_days = (_month_after(first, 1) - first).days
    return first.replace(day=day.day) if day.day <= length_days else _month_after(first, 1)


def first_day_without_burn(previous_last_day: date) -> date:
    """The earliest local day on which a renewal of a term that ends then burns nothing: 58 to 61 days before it."""
    end_day = previous_last_day + _DAY
    return _month_after(end_day, -2 if end_day.day == 1 else -1)


def renewal_of(previous_last_day: date, renewed: Term) -> Renewal:
    """Compares a renewal with the term that ends on `previous_last_day`."""
    beyond_days = (renewed.term_start - previous_last_day).days - 1
    dark_days = max((renewed.allocated_on - previous_last_day).days - 1, 0)
    return Renewal(
        burnt_days=max(-beyond_days, 0),
        extra_free_days=max(beyond_days - dark_days, 0),
        dark_full_days=dark_days,
    )


def first_instant(day: date, zone: tzinfo) -> datetime:
    """The first instant (UTC) of a local day: 00:00, the earlier one where it comes twice, and where clocks skip it the
    moment they do. Of a day that a zone left out altogether: the moment it was skipped."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=zone)
    instant = midnight.astimezone(UTC)
    if instant.astimezone(zone).replace(tzinfo=None) == midnight.replace(tzinfo=None):
        return instant
    # In a gap fold=1 reckons with the offset after it and fold=0 with the one before (PEP 495): the skip lies between.
    before, after = midnight.replace(fold=1).astimezone(UTC), instant
    while after - before > _SECOND:
        middle = before + (after - before) // _SECOND // 2 * _SECOND
        if middle.astimezone(zone).date() < day:
            before = middle
        else:
            after = middle
    return after


def last_day_of(end: datetime, zone: tzinfo) -> date:
    """The local day of the last instant before the exclusive `end`."""
    return (end - timedelta(microseconds=1)).astimezone(zone).date()


def _month_after(day: date, months: int) -> date:
    """The 1st of the month so many months after the day's."""
    index = day.year * 12 + day.month - 1 + months
    return date(index // 12, index % 12 + 1, 1)
