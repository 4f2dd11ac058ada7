"""What a scenario has shown, and who is told of it as it happens."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from gate.verify.matrix import Cell, Check, Expected, Row, passes


@dataclass(slots=True, kw_only=True)
class Outcome:
    """`trouble`: why the scenario ended before its last step. Instants are ISO 8601: `began` and `ended` by the
    machine's clock, `expiry` (X) by the site's."""

    scenario: str
    file: str
    began: str = ""
    ended: str = ""
    expiry: str | None = None
    trouble: str = ""
    cells: list[Cell] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        return not self.trouble and passes(self.cells, self.checks)


class Witness(Protocol):
    """Is told at once, in the order of things."""

    def step(self, text: str) -> None:
        """What is being done now."""

    def column(self, name: str, expected: Mapping[Row, Expected]) -> None:
        """A column of the matrix is being looked at."""

    def cell(self, cell: Cell) -> None:
        """A cell is known."""

    def check(self, check: Check) -> None:
        """A check is known."""
