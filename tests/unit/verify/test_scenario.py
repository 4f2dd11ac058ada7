"""Scenarios that cannot be carried out are refused with file, line, field and what to do; the shipped ones can."""

import json
from pathlib import Path

import pytest

from camera_sim.faults.fault import KINDS
from gate.verify.commands import verify
from gate.verify.matrix import MONITOR_ROWS, ROWS
from gate.verify.scenario import load_scenario
from gate.verify.steps import FAULTS
from gate.yaml_file import ConfigError

CONFIGS = Path(__file__).resolve().parents[3] / "configs"
ASSERT = "- assert: {column: now, matrix: active}"


def refusal(tmp_path: Path, *lines: str) -> str:
    file = tmp_path / "odd.yaml"
    file.write_text("\n".join(["name: odd", *lines]))
    with pytest.raises(ConfigError) as refused:
        load_scenario(file)
    return str(refused.value).removeprefix(f"{file}, ")


FILES = sorted((CONFIGS / "scenarios").glob("*.yaml"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_shipped_scenario_can_be_read_and_says_what_it_proves(file: Path) -> None:
    scenario = load_scenario(file)
    lines = file.read_text().splitlines()
    assert lines[0].startswith("# ") and lines[1].startswith(("# ", "#  "))
    assert any(scenario.expected(step.check) for step in scenario.steps if step.check is not None)


def test_the_shipped_scenarios_look_at_every_row_at_every_time_that_the_matrix_has() -> None:
    looked_at: dict[str, set[str]] = {}
    for scenario in map(load_scenario, FILES):
        for check in (step.check for step in scenario.steps if step.check is not None):
            looked_at.setdefault(check.column, set()).update(scenario.expected(check))
    times = ("free period", "term", "just before X", "after X", "restored", "service offline", "clock tampered")
    assert {time: looked_at.get(time, set()) for time in times} == {time: set(ROWS) for time in times}


@pytest.mark.parametrize("written", ["'2027-02-30T00:00+09:00'", "2027-02-30T00:00+09:00", "'2027-01-01 25:00+09:00'"])
def test_an_impossible_date_is_refused_where_it_stands(tmp_path: Path, written: str) -> None:
    said = refusal(tmp_path, "steps:", ASSERT, f"- to: {written}")
    assert said.startswith("line 4, steps[1].to: ") and "no instant of the calendar" in said
    assert "'2027-01-01T00:00+09:00'" in said


@pytest.mark.parametrize("written", ["2027-02-30T00:00:00Z", "2027-02-30", "2027-13-01 00:00:00+09:00"])
def test_an_impossible_date_that_yaml_itself_takes_for_one_is_refused_where_it_stands(
    tmp_path: Path, written: str
) -> None:
    said = refusal(tmp_path, "steps:", ASSERT, f"- to: {written}")
    assert said.startswith(f"line 4, steps[1].to: {written!r} cannot be read: ")


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


def test_a_camera_that_there_is_not_is_named_with_those_there_are(tmp_path: Path) -> None:
    for step, field in (
        ("assign: {camera: cam3, months: 12}", "assign.camera"),
        ("move: {from: cam1, to: cam9}", "move.to"),
        ("hold: {camera: kitchen}", "hold.camera"),
        ("fault: {camera: cam0, kind: reboot}", "fault.camera"),
        ("assert: {column: odd, camera: cam3, matrix: active}", "assert.camera"),
    ):
        said = refusal(tmp_path, "steps:", ASSERT, f"- {step}")
        assert said.startswith(f"line 4, steps[1].{field}: there is no camera") and said.endswith("cam1, cam2")
    said = refusal(tmp_path, "given: {licences: {cam3: 36}}", "steps:", ASSERT)
    assert said.startswith("line 2, given.licences.cam3: there is no camera")


def test_nobody_does_anything_at_a_service_that_is_offline(tmp_path: Path) -> None:
    for step in ("renew: {}", "allocate: {}", "move: {from: cam1, to: cam2}", "hold: {camera: cam1}"):
        said = refusal(tmp_path, "steps:", ASSERT, "- service: offline", f"- {step}")
        assert said.startswith(f"line 5, steps[2].{step.split(':')[0]}: the licence service is offline here")


def test_what_is_so_already_is_a_step_out_of_order(tmp_path: Path) -> None:
    for steps, field in (
        (("service: online",), "steps[1].service"),
        (("service: offline", "service: offline"), "steps[2].service"),
        (("clock: restore",), "steps[1].clock"),
        (("clock: set back 40d", "clock: set ahead 1d"), "steps[2].clock"),
    ):
        said = refusal(tmp_path, "steps:", ASSERT, *(f"- {step}" for step in steps))
        assert f"{field}: " in said and "here already" in said
    assert "from" in refusal(tmp_path, "steps:", ASSERT, "- move: {from: cam1, to: cam1}")


def test_settings_of_a_clock_and_faults_are_known_ones(tmp_path: Path) -> None:
    assert "set back 40d, set ahead 40d or restore" in refusal(tmp_path, "steps:", ASSERT, "- clock: back 40d")
    assert "a duration like 30d" in refusal(tmp_path, "steps:", ASSERT, "- clock: set back forty")
    assert "steps[1].fault.kind" in refusal(tmp_path, "steps:", ASSERT, "- fault: {camera: cam1, kind: fire}")
    assert "600s at the most" in refusal(tmp_path, "steps:", ASSERT, "- fault: {camera: cam1, kind: reset, for: 1h}")
    assert set(FAULTS) <= set(KINDS)


def test_a_crossing_that_nobody_looks_at_is_refused(tmp_path: Path) -> None:
    said = refusal(tmp_path, "steps:", ASSERT, "- to-end: 10s", "- cross: 1s")
    assert said.startswith("line 5, steps[2].cross: nothing is asserted after it")


def test_streams_are_opened_only_before_an_expiry_that_is_crossed(tmp_path: Path) -> None:
    file = tmp_path / "odd.yaml"
    steps = ("- to-end: 20d", "- allocate: {}", "- to-end: 25s", ASSERT, "- service: offline", "- cross: 1s")
    file.write_text("\n".join(["name: odd", "steps:", *steps, ASSERT.replace("now", "later")]))
    scenario = load_scenario(file)
    assert [scenario.crosses(number) for number in (1, 3)] == [False, True]


def test_a_direct_camera_is_one_camera_without_a_monitor(tmp_path: Path) -> None:
    assert "cameras: 1" in refusal(tmp_path, "given: {kind: direct}", "steps:", ASSERT)
    asked = "- assert: {column: now, rows: {M4: works}}"
    said = refusal(tmp_path, "given: {kind: direct, cameras: 1}", "steps:", asked)
    assert said.startswith("line 4, steps[0].assert.rows.M4: a direct camera has no monitor")
    file = tmp_path / "direct.yaml"
    file.write_text(f"name: odd\ngiven: {{kind: direct, cameras: 1}}\nsteps:\n{ASSERT}\n")
    scenario = load_scenario(file)
    check = scenario.steps[0].check
    assert check is not None and set(scenario.expected(check)) == set(ROWS) - MONITOR_ROWS


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


def test_the_command_lists_what_there_is_and_carries_out_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert verify(["--list", *map(str, FILES)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(FILES)
    assert any("lapse and restore: term | just before X | after X | restored" in line for line in lines)
    assert verify(["--list", "--json", str(FILES[0])]) == 0
    (one,) = json.loads(capsys.readouterr().out)
    assert one["file"] == str(FILES[0]) and one["name"] and one["columns"]
