"""When a licence ends, by the manual's formula alone: the verifier's own arithmetic, to compare with. Pure."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """`free_until` and `expiry`: the instants at which the free period and the paid term are over."""

    free_until: datetime
    expiry: datetime


def term_of(allocated: datetime, months: int, zone: ZoneInfo) -> Term:
    """Free from the allocation to the end of the next month of the local calendar, then so many months."""
    local = allocated.astimezone(zone)
    return Term(free_until=_first(local, 2, zone), expiry=_first(local, 2 + months, zone))


def _first(local: datetime, months: int, zone: ZoneInfo) -> datetime:
    years, month = divmod(local.month - 1 + months, 12)
    day = date(local.year + years, month + 1, 1)
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)
