"""A trial: the verifier as it is judges a site that runs from a changed copy of the product."""

import asyncio
import contextlib
import json
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from gate.clock import Clock
from tests.mutants.mutant import PACKAGES, ROOT, Mutant, Scene, reds_of

TRIAL_SECONDS_MAX = 240.0
END_SECONDS_MAX = 30.0
"""What does not end so long after it was told to is killed; its site ends with it (gate.verify.with_parent)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """`failed`, `missed`: as `Mutant.red` names them. `trouble`: why there is no report."""

    failed: frozenset[str]
    missed: frozenset[str]
    seconds: float
    trouble: str = ""

    def kills(self, mutant: Mutant) -> bool:
        """Whether everything that must turn red did."""
        return not self.trouble and set(mutant.red) <= self.failed

    @property
    def clean(self) -> bool:
        """Whether nothing was wrong: what a site without a change must give."""
        return not (self.trouble or self.failed or self.missed)


def copy_product(folder: Path, mutant: Mutant | None) -> None:
    """The packages below `folder`, changed. Raises ValueError for a mutant that has rotted."""
    for package in PACKAGES:
        shutil.copytree(ROOT / package, folder / package)
    for change in mutant.changes if mutant is not None else ():
        path = folder / change.file
        path.write_text(change.applied_to(path.read_text()))


async def run_trial(scene: Scene, mutant: Mutant | None, clock: Clock) -> Trial:
    """Blocks for as long as the scene takes. Nothing is left of its site afterwards."""
    began_ns = clock.monotonic_ns()
    with tempfile.TemporaryDirectory(prefix="edge-mutant-") as name:
        folder = Path(name)
        await asyncio.to_thread(copy_product, folder, mutant)
        (folder / "scenario.yaml").write_text(yaml.safe_dump(scene.scenario()))
        words = [str(folder), str(folder / "scenario.yaml"), "--report", str(folder / "report"), "--no-browser"]
        async with _process(words, folder, clock) as process:
            try:
                async with clock.timeout(TRIAL_SECONDS_MAX):
                    out, _ = await process.communicate()
            except TimeoutError:
                out = f"it has not ended after {TRIAL_SECONDS_MAX:.0f} s".encode()
        seconds = (clock.monotonic_ns() - began_ns) / 1e9
        report = folder / "report" / "report.json"
        if process.returncode not in (0, 1) or not report.exists():
            trouble = out.decode(errors="replace").strip()[-400:] or "the verifier says nothing"
            return Trial(failed=frozenset(), missed=frozenset(), seconds=seconds, trouble=trouble)
        told = json.loads(report.read_text())
        failed, missed = reds_of(told)
        trouble = "; ".join(one["trouble"] for one in told["scenarios"] if one["trouble"])
        return Trial(failed=frozenset(failed), missed=frozenset(missed), seconds=seconds, trouble=trouble)


@contextlib.asynccontextmanager
async def _process(words: list[str], folder: Path, clock: Clock) -> AsyncIterator[asyncio.subprocess.Process]:
    """Ended as by Ctrl-C, if it has not ended by itself: its site goes with it."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.mutants.verifier", *words,
        cwd=ROOT, env={**os.environ, "TMPDIR": str(folder)},
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.returncode is None:
            await _end(process, clock)


async def _end(process: asyncio.subprocess.Process, clock: Clock) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(signal.SIGINT)
    try:
        async with clock.timeout(END_SECONDS_MAX):
            await process.communicate()
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
