"""The terminal while scenarios run, several at once where that is asked for; and what stays on it afterwards."""

from collections.abc import Mapping, Sequence
from types import TracebackType

from rich import box
from rich.cells import cell_len
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from gate.clock import Clock
from gate.verify.authenticity import Judged
from gate.verify.matrix import ROWS, TITLES, Cell, Check, Expected, Row, Seen, Verdict, part_word
from gate.verify.outcome import Outcome
from gate.verify.words import Language, in_language, text_of

_SIGNS: Mapping[Seen | None, str] = {"works": "○", "stops": "×", "mixed": "△", None: "–"}
_STYLES: Mapping[Verdict, str] = {"pass": "green", "fail": "bold white on red", "not run": "bold black on yellow"}
_COLUMN_CELLS_MAX = 14
_WORDS: Mapping[Verdict, str] = {"pass": "ok", "fail": "FAIL", "not run": "not run"}


class Board:
    """`with`: what runs stands at the end of the terminal, and moves; where nobody watches it is told by lines."""

    def __init__(self, console: Console, clock: Clock, language: Language) -> None:
        self._console = console
        self._clock = clock
        self.language = language
        self._running: list[ScenarioWitness] = []
        self._live = Live(console=console, get_renderable=self._render, refresh_per_second=8, transient=True)

    def __enter__(self) -> "Board":
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._running.clear()
        if self._console.is_terminal:
            self._live.stop()

    def witness(self, scenario: str) -> "ScenarioWitness":
        """Somebody who tells of a scenario that begins now."""
        witness = ScenarioWitness(self, scenario, self._clock.monotonic_ns())
        self._running.append(witness)
        return witness

    def end(self, witness: "ScenarioWitness", outcome: Outcome) -> None:
        """The scenario is over: its matrix and its checks stay."""
        self._running.remove(witness)
        self._console.print(witness.matrix())
        self._console.print(Group(*outcome_lines(outcome, self.language)), soft_wrap=True)

    def summary(self, outcomes: Sequence[Outcome]) -> None:
        """All scenarios in a line each, if there are several."""
        if len(outcomes) < 2:
            return
        table = Table(box=box.SIMPLE_HEAD, title=self._t("All scenarios"), title_justify="left")
        for word in ("Scenario", "Verdict", "as expected", "not as expected", "not run", "took"):
            table.add_column(self._t(word), justify="left" if word in ("Scenario", "Verdict") else "right")
        for one in outcomes:
            verdicts = [cell.verdict for cell in one.cells] + [check.verdict for check in one.checks]
            word, style = ("passes", "green") if one.passed else ("does not pass", "bold red")
            counts = (str(verdicts.count(verdict)) for verdict in ("pass", "fail", "not run"))
            name = in_language(one.scenario, self.language)
            table.add_row(Text(name), Text(self._t(word), style=style), *counts, f"{one.seconds:.0f} s")
        self._console.print(table)

    def told(self, witness: "ScenarioWitness") -> None:
        """Something new is being done."""
        if not self._console.is_terminal:
            self._console.print(f"[{self._elapsed(witness)}] {witness.line()}", highlight=False, markup=False)

    def _elapsed(self, witness: "ScenarioWitness") -> str:
        return f"{(self._clock.monotonic_ns() - witness.began_ns) // 10**9:3d} s"

    def _render(self) -> RenderableType:
        """One scenario with its matrix; of several a line each, as their matrices would not fit."""
        lines: list[RenderableType] = []
        for one in self._running:
            if len(self._running) == 1:
                lines.append(one.matrix())
            one.spinner.update(text=Text(f"{self._elapsed(one)}  {one.line()}  {one.signs()}"))
            lines.append(one.spinner)
        return Group(*lines)

    def _t(self, english: str) -> str:
        return text_of(english, self.language)


