"""The matrix M1 to M9 and how its cells are judged. Pure.

1. A row's function consists of parts that a user notices apart (live picture, preset, snapshot). It *works* if all of
   them do, it *stops* if all are refused or absent; anything between is *mixed*, which is never what was expected. So
   is a part that is faulty: what is given, old or broken, has not stopped.
2. A cell passes if what was seen is what was expected. What was not seen is `not run`, with the reason, and never
   passes.
3. A run passes if there is at least one cell, every cell passes, and every check does.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

Row = Literal["M1", "M2", "M3", "M4", "M5", "M6", "M7", "M8", "M9"]
Expected = Literal["works", "stops"]
Seen = Literal["works", "stops", "mixed"]
Verdict = Literal["pass", "fail", "not run"]
MatrixName = Literal["active", "lapsed"]

ROWS: tuple[Row, ...] = get_args(Row)
TITLES: Mapping[Row, str] = {
    "M1": "live view on the HDMI monitor",
    "M2": "remote live view, control, download",
    "M3": "recording to the edge storage",
    "M4": "playback on the HDMI monitor",
    "M5": "remote playback",
    "M6": "footage off a camera's SD card",
    "M7": "event notices on the HDMI monitor",
    "M8": "remote event notices",
    "M9": "remote maintenance",
}
STOPS: frozenset[Row] = frozenset({"M2", "M3", "M5", "M8", "M9"})
"""What an expiry stops by the manual, whatever the profile of the site under test says."""

MONITOR_ROWS: frozenset[Row] = frozenset({"M1", "M4", "M7"})
"""What a direct camera does not have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Something a user notices, whether it was there, and what shows it. `faulty`: it was given, but not as it should
    be."""

    name: str
    works: bool
    faulty: bool = False
    evidence: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One row at one time of the scenario. `began` and `ended`: site time, ISO 8601. `reason`: why it was not run."""

    row: Row
    column: str
    expected: Expected
    seen: Seen | None
    began: str
    ended: str
    parts: Sequence[Part] = ()
    reason: str = ""

    @property
    def verdict(self) -> Verdict:
        if self.seen is None:
            return "not run"
        return "pass" if self.seen == self.expected else "fail"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """Something about the crossing itself: when a stream ended, when it came back. `holds` None: not found out. `step`:
    the number of the scenario's step in which it was found out; 0 is before the first."""

    name: str
    row: Row | None
    holds: bool | None
    text: str
    evidence: Mapping[str, Any] = field(default_factory=dict)
    step: int = 0

    @property
    def verdict(self) -> Verdict:
        return "not run" if self.holds is None else "pass" if self.holds else "fail"


def part_word(works: bool, faulty: bool) -> Literal["works", "faulty", "stops"]:
    """What a part is said to be."""
    return "works" if works else "faulty" if faulty else "stops"


def expected_of(matrix: MatrixName | None, rows: Mapping[Row, Expected]) -> dict[Row, Expected]:
    """What rows are expected to do: by the manual's matrix, if one is named, but for what is said of single rows."""
    whole: dict[Row, Expected] = {}
    if matrix is not None:
        whole = {row: "stops" if matrix == "lapsed" and row in STOPS else "works" for row in ROWS}
    whole.update(rows)
    return {row: whole[row] for row in ROWS if row in whole}


def seen_in(parts: Sequence[Part]) -> Seen | None:
    """Rule 1; None where nothing was looked at."""
    if not parts:
        return None
    if any(part.faulty for part in parts):
        return "mixed"
    works = {part.works for part in parts}
    return "mixed" if len(works) == 2 else "works" if works == {True} else "stops"


def passes(cells: Sequence[Cell], checks: Iterable[Check]) -> bool:
    """Rule 3."""
    verdicts = [cell.verdict for cell in cells] + [check.verdict for check in checks]
    return bool(cells) and set(verdicts) == {"pass"}
