"""Leases end at the instant the licence does, however that instant comes, and never otherwise."""

import asyncio

import anyio
import pytest

from gate.client.errors import LeaseDeniedError
from gate.client.gate import LEAVE_SECONDS_MAX, Gate
from gate.client.lease import Lease
from gate.clock import SimulatedClock, instant_of, ns_of
from gate.licence.decision import DenialCode, Denied, Granted
from gate.licence.features import Feature
from gate.licence.profile import REMO
from tests.component.gate.conftest import Holding
from tests.fakes.entitlements import at, entitlement, span

GATED = [feature for feature in Feature if feature not in REMO.continues]


@pytest.mark.parametrize("feature", GATED)
async def test_a_lease_is_cut_at_the_very_instant_of_expiry(
    gate: Gate, clock: SimulatedClock, hold: Holding, feature: Feature
) -> None:
    gate.install(entitlement({"cam1": (span(0, 10),)}))
    holder = await hold(feature, "cam1")
    await clock.advance(9.999)
    assert holder.running and holder.held.denial is None
    await clock.advance(5)
    assert holder.left_ns == ns_of(at(10))
    assert holder.held.denial == Denied(code=DenialCode.EXPIRED, feature=feature, camera="cam1", since=at(10))
    assert holder.task is not None and holder.task.done() and holder.task.exception() is None


async def test_entry_while_denied_raises_with_the_reason(gate: Gate, clock: SimulatedClock) -> None:
    with pytest.raises(LeaseDeniedError) as caught:
        async with gate.lease(Feature.RECORDING, "cam1"):
            pytest.fail("the body ran")
    assert caught.value.denial == Denied(code=DenialCode.UNREGISTERED, feature=Feature.RECORDING, camera="cam1")
    gate.install(entitlement({"cam1": (span(0, 10),)}))
    await clock.advance(10)
    with pytest.raises(LeaseDeniedError) as caught:
        async with gate.lease(Feature.REMOTE_DOWNLOAD, "cam1"):
            pytest.fail("the body ran")
    assert caught.value.denial == Denied(
        code=DenialCode.EXPIRED, feature=Feature.REMOTE_DOWNLOAD, camera="cam1", since=at(10)
    )


async def test_entry_after_expiry_is_denied_also_before_the_timer_has_fired() -> None:
    clock = SimulatedClock(at(0))
    gate = Gate(clock=clock, device_id="rec-1", cameras=["cam1"])  # nothing runs it: its timer never fires
    gate.install(entitlement({"cam1": (span(0, 10),)}))
    await clock.advance(10)
    with pytest.raises(LeaseDeniedError):
        async with gate.lease(Feature.REMOTE_LIVE, "cam1"):
            pytest.fail("the body ran")


async def test_a_lease_of_a_camera_that_does_not_exist_is_a_mistake(gate: Gate) -> None:
    with pytest.raises(ValueError, match="cam9"):
        async with gate.lease(Feature.RECORDING, "cam9"):
            pytest.fail("the body ran")


async def test_a_holder_that_leaves_by_itself_was_not_denied(gate: Gate, clock: SimulatedClock) -> None:
    gate.install(entitlement({"cam1": (span(0, 10),)}))
    async with gate.lease(Feature.REMOTE_LIVE, "cam1") as lease:
        pass
    await clock.advance(20)
    assert lease.denial is None


async def test_an_error_of_the_holder_comes_out_as_it_is(gate: Gate) -> None:
    gate.install(entitlement({"cam1": (span(0, 10),)}))
    with pytest.raises(ZeroDivisionError):
        async with gate.lease(Feature.REMOTE_LIVE, "cam1"):
            raise ZeroDivisionError


async def test_sixty_four_leases_are_cut_at_once(gate: Gate, clock: SimulatedClock, hold: Holding) -> None:
    gate.install(entitlement({"cam1": (span(0, 10),), "cam2": (span(0, 10),)}))
    holders = [await hold(GATED[n % len(GATED)], f"cam{n % 2 + 1}") for n in range(64)]
    assert all(holder.running for holder in holders)
    await clock.advance(11)
    assert {holder.left_ns for holder in holders} == {ns_of(at(10))}


