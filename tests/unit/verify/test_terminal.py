"""What stands on the terminal: moving where somebody watches, plain lines where nobody does, several at once."""

import io
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from rich.console import Console

from gate.clock import SimulatedClock
from gate.verify.authenticity import Fault, Judged
from gate.verify.matrix import expected_of
from gate.verify.outcome import Outcome
from gate.verify.terminal import Board, ScenarioWitness, judged_lines
from gate.verify.words import Language
from tests.unit.verify.reported import crossed, troubled


def board(language: Language = "en", *, terminal: bool = False) -> tuple[Board, io.StringIO]:
    out = io.StringIO()
    console = Console(file=out, width=120, force_terminal=terminal, color_system="truecolor" if terminal else None)
    return Board(console, SimulatedClock(datetime(2027, 1, 1, tzinfo=UTC)), language), out


def play(witness: ScenarioWitness, outcome: Outcome) -> None:
    witness.step("starting a clean site")
    for number, name in enumerate(("term", "after X"), 1):
        witness.begin(number, 5)
        witness.step(f"looking: {name}")
        witness.column(name, expected_of("active", {}))
        for cell in outcome.cells:
            if cell.column == name:
                witness.cell(cell)


def test_where_nobody_watches_there_are_lines_and_the_matrix_without_any_escape_code() -> None:
    there, out = board()
    with there:
        witness = there.witness("bad day")
        play(witness, troubled())
        there.end(witness, troubled())
    text = out.getvalue()
    assert "\x1b" not in text and "\r" not in text
    assert "[  0 s] bad day: step 2 of 5: looking: after X" in text
    row = next(line for line in text.splitlines() if line.strip().startswith("M3"))
    assert row.split()[-3:] == ["○", "○", "FAIL"]
    assert "after X, M4: not run: the monitor's picture cannot be decoded" in text
    assert "bad day: does not pass (38 s)" in text


def test_everything_is_said_in_japanese_too() -> None:
    there, out = board("ja")
    with there:
        witness = there.witness("lapse and restore")
        play(witness, troubled())
        there.end(witness, troubled())
        there.summary([crossed(), troubled()])
    text = out.getvalue()
    for words in ("期限切れと復旧: 手順 2/5: 確認：X の後", "エッジストレージ録画", "X で終了", "不合格", "全シナリオ"):
        assert words in text, words
    assert "looking" not in text and "not run" not in text


def test_of_several_scenarios_each_has_its_line_and_of_one_the_whole_matrix() -> None:
    there, out = board(terminal=True)
    one = there.witness("first")
    play(one, crossed())
    with there._console.capture() as capture:
        there._console.print(there._render())
    assert "remote playback" in capture.get() and "first: step 2 of 5: looking: after X" in capture.get()
    play(there.witness("second"), troubled())
    with there._console.capture() as capture:
        there._console.print(there._render())
    shown = capture.get()
    assert "remote playback" not in shown
    assert "first: step 2 of 5" in shown and "second: step 2 of 5" in shown and "18/18 (3 !)" in shown
    there.end(one, crossed())
    assert "live view of cam1: it is cut at X" in out.getvalue()


def test_names_in_brackets_stand_there_as_they_are() -> None:
    there, out = board()
    outcome = replace(crossed(), scenario="door [/a]")
    with there:
        witness = there.witness(outcome.scenario)
        witness.column("[red]after[/b]", {})
        there.end(witness, outcome)
        there.summary([outcome, outcome])
    assert out.getvalue().count("door [/a]") == 4 and "[red]after[/b]" in out.getvalue()


@pytest.mark.parametrize("language", ["ja", "en"])
def test_what_a_check_of_a_report_finds_is_said_in_words(language: Language) -> None:
    fault = Fault(name="junit.xml", how="it has 14 bytes, not 900")
    changed = judged_lines(Judged(verdict="changed", faults=(fault,), unlisted=("notes.txt",)), language)
    unknown = judged_lines(Judged(verdict="unknown key", key_sha256="ab" * 32, made_at="now", result="pass"), language)
    told = "\n".join([*changed, *unknown])
    assert "junit.xml" in told and "notes.txt" in told and "ab" * 32 in told and "verify.pub" in told
    assert ("改変あり" in told) == (language == "ja") == ("900 バイト" in told)
