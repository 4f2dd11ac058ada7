"""A device and its service: registration, what it is told, outages, revocation."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gate.client.licensing import ENTITLEMENT_SLOTS, FOLDER_NAME
from gate.client.uplink import OFFLINE_SECONDS
from gate.clock import SystemClock
from gate.licence.clock_evidence import ClockSource
from gate.licence.decision import DenialCode, Denied, Granted
from gate.licence.entitlement import parse_payload
from gate.licence.facts import CameraKey
from gate.licence.features import Feature
from gate.service.operations.actor import Actor
from gate.service.operations.bindings import MoveBinding, revoke, transfer, unbind
from gate.service.operations.devices import remove_camera, remove_device
from gate.service.operations.entitlements import STALE_AFTER
from gate.signing.envelope import read_unverified
from gate.signing.two_slots import TwoSlots
from gate.uplink.errors import ChannelLostError
from gate.uplink.lines import MessageChannel
from tests.component.service.relay.line import BOUND_SECONDS, Line, Recorder, recorder
from tests.component.service.site import OPERATOR

RESTORED_SECONDS_MAX = 1.0


def grants(device: Recorder, camera: str = "cam1") -> bool:
    return isinstance(device.licensing.gate.decide(Feature.RECORDING, camera), Granted)


def denial(device: Recorder, camera: str = "cam1") -> DenialCode | None:
    decision = device.licensing.gate.decide(Feature.REMOTE_LIVE, camera)
    return decision.code if isinstance(decision, Denied) else None


def in_force(device: Recorder) -> int:
    entitlement = device.licensing.gate.entitlement
    return entitlement.seq if entitlement is not None else 0


def kept_seq(folder: Path) -> int:
    """Of the newest entitlement that the device has on its disk."""
    kept = TwoSlots(folder / FOLDER_NAME, ENTITLEMENT_SLOTS).load()
    return parse_payload(read_unverified(kept[0])).seq if kept else 0


async def licensed(line: Line, device: Recorder, cameras: int = 2) -> tuple[Actor, str, tuple[str, ...]]:
    """Registers the device and gives every camera a licence; the customer, the device's id and the licences."""
    customer, pool = await line.customer(cameras)
    await device.until(lambda: device.uplink.status.registered is False)
    id = await line.register(customer, device.code)
    for number, licence in enumerate(pool, 1):
        await line.site.bound(customer, licence, id, f"cam{number}")
    await device.until(lambda: all(grants(device, f"cam{number}") for number in range(1, cameras + 1)))
    return customer, id, pool


async def test_a_new_device_waits_with_its_code_and_is_licensed_as_soon_as_it_is_registered_and_bound(
    line: Line, tmp_path: Path
) -> None:
    async with recorder(line, tmp_path / "rec") as device:
        await device.until(lambda: device.uplink.status.registered is False)
        assert denial(device) is DenialCode.UNREGISTERED
        shown = device.uplink.status.code
        assert shown is not None and shown in device.uplink.text.ja and shown in device.uplink.text.en
        customer, pool = await line.customer()
        id = await line.register(customer, shown)
        await device.until(lambda: device.uplink.status.registered)
        assert device.uplink.status.code is None and not device.uplink.text
        await device.until(lambda: denial(device) is DenialCode.NOT_LICENSED)
        await line.site.bound(customer, pool[0], id, "cam1")
        await device.until(lambda: grants(device), RESTORED_SECONDS_MAX)
        assert not grants(device, "cam2")
        await device.until(lambda: device.licensing.gate.evidence().source is ClockSource.SIGNED)


async def test_what_the_service_changes_is_in_force_within_a_second(line: Line, tmp_path: Path) -> None:
    async with recorder(line, tmp_path / "rec") as device:
        customer, id, pool = await licensed(line, device)
        now, rules = line.clock.now(), line.site.rules
        await line.site.do(lambda tx: unbind(tx, customer, pool[0], now, rules))
        await device.until(lambda: denial(device) is DenialCode.NOT_LICENSED, RESTORED_SECONDS_MAX)
        assert grants(device, "cam2")
        move = MoveBinding(licence=pool[1], camera=CameraKey(id, "cam1"))
        await line.site.do(lambda tx: transfer(tx, customer, move, line.clock.now(), rules))
        await device.until(lambda: grants(device) and not grants(device, "cam2"), RESTORED_SECONDS_MAX)


async def test_a_revoked_licence_is_revoked_at_the_device_and_says_so(line: Line, tmp_path: Path) -> None:
    async with recorder(line, tmp_path / "rec") as device:
        customer, _, pool = await licensed(line, device)
        assert customer.customer is not None
        owner, now = customer.customer, line.clock.now()
        await line.site.do(lambda tx: revoke(tx, OPERATOR, owner, pool[0], "not paid", now))
        await device.until(lambda: denial(device) is DenialCode.REVOKED, RESTORED_SECONDS_MAX)
        assert grants(device, "cam2")