async def test_cameras_are_cut_each_at_its_own_end(gate: Gate, clock: SimulatedClock, hold: Holding) -> None:
    gate.install(entitlement({"cam1": (span(0, 10),), "cam2": (span(0, 20),)}))
    first, second = await hold(Feature.RECORDING, "cam1"), await hold(Feature.RECORDING, "cam2")
    device = await hold(Feature.REMOTE_MAINTENANCE, None)
    await clock.advance(30)
    assert [first.left_ns, second.left_ns, device.left_ns] == [ns_of(at(10)), ns_of(at(20)), ns_of(at(20))]


@pytest.mark.parametrize("feature", sorted(REMO.continues, key=lambda feature: feature.value))
async def test_hdmi_and_sd_leases_are_never_revoked(
    gate: Gate, clock: SimulatedClock, hold: Holding, feature: Feature
) -> None:
    holder = await hold(feature, "cam1")
    gate.install(entitlement({"cam1": (span(0, 10),)}))
    await clock.advance(20)
    await clock.jump(at(-(10**6)))
    gate.install(None)
    await clock.jump(at(10**9))
    assert holder.running and holder.held.denial is None
    assert all(holder.held.covers(label) for label in (0, ns_of(at(15)), ns_of(at(10**9))))
    assert gate.decide(feature, "cam1") == Granted(until=None)


async def test_a_renewal_never_disturbs_a_running_lease(gate: Gate, clock: SimulatedClock, hold: Holding) -> None:
    gate.install(entitlement({"cam1": (span(0, 10),)}))
    holder = await hold(Feature.RECORDING, "cam1")
    await clock.advance(9)
    gate.install(entitlement({"cam1": (span(0, 10), span(10, 100))}, seq=2, issued_at=at(9)))
    assert holder.held.until_ns == ns_of(at(100)) and holder.held.from_ns == ns_of(at(0))
    await clock.advance(50)
    assert holder.running
    await clock.advance(50)
    assert holder.left_ns == ns_of(at(100))


async def test_a_renewal_that_lies_ahead_takes_over_without_a_cut(
    gate: Gate, clock: SimulatedClock, hold: Holding
) -> None:
    gate.install(entitlement({"cam1": (span(0, 10), span(10, 20))}))
    holder = await hold(Feature.REMOTE_LIVE, "cam1")
    await clock.advance(15)
    assert holder.running and holder.held.covers(ns_of(at(10)))


async def test_a_shorter_entitlement_cuts_at_its_new_end(gate: Gate, clock: SimulatedClock, hold: Holding) -> None:
    gate.install(entitlement({"cam1": (span(0, 100),)}))
    holder = await hold(Feature.RECORDING, "cam1")
    await clock.advance(5)
    gate.install(entitlement({"cam1": (span(0, 8),)}, seq=2))
    assert holder.held.until_ns == ns_of(at(8))
    await clock.advance(10)
    assert holder.left_ns == ns_of(at(8))


@pytest.mark.parametrize(
    ("cameras", "code"),
    [
        ({}, DenialCode.NOT_LICENSED),
        ({"cam2": (span(0, 100),)}, DenialCode.NOT_LICENSED),
        ({"cam1": (span(0, 3),)}, DenialCode.EXPIRED),
    ],
    ids=["no camera", "another camera", "already over"],
)
async def test_an_entitlement_without_the_camera_cuts_at_once(
    gate: Gate,
    clock: SimulatedClock,
    hold: Holding,
    cameras: dict[str, tuple[object, object]],
    code: DenialCode,
) -> None:
    gate.install(entitlement({"cam1": (span(0, 100),)}))
    holder = await hold(Feature.RECORDING, "cam1")
    await clock.advance(5)
    gate.install(entitlement(cameras, seq=2))  # type: ignore[arg-type]
    await clock.settle()
    assert holder.left_ns == ns_of(at(5))
    assert holder.held.denial is not None and holder.held.denial.code is code
    assert holder.held.covers(ns_of(at(4.9))) and not holder.held.covers(ns_of(at(5)))


