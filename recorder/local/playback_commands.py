"""What a viewer of the past says (docs/protocols.md, "Local site"). Pure."""

import json
from collections import deque
from dataclasses import dataclass
from typing import Any, Literal

from gate.clock import ns_of
from recorder.web.answers import parse_instant

RATES = (-8, -4, -2, -1, 0.25, 0.5, 1, 2, 4, 8)
WAITING_MAX = 64
"""Commands that wait; what comes beyond is left out."""
_NUMBER_MAX = 2**53


@dataclass(frozen=True, slots=True, kw_only=True)
class Seek:
    """Shows the picture of a time; playing goes on from there."""

    at_us: int
    number: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Play:
    """Plays from where it is; negative rates go backward."""

    rate: float
    number: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """Stops. `at_us`: at the picture that the viewer shows; else at the last one sent."""

    at_us: int | None
    number: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Stops, and shows the next picture or the one before."""

    direction: Literal[1, -1]
    number: int | None = None


Command = Seek | Play | Pause | Step


def parse_command(text: str) -> Command:
    """One message: an object with one command, and a `number` that the answer repeats. Raises ValueError."""
    try:
        message = json.loads(text)
    except RecursionError:
        raise ValueError("too deep") from None
    if not isinstance(message, dict):
        raise ValueError("an object is wanted")
    number = message.pop("number", None)
    if number is not None and not (type(number) is int and 0 <= number <= _NUMBER_MAX):
        raise ValueError("number is a whole number")
    if len(message) != 1:
        raise ValueError("one command is wanted: seek, play, pause or step")
    ((name, content),) = message.items()
    match name:
        case "seek":
            return Seek(at_us=_instant_us(_field(content, "at")), number=number)
        case "play":
            rate = _field(content, "rate")
            if isinstance(rate, bool) or rate not in RATES:
                raise ValueError(f"rate is one of {', '.join(map(str, RATES))}")
            return Play(rate=rate, number=number)
        case "pause":
            at_us = None if content == {} else _instant_us(_field(content, "at"))
            return Pause(at_us=at_us, number=number)
        case "step" if content in (1, -1) and not isinstance(content, bool):
            return Step(direction=1 if content == 1 else -1, number=number)
        case "step":
            raise ValueError("step is 1 or -1")
    raise ValueError("a command is seek, play, pause or step")


def _field(content: Any, name: str) -> Any:
    if not isinstance(content, dict) or set(content) != {name}:
        raise ValueError(f"an object with {name} is wanted")
    return content[name]


def _instant_us(text: Any) -> int:
    instant = parse_instant(text) if isinstance(text, str) and len(text) <= 40 else None
    if instant is None:
        raise ValueError("at is an instant like 2027-01-01T00:00:00+09:00, with its offset from UTC")
    return ns_of(instant) // 1000


class WaitingCommands:
    """In their order; of seeks that follow each other only the last is worth doing."""

    def __init__(self) -> None:
        self._waiting: deque[Command] = deque()

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def put(self, command: Command) -> None:
        """Adds one. Raises ValueError beyond the bound."""
        if isinstance(command, Seek) and self._waiting and isinstance(self._waiting[-1], Seek):
            self._waiting.pop()
        if len(self._waiting) >= WAITING_MAX:
            raise ValueError(f"{WAITING_MAX} commands wait already")
        self._waiting.append(command)

    def take(self) -> Command | None:
        """The first; None if there is none."""
        return self._waiting.popleft() if self._waiting else None
