"""What is to be judged, read before anything starts: scenarios, at sites of our own or not; drivers."""

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from gate.verify.attach_file import load_site_file, permits
from gate.verify.attached_run import run_attached, title_of
from gate.verify.errors import VerifyError
from gate.verify.foreign.driver_file import Driver, load_driver
from gate.verify.foreign.judging import judge_product
from gate.verify.outcome import Outcome, Witness
from gate.verify.runner import run_scenario
from gate.verify.scenario import Scenario, load_scenario

CarryOut = Callable[[Scenario, Path, Path, Witness], Coroutine[Any, Any, Outcome]]
"""`run_scenario`, or the same with more said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One outcome to be. `stem`: names its folder of pictures. `run` is given that folder, and who is told. `length`:
    who is longer is to begin sooner, where several run at a time."""

    title: str
    stem: str
    length: int = 0
    run: Callable[[Path, Witness], Coroutine[Any, Any, Outcome]]


def scenario_jobs(files: Sequence[Path], carry_out: CarryOut = run_scenario) -> list[Job]:
    """Each scenario at a clean site of its own. Raises VerifyError, or gate.yaml_file.ConfigError."""
    loaded = load_scenarios(files)
    return [
        Job(title=scenario.name, stem=file.stem, length=len(scenario.steps), run=partial(carry_out, scenario, file))
        for file, scenario in loaded
    ]


def driver_jobs(files: Sequence[Path]) -> list[Job]:
    """Each driver's recorder. As `scenario_jobs`."""

    def job(file: Path, driver: Driver) -> Job:
        async def run(_: Path, witness: Witness) -> Outcome:
            return await judge_product(driver, file, witness)

        return Job(title=driver.name, stem=file.stem, run=run)

    loaded = [(file, load_driver(file)) for file in files]
    _refuse_twins([driver.name for _, driver in loaded], [file.stem for file in files])
    return [job(file, driver) for file, driver in loaded]


def attached_jobs(site_file: Path, files: Sequence[Path]) -> list[Job]:
    """Each scenario at a site that runs already; first that site as it is now, where there is no scenario, or one of
    them cannot be carried out there to its end. As `scenario_jobs`."""
    site, jobs = load_site_file(site_file), scenarios_at(site_file, files)
    steps = [step for _, scenario in load_scenarios(files) for step in scenario.steps]
    if not jobs or not all(permits(site, step) for step in steps):
        now = partial(run_attached, site_file, None)
        jobs.insert(0, Job(title=title_of(site_file), stem=f"{site_file.stem}-now", run=now))
    return jobs


def scenarios_at(site_file: Path, files: Sequence[Path]) -> list[Job]:
    """Each scenario at a site that runs already. As `scenario_jobs`."""
    return [
        Job(title=scenario.name, stem=file.stem, run=partial(run_attached, site_file, (file, scenario)))
        for file, scenario in load_scenarios(files)
    ]


def load_scenarios(files: Sequence[Path]) -> list[tuple[Path, Scenario]]:
    """Each with its file. As `scenario_jobs`."""
    loaded = [(file, load_scenario(file)) for file in files]
    _refuse_twins([scenario.name for _, scenario in loaded], [file.stem for file in files])
    return loaded


def _refuse_twins(*kinds: Sequence[str]) -> None:
    for called in kinds:
        for name in called:
            if called.count(name) > 1:
                raise VerifyError(f"two scenarios are called {name!r}: give one of them another name")
