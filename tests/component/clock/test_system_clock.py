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


async def test_without_a_timerfd_a_step_is_noticed_within_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gate.wall_steps.open_fd", lambda: None)
    monkeypatch.setattr(SystemClock, "_POLL_SECONDS", 0.01)
    clock = SystemClock()
    waiting = asyncio.create_task(clock.wait_discontinuity(clock.discontinuities))
    await clock.sleep(0.05)
    assert not waiting.done()
    later_ns = clock.now_ns() + 3_600_000_000_000
    monkeypatch.setattr("gate.clock.time.time_ns", lambda: later_ns)
    async with clock.timeout(5):
        assert await waiting == 1
