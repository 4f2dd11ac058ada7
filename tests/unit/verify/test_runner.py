"""A scenario that cannot go on: its outcome says why, nothing of it passes, and a wrong clock is put right."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from gate.clock import SystemClock
from gate.verify.outcome import Outcome, Witness
from gate.verify.runner import Run
from gate.verify.scenario import Scenario
from gate.verify.site import Site

SCENARIO = Scenario.model_validate(
    {"name": "odd", "steps": [{"clock": "set back 40d"}, {"assert": {"column": "now", "rows": {"M3": "stops"}}}]}
)


class _Silent:
    def __getattr__(self, name: str) -> Any:
        return lambda *_: None


@pytest.fixture
def run() -> Iterator[tuple[Run, Outcome, list[str]]]:
    clock, told = SystemClock(), list[str]()

    async def step(text: str) -> None:
        told.append(text)

    site = cast(Site, SimpleNamespace(clock=clock, now=clock.now, step=step))
    outcome = Outcome(scenario="odd", file="odd.yaml")
    yield Run(SCENARIO, site, None, Path(), cast(Witness, _Silent()), outcome), outcome, told
    clock.close()


async def test_an_answer_that_nobody_thought_of_ends_the_scenario_and_not_the_verifier(
    run: tuple[Run, Outcome, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def odd(_: Run) -> None:
        raise KeyError("cameras")

    monkeypatch.setattr(Run, "_begin", odd)
    await run[0].all()
    assert "KeyError" in run[1].trouble and not run[1].passed
    assert [(cell.row, cell.verdict) for cell in run[1].cells] == [("M3", "not run")]


async def test_a_clock_that_was_set_wrong_is_right_again_at_the_end(
    run: tuple[Run, Outcome, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def nothing(*_: Any) -> None: ...

    monkeypatch.setattr(Run, "_begin", nothing)
    monkeypatch.setattr(Run, "_assert", nothing)
    await run[0].all()
    assert run[2] == ["wrong back 40d recorder", "right recorder"]
