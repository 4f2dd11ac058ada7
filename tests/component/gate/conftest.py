"""A gate on simulated time, and holders of its leases."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

import anyio
import pytest
import pytest_asyncio

from gate.client.gate import Gate
from gate.client.lease import Lease
from gate.clock import SimulatedClock
from gate.licence.features import Feature
from tests.fakes.entitlements import NEW_YEAR

CAMERAS = ("cam1", "cam2")


class Holder:
    """A task that holds one lease until it is cut, and notes when."""

    def __init__(self, clock: SimulatedClock) -> None:
        self._clock = clock
        self.lease: Lease | None = None
        self.left_ns: int | None = None
        self.task: asyncio.Task[None] | None = None

    async def hold(self, gate: Gate, feature: Feature, camera: str | None) -> None:
        async with gate.lease(feature, camera) as self.lease:
            try:
                await anyio.sleep_forever()
            finally:
                self.left_ns = self._clock.now_ns()

    @property
    def held(self) -> Lease:
        assert self.lease is not None
        return self.lease

    @property
    def running(self) -> bool:
        return self.lease is not None and self.left_ns is None


Holding = Callable[[Feature, str | None], Awaitable[Holder]]


@pytest.fixture
def clock() -> SimulatedClock:
    return SimulatedClock(NEW_YEAR)


@pytest_asyncio.fixture
async def gate(clock: SimulatedClock) -> AsyncIterator[Gate]:
    gate = Gate(clock=clock, device_id="rec-1", cameras=CAMERAS)
    running = asyncio.create_task(gate.run())
    await clock.settle()
    yield gate
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running


@pytest_asyncio.fixture
async def hold(gate: Gate, clock: SimulatedClock) -> AsyncIterator[Holding]:
    """`await hold(feature, camera)` gives a holder that has its lease."""
    tasks: list[asyncio.Task[None]] = []

    async def start(feature: Feature, camera: str | None) -> Holder:
        holder = Holder(clock)
        holder.task = asyncio.create_task(holder.hold(gate, feature, camera))
        tasks.append(holder.task)
        await clock.settle()
        return holder

    yield start
    for task in tasks:
        task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await asyncio.gather(*tasks)
