"""Scenarios as pytest tests. Without its options and files named `*.scenario.yaml` it does nothing.

pytest door.scenario.yaml                                   a file is a test
pytest --edge-recorder-scenarios configs/scenarios          and so is each one of a folder
pytest --edge-recorder-attach site.yaml …                   at a site that runs already
def test_door(edge_recorder_verify): assert edge_recorder_verify(Path("door.yaml")).passed
"""

import asyncio
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from gate.verify.outcome import Outcome

SUFFIX = ".scenario.yaml"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Three options."""
    group = parser.getgroup("edge-recorder", "scenarios of edge-recorder verify")
    group.addoption(
        "--edge-recorder-scenarios", type=Path, metavar="DIR", help="every scenario (*.yaml) of this folder is a test"
    )
    group.addoption(
        "--edge-recorder-attach", type=Path, metavar="SITE.yaml", help="judge a site that runs already, not a clean one"
    )
    group.addoption(
        "--edge-recorder-report", type=Path, metavar="DIR",
        help="leave a signed report of each scenario in a folder of its own there",
    )  # fmt: skip


def pytest_configure(config: pytest.Config) -> None:
    """The folder is collected beside what the command line names."""
    folder: Path | None = config.getoption("--edge-recorder-scenarios")
    if folder is None:
        return
    if not folder.is_dir():
        raise pytest.UsageError(f"--edge-recorder-scenarios: there is no folder {folder}")
    if config.args_source is not pytest.Config.ArgsSource.ARGS:  # else the whole of testpaths would run, too
        config.args[:] = []
    config.args.append(str(folder))


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> "ScenarioFile | None":
    """Files with the suffix anywhere, and every YAML file of the folder that was named."""
    folder: Path | None = parent.config.getoption("--edge-recorder-scenarios")
    is_named = folder is not None and file_path.suffix == ".yaml" and file_path.parent == folder.resolve()
    if not is_named and not file_path.name.endswith(SUFFIX):
        return None
    found: ScenarioFile = ScenarioFile.from_parent(parent, path=file_path)
    return found


class ScenarioFile(pytest.File):
    """A scenario's file: one test."""

    def collect(self) -> Iterator["ScenarioItem"]:
        """It is read when it runs: a mistake in it is that test's failure."""
        item: ScenarioItem = ScenarioItem.from_parent(self, name=self.path.name.removesuffix(".yaml"))
        yield item


class ScenarioItem(pytest.Item):
    """Fails with the red cells and their evidence."""

    def runtest(self) -> None:
        """Blocks until the scenario is over."""
        outcome = _carry_out(self.config, self.path)
        if not outcome.passed:
            raise NotAsExpectedError(outcome)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], *words: object, **named: object) -> str:
        """No stack where a scenario, its file or its site is what is wrong."""
        from gate.verify.errors import VerifyError
        from gate.yaml_file import ConfigError

        if isinstance(excinfo.value, NotAsExpectedError | VerifyError | ConfigError):
            return str(excinfo.value)
        return str(super().repr_failure(excinfo))

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Its file."""
        return self.path, None, self.name


class NotAsExpectedError(AssertionError):
    """Its text is the red cells with their evidence."""

    def __init__(self, outcome: "Outcome") -> None:
        from gate.verify.red import red_lines

        super().__init__("\n".join([f"{outcome.scenario} ({outcome.file}) is not as expected:", *red_lines(outcome)]))


@pytest.fixture
def edge_recorder_verify(request: pytest.FixtureRequest) -> "Callable[[Path], Outcome]":
    """Carries a scenario's file out, with the command line's options; gives the outcome. Raises VerifyError or
    ConfigError where it cannot. It blocks, and wants a test without a running event loop."""
    return lambda path: _carry_out(request.config, Path(path))


class _Silent:
    """Nobody watches."""

    def begin(self, number: int, of: int) -> None: ...
    def step(self, text: str) -> None: ...
    def column(self, name: str, expected: object) -> None: ...
    def cell(self, cell: object) -> None: ...
    def check(self, check: object) -> None: ...


def _carry_out(config: pytest.Config, path: Path) -> "Outcome":
    from gate.verify.jobs import scenario_jobs, scenarios_at

    site_file: Path | None = config.getoption("--edge-recorder-attach")
    reports: Path | None = config.getoption("--edge-recorder-report")
    (job,) = scenario_jobs([path]) if site_file is None else scenarios_at(site_file, [path])
    with tempfile.TemporaryDirectory(prefix="edge-verify-") as scratch:
        folder = Path(scratch) if reports is None else reports / job.stem
        pictures = folder / job.stem
        pictures.mkdir(parents=True, exist_ok=True)
        outcome = asyncio.run(job.run(pictures, _Silent()))
        if reports is not None:
            _report(folder, outcome)
    return outcome


def _report(folder: Path, outcome: "Outcome") -> None:
    from gate.verify.machine import this_machine
    from gate.verify.report import Run, write_report
    from gate.verify.signing_key import default_key, open_signing_key
    from gate.verify.words import language_of_locale

    run = Run(
        outcomes=[outcome], machine=this_machine(), began=outcome.began, ended=outcome.ended, seconds=outcome.seconds
    )
    write_report(folder, run, open_signing_key(default_key()), language_of_locale())
