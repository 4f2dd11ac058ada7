"""The matrix on the terminal, filling up while the scenario runs."""

from collections.abc import Mapping
from types import TracebackType

from rich import box
from rich.console import Console, Group
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from gate.verify.matrix import ROWS, TITLES, Cell, Check, Expected, Row, Seen, Verdict
from gate.verify.outcome import Outcome

_SIGNS: Mapping[Seen | None, str] = {"works": "○", "stops": "×", "mixed": "△", None: "–"}
_STYLES: Mapping[Verdict, str] = {"pass": "green", "fail": "bold white on red", "not run": "bold black on yellow"}
_WORDS: Mapping[Verdict, str] = {"pass": "", "fail": " fails", "not run": " not run"}


class TerminalWitness:
    """`with`: live while the body runs; the matrix stays. Where nobody watches it is told by lines."""

    def __init__(self, console: Console, title: str) -> None:
        self._console = console
        self._title = title
        self._doing, self._place = "", ""
        self._columns: list[str] = []
        self._expected: dict[tuple[str, Row], Expected] = {}
        self._cells: dict[tuple[str, Row], Cell] = {}
        self._spinner = Spinner("dots")
        self._live = Live(console=console, get_renderable=self._render, refresh_per_second=8)

    def __enter__(self) -> "TerminalWitness":
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._doing = ""
        if self._console.is_terminal:
            self._live.stop()
        elif self._columns:
            self._console.print(self._table())

    def begin(self, number: int, of: int) -> None:
        self._place = f"{number} of {of}: "

    def step(self, text: str) -> None:
        self._doing = self._place + text
        if not self._console.is_terminal:
            self._console.print(f"{self._title}: {self._doing}", highlight=False)

    def column(self, name: str, expected: Mapping[Row, Expected]) -> None:
        self._columns.append(name)
        self._expected.update({(name, row): word for row, word in expected.items()})

    def cell(self, cell: Cell) -> None:
        if cell.column not in self._columns:
            self._columns.append(cell.column)
        self._cells[cell.column, cell.row] = cell

    def check(self, check: Check) -> None:
        """Checks are listed at the end."""

    def _render(self) -> Group:
        self._spinner.update(text=Text(self._doing))
        return Group(self._table(), *([self._spinner] if self._doing else []))

    def _table(self) -> Table:
        table = Table(title=self._title, title_justify="left", box=box.SIMPLE_HEAD)
        table.add_column("")
        table.add_column("function", no_wrap=True)
        for name in self._columns:
            table.add_column(name, justify="center")
        for row in ROWS:
            table.add_row(row, TITLES[row], *(self._sign(name, row) for name in self._columns))
        return table

    def _sign(self, column: str, row: Row) -> Text:
        cell = self._cells.get((column, row))
        if cell is not None:
            return Text(_SIGNS[cell.seen] + _WORDS[cell.verdict], style=_STYLES[cell.verdict])
        return Text("…" if (column, row) in self._expected else "", style="dim")


def print_outcome(console: Console, outcome: Outcome) -> None:
    """The checks, and why whatever is not as expected is not."""
    for check in outcome.checks:
        mark = {"pass": "ok     ", "fail": "FAILS  ", "not run": "not run"}[check.verdict]
        line = Text(f"  {mark} ", style=_STYLES[check.verdict] if check.verdict != "pass" else "green")
        console.print(line + Text(f" {check.name}: {check.text}", style="default"), soft_wrap=True)
    for cell in outcome.cells:
        if cell.verdict == "not run":
            console.print(f"  {cell.column}, {cell.row}: not run: {cell.reason}", highlight=False, soft_wrap=True)
        elif cell.verdict == "fail":
            seen = "; ".join(
                f"{part.name} {'works' if part.works else 'stops'} {dict(part.evidence)}" for part in cell.parts
            )
            console.print(
                f"  {cell.column}, {cell.row}: expected that it {cell.expected}; seen: {seen}",
                highlight=False, markup=False, soft_wrap=True,
            )  # fmt: skip
    if outcome.trouble:
        console.print(f"  ended early: {outcome.trouble}", highlight=False, markup=False, soft_wrap=True)
    verdict = "passes" if outcome.passed else "does not pass"
    console.print(f"{outcome.scenario}: {verdict}", style="green" if outcome.passed else "bold red", highlight=False)
