"""Turns batching off shortly before a camera's licence ends: no picture of its last moments waits in the kernel."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

import anyio

from gate.clock import Clock

LEAD = timedelta(milliseconds=250)


class Batching(Protocol):
    """A stream whose packets may be batched."""

    def set_batching(self, allowed: bool) -> None: ...


class Expiries(Protocol):
    """The part of the gate that knows when licences end."""

    @property
    def version(self) -> int: ...

    async def wait_changed(self, seen: int) -> int: ...

    def expiries(self) -> dict[str, datetime]: ...


async def run_precision(gate: Expiries, streams: Mapping[str, Sequence[Batching]], clock: Clock) -> None:
    """Keeps batching right for all streams, by camera, until cancelled."""
    while True:
        seen, expiries, now = gate.version, gate.expiries(), clock.now()
        for camera, sources in streams.items():
            allowed = camera not in expiries or expiries[camera] - LEAD > now
            for source in sources:
                source.set_batching(allowed)
        upcoming = [instant - LEAD for instant in expiries.values() if instant - LEAD > now]
        async with anyio.create_task_group() as either:
            if upcoming:
                either.start_soon(_sleep_until, clock, min(upcoming), either.cancel_scope)
            await gate.wait_changed(seen)
            either.cancel_scope.cancel()


async def _sleep_until(clock: Clock, instant: datetime, scope: anyio.CancelScope) -> None:
    await clock.sleep_until(instant)
    scope.cancel()