async def test_a_device_that_its_owner_removes_is_unlicensed_at_once_and_after_a_restart(
    line: Line, tmp_path: Path
) -> None:
    async with recorder(line, tmp_path / "rec") as device:
        customer, id, _ = await licensed(line, device)
        await line.site.do(lambda tx: remove_device(tx, customer, id, line.clock.now()))
        await device.until(lambda: denial(device) is DenialCode.UNREGISTERED, RESTORED_SECONDS_MAX)
        await device.until(lambda: device.uplink.status.code)  # it can be registered again
    await line.stop()
    async with recorder(line, tmp_path / "rec") as device:
        await device.uplink.run_once()
        assert denial(device) is DenialCode.UNREGISTERED, "it came back from what was kept"


async def test_without_its_service_a_device_goes_on_and_says_until_when(line: Line, tmp_path: Path) -> None:
    async with recorder(line, tmp_path / "rec") as device:
        await licensed(line, device)
        await line.stop()
        await device.until(lambda: device.uplink.status.phase == "offline", OFFLINE_SECONDS + 5)
        status = device.uplink.status
        assert grants(device) and denial(device) is None
        assert status.stale_after is not None and status.stale_after - line.clock.now() > STALE_AFTER / 2
        assert f"{status.stale_after.astimezone():%Y}" in device.uplink.text.en
        await line.start()
        await device.until(lambda: device.uplink.status.phase == "connected")
        assert not device.uplink.text


async def test_a_device_that_ends_in_the_moment_its_service_breaks_off_ends(
    line: Line, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with recorder(line, tmp_path / "rec") as device:
        await device.until(lambda: device.uplink.status.registered is False)
    held = asyncio.Event()

    async def break_off(_: MessageChannel) -> object:
        held.set()
        try:
            return await asyncio.Event().wait()
        except asyncio.CancelledError:
            raise ChannelLostError("the service is gone") from None

    monkeypatch.setattr(MessageChannel, "receive", break_off)
    running = asyncio.create_task(device.uplink.run())
    async with line.clock.timeout(BOUND_SECONDS):
        await held.wait()
    running.cancel()
    done, _ = await asyncio.wait({running}, timeout=BOUND_SECONDS)
    running.cancel()
    assert done, "it goes on asking for its service"


async def test_a_device_that_starts_without_its_service_has_its_last_good_licence(line: Line, tmp_path: Path) -> None:
    async with recorder(line, tmp_path / "rec") as device:
        await licensed(line, device)
        await device.until(lambda: kept_seq(tmp_path / "rec") == in_force(device))
    await line.stop()
    async with recorder(line, tmp_path / "rec") as device:
        await device.uplink.run_once()
        assert grants(device) and denial(device) is None


async def test_a_camera_that_comes_later_is_announced_and_one_more_licence_is_all_it_takes(
    line: Line, tmp_path: Path
) -> None:
    async with recorder(line, tmp_path / "rec") as device:
        customer, id, _ = await licensed(line, device, cameras=2)
        await line.site.do(lambda tx: remove_camera(tx, customer, CameraKey(id, "cam2"), line.clock.now()))
        await device.until(lambda: denial(device, "cam2") is DenialCode.NOT_LICENSED, RESTORED_SECONDS_MAX)
        assert grants(device)


class WrongClock(SystemClock):
    """A machine whose battery has failed: it thinks that it is another year."""

    def __init__(self, ahead: timedelta) -> None:
        super().__init__()
        self._ahead_ns = int(ahead.total_seconds() * 1e9)

    def now_ns(self) -> int:
        return super().now_ns() + self._ahead_ns


async def test_a_signed_time_heals_a_clock_that_is_years_behind(line: Line, tmp_path: Path) -> None:
    clock = WrongClock(datetime(2001, 1, 1, tzinfo=UTC) - line.clock.now())
    async with recorder(line, tmp_path / "rec", clock=clock) as device:
        await licensed(line, device)
        assert denial(device) is None
        evidence = device.licensing.gate.evidence()
        assert abs(evidence.now - line.clock.now()) < timedelta(seconds=2)
        assert abs(evidence.wall_ahead - (clock.now() - line.clock.now())) < timedelta(seconds=2)
        async with device.licensing.gate.lease(Feature.RECORDING, "cam1") as lease:
            assert lease.covers(clock.now_ns()), "labels are in wall time, whatever that is"
            term_seconds = (lease.until_ns - clock.now_ns()) / 1e9
            assert timedelta(days=365) < timedelta(seconds=term_seconds) < timedelta(days=430)
    clock.close()


async def test_a_clock_years_ahead_neither_ends_nor_stretches_a_licence(line: Line, tmp_path: Path) -> None:
    clock = WrongClock(timedelta(days=5000))
    async with recorder(line, tmp_path / "rec", clock=clock) as device:
        await licensed(line, device)
        async with device.licensing.gate.lease(Feature.RECORDING, "cam1") as lease:
            assert lease.until_ns - clock.now_ns() > timedelta(days=365).total_seconds() * 1e9
        floor = device.licensing.timekeeper.evidence().floor
        assert floor is not None and floor < line.clock.now() + timedelta(seconds=1), "2040 poisons nothing"
    clock.close()
