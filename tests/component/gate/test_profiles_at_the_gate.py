"""Profiles with grace and quorum, at the gate: leases are cut when the profile says, not when the licence ends."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest
import pytest_asyncio

from gate.client.gate import Gate
from gate.clock import SimulatedClock, ns_of
from gate.licence.decision import Denied, Granted
from gate.licence.entitlement import Kind
from gate.licence.features import Feature
from gate.licence.profile import GRACE_30D, REMO, Profile
from tests.component.gate.conftest import CAMERAS, Holding
from tests.fakes.entitlements import at, entitlement, span

PROFILE = replace(GRACE_30D, grace=timedelta(seconds=30), device_ops_quorum="all")


@pytest.fixture
def profile() -> Profile:
    return PROFILE


@pytest_asyncio.fixture
async def gate(clock: SimulatedClock, profile: Profile) -> AsyncIterator[Gate]:
    gate = Gate(clock=clock, device_id="rec-1", cameras=CAMERAS, profile=profile)
    running = asyncio.create_task(gate.run())
    await clock.settle()
    yield gate
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running


async def test_everything_is_cut_when_the_grace_ends_hdmi_too(gate: Gate, clock: SimulatedClock, hold: Holding) -> None:
    gate.install(entitlement({"cam1": (span(0, 10),)}, profile_sha256=PROFILE.sha256))
    features = (Feature.HDMI_LIVE, Feature.RECORDING, Feature.REMOTE_LIVE)
    holders = [await hold(feature, "cam1") for feature in features]
    await clock.advance(39.999)
    assert all(holder.running for holder in holders), "the licence ended at 10, the grace ends at 40"
    await clock.advance(0.001)
    assert [holder.left_ns for holder in holders] == [ns_of(at(40))] * 3
    denial = holders[0].held.denial
    assert denial is not None and denial.since == at(40)


async def test_a_licence_within_the_grace_disturbs_nobody(gate: Gate, clock: SimulatedClock, hold: Holding) -> None:
    gate.install(entitlement({"cam1": (span(0, 10),)}, profile_sha256=PROFILE.sha256))
    holder = await hold(Feature.RECORDING, "cam1")
    await clock.advance(25)
    again = entitlement({"cam1": (span(0, 10), span(25, 100))}, seq=2, profile_sha256=PROFILE.sha256)
    gate.install(again)
    await clock.advance(30)
    assert holder.running
    assert holder.held.covers(ns_of(at(20)))


async def test_the_devices_own_functions_end_with_its_first_camera_under_a_quorum_of_all(
    gate: Gate, clock: SimulatedClock, hold: Holding
) -> None:
    cameras = {"cam1": (span(0, 10),), "cam2": (span(0, 100),)}
    gate.install(entitlement(cameras, profile_sha256=PROFILE.sha256))
    maintenance = await hold(Feature.REMOTE_MAINTENANCE, None)
    recording = await hold(Feature.RECORDING, "cam2")
    await clock.advance(60)
    assert maintenance.left_ns == ns_of(at(40))
    assert recording.running


@pytest.mark.parametrize(("kind", "code"), [("edge", "WRONG_KIND"), ("direct", None)])
async def test_a_direct_camera_needs_licences_of_its_kind(clock: SimulatedClock, kind: Kind, code: str | None) -> None:
    gate = Gate(clock=clock, device_id="rec-1", cameras=["cam1"], kind=kind)
    bound = entitlement({"cam1": (span(-10, 100),)}, issued_at=at(-10))
    gate.install(replace(bound, cameras={"cam1": replace(bound.cameras["cam1"], kind="direct")}))
    decision = gate.decide(Feature.RECORDING, "cam1")
    assert (decision.code.value if isinstance(decision, Denied) else None) == code
    assert list(gate.expiries()) == ([] if code else ["cam1"])


async def test_a_direct_cameras_card_records_on_where_the_profile_says_so(clock: SimulatedClock) -> None:
    softer = REMO.with_overrides(sd_recording_on_expiry="continue")
    gate = Gate(clock=clock, device_id="rec-1", cameras=["cam1"], profile=softer, kind="direct")
    assert isinstance(gate.decide(Feature.RECORDING, "cam1"), Granted)
    assert isinstance(gate.decide(Feature.REMOTE_LIVE, "cam1"), Denied)
    edge = Gate(clock=clock, device_id="rec-1", cameras=["cam1"], profile=softer)
    assert isinstance(edge.decide(Feature.RECORDING, "cam1"), Denied), "an edge recorder has no card"
