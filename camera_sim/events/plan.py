"""When planned events are due. Pure.

Rules
1. `Once` is counted from the start of the simulator, on monotonic time; the others are instants of wall time.
2. `Every` is due whenever UTC is a whole number of periods, plus its phase: the same on every machine and every run.
3. `Weekly` is due at a time of day in its zone. A time that a change of the clocks leaves out is due as much later.
4. What a jump of the clock passed over is due once, not as often as it was missed.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from camera_sim.errors import EventError
from camera_sim.events.event import KINDS, EventKind

SECONDS_MIN, SECONDS_MAX, SECONDS = 1.0, 86_400.0, 10.0
"""How long an event lasts: bounds, and what is meant if nothing is said."""
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WEEKLY = re.compile(r"(?P<days>[a-z]{3}(?:[-,][a-z]{3})*|daily)\s+(?P<hour>\d{1,2}):(?P<minute>\d{2})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Once:
    """So many seconds after the start."""

    after_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Every:
    """Again and again."""

    seconds: float
    phase_seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Weekly:
    """On some days (0: Monday) at a time of day."""

    days: frozenset[int]
    at: time
    zone: ZoneInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """An event that will be. `camera`: its id, or `*` for all."""

    camera: str
    kind: EventKind
    seconds: float
    when: Once | Every | Weekly


def kind_of(text: str) -> EventKind:
    """Raises EventError."""
    for kind in KINDS:
        if text == kind:
            return kind
    raise EventError(f"there is no event {text!r}; there are: {', '.join(KINDS)}")


def lasting(seconds: float) -> float:
    """A duration, if an event may have it. Raises EventError."""
    if not SECONDS_MIN <= seconds <= SECONDS_MAX:
        raise EventError(f"an event lasts {SECONDS_MIN:g} to {SECONDS_MAX:g} s, not {seconds:g}")
    return seconds


def weekly_of(text: str, zone: ZoneInfo) -> Weekly:
    """Reads `mon-fri 08:30`, `sat,sun 10:00` or `daily 18:00`. Raises EventError."""
    match = _WEEKLY.fullmatch(text.strip().lower())
    if match is None or int(match["hour"]) > 23 or int(match["minute"]) > 59:
        raise EventError(f"a day and a time like 'mon-fri 08:30' or 'daily 18:00' is wanted, not {text!r}")
    days: set[int] = set(range(7)) if match["days"] == "daily" else set()
    for part in match["days"].split(",") if match["days"] != "daily" else ():
        first, _, last = part.partition("-")
        if first not in _DAYS or (last or first) not in _DAYS:
            raise EventError(f"{part!r} is no day; the days are {', '.join(_DAYS)}")
        begin, end = _DAYS.index(first), _DAYS.index(last or first)
        days |= {day % 7 for day in range(begin, end + 1 if end >= begin else end + 8)}
    return Weekly(days=frozenset(days), at=time(int(match["hour"]), int(match["minute"])), zone=zone)


def next_due(when: Every | Weekly, now: datetime) -> datetime:
    """The first instant after `now` (UTC)."""
    if isinstance(when, Every):
        phase = when.phase_seconds % when.seconds
        periods = (now.timestamp() - phase) // when.seconds + 1
        return datetime.fromtimestamp(periods * when.seconds + phase, UTC)
    today = now.astimezone(when.zone).date()
    instants = (_on(when, today + timedelta(days=ahead)) for ahead in range(-1, 9))
    return next(instant for instant in instants if instant is not None and instant > now)


def _on(when: Weekly, day: date) -> datetime | None:
    if day.weekday() not in when.days:
        return None
    return datetime.combine(day, when.at, when.zone).astimezone(UTC)
