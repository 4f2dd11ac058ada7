"""One piece of work that names its own next time: an alarm clock on the wall clock, which can also be rung by hand."""

import logging
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import anyio

from gate.clock import Clock

_log = logging.getLogger(__name__)

RETRY_SECONDS = 5.0
"""After work that failed: on monotonic time, as wall time may be standing at the very instant that was due."""
AHEAD_MAX = timedelta(days=3650)
"""Nobody sleeps longer."""


class Alarm:
    """Does `work` at the start, at the instant that it gives (None: not by itself), and whenever it is rung. A stepped
    clock waits until the work of an instant is done."""

    def __init__(self, name: str, clock: Clock, work: Callable[[], Awaitable[datetime | None]]) -> None:
        self._name = name
        self._clock = clock
        self._work = work
        self._rung = anyio.Event()
        self._sleep: anyio.CancelScope | None = None
        self._begun = self._done = 0
        self._turned = anyio.Event()

    def ring(self) -> None:
        """Soon, once more; also if it works just now."""
        self._rung.set()
        if self._sleep is not None:
            self._sleep.cancel()

    async def run(self) -> None:
        """For ever. Work that raises is logged, and tried again in RETRY_SECONDS."""
        while True:
            # The task that slept until an instant must sleep again or end for a stepped clock to move on: so it ends
            # when nothing lies ahead, instead of waiting for a ring.
            async with anyio.create_task_group() as task:
                task.start_soon(self._turns, name=self._name)
            await self._rung.wait()

    async def done(self, seconds_max: float) -> bool:
        """Rings, and waits until all that is due now is done; at most so long (monotonic). Tells whether it is."""
        wanted = self._begun + 1
        self.ring()
        try:
            async with self._clock.timeout(seconds_max):
                while self._done < wanted:
                    await self._turned.wait()
        except TimeoutError:
            return False
        return True

    async def _turns(self) -> None:
        while True:
            self._rung = anyio.Event()
            self._begun += 1
            begun = self._begun
            try:
                at = await self._work()
            except Exception:
                _log.exception("%s failed; again in %.0f s", self._name, RETRY_SECONDS)
                await self._pause()
                continue
            self._done = begun
            self._turned.set()
            self._turned = anyio.Event()
            if self._rung.is_set():
                continue
            if at is None:
                return
            with anyio.CancelScope() as self._sleep:
                await self._clock.sleep_until(min(at, self._clock.now() + AHEAD_MAX))
            self._sleep = None

    async def _pause(self) -> None:
        with anyio.CancelScope() as self._sleep:
            await self._clock.sleep(RETRY_SECONDS)
        self._sleep = None
