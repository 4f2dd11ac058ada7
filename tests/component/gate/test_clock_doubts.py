"""A clock that was set back is believed again by itself, and everyone who waits for that is woken."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from gate.client.errors import LeaseDeniedError
from gate.client.gate import Gate
from gate.client.timekeeper import Timekeeper
from gate.clock import SimulatedClock, ns_of
from gate.licence.clock_evidence import ClockDoubt
from gate.licence.decision import Granted
from gate.licence.features import Feature
from gate.signing.trusted_time import CORRECTION, CRYSTAL_PPM, SETTLE
from gate.signing.two_slots import TwoSlots
from tests.fakes.entitlements import at, entitlement, span

SETTLED_SECONDS = SETTLE.total_seconds() + 1
BACK_SECONDS = CORRECTION.total_seconds() + 0.5
DOUBT_SECONDS = 0.5 * 1_000_000 / CRYSTAL_PPM - SETTLED_SECONDS
"""A crystal may honestly have gained half a second by then."""


def _gate(clock: SimulatedClock, folder: Path) -> Gate:
    judge = Timekeeper(clock=clock, boot_id="boot", slots=TwoSlots(folder, "clock"))
    gate = Gate(clock=clock, device_id="rec-1", cameras=["cam1"], time=judge)
    gate.install(entitlement({"cam1": (span(-(10**6), 10**7),)}))
    return gate


@pytest_asyncio.fixture
async def judged(clock: SimulatedClock, tmp_path: Path) -> AsyncIterator[Gate]:
    gate = _gate(clock, tmp_path)
    running = asyncio.create_task(gate.run())
    yield gate
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running


async def _set_back(gate: Gate, clock: SimulatedClock) -> None:
    await clock.advance(SETTLED_SECONDS)
    assert isinstance(gate.decide(Feature.RECORDING, "cam1"), Granted)
    await clock.jump(at(SETTLED_SECONDS - BACK_SECONDS))


async def test_a_doubt_that_ends_by_itself_wakes_who_waits_for_it(judged: Gate, clock: SimulatedClock) -> None:
    await _set_back(judged, clock)
    assert judged.evidence().doubt is ClockDoubt.SET_BACK
    waiting = asyncio.create_task(judged.wait_granted(Feature.RECORDING, "cam1"))
    await clock.advance(DOUBT_SECONDS - 1)
    assert not waiting.done() and judged.evidence().trusted_from is not None
    await clock.advance(2)
    assert waiting.done() and judged.evidence().doubt is None
    async with judged.lease(Feature.RECORDING, "cam1") as lease:
        assert not lease.covers(clock.now_ns() - 2 * 10**9), "what was captured while the clock was doubted"
        assert lease.covers(clock.now_ns())


async def test_a_decision_and_a_lease_say_the_same_also_before_the_timer_has_fired(
    clock: SimulatedClock, tmp_path: Path
) -> None:
    gate = _gate(clock, tmp_path)  # nothing runs it
    await _set_back(gate, clock)
    with pytest.raises(LeaseDeniedError):
        async with gate.lease(Feature.RECORDING, "cam1"):
            pytest.fail("the body ran")
    version = gate.version
    await clock.advance(DOUBT_SECONDS + 1)
    async with gate.lease(Feature.RECORDING, "cam1"):
        assert isinstance(gate.decide(Feature.RECORDING, "cam1"), Granted)
    assert gate.version > version


async def test_what_arrived_while_denied_is_not_covered_after_a_step_back(gate: Gate, clock: SimulatedClock) -> None:
    await clock.advance(100)
    denied_label, denied_arrival = clock.now_ns(), clock.monotonic_ns()
    await clock.advance(1)
    gate.install(entitlement({"cam1": (span(0, 10**6),)}))
    async with gate.lease(Feature.REMOTE_LIVE, "cam1") as lease:
        await clock.jump(at(50))
        assert lease.covers(denied_label), "labels cannot tell"
        assert not lease.covers_arrival(denied_label, denied_arrival)
        assert lease.covers_arrival(ns_of(at(50)), clock.monotonic_ns())


async def test_a_grant_that_began_between_two_looks_covers_arrivals_from_its_beginning() -> None:
    clock = SimulatedClock(at(0))
    gate = Gate(clock=clock, device_id="rec-1", cameras=["cam1"])  # nothing runs it: as if the loop had been late
    gate.install(entitlement({"cam1": (span(20, 30),)}))
    await clock.advance(25)
    async with gate.lease(Feature.REMOTE_LIVE, "cam1") as lease:
        assert lease.covers_arrival(ns_of(at(20)), 20 * 10**9)
        assert not lease.covers_arrival(ns_of(at(20)), 20 * 10**9 - 1)