async def test_a_jump_over_the_end_cuts(gate: Gate, clock: SimulatedClock, hold: Holding) -> None:
    gate.install(entitlement({"cam1": (span(0, 10**6),)}))
    holder = await hold(Feature.RECORDING, "cam1")
    await clock.jump(at(2 * 10**6))
    assert not holder.running
    assert holder.held.denial == Denied(
        code=DenialCode.EXPIRED, feature=Feature.RECORDING, camera="cam1", since=at(10**6)
    )
    assert not holder.held.covers(ns_of(at(2 * 10**6)))


async def test_a_jump_over_a_whole_lapse_cuts_all_the_same(gate: Gate, clock: SimulatedClock, hold: Holding) -> None:
    gate.install(entitlement({"cam1": (span(0, 100), span(200, 300))}))
    holder = await hold(Feature.RECORDING, "cam1")
    await clock.jump(at(250))
    assert not holder.running
    assert holder.held.denial is not None and holder.held.denial.since == at(100)
    again = await hold(Feature.RECORDING, "cam1")
    assert again.running and not again.held.covers(ns_of(at(249))) and again.held.covers(ns_of(at(250)))


async def test_a_jump_within_the_licence_disturbs_nobody(gate: Gate, clock: SimulatedClock, hold: Holding) -> None:
    gate.install(entitlement({"cam1": (span(0, 100),)}))
    holder = await hold(Feature.RECORDING, "cam1")
    await clock.jump(at(90))
    assert holder.running
    await clock.advance(11)
    assert holder.left_ns == ns_of(at(100))


async def test_a_step_back_within_the_licence_disturbs_nobody(gate: Gate, clock: SimulatedClock, hold: Holding) -> None:
    await clock.advance(50)
    gate.install(entitlement({"cam1": (span(0, 100),)}))
    holder = await hold(Feature.RECORDING, "cam1")
    await clock.jump(at(20))
    assert holder.running and holder.held.covers(ns_of(at(20))) and not holder.held.covers(ns_of(at(19)))
    await clock.advance(79)
    assert holder.running
    await clock.advance(2)
    assert holder.left_ns == ns_of(at(100))


async def test_a_step_back_to_before_the_issue_cuts_until_the_clock_is_right_again(
    gate: Gate, clock: SimulatedClock, hold: Holding
) -> None:
    gate.install(entitlement({"cam1": (span(0, 100),)}))
    await clock.advance(5)
    holder = await hold(Feature.REMOTE_LIVE, "cam1")
    await clock.jump(at(-3600))
    assert not holder.running
    assert holder.held.denial is not None and holder.held.denial.code is DenialCode.CLOCK_UNTRUSTED
    await clock.advance(3600)
    assert isinstance(gate.decide(Feature.REMOTE_LIVE, "cam1"), Granted)
    assert (await hold(Feature.REMOTE_LIVE, "cam1")).running


async def test_after_a_step_back_over_the_end_it_comes_again(gate: Gate, clock: SimulatedClock, hold: Holding) -> None:
    gate.install(entitlement({"cam1": (span(0, 10), span(500, 600))}))
    await clock.advance(100)
    await clock.jump(at(5))
    holder = await hold(Feature.RECORDING, "cam1")
    await clock.advance(20)
    assert holder.left_ns == ns_of(at(10))


async def test_a_lapse_that_was_over_before_anyone_looked_still_cuts() -> None:
    clock = SimulatedClock(at(0))
    gate = Gate(clock=clock, device_id="rec-1", cameras=["cam1"])  # nothing runs it: as if the loop had been late
    gate.install(entitlement({"cam1": (span(0, 10),)}))
    async with gate.lease(Feature.RECORDING, "cam1") as lease:
        await clock.advance(10.001)
        gate.install(entitlement({"cam1": (span(0, 100),)}, seq=2))
        await anyio.sleep_forever()
    assert lease.denial is not None and lease.denial.since == at(10)
    assert not lease.covers(ns_of(at(10)))


