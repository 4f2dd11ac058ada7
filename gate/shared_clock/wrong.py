"""A fault, apart from the grammar of time: the wall clock of one process is set wrong, and right again (pure).

`wrong back 40d recorder` · `wrong ahead 3d recorder` · `right recorder`
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta

from gate.shared_clock.errors import ClockCommandError
from gate.shared_clock.grammar import parse_duration

_FORM = "wrong back 40d recorder, wrong ahead 3d recorder, or right recorder"


@dataclass(frozen=True, slots=True, kw_only=True)
class WrongClock:
    """How far ahead of the site's time a process's wall clock is; negative: behind; zero: right."""

    process: str
    ahead: timedelta


def parse_wrong(text: str) -> WrongClock | None:
    """None if the text is about something else. Raises ClockCommandError."""
    match text.split():
        case ["wrong", "back", duration, *process] if process:
            return WrongClock(process=" ".join(process), ahead=-parse_duration(duration))
        case ["wrong", "ahead", duration, *process] if process:
            return WrongClock(process=" ".join(process), ahead=parse_duration(duration))
        case ["right", *process] if process:
            return WrongClock(process=" ".join(process), ahead=timedelta(0))
        case ["wrong" | "right", *_]:
            raise ClockCommandError(f"a process's clock is set wrong or right like this: {_FORM}")
        case _:
            return None


def names_of(process: str, known: Collection[str]) -> list[str]:
    """Those of that name, or whose name begins with that word. Raises ClockCommandError if there is none."""
    found = sorted(name for name in known if name == process or name.split()[0] == process)
    if not found:
        raise ClockCommandError(f"no process {process!r} follows this clock; there are: {', '.join(sorted(known))}")
    return found
