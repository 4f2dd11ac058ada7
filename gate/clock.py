"""Time. The only module that reads it.

Two times, never mixed: *wall time* (aware UTC; licence terms, labels, schedules) and *monotonic time*
(protocol timers, watchdogs, media), which no jump bends. A *discontinuity* is any moment at which wall time moved
otherwise than by flowing: a step by NTP or a person, a resume from suspend, a step of a shared clock.
"""

import asyncio
import contextlib
import heapq
import itertools
import os
import time
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Protocol

import anyio

from gate import wall_steps

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SETTLE_ROUNDS = 50
"""Loop iterations a simulated step grants to whoever was woken by it."""


def ns_of(instant: datetime) -> int:
    """Nanoseconds since 1970 of an aware instant, exact to the microsecond."""
    if instant.tzinfo is None:
        raise ValueError(f"naive datetime {instant.isoformat()}: give it a time zone")
    return (instant - _EPOCH) // timedelta(microseconds=1) * 1000


def instant_of(utc_ns: int) -> datetime:
    """The aware UTC instant of nanoseconds since 1970, cut to the microsecond."""
    return _EPOCH + timedelta(microseconds=utc_ns // 1000)


class Clock(Protocol):
    """What everything else knows of time."""

    def now(self) -> datetime:
        """Wall time, aware UTC."""

    def now_ns(self) -> int:
        """Wall time in nanoseconds since 1970, for hot paths."""

    def monotonic_ns(self) -> int:
        """Nanoseconds from an arbitrary origin; flows evenly, whatever happens to wall time."""

    def boottime_ns(self) -> int:
        """Nanoseconds since boot, suspend included; a shared clock's steps move it together with wall time."""

    @property
    def discontinuities(self) -> int:
        """How many discontinuities there have been: compare before and after."""

    async def wait_discontinuity(self, seen: int) -> int:
        """Returns the count as soon as it differs from `seen`."""

    async def sleep(self, seconds: float) -> None:
        """Sleeps on monotonic time."""

    async def sleep_until(self, instant: datetime) -> None:
        """Sleeps until wall time reaches `instant`, however it gets there. Call it from the task that does the work:
        a stepped clock waits for that task to sleep again, or to end, before it moves on."""

    def timeout(self, seconds: float) -> contextlib.AbstractAsyncContextManager[None]:
        """`async with`: the body is cancelled after that much monotonic time and TimeoutError raised."""

    def announce_expiries(self, expiries: Mapping[str, datetime]) -> None:
        """Tells whoever steps this clock when each entitled camera expires (for `to-expiry`)."""


class _Sleeper:
    __slots__ = ("deadline_ns", "task", "woken")

    def __init__(self, deadline_ns: int) -> None:
        self.deadline_ns = deadline_ns
        self.task = asyncio.current_task()
        self.woken: asyncio.Future[None] | None = None


class SystemClock:
    """The machine's clock. Wall steps are seen at once through a timerfd (Linux), else within a second."""

    _POLL_SECONDS = 1.0
    _STEP_NS_MIN = 50_000_000
    """Without a timerfd, wall time that moved this much against monotonic time has been set."""

    def __init__(self) -> None:
        self._offset_ns = 0
        self._discontinuities = 0
        self._sleepers: set[_Sleeper] = set()
        self._jumped = asyncio.Event()
        self._step_fd: int | None = None
        self._watching = False
        self._lead_ns = time.time_ns() - time.monotonic_ns()

    def now(self) -> datetime:
        return instant_of(self.now_ns())

    def now_ns(self) -> int:
        return time.time_ns() + self._offset_ns

    def monotonic_ns(self) -> int:
        return time.monotonic_ns()

    def boottime_ns(self) -> int:
        return time.clock_gettime_ns(time.CLOCK_BOOTTIME) + self._offset_ns

    @property
    def discontinuities(self) -> int:
        return self._discontinuities

    async def wait_discontinuity(self, seen: int) -> int:
        self._watch_steps()
        while self._discontinuities == seen:
            if self._step_fd is not None:
                await self._jumped.wait()
                continue
            with contextlib.suppress(TimeoutError):
                async with self.timeout(self._POLL_SECONDS):
                    await self._jumped.wait()
            self._compare_times()
        return self._discontinuities

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(seconds, 0))

    async def sleep_until(self, instant: datetime) -> None:
        self._watch_steps()
        sleeper = _Sleeper(ns_of(instant))
        self._sleepers.add(sleeper)
        self._deadlines_changed()
        loop = asyncio.get_running_loop()
        try:
            # Timers round down to a millisecond on uvloop: look again until the deadline has truly come.
            while (left_ns := sleeper.deadline_ns - self.now_ns()) > 0:
                sleeper.woken = loop.create_future()
                timer = loop.call_later(min(left_ns / 1e9, self._POLL_SECONDS), _wake, sleeper.woken)
                try:
                    await sleeper.woken
                finally:
                    timer.cancel()
        finally:
            self._sleepers.discard(sleeper)
            self._deadlines_changed()

    @contextlib.asynccontextmanager
    async def timeout(self, seconds: float) -> AsyncIterator[None]:
        with anyio.CancelScope() as scope:
            timer = asyncio.get_running_loop().call_later(max(seconds, 0), scope.cancel)
            try:
                yield
            finally:
                timer.cancel()
        if scope.cancelled_caught:
            raise TimeoutError

    def announce_expiries(self, expiries: Mapping[str, datetime]) -> None:
        """Nobody steps the machine's clock by command."""

    def close(self) -> None:
        """Stops watching for steps. The clock still reads."""
        if self._step_fd is not None:
            with contextlib.suppress(RuntimeError):
                asyncio.get_running_loop().remove_reader(self._step_fd)
            os.close(self._step_fd)
            self._step_fd = None

    def _deadlines_changed(self) -> None:
        """A hook for clocks that are stepped by deadline."""

    def _step(self) -> None:
        """Wall time has jumped: everyone who sleeps on it looks again, in deadline order."""
        self._discontinuities += 1
        self._jumped.set()
        self._jumped = asyncio.Event()
        for sleeper in sorted(self._sleepers, key=lambda s: s.deadline_ns):
            if sleeper.woken is not None:
                _wake(sleeper.woken)

    def _compare_times(self) -> None:
        lead_ns = time.time_ns() - time.monotonic_ns()
        if abs(lead_ns - self._lead_ns) > self._STEP_NS_MIN:
            self._step()
        self._lead_ns = lead_ns

    def _watch_steps(self) -> None:
        if not self._watching:
            self._watching = True
            self._step_fd = wall_steps.open_fd()
            if self._step_fd is not None:
                asyncio.get_running_loop().add_reader(self._step_fd, self._on_step_fd)

    def _on_step_fd(self) -> None:
        assert self._step_fd is not None
        wall_steps.rearm(self._step_fd)
        self._step()


