"""Weekly schedules in local time. Pure.

1. `mon-fri 08:00-18:00`: days (`mon`, `mon,wed`, `mon-fri`, `daily`), then from and to. A `to` that is not later than
   the `from` lies on the next day; the days are those on which a span begins. `24:00` is the day's end.
2. A span is one unbroken stretch of time, whatever the clocks do: where they are set back it lasts from the first time
   they show its beginning to the last time they show its end; a time that they skip is the moment of the change.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from gate.clock import instant_of, ns_of

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY_MINUTES = 24 * 60
_SPAN = re.compile(r"([a-z]+(?:[,-][a-z]+)*)\s+(\d{1,2}):(\d\d)\s*-\s*(\d{1,2}):(\d\d)")
_EXAMPLE = "mon-fri 08:00-18:00"
_DAYS_BACK, _DAYS_AHEAD = 2, 9
"""How far around an instant spans are laid out: more than a week, so that at least one lies on either side."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WeekSpan:
    """`days`: 0 is Monday. Minutes count from local midnight of that day; `end_minute` passes 24 hours where the span
    ends on the next day."""

    days: frozenset[int]
    start_minute: int
    end_minute: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A stretch `[start_utc_ns, end_utc_ns)` in which a schedule is open, or is not. At its end: look again."""

    open: bool
    start_utc_ns: int
    end_utc_ns: int

    def covers(self, utc_ns: int) -> bool:
        """Whether the instant lies in it."""
        return self.start_utc_ns <= utc_ns < self.end_utc_ns


@dataclass(frozen=True, slots=True, kw_only=True)
class WeeklySchedule:
    """At least one span, in a zone's local time."""

    spans: tuple[WeekSpan, ...]
    zone: ZoneInfo

    def window_at(self, utc_ns: int) -> Window:
        """The window that covers an instant."""
        today = instant_of(utc_ns).astimezone(self.zone).date()
        first, last = today - timedelta(days=_DAYS_BACK), today + timedelta(days=_DAYS_AHEAD)
        start_ns, limit_ns = (ns_of(_instant(day, 0, self.zone, last=False)) for day in (first, last))
        for opens_ns, closes_ns in _merged(sorted(self._stretches(first, last))):
            if utc_ns < opens_ns:
                return Window(open=False, start_utc_ns=start_ns, end_utc_ns=opens_ns)
            if utc_ns < closes_ns:
                return Window(open=True, start_utc_ns=opens_ns, end_utc_ns=closes_ns)
            start_ns = max(start_ns, closes_ns)
        return Window(open=False, start_utc_ns=start_ns, end_utc_ns=limit_ns)

    def _stretches(self, first: date, last: date) -> Iterator[tuple[int, int]]:
        for ordinal in range(first.toordinal() - 1, last.toordinal()):  # a night may end on the first day
            day = date.fromordinal(ordinal)
            for span in self.spans:
                if day.weekday() in span.days:
                    opens = _instant(day, span.start_minute, self.zone, last=False)
                    closes = _instant(day, span.end_minute, self.zone, last=True)
                    if opens < closes:
                        yield ns_of(opens), ns_of(closes)


def parse_span(text: str) -> WeekSpan:
    """A span from its text. Raises ValueError with one sentence."""
    match = _SPAN.fullmatch(text.strip().lower())
    if match is None:
        raise ValueError(f"days and a time of day like {_EXAMPLE!r} are wanted, not {text!r}")
    start, end = (_minute(match[group], match[group + 1], text) for group in (2, 4))
    if start in (end, _DAY_MINUTES):
        raise ValueError(f"{text!r} has no length; a whole day is 00:00-24:00")
    return WeekSpan(days=_days(match[1]), start_minute=start, end_minute=end if end > start else end + _DAY_MINUTES)


def _minute(hours: str, minutes: str, text: str) -> int:
    minute = int(hours) * 60 + int(minutes)
    if int(minutes) > 59 or minute > _DAY_MINUTES:
        raise ValueError(f"{hours}:{minutes} is no time of day; use 00:00 to 24:00, as in {_EXAMPLE!r}, not {text!r}")
    return minute


def _days(text: str) -> frozenset[int]:
    days: set[int] = set()
    for part in text.split(","):
        first, _, last = part.partition("-")
        for name in (first, last or first):
            if name not in DAYS and part != "daily":
                raise ValueError(f"{name!r} is no day; use {', '.join(DAYS)} or daily")
        begin, end = (0, 6) if part == "daily" else (DAYS.index(first), DAYS.index(last or first))
        days |= {day % 7 for day in range(begin, end + 1 if end >= begin else end + 8)}
    return frozenset(days)


def _merged(stretches: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Sorted stretches, those that touch as one."""
    current: tuple[int, int] | None = None
    for opens, closes in stretches:
        if current is not None and opens <= current[1]:
            current = current[0], max(current[1], closes)
            continue
        if current is not None:
            yield current
        current = opens, closes
    if current is not None:
        yield current


def _instant(day: date, minute: int, zone: ZoneInfo, *, last: bool) -> datetime:
    """When local clocks show a time, the first or the last time they do; if they skip it, when they skip."""
    extra_days, minute = divmod(minute, _DAY_MINUTES)
    local = datetime.combine(day + timedelta(days=extra_days), time(minute // 60, minute % 60))
    before, after = (local.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    if before <= after:
        return after if last else before
    return _change_between(after, before, zone)  # PEP 495: in a skipped time the folds are the other way round


def _change_between(early: datetime, late: datetime, zone: ZoneInfo) -> datetime:
    """The second at which the zone's offset changes within `(early, late]`."""
    offset = early.astimezone(zone).utcoffset()
    low, high = 0, int((late - early).total_seconds())
    while high - low > 1:
        middle = (low + high) // 2
        if (early + timedelta(seconds=middle)).astimezone(zone).utcoffset() == offset:
            low = middle
        else:
            high = middle
    return early + timedelta(seconds=high)
