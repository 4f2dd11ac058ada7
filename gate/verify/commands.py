"""`edge-recorder verify`: carries scenarios out on clean sites, and says whether the matrix holds."""

import argparse
import asyncio
import contextlib
import json
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from gate.shipped_configs import own_or_shipped
from gate.verify.errors import VerifyError
from gate.verify.outcome import Outcome
from gate.verify.report import as_object, write_report
from gate.verify.runner import run_scenario
from gate.verify.scenario import Scenario, load_scenario
from gate.verify.terminal import TerminalWitness, print_outcome
from gate.yaml_file import ConfigError

SCENARIOS = "scenarios"
_SCENARIOS_HELP = "default: all of configs/scenarios, or, where that is not, all that come with the program"
_EXAMPLES = """\
examples:
  edge-recorder verify                                                     every scenario of configs/scenarios
  edge-recorder verify configs/scenarios/lapse_and_restore.yaml --report run/verify
  edge-recorder verify --json > report.json

Exit status: 0 everything was seen as expected; 1 something was not, or could not be seen;
2 a scenario or a site cannot be used.
"""


def verify(argv: list[str]) -> int:
    """The command's entry. Exit status 0, 1, or 2 after one sentence on stderr."""
    parser = argparse.ArgumentParser(
        prog="edge-recorder verify",
        description="Prove from outside what an expiry stops and what goes on: start a clean site with cameras and a "
        "licence service, drive its clock across the expiry, and look at what a user would notice.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("scenarios", type=Path, nargs="*", metavar="SCENARIO.yaml", help=_SCENARIOS_HELP)
    parser.add_argument("--report", type=Path, metavar="DIR", help="write report.json, junit.xml and pictures there")
    parser.add_argument("--json", action="store_true", help="print report.json's object; the matrix goes to stderr")
    options = parser.parse_args(argv)
    console = Console(stderr=options.json)
    try:
        scenarios = _load(options.scenarios)
        with contextlib.ExitStack() as stack:
            folder = options.report or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="edge-verify-")))
            folder.mkdir(parents=True, exist_ok=True)
            outcomes = asyncio.run(_run(scenarios, folder, console))
            write_report(folder, outcomes)
    except (ConfigError, VerifyError) as error:
        print(f"edge-recorder verify: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"edge-recorder verify: {error.filename}: {error.strerror}", file=sys.stderr)
        return 2
    except asyncio.CancelledError:
        print("edge-recorder verify: interrupted, nothing is proved", file=sys.stderr)
        return 2
    if options.json:
        print(json.dumps(as_object(outcomes), ensure_ascii=False, default=str))
    elif options.report:
        console.print(f"report: {options.report / 'report.json'}", highlight=False)
    return 0 if outcomes and all(one.passed for one in outcomes) else 1


def _load(given: Sequence[Path]) -> list[tuple[Path, Scenario]]:
    files = list(given) or sorted(own_or_shipped(SCENARIOS).glob("*.yaml"))
    if not files:
        raise VerifyError(f"there are no scenarios in {own_or_shipped(SCENARIOS)}: name a file")
    loaded = [(file, load_scenario(file)) for file in files]
    names = [scenario.name for _, scenario in loaded]
    for name in names:
        if names.count(name) > 1:
            raise VerifyError(f"two scenarios are called {name!r}: give one of them another name")
    return loaded


async def _run(scenarios: Sequence[tuple[Path, Scenario]], folder: Path, console: Console) -> list[Outcome]:
    task = asyncio.current_task()
    assert task is not None
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    outcomes = []
    for file, scenario in scenarios:
        pictures = folder / file.stem
        pictures.mkdir(parents=True, exist_ok=True)
        with TerminalWitness(console, scenario.name) as witness:
            outcome = await run_scenario(scenario, file, pictures, witness)
        print_outcome(console, outcome)
        outcomes.append(outcome)
    return outcomes
