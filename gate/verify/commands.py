"""`edge-recorder verify`: carries scenarios out on clean sites, and says whether the matrix holds."""

import argparse
import asyncio
import contextlib
import json
import os
import signal
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path

from rich.console import Console

from gate.clock import SystemClock
from gate.command_parser import CommandParser
from gate.shipped_configs import own_or_shipped
from gate.verify.authenticity import PAGE_NAME, check_report
from gate.verify.errors import VerifyError
from gate.verify.jobs import Job, attached_jobs, driver_jobs, load_scenarios, scenario_jobs
from gate.verify.machine import this_machine
from gate.verify.outcome import Outcome
from gate.verify.report import Run, as_json, write_report
from gate.verify.report_schema import Report
from gate.verify.runner import run_scenario
from gate.verify.signing_key import default_key, open_signing_key, public_of, read_public_key
from gate.verify.terminal import Board, judged_lines
from gate.verify.words import LANGUAGES, in_language, language_of_locale, text_of
from gate.yaml_file import ConfigError

SCENARIOS = "scenarios"
JOBS_MAX = 16
JOBS_A_CORE, JOBS_DEFAULT_MAX = 1.5, 3
"""A scenario waits for half of its time, so two cores carry three."""
_SCENARIOS_HELP = "default: all of configs/scenarios, or, where that is not, all that come with the program"
_EXAMPLES = """\
examples:
  edge-recorder verify                                       every scenario of configs/scenarios
  edge-recorder verify configs/scenarios/lapse_and_restore.yaml --report run/verify
  edge-recorder verify --list                                              their names and columns
  edge-recorder verify --json > report.json
  edge-recorder verify --attach configs/attach.yaml           a site that runs already, as it is now
  edge-recorder verify --driver configs/drivers/plain_rtsp_hls.yaml        another maker's recorder
  edge-recorder verify --check run/verify                    a report of this machine's own key
  edge-recorder verify --check report.html --key verify.pub  one that came by mail

Exit status: 0 everything was seen as expected; 1 something was not, or could not be seen;
2 a scenario or a site cannot be used. With --check: 0 the report is as its verifier made it;
1 it was changed, or nobody has signed it, or a key that is not known here; 2 it cannot be read.
"""


def verify(argv: list[str]) -> int:
    """The command's entry. Exit status 0, 1, or 2 after one sentence on stderr."""
    options = _parser().parse_args(argv)
    try:
        if options.schema:
            print(json.dumps(Report.model_json_schema(), ensure_ascii=False, indent=1))
            return 0
        if options.list:
            return _list(options)
        return _check(options) if options.check is not None else _prove(options)
    except ConfigError as error:
        sentence = str(error)
    except VerifyError as error:
        sentence = in_language(str(error), options.language)
    except OSError as error:
        sentence = f"{error.filename}: {error.strerror}" if error.filename else f"{type(error).__name__} {error}"
    except asyncio.CancelledError:
        sentence = text_of("interrupted, nothing is proved", options.language)
    print(f"edge-recorder verify: {sentence}", file=sys.stderr)
    return 2


def _parser() -> argparse.ArgumentParser:
    parser = CommandParser(
        prog="edge-recorder verify",
        description="Prove from outside what an expiry stops and what goes on: start a clean site with cameras and a "
        "licence service, drive its clock across the expiry, and look at what a user would notice.",
        epilog=_EXAMPLES,
    )
    parser.add_argument("scenarios", type=Path, nargs="*", metavar="SCENARIO.yaml", help=_SCENARIOS_HELP)
    parser.add_argument(
        "--attach", type=Path, metavar="SITE.yaml", help="judge a site that runs already (configs/attach.yaml explains "
        "it): by these scenarios, or as it is now",
    )  # fmt: skip
    parser.add_argument(
        "--driver", type=Path, action="append", metavar="DRIVER.yaml", help="judge another maker's recorder "
        "(configs/drivers/plain_rtsp_hls.yaml explains it); again for more",
    )  # fmt: skip
    parser.add_argument(
        "--jobs", type=_at_once, metavar="N",
        help=f"scenarios side by side, each on a site of its own (default: {JOBS_DEFAULT_MAX} where there are two "
        "processor cores or more, else 1)",
    )  # fmt: skip
    parser.add_argument(
        "--report",
        type=Path,
        metavar="DIR",
        help="write report.html, report.json, junit.xml and pictures there, signed",
    )
    parser.add_argument("--json", action="store_true", help="print report.json's object; the matrix goes to stderr")
    parser.add_argument(
        "--language", choices=LANGUAGES, default=language_of_locale(), help="of the terminal; the page begins in it "
        "(default: the locale's)",
    )  # fmt: skip
    parser.add_argument(
        "--key", metavar="FILE", help="the private key to sign a report with, made at first use "
        "(default: ~/.local/share/edge-recorder/verify.key); with --check the maker's public key",
    )  # fmt: skip
    parser.add_argument(
        "--check", type=Path, metavar="REPORT", help="say whether a report (its folder, or a file of it) is as its "
        "verifier made it; needs no network",
    )  # fmt: skip
    parser.add_argument(
        "--no-browser", action="store_true", help="no pictures of the web app in a report; without it they are taken "
        "where there is a Chromium",
    )  # fmt: skip
    parser.add_argument("--list", action="store_true", help="print the scenarios, a line each, and carry out none")
    parser.add_argument("--schema", action="store_true", help="print the JSON Schema of report.json")
    return parser


