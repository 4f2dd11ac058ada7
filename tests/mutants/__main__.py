"""`python -m tests.mutants`: shows for each enforcement point of the product that the verifier sees it missing."""

import argparse
import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from rich import box
from rich.console import Console
from rich.table import Table

from gate.clock import Clock, SystemClock
from tests.mutants.catalogue import MUTANTS
from tests.mutants.mutant import Mutant, Scene
from tests.mutants.trial import Trial, run_trial

_EXAMPLES = """\
examples:
  make verify-mutants                                          every mutant, and every scene without one
  .venv/bin/python -m tests.mutants --only hls --only snapshot
  .venv/bin/python -m tests.mutants --json > mutants.json      the table goes to stderr

Exit status: 0 every mutant was seen, and nothing was wrong without one; 1 otherwise.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """`mutant` None: the scene on the product as it is."""

    scene: Scene
    mutant: Mutant | None
    trial: Trial

    @property
    def good(self) -> bool:
        return self.trial.clean if self.mutant is None else self.trial.kills(self.mutant)

    @property
    def word(self) -> str:
        if self.mutant is None:
            return "passes" if self.good else "does not pass"
        return "killed" if self.good else "survived"

    @property
    def seen(self) -> str:
        shown = sorted(self.trial.failed) + [f"{one} (not run)" for one in sorted(self.trial.missed)]
        return self.trial.trouble or ", ".join(shown) or "nothing"

    def as_object(self) -> dict[str, object]:
        return {
            "mutant": self.mutant.name if self.mutant else None,
            "disabled": self.mutant.says if self.mutant else None,
            "row": self.mutant.row if self.mutant else None,
            "scene": self.scene.name,
            "expected": list(self.mutant.red) if self.mutant else [],
            "failed": sorted(self.trial.failed),
            "not_run": sorted(self.trial.missed),
            "trouble": self.trial.trouble,
            "result": self.word,
            "seconds": round(self.trial.seconds, 1),
        }


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.mutants",
        description="Disable one enforcement point of the product at a time, and show that the verifier sees it.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--only", action="append", metavar="NAME", help="this mutant (may be repeated)")
    parser.add_argument("--jobs", type=int, default=min(2, os.cpu_count() or 1), help="sites at a time (default: 2)")
    parser.add_argument("--json", action="store_true", help="print all results as an object")
    parser.add_argument("--list", action="store_true", help="print names and what is disabled; run nothing")
    options = parser.parse_args()
    unknown = set(options.only or ()) - {mutant.name for mutant in MUTANTS}
    if unknown:
        parser.error(f"there is no mutant {', '.join(sorted(unknown))}; --list has their names")
    chosen = [mutant for mutant in MUTANTS if not options.only or mutant.name in options.only]
    if options.list:
        for mutant in chosen:
            print(f"{mutant.row}  {mutant.name}: {mutant.says}")
        return 0
    console = Console(stderr=options.json)
    try:
        results = asyncio.run(_run(chosen, max(options.jobs, 1), console))
    except asyncio.CancelledError:
        print("interrupted, nothing is shown", file=sys.stderr)
        return 1
    _print_table(console, results)
    good = all(result.good for result in results)
    if options.json:
        told = {"verdict": "pass" if good else "fail", "results": [result.as_object() for result in results]}
        print(json.dumps(told, ensure_ascii=False))
    return 0 if good else 1


async def _run(mutants: Sequence[Mutant], jobs: int, console: Console) -> list[Result]:
    task = asyncio.current_task()
    assert task is not None
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    scenes = {mutant.scene.name: mutant.scene for mutant in mutants}
    work: list[tuple[Scene, Mutant | None]] = [(scene, None) for scene in scenes.values()]
    work += [(mutant.scene, mutant) for mutant in mutants]
    slots = asyncio.Semaphore(jobs)
    results: list[Result | None] = [None] * len(work)
    async with _clock() as clock, asyncio.TaskGroup() as group:

        async def one(at: int) -> None:
            scene, mutant = work[at]
            async with slots:
                trial = await run_trial(scene, mutant, clock)
            results[at] = result = Result(scene=scene, mutant=mutant, trial=trial)
            name = mutant.name if mutant else f"no mutant: {scene.name}"
            why = "" if result.good else f": {result.seen}"
            console.print(f"{name}: {result.word} ({trial.seconds:.0f} s){why}", highlight=False, markup=False)

        for at in range(len(work)):
            group.create_task(one(at))
    return [result for result in results if result is not None]


@contextlib.asynccontextmanager
async def _clock() -> AsyncIterator[Clock]:
    clock = SystemClock()
    try:
        yield clock
    finally:
        clock.close()


def _print_table(console: Console, results: Sequence[Result]) -> None:
    table = Table(box=box.SIMPLE_HEAD)
    for title in ("", "mutant", "must turn red", "seen"):
        table.add_column(title, overflow="fold")
    table.add_column("", no_wrap=True)
    table.add_column("s", justify="right")
    for result in results:
        mutant = result.mutant
        table.add_row(
            mutant.row if mutant else "",
            mutant.name if mutant else f"none: {result.scene.name}",
            ", ".join(mutant.red) if mutant else "nothing",
            result.seen,
            f"[{'green' if result.good else 'bold red'}]{result.word}[/]",
            f"{result.trial.seconds:.0f}",
        )
    console.print(table)
    mutants = [result for result in results if result.mutant is not None]
    killed = sum(result.good for result in mutants)
    console.print(f"{killed} of {len(mutants)} mutants killed", highlight=False)


if __name__ == "__main__":
    sys.exit(main())
