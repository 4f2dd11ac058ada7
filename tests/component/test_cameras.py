"""Recording of a camera goes on after a defect."""

import asyncio

import anyio
import pytest

from gate.clock import SimulatedClock
from recorder.cameras import RECORDING_RETRY_SECONDS, keep_recording
from tests.fakes.ending import ends_when_cancelled
from tests.fakes.entitlements import NEW_YEAR


async def test_recording_that_ended_by_a_defect_begins_again_and_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    clock, begun = SimulatedClock(NEW_YEAR), 0

    async def run() -> None:
        nonlocal begun
        begun += 1
        if begun < 3:
            raise ZeroDivisionError("a defect")
        await anyio.sleep_forever()

    task = asyncio.create_task(keep_recording("cam1", run, clock))
    await clock.settle()
    assert begun == 1
    await clock.advance(RECORDING_RETRY_SECONDS)
    await clock.advance(RECORDING_RETRY_SECONDS)
    assert begun == 3 and not task.done()
    assert caplog.text.count("camera cam1: recording ended by a defect") == 2
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_recording_that_is_ended_ends_also_when_its_disk_breaks_in_that_moment() -> None:
    begun = asyncio.Event()

    async def run() -> None:
        begun.set()
        try:
            await anyio.sleep_forever()
        finally:
            raise OSError("the disk is gone")

    task = asyncio.create_task(keep_recording("cam1", run, SimulatedClock(NEW_YEAR)))
    await begun.wait()
    assert await ends_when_cancelled(task), "it begins to record again"
