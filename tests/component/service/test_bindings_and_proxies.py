"""Bindings by the customer and by its partner acting as it, within limits (decisions 1, 3, 15; R9)."""

from dataclasses import replace
from datetime import timedelta

from sqlalchemy import select

from gate.licence.facts import CameraKey
from gate.service.operations.accounts import add_shared_user, begin_proxy, set_own_password
from gate.service.operations.actor import Actor
from gate.service.operations.audit import audit_log
from gate.service.operations.bindings import MoveBinding, bind, revoke, set_hold, transfer, unbind
from gate.service.operations.devices import RegisterDevice, devices, register_device, remove_device
from gate.service.operations.licences import licensing
from gate.service.store import schema
from tests.component.service.site import OPERATOR, Licensed, Site


async def _proxy(site: Site, made: Licensed) -> Actor:
    assert made.customer.customer is not None
    return await site.do(lambda tx: begin_proxy(tx, made.partner, made.customer.customer or "", site.now))


async def test_a_licence_moves_between_cameras_and_its_dates_stay(site: Site) -> None:
    made = await site.licensed()
    device = await site.device(made.customer, cameras=1)
    target = CameraKey(device, "cam1")
    before = (await site.do(lambda tx: licensing(tx, made.customer, None, site.now, site.rules))).licences[0].licence
    site.now += timedelta(days=3)
    request = MoveBinding(licence=made.licences[0], camera=target)
    moved = await site.do(lambda tx: transfer(tx, made.customer, request, site.now, site.rules))
    assert moved.key == target and moved.state == "active"
    found = await site.do(lambda tx: licensing(tx, made.customer, None, site.now, site.rules))
    assert found.licences[0].licence.term == before.term and found.licences[0].licence.camera == target
    assert [camera.state for camera in found.cameras] == ["unlicensed", "active"]
    lost = await site.do(lambda tx: unbind(tx, made.customer, made.licences[0], site.now, site.rules))
    assert lost.key == target and lost.state == "unlicensed"


async def test_a_customer_cannot_touch_another_customers_licence_or_camera(site: Site) -> None:
    mine, theirs = await site.licensed(), await site.licensed()
    own = MoveBinding(licence=mine.licences[0], camera=CameraKey(theirs.device, "cam1"))
    foreign = MoveBinding(licence=theirs.licences[0], camera=CameraKey(mine.device, "cam1"))
    rules, now = site.rules, site.now
    assert await site.refused(lambda tx: transfer(tx, mine.customer, own, now, rules)) == "UNKNOWN_CAMERA"
    assert await site.refused(lambda tx: bind(tx, mine.customer, foreign, now, rules)) == "UNKNOWN_LICENCE"
    assert await site.refused(lambda tx: unbind(tx, mine.customer, theirs.licences[0], now, rules)) == "UNKNOWN_LICENCE"
    key = CameraKey(theirs.device, "cam1")
    assert await site.refused(lambda tx: set_hold(tx, mine.customer, key, True, now, rules)) == "UNKNOWN_CAMERA"


async def test_a_proxy_moves_bindings_and_the_customer_is_told_and_both_are_in_the_audit(site: Site) -> None:
    made = await site.licensed()
    device = await site.device(made.customer, cameras=1)
    proxy = await _proxy(site, made)
    request = MoveBinding(licence=made.licences[0], camera=CameraKey(device, "cam1"))
    await site.do(lambda tx: transfer(tx, proxy, request, site.now, site.rules))
    async with site.store.read() as tx:
        moved = await tx.row(select(schema.outbox).where(schema.outbox.c.kind == "licence_moved"))
        fact = await tx.row(select(schema.facts).where(schema.facts.c.kind == "LicenceTransferred"))
    assert moved is not None and moved.customer_id == made.customer.customer
    assert (fact.actor, fact.on_behalf_of) == (made.partner.id, made.customer.customer)
    lines = await site.do(lambda tx: audit_log(tx, made.customer))
    assert [(line.action, line.on_behalf_of) for line in lines[:2]] == [
        ("licence.transfer", made.customer.customer),
        ("proxy.begin", made.customer.customer),
    ]


async def test_a_proxy_may_not_register_remove_share_or_change_passwords(site: Site) -> None:
    made = await site.licensed()
    proxy = await _proxy(site, made)
    label, _ = site.label()
    await site.announced(label)
    rules, now = site.rules, site.now
    by_code = RegisterDevice(code=label.code)
    for work in (
        lambda tx: register_device(tx, proxy, by_code, now, rules),
        lambda tx: remove_device(tx, proxy, made.device, now),
        lambda tx: add_shared_user(tx, proxy, site.user(), now, rules),
        lambda tx: set_own_password(tx, proxy, "hash", now),
    ):
        assert await site.refused(work) == "NOT_BY_PROXY"
    assert len(await site.do(lambda tx: devices(tx, proxy, None, now, rules))) == 1


async def test_a_proxys_time_ends(site: Site) -> None:
    made = await site.licensed()
    proxy = await _proxy(site, made)
    late = site.now + site.rules.proxy_login.lasts
    assert await site.refused(lambda tx: licensing(tx, proxy, None, late, site.rules)) == "PROXY_OVER"
    forever = replace(proxy, proxy_since=None)
    assert await site.refused(lambda tx: licensing(tx, forever, None, site.now, site.rules)) == "PROXY_OVER"


async def test_nobody_acts_for_another_partners_customer(site: Site) -> None:
    mine, theirs = await site.licensed(), await site.licensed()
    work = lambda tx: begin_proxy(tx, mine.partner, theirs.customer.customer or "", site.now)  # noqa: E731
    assert await site.refused(work) == "UNKNOWN_CUSTOMER"


async def test_a_proxy_sees_no_other_customer_than_the_one_it_acts_as(site: Site) -> None:
    made = await site.licensed()
    other = await site.customer(made.partner)
    proxy = await _proxy(site, made)
    work = lambda tx: licensing(tx, proxy, other.customer, site.now, site.rules)  # noqa: E731
    assert await site.refused(work) == "UNKNOWN_CUSTOMER"


async def test_a_shared_user_looks_and_changes_nothing(site: Site) -> None:
    made = await site.licensed()
    user = await site.do(lambda tx: add_shared_user(tx, made.customer, site.user(), site.now, site.rules))
    shared = Actor(id=user.id, role="shared", customer=made.customer.customer)
    assert len((await site.do(lambda tx: licensing(tx, shared, None, site.now, site.rules))).cameras) == 1
    work = lambda tx: unbind(tx, shared, made.licences[0], site.now, site.rules)  # noqa: E731
    assert await site.refused(work) == "NOT_ALLOWED"


async def test_the_operator_revokes_and_the_follower_takes_over(site: Site) -> None:
    made = await site.licensed()
    await site.stock(made.partner, 1)
    site.now += timedelta(days=60)
    spare = (await site.allocated(made.partner, made.customer)).licences[0].id
    await site.bound(made.customer, spare, made.device, "cam1")
    owner, licence = made.customer.customer or "", made.licences[0]
    assert await site.refused(lambda tx: revoke(tx, made.partner, owner, licence, "x", site.now)) == "NOT_ALLOWED"
    await site.do(lambda tx: revoke(tx, OPERATOR, owner, licence, "unpaid", site.now))
    found = await site.do(lambda tx: licensing(tx, made.customer, None, site.now, site.rules))
    assert [line.state for line in found.licences] == ["revoked", "active"]
    assert found.cameras[0].state == "active" and found.cameras[0].licence == spare
