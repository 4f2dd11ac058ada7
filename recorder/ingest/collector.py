"""Reads many connections in one go, ten times a second.

A processor that has just run something else takes several times as long for the first packets as for the next ones. So
whoever can wait lets the kernel collect, and all are read one right after the other.
"""

import asyncio
from collections.abc import Callable

from gate.clock import Clock
from recorder.beat import next_beat

COLLECT_SECONDS = 0.1
AT_ONCE_MAX = 16
"""So many are read before whatever else waits in the loop gets its turn."""
BUFFER_BYTES = 256 << 10
"""Far more than any message or packet."""


class Collector:
    """`run` it for as long as the loop lives; while it is `running`, `add` what is to be called each time, and `remove`
    it again. `buffer`: for all who receive in this loop; nothing stays in it between two calls."""

    def __init__(self, clock: Clock) -> None:
        self.buffer = memoryview(bytearray(BUFFER_BYTES))
        self.running = False
        self._clock = clock
        self._members: dict[Callable[[], None], None] = {}
        self._wanted = asyncio.Event()

    def add(self, collect: Callable[[], None]) -> None:
        """`collect` must not raise."""
        self._members[collect] = None
        self._wanted.set()

    def remove(self, collect: Callable[[], None]) -> None:
        """It is not called any more, from this moment on."""
        self._members.pop(collect, None)

    async def run(self) -> None:
        """Until cancelled."""
        self.running = True
        try:
            while True:
                await self._wanted.wait()
                await next_beat(self._clock, COLLECT_SECONDS)
                for number, collect in enumerate(tuple(self._members), start=1):
                    if collect in self._members:
                        collect()
                    if not number % AT_ONCE_MAX:
                        await self._clock.sleep(0)
                if not self._members:
                    self._wanted.clear()
        finally:
            self.running = False
