"""The alarm that jobs wake by."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

from gate.clock import SimulatedClock
from gate.service.jobs.alarm import RETRY_SECONDS, Alarm

START = datetime(2027, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


@contextlib.asynccontextmanager
async def running(alarm: Alarm, clock: SimulatedClock) -> AsyncIterator[None]:
    task = asyncio.create_task(alarm.run())
    await clock.settle()
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def test_it_works_at_the_start_and_at_each_instant_it_named() -> None:
    clock, done = SimulatedClock(START), list[datetime]()

    async def work() -> datetime:
        done.append(clock.now())
        return clock.now() + HOUR

    async with running(Alarm("work", clock, work), clock):
        await clock.advance(3 * 3600)
    assert done == [START + n * HOUR for n in range(4)]


async def test_with_nothing_ahead_it_waits_to_be_rung() -> None:
    clock, done = SimulatedClock(START), list[datetime]()

    async def work() -> None:
        done.append(clock.now())

    alarm = Alarm("work", clock, work)
    async with running(alarm, clock):
        await clock.advance(86_400)
        assert len(done) == 1
        alarm.ring()
        await clock.settle()
        assert len(done) == 2


async def test_a_ring_wakes_it_before_its_instant_and_is_not_lost_while_it_works() -> None:
    clock, done, hold = SimulatedClock(START), list[datetime](), asyncio.Event()

    async def work() -> datetime:
        done.append(clock.now())
        await hold.wait()
        return START + HOUR

    alarm = Alarm("work", clock, work)
    async with running(alarm, clock):
        alarm.ring()
        alarm.ring()
        hold.set()
        await clock.settle()
        assert len(done) == 2, "two rings while it worked: once more"
        await clock.advance(10)
        alarm.ring()
        await clock.settle()
        assert done[2:] == [START + timedelta(seconds=10)]


async def test_work_that_fails_is_logged_and_tried_again() -> None:
    clock, tried = SimulatedClock(START), list[datetime]()

    async def work() -> None:
        tried.append(clock.now())
        if len(tried) < 3:
            raise OSError("the database is away")

    async with running(Alarm("work", clock, work), clock):
        await clock.advance(10 * RETRY_SECONDS)
    assert [at - START for at in tried] == [timedelta(seconds=n * RETRY_SECONDS) for n in range(3)]


async def test_done_waits_for_work_that_began_after_the_call_and_not_for_ever() -> None:
    clock, hold, begun = SimulatedClock(START), asyncio.Event(), 0

    async def work() -> None:
        nonlocal begun
        begun += 1
        await hold.wait()

    alarm = Alarm("work", clock, work)
    async with running(alarm, clock):
        waiting = asyncio.create_task(alarm.done(60))
        impatient = asyncio.create_task(alarm.done(1))
        await clock.advance(2)
        assert not waiting.done() and await impatient is False
        hold.set()
        assert await waiting is True
        assert begun >= 2
