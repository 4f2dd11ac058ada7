"""Scenarios that cannot be carried out are refused with file, line, field and what to do; the shipped ones can."""

from pathlib import Path

import pytest

from gate.verify.commands import verify
from gate.verify.matrix import ROWS
from gate.verify.scenario import load_scenario
from gate.yaml_file import ConfigError

CONFIGS = Path(__file__).resolve().parents[3] / "configs"
ASSERT = "- assert: {column: now, matrix: active}"


def refusal(tmp_path: Path, *lines: str) -> str:
    file = tmp_path / "odd.yaml"
    file.write_text("\n".join(["name: odd", *lines]))
    with pytest.raises(ConfigError) as refused:
        load_scenario(file)
    return str(refused.value).removeprefix(f"{file}, ")


@pytest.mark.parametrize("file", sorted((CONFIGS / "scenarios").glob("*.yaml")), ids=lambda file: file.stem)
def test_every_shipped_scenario_can_be_read_and_looks_at_every_row(file: Path) -> None:
    columns = [step.check for step in load_scenario(file).steps if step.check is not None]
    assert columns and all(list(column.expected) == list(ROWS) for column in columns)


@pytest.mark.parametrize("written", ["'2027-02-30T00:00+09:00'", "2027-02-30T00:00+09:00", "'2027-01-01 25:00+09:00'"])
def test_an_impossible_date_is_refused_where_it_stands(tmp_path: Path, written: str) -> None:
    said = refusal(tmp_path, "steps:", ASSERT, f"- to: {written}")
    assert said.startswith("line 4, steps[1].to: ") and "no instant of the calendar" in said
    assert "'2027-01-01T00:00+09:00'" in said


def test_an_instant_without_its_offset_or_beyond_site_time_is_refused(tmp_path: Path) -> None:
    assert "offset from UTC" in refusal(tmp_path, "steps:", ASSERT, "- to: '2027-01-01T00:00'")
    assert "year 2299" in refusal(tmp_path, "steps:", ASSERT, "- to: '2400-01-01T00:00+09:00'")
    assert "in quotes" in refusal(tmp_path, "steps:", ASSERT, "- to: 2027-01-01T00:00:00+09:00")


def test_time_never_goes_back(tmp_path: Path) -> None:
    steps = ("- to: '2028-01-01T00:00+09:00'", "- to: '2027-12-31T23:00+09:00'")
    assert refusal(tmp_path, "steps:", ASSERT, *steps).startswith("line 5, steps[2].to: this is before an earlier step")


def test_an_expiry_is_crossed_only_after_time_was_brought_near_it(tmp_path: Path) -> None:
    assert "jumping over X" in refusal(tmp_path, "steps:", ASSERT, "- cross: 1s")
    assert "jumping over X" in refusal(tmp_path, "steps:", "- to-expiry: 10s", "- advance: 1d", "- cross: 1s", ASSERT)
    assert "in real time" in refusal(tmp_path, "steps:", ASSERT, "- to-expiry: 10s", "- cross: 1h")


def test_a_step_is_one_known_thing(tmp_path: Path) -> None:
    assert refusal(tmp_path, "steps:", "- {renew: {}, advance: 1d}").startswith("line 3, steps[0]: a step is one of")
    assert "there is no such field" in refusal(tmp_path, "steps:", "- {unplug: network}")
    assert "a duration like 30d" in refusal(tmp_path, "steps:", ASSERT, "- advance: soon")


def test_a_scenario_that_asserts_nothing_is_refused(tmp_path: Path) -> None:
    assert "nothing is asserted" in refusal(tmp_path, "steps:", "- advance: 1d")
    assert "say what is expected" in refusal(tmp_path, "steps:", "- assert: {column: now}")
    assert "'now' already" in refusal(tmp_path, "steps:", ASSERT, ASSERT)


def test_the_command_says_it_in_one_sentence_with_status_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "odd.yaml"
    file.write_text("name: odd\ngiven: {cameras: 9}\nsteps:\n- assert: {column: now, matrix: lapsed}\n")
    assert verify([str(file)]) == 2
    assert verify([str(tmp_path / "none.yaml")]) == 2
    first, second = capsys.readouterr().err.splitlines()
    assert "line 2, given.cameras" in first and "there is no such file" in second