class ScenarioWitness:
    """Keeps what is known of one scenario that runs. `began_ns`: monotonic."""

    def __init__(self, board: Board, scenario: str, began_ns: int) -> None:
        self._board = board
        self._scenario = scenario
        self.began_ns = began_ns
        self.spinner = Spinner("dots")
        self._place, self._doing = "", ""
        self._columns: list[str] = []
        self._expected: dict[tuple[str, Row], Expected] = {}
        self._cells: dict[tuple[str, Row], Cell] = {}

    def begin(self, number: int, of: int) -> None:
        self._place = text_of("step {number} of {of}", self._board.language, number=number, of=of)

    def step(self, text: str) -> None:
        self._doing = in_language(text, self._board.language)
        self._board.told(self)

    def column(self, name: str, expected: Mapping[Row, Expected]) -> None:
        self._columns.append(name)
        self._expected.update({(name, row): word for row, word in expected.items()})

    def cell(self, cell: Cell) -> None:
        if cell.column not in self._columns:
            self._columns.append(cell.column)
        self._cells[cell.column, cell.row] = cell

    def check(self, check: Check) -> None:
        """Checks are listed at the end."""

    def line(self) -> str:
        """Where it is, and what is being done."""
        return ": ".join(filter(None, (in_language(self._scenario, self._board.language), self._place, self._doing)))

    def signs(self) -> str:
        """How many cells have been seen, and how many not as expected."""
        bad = sum(cell.verdict != "pass" for cell in self._cells.values())
        return f"{len(self._cells)}/{len(self._expected)}" + (f" ({bad} !)" if bad else "") if self._expected else ""

    def matrix(self) -> Table:
        """As far as it has been seen."""
        language = self._board.language
        table = Table(title=Text(in_language(self._scenario, language)), title_justify="left", box=box.SIMPLE_HEAD)
        table.add_column("")
        table.add_column(text_of("Function", language), no_wrap=True, overflow="ellipsis", ratio=1)
        for name in map(self._said, self._columns):
            table.add_column(Text(name), justify="center", min_width=min(cell_len(name), _COLUMN_CELLS_MAX))
        for row in ROWS:
            signs = (self._sign(name, row) for name in self._columns)
            table.add_row(row, in_language(TITLES[row], language), *signs)
        return table

    def _said(self, name: str) -> str:
        return in_language(name, self._board.language)

    def _sign(self, column: str, row: Row) -> Text:
        cell = self._cells.get((column, row))
        if cell is None:
            return Text("…" if (column, row) in self._expected else "", style="dim")
        word = "" if cell.verdict == "pass" else " " + text_of(_WORDS[cell.verdict], self._board.language)
        return Text(_SIGNS[cell.seen] + word, style=_STYLES[cell.verdict])


def outcome_lines(outcome: Outcome, language: Language) -> list[Text]:
    """The checks, why whatever is not as expected is not, and the verdict."""

    def t(english: str, **values: object) -> str:
        return text_of(english, language, **values)

    lines = []
    for check in outcome.checks:
        mark = Text(f"  {t(_WORDS[check.verdict])} ", style=_STYLES[check.verdict])
        name, text = in_language(check.name, language), in_language(check.text, language)
        lines.append(mark + Text(f" {name}: {text}", style="default"))
    for cell in outcome.cells:
        place = f"  {in_language(cell.column, language)}, {cell.row}: "
        if cell.verdict == "not run":
            lines.append(Text(f"{place}{t('not run')}: {in_language(cell.reason, language)}"))
        elif cell.verdict == "fail":
            seen = "; ".join(
                f"{in_language(part.name, language)} {t(part_word(part.works, part.faulty))} {dict(part.evidence)}"
                for part in cell.parts
            )
            lines.append(Text(place + t("expected that it {expected}; seen", expected=cell.expected) + f": {seen}"))
    if outcome.trouble:
        lines.append(Text(f"  {t('Ended early')}: {in_language(outcome.trouble, language)}"))
    word, style = ("passes", "green") if outcome.passed else ("does not pass", "bold red")
    lines.append(Text(f"{in_language(outcome.scenario, language)}: {t(word)} ({outcome.seconds:.0f} s)", style=style))
    return lines


def judged_lines(judged: Judged, language: Language) -> list[str]:
    """What a check of a report has found."""

    def t(english: str, **values: object) -> str:
        return text_of(english, language, **values)

    sentences = {
        "whole": "It is as its verifier made it.",
        "changed": "It is not as its verifier made it:",
        "unsigned": "Nobody has signed it.",
        "unknown key": "Nothing has been changed since it was signed, but whose key that was is not known here: "
        "ask the maker of the report for verify.pub, and give --key.",
    }
    lines = [f"{t(judged.verdict)}: {t(sentences[judged.verdict])}"]
    lines += [f"  {fault.name}: {in_language(fault.how, language)}" for fault in judged.faults]
    if judged.key_sha256:
        lines.append("  " + t("signed {at} with key {key}", at=judged.made_at, key=judged.key_sha256))
        lines.append(
            "  " + t("{count} files; the report itself says: {result}", count=judged.files, result=judged.result)
        )
    if judged.unlisted:
        lines.append("  " + t("beside it, and not signed: {names}", names=", ".join(judged.unlisted[:10])))
    return lines