def _at_once(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or not 1 <= int(text) <= JOBS_MAX:
        raise argparse.ArgumentTypeError(f"a number from 1 to {JOBS_MAX} is wanted, not {text!r}")
    return int(text)


def _check(options: argparse.Namespace) -> int:
    own = public_of(default_key())
    wanted = options.key or (str(own) if own.is_file() else None)
    judged = check_report(options.check, {read_public_key(wanted)} if wanted else set())
    if options.json:
        print(json.dumps(asdict(judged), ensure_ascii=False))
    else:
        print("\n".join(judged_lines(judged, options.language)))
    return 0 if judged.verdict == "whole" else 1


def _prove(options: argparse.Namespace) -> int:
    console = Console(stderr=options.json)
    with_browser = options.report is not None and not options.no_browser
    jobs = _jobs(options, with_browser=with_browser)
    key = open_signing_key(Path(options.key) if options.key else default_key()) if options.report else None
    with contextlib.ExitStack() as stack:
        folder = options.report or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="edge-verify-")))
        folder.mkdir(parents=True, exist_ok=True)
        board = stack.enter_context(
            Board(console, stack.enter_context(contextlib.closing(SystemClock())), options.language)
        )
        at_once = options.jobs or min(JOBS_DEFAULT_MAX, int(JOBS_A_CORE * (os.cpu_count() or 1)))
        run = asyncio.run(_run(jobs, folder, board, 1 if options.driver or options.attach else at_once))
        board.summary(run.outcomes)
        if key is not None:
            write_report(folder, run, key, options.language)
    if options.json:
        print(as_json(run))
    elif options.report:
        said = text_of("report", options.language) + f": {options.report / PAGE_NAME}"
        console.print(said, highlight=False, markup=False)
    return 0 if run.passed else 1


def _jobs(options: argparse.Namespace, *, with_browser: bool) -> list[Job]:
    if options.attach is not None and options.driver:
        raise VerifyError("--attach and --driver judge different recorders: give one of them")
    if options.attach is not None:
        return attached_jobs(options.attach, options.scenarios)
    if options.driver:
        if options.scenarios:
            raise VerifyError("a driver's file says itself what is done: name no scenario beside it")
        return driver_jobs(options.driver)
    return scenario_jobs(_files(options), partial(run_scenario, with_browser=with_browser))


def _files(options: argparse.Namespace) -> list[Path]:
    files = options.scenarios or sorted(own_or_shipped(SCENARIOS).glob("*.yaml"))
    if not files:
        raise VerifyError(f"there are no scenarios in {own_or_shipped(SCENARIOS)}: name a file")
    return list(files)


def _list(options: argparse.Namespace) -> int:
    """Each file with its scenario's name and columns."""
    scenarios = load_scenarios(_files(options))
    if options.json:
        print(json.dumps([{"file": str(file), "name": one.name, "columns": one.columns} for file, one in scenarios]))
        return 0
    width = max(len(file.stem) for file, _ in scenarios)
    for file, one in scenarios:
        print(f"{file.stem:<{width}}  {one.name}: {' | '.join(one.columns)}")
    return 0


async def _run(jobs: Sequence[Job], folder: Path, board: Board, at_once: int) -> Run:
    task = asyncio.current_task()
    assert task is not None
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    machine = await asyncio.to_thread(this_machine)
    with contextlib.closing(SystemClock()) as clock:
        began, began_ns = clock.now(), clock.monotonic_ns()
        outcomes = await _side_by_side(jobs, folder, board, at_once)
        return Run(
            outcomes=outcomes,
            machine=machine,
            began=began.isoformat(timespec="milliseconds"),
            ended=clock.now().isoformat(timespec="milliseconds"),
            seconds=round((clock.monotonic_ns() - began_ns) / 1e9, 3),
        )


async def _side_by_side(jobs: Sequence[Job], folder: Path, board: Board, at_once: int) -> list[Outcome]:
    """So many at a time, the longest first, so that none is left alone at the end; the outcomes in the order of the
    jobs."""
    slots = asyncio.Semaphore(at_once)
    queue = sorted(range(len(jobs)), key=lambda at: -jobs[at].length if at_once > 1 else at)

    async def one(job: Job) -> Outcome:
        async with slots:
            return await _carry_out(job, folder, board)

    try:
        async with asyncio.TaskGroup() as group:
            tasks = {at: group.create_task(one(jobs[at]), name=jobs[at].title) for at in queue}
    except ExceptionGroup as errors:  # a site that cannot even be started ends the others
        raise errors.exceptions[0] from None
    return [tasks[at].result() for at in range(len(jobs))]


async def _carry_out(job: Job, folder: Path, board: Board) -> Outcome:
    pictures = folder / job.stem
    pictures.mkdir(parents=True, exist_ok=True)
    witness = board.witness(job.title)
    outcome = await job.run(pictures, witness)
    board.end(witness, outcome)
    return outcome
