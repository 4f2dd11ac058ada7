"""Restoration, what a lease covers afterwards, and what the gate tells others."""

import asyncio

import pytest

from gate.client.gate import Gate
from gate.clock import SimulatedClock, ns_of
from gate.licence.decision import Granted
from gate.licence.features import Feature
from tests.component.gate.conftest import Holding
from tests.fakes.entitlements import at, entitlement, span


async def test_an_assigned_licence_restores_at_once_without_a_restart(
    gate: Gate, clock: SimulatedClock, hold: Holding
) -> None:
    gate.install(entitlement({"cam1": (span(0, 10),)}))
    waiting = asyncio.create_task(gate.wait_granted(Feature.RECORDING, "cam1"))
    assert await waiting == Granted(since=at(0), until=at(10))
    await clock.advance(60)
    waiting = asyncio.create_task(gate.wait_granted(Feature.RECORDING, "cam1"))
    await clock.settle()
    assert not waiting.done()
    gate.install(entitlement({"cam1": (span(60, 500),)}, seq=2, issued_at=at(60)))
    await clock.settle()
    assert waiting.done() and (await waiting).until == at(500)
    assert (await hold(Feature.RECORDING, "cam1")).running


async def test_a_licence_that_lies_ahead_restores_by_itself(gate: Gate, clock: SimulatedClock) -> None:
    gate.install(entitlement({"cam1": (span(0, 10), span(20, 30))}))
    await clock.advance(15)
    waiting = asyncio.create_task(gate.wait_granted(Feature.REMOTE_LIVE, "cam1"))
    await clock.advance(4.999)
    assert not waiting.done()
    await clock.advance(0.001)
    assert waiting.done() and (await waiting).since == at(20)


async def test_nothing_captured_while_denied_is_covered_even_if_the_new_licence_reaches_back(
    gate: Gate, clock: SimulatedClock, hold: Holding
) -> None:
    gate.install(entitlement({"cam1": (span(0, 10),)}))
    first = await hold(Feature.RECORDING, "cam1")
    await clock.advance(60)
    gate.install(entitlement({"cam1": (span(0, 500),)}, seq=2))
    second = await hold(Feature.RECORDING, "cam1")
    for label in (10, 30, 59.999999):
        assert not first.held.covers(ns_of(at(label))) and not second.held.covers(ns_of(at(label)))
    assert second.held.covers(ns_of(at(60))) and second.held.covers(ns_of(at(499)))
    assert first.held.covers(ns_of(at(9))), "what was granted when it was captured stays so"


async def test_what_was_captured_before_registration_is_not_covered(
    gate: Gate, clock: SimulatedClock, hold: Holding
) -> None:
    await clock.advance(100)
    gate.install(entitlement({"cam1": (span(0, 500),)}))
    holder = await hold(Feature.REMOTE_LIVE, "cam1")
    assert holder.held.from_ns == ns_of(at(100))


async def test_a_licence_that_began_ahead_covers_from_its_beginning(
    gate: Gate, clock: SimulatedClock, hold: Holding
) -> None:
    gate.install(entitlement({"cam1": (span(20, 30),)}))
    await clock.advance(25)
    holder = await hold(Feature.REMOTE_LIVE, "cam1")
    assert (holder.held.from_ns, holder.held.until_ns) == (ns_of(at(20)), ns_of(at(30)))


async def test_a_lease_covers_what_its_camera_was_granted_before_the_lease_began(
    gate: Gate, clock: SimulatedClock, hold: Holding
) -> None:
    gate.install(entitlement({"cam1": (span(0, 100),)}))
    await clock.advance(50)
    holder = await hold(Feature.RECORDING, "cam1")
    assert holder.held.covers(ns_of(at(45))), "the group of pictures that was cached under licence"


async def test_recording_outlives_staleness_and_remote_does_not(
    gate: Gate, clock: SimulatedClock, hold: Holding
) -> None:
    gate.install(entitlement({"cam1": (span(0, 100),)}, stale_after=at(50)))
    recording, live = await hold(Feature.RECORDING, "cam1"), await hold(Feature.REMOTE_LIVE, "cam1")
    await clock.advance(60)
    assert recording.running and live.left_ns == ns_of(at(50))
    gate.install(entitlement({"cam1": (span(0, 100),)}, seq=2, issued_at=at(60), stale_after=at(90)))
    assert recording.running and (await hold(Feature.REMOTE_LIVE, "cam1")).running


async def test_the_version_tells_of_every_change_and_of_nothing_else(gate: Gate, clock: SimulatedClock) -> None:
    versions = [gate.version]

    async def changed_by(seconds: float) -> bool:
        waiting = asyncio.create_task(gate.wait_changed(versions[-1]))
        await clock.advance(seconds)
        changed = waiting.done()
        waiting.cancel()
        versions.append(gate.version)
        return changed

    gate.install(entitlement({"cam1": (span(0, 10),), "cam2": (span(0, 20),)}))
    assert await changed_by(0)
    assert not await changed_by(9)
    assert await changed_by(2)
    assert not await changed_by(8)
    assert await changed_by(2)
    assert versions == sorted(versions)


async def test_expiries_name_the_cameras_entitled_now(gate: Gate, clock: SimulatedClock) -> None:
    assert gate.expiries() == {}
    gate.install(entitlement({"cam1": (span(0, 10), span(10, 30)), "cam2": (span(0, 20),), "cam9": (span(0, 50),)}))
    assert gate.expiries() == clock.expiries == {"cam1": at(30), "cam2": at(20)}
    await clock.advance(25)
    assert gate.expiries() == clock.expiries == {"cam1": at(30)}
    await clock.jump(at(10**6))
    assert gate.expiries() == clock.expiries == {}
    await clock.jump(at(15))
    assert gate.expiries() == clock.expiries == {"cam1": at(30), "cam2": at(20)}


async def test_an_entitlement_of_another_device_is_not_installed(gate: Gate) -> None:
    with pytest.raises(ValueError, match="rec-2"):
        gate.install(entitlement({"cam1": (span(0, 10),)}, device_id="rec-2"))
    assert gate.entitlement is None


async def test_256_cameras_end_each_at_its_own_time() -> None:
    cameras = [f"cam{n}" for n in range(256)]
    clock = SimulatedClock(at(0))
    gate = Gate(clock=clock, device_id="rec-1", cameras=cameras)
    gate.install(entitlement({camera: (span(0, 10 + n),) for n, camera in enumerate(cameras)}))
    assert len(gate.expiries()) == 256
    await clock.advance(137)
    assert len(gate.expiries()) == 128
