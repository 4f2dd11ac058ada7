"""How late the event loop comes to what is due: the measure of whether something holds it up."""

import asyncio
import contextlib
from bisect import bisect_left
from collections.abc import AsyncIterator

from gate.clock import Clock

EVERY_SECONDS = 0.25
BOUNDS_SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 1.0)
"""Of the histogram; 20 ms is what 99 of 100 looks must not exceed."""


class LoopLag:
    """`measuring` for as long as it is to look. `counts`: looks by bound, the last beyond all."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.counts = [0] * (len(BOUNDS_SECONDS) + 1)
        self.sum_seconds = 0.0

    @contextlib.asynccontextmanager
    async def measuring(self) -> AsyncIterator[None]:
        """Four looks a second until the body ends."""
        task = asyncio.create_task(self._run(), name="loop lag")
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait((task,))

    def add(self, seconds: float) -> None:
        """One look was so late."""
        self.counts[bisect_left(BOUNDS_SECONDS, seconds)] += 1
        self.sum_seconds += seconds

    async def _run(self) -> None:
        while True:
            due_ns = self._clock.monotonic_ns() + round(EVERY_SECONDS * 1e9)
            await self._clock.sleep(EVERY_SECONDS)
            self.add(max(self._clock.monotonic_ns() - due_ns, 0) / 1e9)
