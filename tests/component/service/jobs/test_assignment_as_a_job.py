"""Automatic assignment at the end of a term: at that instant, in the decided order, never silently, once."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from gate.clock import SimulatedClock
from gate.licence.facts import CameraKey
from gate.licence.rules import AutoAssign
from gate.service.operations.customers import add_customer
from gate.service.store.schema import audit, coverage, facts
from tests.component.service.jobs.living import live_until, tokyo, wake_at
from tests.component.service.jobs.post import Post, licensed
from tests.component.service.site import NOON, Site

X = tokyo("2027-03-01")
"""When what is allocated in January 2026 ends."""


async def covering(site: Site, key: CameraKey, at: object) -> list[str]:
    async with site.store.read() as tx:
        rows = await tx.rows(
            select(coverage.c.licence_id).where(
                coverage.c.device_id == key.device, coverage.c.camera_id == key.camera, coverage.c.starts == at
            )
        )
    return [row.licence_id for row in rows]


async def assigned_facts(site: Site) -> list[tuple[str, str]]:
    async with site.store.read() as tx:
        rows = await tx.rows(select(facts).where(facts.c.kind == "LicenceAssignedAutomatically").order_by(facts.c.seq))
    return [(row.record["camera"], row.record["starts"]) for row in rows]


async def test_at_the_end_the_spare_takes_over_with_a_fact_a_mail_to_both_and_an_audit_row(
    site: Site, clock: SimulatedClock, post: Post
) -> None:
    one = await licensed(site)
    await one.customer("alice")
    [first] = await one.allocate("alice")
    [cam1] = await one.cameras("alice", "玄関")
    await one.bind("alice", first, cam1)
    await live_until(site, clock, post, X - timedelta(days=10))
    [spare] = await one.allocate("alice")
    woken = await live_until(site, clock, post, X + timedelta(hours=1))
    assert X in woken
    assert await covering(site, cam1, X) == [spare]
    assert await assigned_facts(site) == [("玄関", "2027-02-28T15:00:00Z")]
    told = [mail for mail in await post.mails() if "自動" in mail.subject]
    assert [mail.received_at for mail in told] == [X, X]
    assert {mail.recipients[0][:4] for mail in told} == {"alic", "user"}, "the customer and its partner"
    assert all("玄関 (レコーダー1)" in mail.text and "2028年3月31日" in mail.text for mail in told)
    async with site.store.read() as tx:
        rows = await tx.rows(select(audit).where(audit.c.action == "licence.assign_automatically"))
    assert [row.detail["licences"] for row in rows] == [{spare: str(cam1)}]


async def test_an_outage_at_the_end_is_made_up_for_with_the_instant_of_the_end(
    site: Site, clock: SimulatedClock, post: Post
) -> None:
    one = await licensed(site)
    await one.customer("alice")
    [first] = await one.allocate("alice")
    [cam1] = await one.cameras("alice", "cam1")
    await one.bind("alice", first, cam1)
    await wake_at(site, clock, post, X - timedelta(days=10))
    [spare] = await one.allocate("alice")
    for _ in range(2):
        await wake_at(site, clock, post, X + timedelta(days=3))
    assert await covering(site, cam1, X) == [spare]
    assert await assigned_facts(site) == [("cam1", "2027-02-28T15:00:00Z")]


async def test_lapsed_cameras_come_before_those_that_never_had_one_and_held_ones_by_the_rules(
    site: Site, clock: SimulatedClock, post: Post
) -> None:
    one = await licensed(site)
    await one.customer("alice")
    licences = await one.allocate("alice", 2)
    older = await one.cameras("alice", "held", hold=True)
    lapsing = await one.cameras("alice", "cam1", "cam2")
    for licence, camera in zip(licences, lapsing, strict=True):
        await one.bind("alice", licence, camera)
    await live_until(site, clock, post, X - timedelta(days=1))
    await one.allocate("alice", 3)
    await live_until(site, clock, post, X)
    assert [camera for camera, _ in await assigned_facts(site)] == ["cam1", "cam2", "held"]
    assert await covering(site, older[0], X)


async def test_with_respect_for_holds_a_held_camera_is_left_alone(
    site: Site, clock: SimulatedClock, post: Post
) -> None:
    site.rules = replace(site.rules, auto_assign=AutoAssign(respect_hold=True))
    one = await licensed(site)
    await one.customer("alice")
    [licence] = await one.allocate("alice")
    await one.cameras("alice", "held", hold=True)
    [cam1] = await one.cameras("alice", "cam1")
    await one.bind("alice", licence, cam1)
    await live_until(site, clock, post, X - timedelta(days=1))
    await one.allocate("alice", 3)
    await live_until(site, clock, post, X)
    assert [camera for camera, _ in await assigned_facts(site)] == ["cam1"]


async def test_from_partner_stock_a_licence_is_allocated_at_the_end_while_there_is_one(
    site: Site, clock: SimulatedClock, post: Post
) -> None:
    site.rules = replace(site.rules, auto_assign=AutoAssign(source="partner_stock"))
    one = await licensed(site)
    for name in ("alice", "bob"):
        await one.customer(name)
        [licence] = await one.allocate(name)
        [camera] = await one.cameras(name, f"{name}-cam")
        await one.bind(name, licence, camera)
    await site.stock(one.partner, 1)
    await live_until(site, clock, post, X)
    assert len(await assigned_facts(site)) == 1, "the stock had one"
    assert sum("販売店の在庫" in mail.text for mail in await post.mails()) == 2


async def test_nothing_is_said_where_nothing_was_assigned(site: Site, clock: SimulatedClock, post: Post) -> None:
    one = await licensed(site)
    await one.customer("alice")
    [licence] = await one.allocate("alice")
    [cam1] = await one.cameras("alice", "cam1")
    await one.bind("alice", licence, cam1)
    await live_until(site, clock, post, X + timedelta(days=1))
    assert await assigned_facts(site) == []
    assert not [mail for mail in await post.mails() if "自動" in mail.subject]


@pytest.mark.parametrize("minutes", [0, 90])
async def test_an_initial_password_that_was_not_changed_in_time_is_said_so_once(
    site: Site, clock: SimulatedClock, post: Post, minutes: int
) -> None:
    one = await licensed(site)
    request = replace(site.user("carol"), password_origin="mailed", password="Vq7-initial")
    await site.do(lambda tx: add_customer(tx, one.partner, request, site.now, site.rules))
    await wake_at(site, clock, post, site.now)
    for _ in range(2):
        await wake_at(site, clock, post, NOON + timedelta(days=1, minutes=minutes))
    subjects = [mail.subject for mail in await post.mails()]
    assert subjects == ["アカウントが作成されました：初期パスワードのお知らせ", "初期パスワードの期限が切れました"]
    assert "Vq7-initial" in (await post.mails())[0].text