def _wake(future: "asyncio.Future[None]") -> None:
    if not future.done():
        future.set_result(None)


class SimulatedClock:
    """Time that moves only when a test says so: `advance` lets it flow, `jump` steps wall time alone."""

    def __init__(self, start: datetime) -> None:
        self._wall_ns = ns_of(start)
        self._monotonic_ns = 0
        self._discontinuities = 0
        self._jumped = asyncio.Event()
        self._order = itertools.count()
        self._timers: list[tuple[int, int, Callable[[], None]]] = []  # monotonic deadlines
        self._wall_timers: list[tuple[int, int, Callable[[], None]]] = []
        self.expiries: Mapping[str, datetime] = {}

    def now(self) -> datetime:
        return instant_of(self._wall_ns)

    def now_ns(self) -> int:
        return self._wall_ns

    def monotonic_ns(self) -> int:
        return self._monotonic_ns

    def boottime_ns(self) -> int:
        return self._monotonic_ns

    @property
    def discontinuities(self) -> int:
        return self._discontinuities

    async def wait_discontinuity(self, seen: int) -> int:
        while self._discontinuities == seen:
            await self._jumped.wait()
        return self._discontinuities

    async def sleep(self, seconds: float) -> None:
        await self._wait(self._timers, self._monotonic_ns + round(max(seconds, 0) * 1e9))

    async def sleep_until(self, instant: datetime) -> None:
        while ns_of(instant) > self._wall_ns:
            await self._wait(self._wall_timers, ns_of(instant))

    @contextlib.asynccontextmanager
    async def timeout(self, seconds: float) -> AsyncIterator[None]:
        with anyio.CancelScope() as scope:
            deadline_ns = self._monotonic_ns + round(max(seconds, 0) * 1e9)
            entry = (deadline_ns, next(self._order), scope.cancel)
            heapq.heappush(self._timers, entry)
            try:
                yield
            finally:
                with contextlib.suppress(ValueError):
                    self._timers.remove(entry)
                    heapq.heapify(self._timers)
        if scope.cancelled_caught:
            raise TimeoutError

    def announce_expiries(self, expiries: Mapping[str, datetime]) -> None:
        self.expiries = dict(expiries)

    async def advance(self, seconds: float) -> None:
        """Lets time flow; whoever is due on the way is woken in deadline order, at the very instant of its deadline."""
        await self.settle()
        end_ns = self._monotonic_ns + round(seconds * 1e9)
        while True:
            lead_ns = self._wall_ns - self._monotonic_ns
            due = [
                timers[0][0] - shift for timers, shift in ((self._timers, 0), (self._wall_timers, lead_ns)) if timers
            ]
            next_ns = max(min([*due, end_ns]), self._monotonic_ns)
            if next_ns > end_ns or not due or min(due) > end_ns:
                break
            self._wall_ns += next_ns - self._monotonic_ns
            self._monotonic_ns = next_ns
            await self._fire()
        self._wall_ns += end_ns - self._monotonic_ns
        self._monotonic_ns = end_ns
        await self.settle()

    async def jump(self, instant: datetime) -> None:
        """Steps wall time, forward or back; monotonic time stands still. One discontinuity."""
        await self.settle()
        self._wall_ns = ns_of(instant)
        self._discontinuities += 1
        self._jumped.set()
        self._jumped = asyncio.Event()
        await self._fire()

    async def settle(self) -> None:
        """Lets everyone who can run, run."""
        for _ in range(_SETTLE_ROUNDS):
            await asyncio.sleep(0)

    async def _fire(self) -> None:
        for timers, now_ns in ((self._timers, self._monotonic_ns), (self._wall_timers, self._wall_ns)):
            while timers and timers[0][0] <= now_ns:
                heapq.heappop(timers)[2]()
        await self.settle()

    async def _wait(self, timers: list[tuple[int, int, Callable[[], None]]], deadline_ns: int) -> None:
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        entry = (deadline_ns, next(self._order), lambda: _wake(woken))
        heapq.heappush(timers, entry)
        try:
            await woken
        finally:
            if entry in timers:
                timers.remove(entry)
                heapq.heapify(timers)
