"""Fetching from a camera's card ends when it is told to."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from gate.clock import SimulatedClock
from recorder.backfill.backfill import Backfill
from recorder.backfill.errors import BackfillError
from recorder.backfill.plan import Range
from tests.fakes.ending import ends_when_cancelled
from tests.fakes.entitlements import NEW_YEAR


async def test_fetching_that_is_ended_ends_also_when_its_disk_is_full_in_that_moment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fetching = asyncio.Event()

    async def fetch(_: Backfill) -> Sequence[Range]:
        fetching.set()
        try:
            await asyncio.Event().wait()
        finally:
            raise BackfillError("the file could not be closed")

    async def there(_: Backfill, wanted: bool) -> None:
        pass

    monkeypatch.setattr(Backfill, "run_once", fetch)
    monkeypatch.setattr(Backfill, "_wait_reach", there)
    none: Any = None
    clock = SimulatedClock(NEW_YEAR)
    backfill = Backfill(
        camera="cam1",
        url="http://127.0.0.1/sd/",
        credentials=None,
        segment_seconds=60,
        folder=none,
        catalog=none,
        disks=none,
        gate=none,
        board=none,
        clock=clock,
    )
    task = asyncio.create_task(backfill.run())
    while not fetching.is_set():
        await clock.advance(1)
    assert await ends_when_cancelled(task), "it looks for more to fetch"