async def test_a_holder_that_swallows_its_cancellation_is_cut_all_the_same(gate: Gate, clock: SimulatedClock) -> None:
    gate.install(entitlement({"cam1": (span(0, 10),)}))
    swallowed = 0

    async def stubborn() -> None:
        nonlocal swallowed
        async with gate.lease(Feature.REMOTE_LIVE, "cam1"):
            while swallowed < 10:
                try:
                    await clock.sleep(1)
                except asyncio.CancelledError:
                    swallowed += 1
            await clock.sleep(1000)
            pytest.fail("it outlived its lease")

    task = asyncio.create_task(stubborn())
    await clock.advance(11)
    assert swallowed == 10
    assert task.done() and task.exception() is None


async def test_tasks_of_a_holder_end_with_it(gate: Gate, clock: SimulatedClock) -> None:
    gate.install(entitlement({"cam1": (span(0, 10),)}))
    ended = []

    async def child(name: str) -> None:
        try:
            await anyio.sleep_forever()
        finally:
            ended.append(name)

    async def parent() -> None:
        async with gate.lease(Feature.REMOTE_LIVE, "cam1"), anyio.create_task_group() as tasks:
            tasks.start_soon(child, "one")
            tasks.start_soon(child, "two")

    task = asyncio.create_task(parent())
    await clock.advance(11)
    assert sorted(ended) == ["one", "two"] and task.done() and task.exception() is None


async def test_a_revoked_holder_has_a_shielded_moment_before_a_stepped_clock_moves_on(
    gate: Gate, clock: SimulatedClock
) -> None:
    gate.install(entitlement({"cam1": (span(0, 10),), "cam2": (span(0, 20),)}))
    said_end_ns = 0

    async def holder() -> None:
        nonlocal said_end_ns
        async with gate.lease(Feature.REMOTE_LIVE, "cam1"):
            try:
                await anyio.sleep_forever()
            finally:
                with anyio.CancelScope(shield=True):
                    await clock.sleep(LEAVE_SECONDS_MAX / 2)
                    said_end_ns = clock.now_ns()

    task = asyncio.create_task(holder())
    await clock.advance(10)
    assert not _timer_is_armed(clock, at(20)), "the timer sleeps although a revoked holder has not left"
    await clock.advance(1)
    assert said_end_ns == ns_of(at(10 + LEAVE_SECONDS_MAX / 2))
    assert task.done() and _timer_is_armed(clock, at(20))


async def test_a_holder_that_will_not_leave_holds_up_nobody_for_long(
    gate: Gate, clock: SimulatedClock, hold: Holding, caplog: pytest.LogCaptureFixture
) -> None:
    gate.install(entitlement({"cam1": (span(0, 10),), "cam2": (span(0, 20),)}))
    other, released = await hold(Feature.REMOTE_LIVE, "cam2"), asyncio.Event()

    async def holder() -> None:
        async with gate.lease(Feature.REMOTE_LIVE, "cam1"):
            with anyio.CancelScope(shield=True):
                await released.wait()

    task = asyncio.create_task(holder())
    await clock.advance(11.5)
    assert _timer_is_armed(clock, at(20))
    assert "remote_live/cam1" in caplog.text
    await clock.advance(10)
    assert other.left_ns == ns_of(at(20))
    released.set()
    await task


def test_coverage_is_a_half_open_comparison() -> None:
    async def made() -> Lease:
        return Lease(Feature.RECORDING, "cam1")

    lease = anyio.run(made)
    lease.from_ns, lease.until_ns = 100, 200
    assert [lease.covers(label) for label in (99, 100, 199, 200)] == [False, True, True, False]


def _timer_is_armed(clock: SimulatedClock, instant: object) -> bool:
    return any(instant_of(deadline) == instant for deadline, _, _ in clock._wall_timers)
