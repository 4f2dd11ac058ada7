"""A slice of a long list, with the way to the next."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar
from urllib.parse import urlencode

from gate.service.portal.site import Visit

LINES = 50
_DIGITS_MAX = 18
_LineT = TypeVar("_LineT")


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice(Generic[_LineT]):
    """At most LINES lines. `next`: the address of those that follow; `previous`: of the first ones."""

    lines: Sequence[_LineT]
    next: str
    previous: str

    @classmethod
    def of(
        cls, found: Sequence[_LineT], visit: Visit, *, next_of: Callable[[_LineT], Mapping[str, object]], first: bool
    ) -> "Slice[_LineT]":
        """Of LINES + 1 lines that were asked for. `next_of`: the query that follows a line."""
        lines = found[:LINES]
        kept = {name: value for name, value in visit.query.items() if name not in ("after", "before", "done")}
        path = visit.request.path
        follows = f"{path}?{urlencode({**kept, **next_of(lines[-1])})}" if len(found) > LINES else ""
        return cls(lines=lines, next=follows, previous="" if first else f"{path}?{urlencode(kept)}")


def number_in(visit: Visit, name: str) -> int | None:
    """A number among the parameters of the address; None where there is none, or something else."""
    text = visit.query.get(name, "")
    return int(text) if text.isdecimal() and len(text) <= _DIGITS_MAX else None
