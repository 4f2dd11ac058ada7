"""Five mutants of different rows on real sites: each is seen by the verifier, in the cell or check that is its own.

`make verify-mutants` has all of them, and shows that nothing is red without one."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from gate.clock import SystemClock
from tests.mutants.catalogue import MUTANTS
from tests.mutants.mutant import Mutant
from tests.mutants.trial import Trial, run_trial

CHOSEN = (
    "live-without-lease",
    "recording-without-lease",
    "maintenance-without-licence",
    "hdmi-live-cut",
    "sd-card-refused",
)
AT_ONCE = 2

pytestmark = pytest.mark.timeout(400)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def trials() -> AsyncIterator[dict[str, asyncio.Task[Trial]]]:
    """All of them, two at a time; each test waits for its own."""
    clock, slots = SystemClock(), asyncio.Semaphore(AT_ONCE)

    async def trial(mutant: Mutant) -> Trial:
        async with slots:
            return await run_trial(mutant.scene, mutant, clock)

    chosen = [mutant for mutant in MUTANTS if mutant.name in CHOSEN]
    tasks = {mutant.name: asyncio.create_task(trial(mutant), name=mutant.name) for mutant in chosen}
    yield tasks
    for task in tasks.values():
        task.cancel()
    await asyncio.gather(*tasks.values(), return_exceptions=True)
    clock.close()


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("name", CHOSEN)
async def test_a_disabled_enforcement_point_turns_its_cell_red(
    name: str, trials: dict[str, asyncio.Task[Trial]]
) -> None:
    mutant = next(mutant for mutant in MUTANTS if mutant.name == name)
    trial = await trials[name]
    assert trial.kills(mutant), trial
    rows = {one.partition("/")[2] for one in trial.failed if "/" in one}
    assert rows <= {mutant.row}, trial


def test_the_five_are_of_different_rows() -> None:
    rows = [mutant.row for mutant in MUTANTS if mutant.name in CHOSEN]
    assert len(rows) == len(set(rows)) == len(CHOSEN)
