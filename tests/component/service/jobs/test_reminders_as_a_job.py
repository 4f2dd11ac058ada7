"""Reminders from the database: on their days, once, one mail for all that end together."""

import contextlib
from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest
from sqlalchemy import select

from gate.clock import SimulatedClock
from gate.licence.reminders import ReminderKey, due
from gate.licence.rules import Reminder
from gate.service.store.ledger import load_state
from gate.service.store.schema import customers, outbox, reminders
from tests.component.service.jobs.living import live_until, tokyo, wake_at
from tests.component.service.jobs.post import Post, licensed
from tests.component.service.site import Site


async def test_all_seven_reminders_of_a_licence_go_out_on_their_days(
    site: Site, clock: SimulatedClock, post: Post
) -> None:
    one = await licensed(site)
    await one.customer("alice")
    await one.allocate("alice")  # on 15 January 2026: valid to 28 February 2027
    await live_until(site, clock, post, tokyo("2027-04-01"))
    told = await post.told()
    assert [day for day, *_ in told] == [
        "2026-11-30 09:00",
        "2026-12-30 09:00",
        "2027-01-29 09:00",
        "2027-02-14 09:00",
        "2027-02-14 09:00",
        "2027-02-27 09:00",
        "2027-02-28 00:00",
    ]


async def test_one_mail_names_all_licences_of_a_customer_that_end_together_and_the_ledger_has_each(
    site: Site, clock: SimulatedClock, post: Post
) -> None:
    one = await licensed(site)
    await one.customer("alice")
    await one.customer("bob")
    mine, other = await one.allocate("alice", 3), await one.allocate("bob", 2)
    await live_until(site, clock, post, tokyo("2026-12-01"))
    mails = await post.mails()
    assert len(mails) == 2
    assert {line for mail in mails for line in mail.text.splitlines() if "件の有効" in line} == {
        "alice さまのライセンス 3 件の有効期限が近づいています。",
        "bob さまのライセンス 2 件の有効期限が近づいています。",
    }
    async with site.store.read() as tx:
        rows = await tx.rows(select(reminders))
    assert {(row.licence_id, row.reminder) for row in rows} == {(one, "partner_90d") for one in (*mine, *other)}
    assert {row.due_at for row in rows} == {tokyo("2026-11-30T09:00")}
    assert len({row.mail_id for row in rows}) == 2


async def test_of_renewed_licences_only_the_last_warning_is_dropped(
    site: Site, clock: SimulatedClock, post: Post
) -> None:
    one = await licensed(site)
    await one.customer("alice")
    await one.allocate("alice", 2)
    await live_until(site, clock, post, tokyo("2027-02-20"))
    [spare] = await one.allocate("alice", 1)
    await live_until(site, clock, post, tokyo("2027-03-01"))
    kinds = [(day, "あと" in subject) for day, _, subject in await post.told()]
    assert len(kinds) == 7, "one of the two licences is not renewed: it is still warned of"
    last = (await post.mails())[-1]
    assert "1 件の有効期限" in last.text
    async with site.store.read() as tx:
        rows = await tx.rows(select(reminders).where(reminders.c.reminder == "partner_24h"))
    assert sorted(row.mail_id is None for row in rows) == [False, True]
    assert spare not in {row.licence_id for row in rows}


async def test_what_fell_into_an_outage_goes_out_afterwards_in_order_and_once(
    site: Site, clock: SimulatedClock, post: Post
) -> None:
    one = await licensed(site)
    await one.customer("alice")
    await one.allocate("alice")
    site.now += timedelta(days=40)
    await one.customer("bob")
    await one.allocate("bob")
    await wake_at(site, clock, post, site.now)
    for _ in range(2):
        await wake_at(site, clock, post, tokyo("2027-06-01"))
    async with site.store.read() as tx:
        rows = await tx.rows(select(reminders).order_by(reminders.c.mail_id))
    assert len(rows) == 14
    assert [row.due_at for row in rows] == sorted(row.due_at for row in rows)
    assert len(await post.mails()) == 14
    assert {day for day, *_ in await post.told()} == {"2027-06-01 00:00"}


async def test_a_reminder_that_the_rules_get_later_concerns_what_has_not_ended(
    site: Site, clock: SimulatedClock, post: Post
) -> None:
    one = await licensed(site)
    await one.customer("alice")
    await one.allocate("alice")
    await live_until(site, clock, post, tokyo("2026-10-31"))
    assert await post.mails() == []
    site.rules = replace(site.rules, reminders=(*site.rules.reminders, Reminder(audience="customer", days=180)))
    await live_until(site, clock, post, tokyo("2026-11-01"))
    assert [subject for *_, subject in await post.told()] == [
        "ライセンスの有効期限は2027年2月28日(日)です（あと120日）"
    ]


@pytest.mark.parametrize("seed", range(2))
async def test_the_index_finds_what_looking_at_every_licence_finds(
    site: Site, clock: SimulatedClock, post: Post, seed: int
) -> None:
    luck = Random(seed)
    one = await licensed(site)
    names = ("alice", "bob")
    for name in names:
        await one.customer(name)
    cameras = {name: await one.cameras(name, "cam1", "cam2", "cam3") for name in names if await one.allocate(name)}
    for _ in range(4):
        name = luck.choice(names)
        licences = await one.allocate(name, luck.randint(1, 2), months=luck.choice((12, 36)))
        if luck.random() < 0.6:
            with contextlib.suppress(AssertionError):  # the camera has one that reaches further
                await one.bind(name, licences[0], luck.choice(cameras[name]))
        await live_until(site, clock, post, site.now + timedelta(days=luck.randint(0, 200)))
        await live_until(site, clock, post, site.now + timedelta(days=luck.randint(1, 3)))
    async with site.store.read() as tx:
        ids = [row.id for row in await tx.rows(select(customers.c.id))]
        state = await load_state(tx, customers=ids, lock=False)
        settled = {(row.licence_id, row.last_day, row.reminder): row for row in await tx.rows(select(reminders))}
        sent = {row.id for row in await tx.rows(select(outbox.c.id).where(outbox.c.kind.startswith("reminder")))}
    wanted = {one.key: one.due_at for one in due(state, set(), site.now, site.rules)}
    assert {ReminderKey(*key): row.due_at for key, row in settled.items()} == wanted
    assert wanted
    assert sent == {row.mail_id for row in settled.values() if row.mail_id}
