"""A month with its days, and a time of day: pure, in local time."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """What is chosen: a local day and time."""

    day: date
    hour: int
    minute: int
    second: int

    def moved(self, days: int) -> "Chosen":
        """The same time so many days later, within the years of a calendar."""
        wanted = self.day.toordinal() + days
        return replace(self, day=date.fromordinal(min(max(wanted, date(2000, 1, 1).toordinal()), _LAST.toordinal())))

    def turned(self, field: str, step: int) -> "Chosen":
        """With another hour, minute or second; after the last comes the first."""
        match field:
            case "hour":
                return replace(self, hour=(self.hour + step) % 24)
            case "minute":
                return replace(self, minute=(self.minute + step) % 60)
            case _:
                return replace(self, second=(self.second + step) % 60)

    def instant(self, zone: tzinfo) -> datetime:
        """In UTC; of an hour that comes twice the first, of one that is left out what the clock then shows."""
        local = datetime.combine(self.day, time(self.hour, self.minute, self.second), tzinfo=zone)
        return local.astimezone(UTC)


_LAST = date(2099, 12, 31)


def chosen_of(at: datetime, zone: tzinfo) -> Chosen:
    """An instant, to the second."""
    local = at.astimezone(zone)
    return Chosen(day=local.date(), hour=local.hour, minute=local.minute, second=local.second)


def weeks_of(month: date) -> Sequence[Sequence[date]]:
    """The weeks of a month, from Monday on; the first and the last reach into its neighbours."""
    first = month.replace(day=1)
    start = first - timedelta(days=first.weekday())
    weeks: list[list[date]] = []
    while start.replace(day=1) <= first or not weeks:
        weeks.append([start + timedelta(days=number) for number in range(7)])
        start += timedelta(days=7)
    return weeks
