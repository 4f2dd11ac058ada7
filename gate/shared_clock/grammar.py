"""The one grammar in which time is told to move (pure).

`advance 30d` · `to 2027-01-01T00:00+09:00` · `to-expiry [CAMERA] [--before 10s]` · `next-event`
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from gate.clock import instant_of, ns_of
from gate.shared_clock.errors import ClockCommandError

_UNIT_SECONDS = {"w": 604_800, "d": 86_400, "h": 3_600, "m": 60, "s": 1}
_DURATION = re.compile(r"(?:\d+(?:\.\d+)?[wdhms])+")
_DURATION_MAX = timedelta(days=200 * 366)
_TO_FORM = "an instant: to 2027-01-01T00:00+09:00"
_END_NS = ns_of(datetime(2300, 1, 1, tzinfo=UTC))
"""Where site time ends: far from the end of the calendar, where reading the clock would fail."""
BEFORE_DEFAULT = timedelta(seconds=10)
"""So that an expiry is crossed in real time."""


@dataclass(frozen=True, slots=True)
class Advance:
    by: timedelta


@dataclass(frozen=True, slots=True)
class To:
    instant: datetime


@dataclass(frozen=True, slots=True)
class ToExpiry:
    camera: str | None
    before: timedelta


@dataclass(frozen=True, slots=True)
class NextEvent:
    pass


Command = Advance | To | ToExpiry | NextEvent


def parse_duration(text: str) -> timedelta:
    """`30d`, `1d12h`, `1.5s`, up to two hundred years. Raises ClockCommandError."""
    if not _DURATION.fullmatch(text):
        raise ClockCommandError(f"a duration like 30d, 12h, 1d12h or 10s is wanted, not {text!r}")
    parts = re.findall(r"([\d.]+)([wdhms])", text)
    seconds = sum(float(number) * _UNIT_SECONDS[unit] for number, unit in parts)
    if seconds > _DURATION_MAX.total_seconds():
        raise ClockCommandError(f"{text} is further than the two hundred years this clock goes")
    return timedelta(seconds=seconds)


def parse_instant(text: str) -> datetime:
    """ISO 8601 with its offset from UTC. Raises ClockCommandError."""
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise ClockCommandError(f"an instant like 2027-01-01T00:00+09:00 is wanted, not {text!r}") from None
    if instant.tzinfo is None:
        raise ClockCommandError(f"{text} has no offset from UTC: write {text}+09:00, for example")
    return instant


def parse_command(text: str) -> Command:
    """Raises ClockCommandError with a sentence that shows the right form."""
    match text.split():
        case ["advance", duration]:
            return Advance(parse_duration(duration))
        case ["to", instant]:
            return To(parse_instant(instant))
        case ["next-event"]:
            return NextEvent()
        case ["to-expiry", *rest]:
            return _parse_to_expiry(rest)
        case ["advance" | "to" as verb, *_]:
            raise ClockCommandError(f"{verb} takes {'a duration: advance 30d' if verb == 'advance' else _TO_FORM}")
        case _:
            raise ClockCommandError(
                f"unknown clock command {text!r}; there are: "
                "advance 30d, to INSTANT, to-expiry [CAMERA] [--before 10s], next-event"
            )


def _parse_to_expiry(words: list[str]) -> ToExpiry:
    match words:
        case [] | ["--before", _]:
            camera = None
        case [camera] | [camera, "--before", _] | ["--before", _, camera] if not camera.startswith("-"):
            pass
        case _:
            raise ClockCommandError(f"to-expiry takes [CAMERA] [--before 10s], not {' '.join(words)!r}")
    before = parse_duration(words[words.index("--before") + 1]) if "--before" in words else BEFORE_DEFAULT
    return ToExpiry(camera, before)


def target_ns(command: Command, *, now_ns: int, deadlines_ns: list[int], expiries_ns: Mapping[str, int]) -> int:
    """Where the command leads, in UTC nanoseconds. Raises ClockCommandError where it leads nowhere, or back."""
    match command:
        case Advance(by):
            goal = now_ns + by // timedelta(microseconds=1) * 1000
        case To(instant):
            goal = ns_of(instant)
        case NextEvent():
            future = [deadline for deadline in deadlines_ns if deadline > now_ns]
            if not future:
                raise ClockCommandError("nobody waits for any moment: there is no next event")
            goal = min(future)
        case ToExpiry(camera, before):
            goal = _expiry_ns(camera, expiries_ns) - before // timedelta(microseconds=1) * 1000
    if goal < now_ns:
        raise ClockCommandError(f"{instant_of(goal).isoformat()} is past already: this clock never goes back")
    if goal > _END_NS:
        raise ClockCommandError("site time ends with the year 2299")
    return goal


def _expiry_ns(camera: str | None, expiries_ns: Mapping[str, int]) -> int:
    if camera is not None and camera not in expiries_ns:
        known = ", ".join(sorted(expiries_ns)) or "none"
        raise ClockCommandError(f"camera {camera!r} has no licence that could expire; cameras with one: {known}")
    if not expiries_ns:
        raise ClockCommandError("no camera has a licence that could expire: issue one first")
    return expiries_ns[camera] if camera is not None else min(expiries_ns.values())
