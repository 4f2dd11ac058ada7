"""What a scenario has shown, and who is told of it as it happens."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from gate.verify.matrix import Cell, Check, Expected, Row, passes


@dataclass(frozen=True, slots=True, kw_only=True)
class StepDone:
    """A step as it was carried out. `number` from 1; `kind` and `argument` as the scenario's file has them; `began` and
    `ended` by the site's clock, ISO 8601; `seconds`: how long it took for real."""

    number: int
    kind: str
    argument: Any
    began: str
    ended: str
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Screen:
    """What a user's browser showed in a column: a picture's file, and when, by the site's clock."""

    column: str
    at: str
    picture: str


@dataclass(slots=True, kw_only=True)
class Outcome:
    """`trouble`: why the scenario ended before its last step. Instants are ISO 8601: `began` and `ended` by the
    machine's clock, `expiry` (X) by the site's; `crossings`: each X that was crossed, in order. `source`: the
    scenario's file as it was; `given` and `limits`: what it says of them, defaults included; `pictures`: the name of
    the folder that holds the pictures of its evidence."""

    scenario: str
    file: str
    source: str = ""
    pictures: str = ""
    given: Mapping[str, Any] = field(default_factory=dict)
    limits: Mapping[str, Any] = field(default_factory=dict)
    began: str = ""
    ended: str = ""
    seconds: float = 0.0
    expiry: str | None = None
    trouble: str = ""
    crossings: list[str] = field(default_factory=list)
    steps: list[StepDone] = field(default_factory=list)
    screens: list[Screen] = field(default_factory=list)
    cells: list[Cell] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        return not self.trouble and passes(self.cells, self.checks)


class Witness(Protocol):
    """Is told at once, in the order of things."""

    def begin(self, number: int, of: int) -> None:
        """A step of the scenario begins, from 1; before the first, the site is made ready."""

    def step(self, text: str) -> None:
        """What is being done now."""

    def column(self, name: str, expected: Mapping[Row, Expected]) -> None:
        """A column of the matrix is being looked at."""

    def cell(self, cell: Cell) -> None:
        """A cell is known."""

    def check(self, check: Check) -> None:
        """A check is known."""
