"""A gate whose clock is stepped from outside: when a step is reported done, everything due has happened."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import anyio
import pytest_asyncio

from gate.client.gate import Gate
from gate.clock import Clock, ns_of
from gate.licence.decision import Granted
from gate.licence.entitlement import Interval
from gate.licence.features import Feature
from gate.shared_clock.client import open_clock
from gate.shared_clock.controller import command
from tests.fakes.entitlements import entitlement


@pytest_asyncio.fixture
async def shared(tmp_path: Path) -> AsyncIterator[Clock]:
    async with open_clock("shared", tmp_path / "clock.sock", "recorder rec-1", state=tmp_path / "clock.json") as clock:
        yield clock


@pytest_asyncio.fixture
async def stepped_gate(shared: Clock) -> AsyncIterator[Gate]:
    gate = Gate(clock=shared, device_id="rec-1", cameras=["cam1", "cam2"])
    running = asyncio.create_task(gate.run(), name="gate")
    yield gate
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running


async def test_a_step_over_the_end_is_done_when_the_holders_have_left(
    tmp_path: Path, shared: Clock, stepped_gate: Gate
) -> None:
    now = shared.now()
    first, second = now + timedelta(days=30), now + timedelta(days=60)
    stepped_gate.install(
        entitlement({"cam1": (Interval(now, first),), "cam2": (Interval(now, second),)}, issued_at=now)
    )
    left: dict[str, int] = {}

    async def hold(camera: str) -> None:
        async with stepped_gate.lease(Feature.RECORDING, camera):
            try:
                await anyio.sleep_forever()
            finally:
                with anyio.CancelScope(shield=True):
                    await shared.sleep(0.05)
                left[camera] = shared.now_ns()

    holders = [asyncio.create_task(hold(camera)) for camera in ("cam1", "cam2")]
    await shared.sleep(0)
    began_ns = shared.monotonic_ns()
    done = await command(tmp_path / "clock.sock", "advance 365d")
    assert done["late"] == []
    assert shared.monotonic_ns() - began_ns < 1_000_000_000, "the gate kept the clock waiting"
    assert set(left) == {"cam1", "cam2"}
    assert ns_of(first) <= left["cam1"] < ns_of(first + timedelta(seconds=2)), "cut on its own date, not at the target"
    assert ns_of(second) <= left["cam2"] < ns_of(second + timedelta(seconds=2))
    await asyncio.gather(*holders)


async def test_a_site_is_stepped_to_just_before_the_earliest_expiry(
    tmp_path: Path, shared: Clock, stepped_gate: Gate
) -> None:
    now = shared.now()
    end = now + timedelta(days=400)
    stepped_gate.install(entitlement({"cam1": (Interval(now, end),)}, issued_at=now))
    done = await command(tmp_path / "clock.sock", "to-expiry --before 10s")
    assert done["late"] == []
    assert timedelta(seconds=8) < end - shared.now() <= timedelta(seconds=10)
    assert isinstance(stepped_gate.decide(Feature.RECORDING, "cam1"), Granted)
