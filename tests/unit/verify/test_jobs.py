"""Scenarios side by side: so many at a time, told in their order; a site that does not start ends the others."""

import asyncio
import io
import json
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from gate.verify import commands
from gate.verify.errors import SiteError
from gate.verify.jobs import scenario_jobs
from gate.verify.matrix import Cell
from gate.verify.outcome import Outcome, Witness
from gate.verify.scenario import Scenario

NAMES = ("a", "b", "c", "d", "e")
RunScenario = Callable[[Scenario, Path, Path, Witness], Awaitable[Outcome]]


def scenarios(folder: Path) -> list[str]:
    files = []
    for name in NAMES:
        files.append(folder / f"{name}.yaml")
        files[-1].write_text(f"name: {name}\nsteps: [{{assert: {{column: now, rows: {{M3: works}}}}}}]\n")
    return [str(file) for file in files]


def seen(scenario: Scenario, file: Path) -> Outcome:
    cell = Cell(row="M3", column="now", expected="works", seen="works", began="", ended="")
    return Outcome(scenario=scenario.name, file=str(file), cells=[cell])


def carried_out(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: list[str], run: RunScenario
) -> tuple[int, str, str]:
    monkeypatch.setattr(commands, "scenario_jobs", lambda files, _: scenario_jobs(files, run))
    monkeypatch.setattr("sys.stdin", io.StringIO())
    status = commands.verify([*words, "--json"])
    told = capsys.readouterr()
    return status, told.out, told.err


@pytest.mark.parametrize("jobs", [1, 2, 5])
def test_so_many_run_at_a_time_and_are_told_in_their_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], jobs: int
) -> None:
    running: set[str] = set()
    most: list[int] = []

    async def run(scenario: Scenario, file: Path, pictures: Path, witness: Witness) -> Outcome:
        running.add(scenario.name)
        for _ in range(NAMES[::-1].index(scenario.name) + 3):  # the first takes longest
            most.append(len(running))
            await asyncio.get_running_loop().run_in_executor(None, str)
        running.remove(scenario.name)
        return seen(scenario, file)

    status, out, _ = carried_out(monkeypatch, capsys, [*scenarios(tmp_path), "--jobs", str(jobs)], run)
    assert [one["scenario"] for one in json.loads(out)["scenarios"]] == list(NAMES)
    assert (status, max(most)) == (0, jobs)


def test_the_longest_begins_first_where_several_run_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    files = [Path(name) for name in scenarios(tmp_path)]
    looks = "{assert: {column: now, rows: {M3: works}}}"
    files[-1].write_text(f"name: {NAMES[-1]}\nsteps: [{{advance: 1d}}, {looks}]\n")
    begun: list[str] = []

    async def run(scenario: Scenario, file: Path, pictures: Path, witness: Witness) -> Outcome:
        begun.append(scenario.name)
        return seen(scenario, file)

    words = [str(file) for file in files]
    carried_out(monkeypatch, capsys, [*words, "--jobs", "2"], run)
    assert begun == [NAMES[-1], *NAMES[:-1]]
    begun.clear()
    carried_out(monkeypatch, capsys, [*words, "--jobs", "1"], run)
    assert begun == list(NAMES), "one at a time follow each other as they were named"


def test_a_site_that_does_not_start_ends_the_others_with_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ended: list[str] = []

    async def run(scenario: Scenario, file: Path, pictures: Path, witness: Witness) -> Outcome:
        if scenario.name == "b":
            raise SiteError("the site does not start")
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(scenario.name)
        raise AssertionError

    status, out, err = carried_out(monkeypatch, capsys, [*scenarios(tmp_path), "--jobs", "2"], run)
    assert (status, out) == (2, "") and "a" in ended and not {"d", "e"} & set(ended)
    assert err.strip().splitlines()[-1].endswith("the site does not start")


@pytest.mark.parametrize("jobs", ["0", "17", "two", "-1"])
def test_another_number_of_jobs_is_refused(jobs: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        commands.verify(["--jobs", jobs])
    assert "a number from 1 to 16 is wanted" in capsys.readouterr().err


def test_a_site_that_runs_already_is_judged_by_one_scenario_after_the_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    running: list[str] = []

    async def run(scenario: Scenario, file: Path, pictures: Path, witness: Witness) -> Outcome:
        running.append(scenario.name)
        await asyncio.get_running_loop().run_in_executor(None, str)
        assert running == [scenario.name]
        running.remove(scenario.name)
        return seen(scenario, file)

    monkeypatch.setattr(commands, "attached_jobs", lambda site, files: scenario_jobs(files, run))
    words = [*scenarios(tmp_path), "--jobs", "4", "--attach", str(tmp_path / "site.yaml")]
    assert carried_out(monkeypatch, capsys, words, run)[0] == 0


def test_a_site_and_a_driver_at_once_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert commands.verify(["--attach", "site.yaml", "--driver", "driver.yaml", "--language", "en"]) == 2
    assert "--attach and --driver" in capsys.readouterr().err
