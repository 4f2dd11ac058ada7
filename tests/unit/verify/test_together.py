"""Looks at once: nothing is left running when one of them fails, and what another put out of place is put back."""

import asyncio

import pytest

from gate.verify.errors import ProbeError
from gate.verify.together import together


async def test_one_that_fails_neither_interrupts_the_others_nor_leaves_them_running() -> None:
    told: list[str] = []

    async def fails() -> str:
        raise ProbeError("no answer")

    async def turns() -> str:
        told.append("turned")
        await asyncio.get_running_loop().run_in_executor(None, str)
        told.append("turned back")
        return "preset"

    with pytest.raises(ProbeError, match="no answer"):
        await together(fails(), turns())
    assert told == ["turned", "turned back"]
    assert await together(turns(), turns()) == ["preset", "preset"]


async def test_cancelled_it_ends_all_of_them() -> None:
    ended: list[str] = []
    begun = asyncio.Event()

    async def waits() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("one")

    task = asyncio.ensure_future(together(waits(), waits()))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended == ["one", "one"]
