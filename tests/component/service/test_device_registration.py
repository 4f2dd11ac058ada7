"""Devices: announced with their key, registered by code or QR code, few where they are direct (R19 to R21)."""

from dataclasses import replace
from datetime import date

from gate.licence.facts import CameraKey
from gate.service.operations.device_upkeep import rename_camera
from gate.service.operations.devices import (
    AnnouncedCamera,
    Announcement,
    RegisterDevice,
    announce,
    device,
    devices,
    register_camera,
    register_device,
    remove_camera,
    remove_device,
    rename_device,
)
from gate.service.operations.licences import licensing
from gate.service.operations.refusals import Refusal
from gate.signing.device_label import shown_code, text_of
from tests.component.service.site import Licensed, Site


async def _ready(site: Site) -> Licensed:
    return await site.licensed()


async def test_a_code_is_taken_however_it_is_typed_and_all_announced_cameras_come_along(site: Site) -> None:
    made = await _ready(site)
    label, _ = site.label()
    await site.announced(label, cameras=3, name="warehouse")
    request = RegisterDevice(code=f" {shown_code(label.code).lower()} ")
    added = await site.do(lambda tx: register_device(tx, made.customer, request, site.now, site.rules))
    assert (added.name, added.serial, added.customer) == ("warehouse", label.serial, made.customer.customer)
    assert [camera.name for camera in added.cameras] == ["Camera 1", "Camera 2", "Camera 3"]
    assert added.id == label.device and not added.connected and added.unregistered_cameras == ()
    found = await site.do(lambda tx: devices(tx, made.customer, None, site.now, site.rules))
    assert [one.id for one in found] == [made.device, label.device]


async def test_a_qr_code_registers_recorders_made_since_july_2024_only(site: Site) -> None:
    made = await _ready(site)
    for made_on, code in ((date(2024, 6, 30), "NO_QR"), (None, "NO_QR"), (date(2024, 7, 1), None)):
        label, _ = site.label(made_on=made_on)
        await site.announced(label)
        request = RegisterDevice(qr=text_of(label))
        async with site.store.begin() as tx:
            result = await register_device(tx, made.customer, request, site.now, site.rules)
        assert (result.code if isinstance(result, Refusal) else None) == code
    old, _ = site.label(made_on=date(2020, 1, 1))
    await site.announced(old)
    await site.do(lambda tx: register_device(tx, made.customer, RegisterDevice(code=old.code), site.now, site.rules))


async def test_a_device_that_never_proved_itself_cannot_be_registered_by_a_made_up_qr_code(site: Site) -> None:
    made = await _ready(site)
    label, _ = site.label()
    stranger, _ = site.label()
    await site.announced(stranger)
    mixed = text_of(label).replace(label.code, stranger.code)

    async def code(request: RegisterDevice) -> str:
        return await site.refused(lambda tx: register_device(tx, made.customer, request, site.now, site.rules))

    assert await code(RegisterDevice(qr=text_of(label))) == "UNKNOWN_CODE"
    assert await code(RegisterDevice(qr=mixed)) == "UNKNOWN_CODE"
    assert await code(RegisterDevice(qr="https://example.com")) == "UNREADABLE_QR"
    assert await code(RegisterDevice(code="no code")) == "UNKNOWN_CODE"


async def test_devices_come_after_the_first_allocation(site: Site) -> None:
    partner = await site.partner()
    customer = await site.customer(partner)
    label, _ = site.label()
    await site.announced(label)
    request = RegisterDevice(code=label.code)
    work = lambda tx: register_device(tx, customer, request, site.now, site.rules)  # noqa: E731
    assert await site.refused(work) == "NEEDS_ALLOCATION"


async def test_a_customer_has_two_direct_cameras_at_most_and_a_third_leaves_nothing_behind(site: Site) -> None:
    made = await _ready(site)
    for _ in range(2):
        await site.device(made.customer, cameras=1, kind="direct")
    label, _ = site.label(kind="direct")
    await site.announced(label, cameras=1)
    request = RegisterDevice(code=label.code)
    work = lambda tx: register_device(tx, made.customer, request, site.now, site.rules)  # noqa: E731
    assert await site.refused(work) == "DIRECT_CAP"
    assert len(await site.do(lambda tx: devices(tx, made.customer, None, site.now, site.rules))) == 3
    async with site.store.begin() as tx:
        assert await announce(tx, Announcement(label=label, name="x", cameras=()), site.now) is None


