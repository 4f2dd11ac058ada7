"""A gate whose clock is stepped from outside: when a step is reported done, everything due has happened."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import anyio
import pytest_asyncio

from gate.client.gate import Gate
from gate.client.licensing import open_licensing
from gate.clock import Clock, ns_of
from gate.licence.decision import Granted
from gate.licence.entitlement import Interval
from gate.licence.features import Feature
from gate.shared_clock.client import open_clock
from gate.shared_clock.controller import command
from gate.signing.issue import Request, issue
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


async def test_steps_and_restarts_on_a_shared_clock_are_never_held_against_the_device(tmp_path: Path) -> None:
    issuer = tmp_path / "issuer"
    issuer.mkdir()
    path = tmp_path / "licence.json"
    for restart in range(3):
        async with open_clock("shared", tmp_path / "c.sock", "recorder rec-1", state=tmp_path / "c.json") as clock:
            if restart == 0:
                now = clock.now()
                request = Request(device_id="rec-1", cameras=["cam1"], issued_at=now, until=now + timedelta(days=4000))
                issue(request, out=path, keys=issuer)
            licensing = open_licensing(
                clock=clock,
                data_dir=tmp_path / "data",
                device_id="rec-1",
                cameras=["cam1"],
                path=path,
                root_key=issuer / "root.pub",
            )
            await licensing.licence.run_once()
            running = [
                asyncio.create_task(job(), name=name)
                for name, job in (("gate", licensing.gate.run), ("time", licensing.timekeeper.run))
            ]
            for words in ("advance 365d", "advance 1h", "advance 400d"):
                done = await command(tmp_path / "c.sock", words)
                assert done["late"] == []
                assert isinstance(licensing.gate.decide(Feature.RECORDING, "cam1"), Granted)
                assert licensing.gate.evidence().doubt is None
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)


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
