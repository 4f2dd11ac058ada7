import asyncio
import time
from datetime import timedelta

import pytest

from gate.clock import SystemClock


async def test_setting_the_wall_clock_is_noticed_at_once() -> None:
    clock = SystemClock()
    waiting = asyncio.create_task(clock.wait_discontinuity(clock.discontinuities))
    async with clock.timeout(0.5):
        await clock.sleep(0)
    try:
        time.clock_settime_ns(time.CLOCK_REALTIME, clock.now_ns())
    except PermissionError:
        waiting.cancel()
        clock.close()
        pytest.skip("setting the clock needs CAP_SYS_TIME")
    async with clock.timeout(0.5):
        assert await waiting == 1
    clock.close()


async def test_sleep_until_never_returns_early() -> None:
    clock = SystemClock()
    for _ in range(20):
        due = clock.now() + timedelta(milliseconds=3)
        await clock.sleep_until(due)
        assert clock.now() >= due
    clock.close()


async def test_timeout_cuts_the_body_and_says_so() -> None:
    clock = SystemClock()
    with pytest.raises(TimeoutError):
        async with clock.timeout(0.01):
            await asyncio.Event().wait()