async def test_a_device_stays_its_first_owners_until_that_one_removes_it(site: Site) -> None:
    mine, theirs = await _ready(site), await _ready(site)
    label, _ = site.label()
    await site.announced(label, cameras=1)
    request = RegisterDevice(code=label.code)
    await site.do(lambda tx: register_device(tx, theirs.customer, request, site.now, site.rules))
    claim = lambda tx: register_device(tx, mine.customer, request, site.now, site.rules)  # noqa: E731
    assert await site.refused(claim) == "REGISTERED_ELSEWHERE"
    rules, now = site.rules, site.now
    assert await site.refused(lambda tx: device(tx, mine.customer, label.device, now, rules)) == "UNKNOWN_DEVICE"
    assert await site.refused(lambda tx: remove_device(tx, mine.customer, label.device, now)) == "UNKNOWN_DEVICE"
    assert await site.refused(lambda tx: rename_device(tx, mine.customer, label.device, "x", now)) == "UNKNOWN_DEVICE"
    await site.do(lambda tx: remove_device(tx, theirs.customer, label.device, now))
    await site.do(claim)


async def test_removing_a_device_puts_its_licences_back_into_the_pool(site: Site) -> None:
    made = await site.licensed(cameras=2)
    await site.do(lambda tx: remove_device(tx, made.customer, made.device, site.now))
    found = await site.do(lambda tx: licensing(tx, made.customer, None, site.now, site.rules))
    assert [line.state for line in found.licences] == ["spare", "spare"] and found.cameras == ()


async def test_cameras_that_are_announced_later_wait_for_somebody_to_register_them(site: Site) -> None:
    made = await site.licensed()
    label, _ = site.label()
    await site.announced(label, cameras=1)
    request = RegisterDevice(code=label.code)
    await site.do(lambda tx: register_device(tx, made.customer, request, site.now, site.rules))
    await site.announced(label, cameras=2)
    one = await site.do(lambda tx: device(tx, made.customer, label.device, site.now, site.rules))
    assert [camera.id for camera in one.unregistered_cameras] == ["cam2"]
    key = CameraKey(label.device, "cam2")
    camera = await site.do(lambda tx: register_camera(tx, made.customer, key, "Yard", site.now, site.rules))
    assert (camera.name, camera.state) == ("Yard", "unlicensed")
    await site.do(lambda tx: remove_camera(tx, made.customer, key, site.now))
    one = await site.do(lambda tx: device(tx, made.customer, label.device, site.now, site.rules))
    assert [camera.key.camera for camera in one.cameras] == ["cam1"]


async def test_a_code_of_another_device_and_strange_camera_ids_are_turned_away(site: Site) -> None:
    one, _ = site.label()
    other, _ = site.label()
    await site.announced(one)

    async def code(announcement: Announcement) -> str:
        return await site.refused(lambda tx: announce(tx, announcement, site.now))

    assert await code(Announcement(label=replace(other, code=one.code), name="x", cameras=())) == "TAKEN_CODE"
    strange = (AnnouncedCamera(id="../etc", name="x"),)
    assert await code(Announcement(label=other, name="x", cameras=strange)) == "STRANGE_ID"


async def test_a_camera_gets_another_name_from_its_owner_only(site: Site) -> None:
    mine, theirs = await site.licensed(), await site.licensed()
    key = CameraKey(mine.device, "cam1")
    assert await site.refused(lambda tx: rename_camera(tx, theirs.customer, key, "x", site.now)) == "UNKNOWN_CAMERA"
    await site.do(lambda tx: rename_camera(tx, mine.customer, key, "Back door", site.now))
    (one,) = await site.do(lambda tx: devices(tx, mine.customer, None, site.now, site.rules))
    assert one.cameras[0].name == "Back door"
