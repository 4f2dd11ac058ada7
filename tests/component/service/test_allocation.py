"""Allocation: dates, what it brings back, what it would give on a day, whose customer it is (R3, R8, R10, R12, R25)."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import func, select

from gate.licence.facts import CameraKey
from gate.service.operations.accounts import begin_proxy
from gate.service.operations.allocation import Allocate, AllocationPreview, allocate, preview_allocation
from gate.service.operations.customers import customer, customer_by_email, customers, rename_customer
from gate.service.operations.history import history
from gate.service.operations.licences import licensing
from gate.service.store import schema
from tests.component.service.site import OPERATOR, Site


async def test_a_term_is_free_until_the_end_of_next_month_and_is_in_the_history(site: Site) -> None:
    partner = await site.partner()
    owner = await site.customer(partner)
    await site.stock(partner, 3)
    allocated = await site.allocated(partner, owner, 2)
    term = allocated.licences[0].term
    assert term is not None and allocated.stock_left == 1
    assert (term.allocated_on, term.free_until, term.last_day) == (
        date(2026, 1, 15), date(2026, 2, 28), date(2027, 2, 28),
    )  # fmt: skip
    lines = await site.do(lambda tx: history(tx, partner, site.now, site.rules, kinds=frozenset({"LicenceAllocated"})))
    assert [line.customer_name for line in lines] == ["customer", "customer"]
    found = await site.do(lambda tx: licensing(tx, owner, None, site.now, site.rules))
    assert [(line.state, line.burns) for line in found.licences] == [("spare", True), ("spare", True)]


async def test_another_partners_customer_is_as_if_it_were_not_there(site: Site) -> None:
    mine, theirs = await site.partner(), await site.partner()
    foreign = await site.customer(theirs)
    await site.stock(mine, 1)
    assert foreign.customer is not None
    request = Allocate(customer=foreign.customer, kind="edge", months=12)
    nobody = Allocate(customer="nobody", kind="edge", months=12)

    async def code(asked: Allocate) -> str:
        return await site.refused(lambda tx: allocate(tx, mine, asked, site.now, site.rules))

    assert await code(request) == await code(nobody) == "UNKNOWN_CUSTOMER"
    for work in (
        lambda tx: preview_allocation(tx, mine, request, None, site.now, site.rules),
        lambda tx: customer(tx, mine, foreign.customer, site.now, site.rules),
        lambda tx: licensing(tx, mine, foreign.customer, site.now, site.rules),
        lambda tx: history(tx, mine, site.now, site.rules, customer=foreign.customer),
    ):
        assert await site.refused(work) == "UNKNOWN_CUSTOMER"
    assert await site.do(lambda tx: customers(tx, mine, site.now, site.rules)) == []
    async with site.store.read() as tx:
        email = await tx.scalar(select(schema.customers.c.email))
        assert await tx.scalar(select(schema.stock.c.quantity)) == 1
    assert await site.refused(lambda tx: customer_by_email(tx, mine, email, site.now)) == "UNKNOWN_EMAIL"
    found = await site.do(lambda tx: customer_by_email(tx, theirs, f" {email.upper()} ", site.now))
    assert found.id == foreign.customer


async def test_a_primary_partner_that_sees_its_secondarys_customers_changes_nothing_of_theirs(site: Site) -> None:
    site.rules = replace(site.rules, primary_sees="customers")
    primary = await site.partner()
    secondary = await site.partner(of=primary)
    theirs = await site.customer(secondary)
    id, now, rules = theirs.customer or "", site.now, site.rules
    before = await site.do(lambda tx: customer(tx, primary, id, now, rules))
    assert await site.refused(lambda tx: rename_customer(tx, primary, id, "Mine", now, rules)) == "UNKNOWN_CUSTOMER"
    assert await site.refused(lambda tx: begin_proxy(tx, primary, id, now)) == "UNKNOWN_CUSTOMER"
    request = Allocate(customer=id, kind="edge", months=12)
    assert await site.refused(lambda tx: allocate(tx, primary, request, now, rules)) == "UNKNOWN_CUSTOMER"
    assert await site.do(lambda tx: customer(tx, primary, id, now, rules)) == before
    for actor, name in ((secondary, "New"), (theirs, "Newer"), (OPERATOR, "Newest")):
        assert (await site.do(lambda tx: rename_customer(tx, actor, id, name, now, rules))).name == name  # noqa: B023


async def test_a_refusal_changes_nothing_but_the_audit(site: Site) -> None:
    partner = await site.partner()
    owner = await site.customer(partner)
    assert owner.customer is not None

    async def counts() -> tuple[int, int]:
        async with site.store.read() as tx:
            facts = await tx.scalar(select(func.count()).select_from(schema.facts))
            refused = select(func.count()).select_from(schema.audit).where(schema.audit.c.refusal == "NO_STOCK")
            return facts, await tx.scalar(refused)

    before = await counts()
    request = Allocate(customer=owner.customer, kind="edge", months=12)
    assert await site.refused(lambda tx: allocate(tx, partner, request, site.now, site.rules)) == "NO_STOCK"
    assert await counts() == (before[0], before[1] + 1)


async def test_the_preview_shows_burnt_days_today_and_none_on_a_later_day(site: Site) -> None:
    made = await site.licensed()
    assert made.customer.customer is not None
    request = Allocate(customer=made.customer.customer, kind="edge", months=12)
    site.now = datetime(2026, 12, 1, 3, tzinfo=UTC)

    async def preview(on: date | None) -> AllocationPreview:
        return await site.do(lambda tx: preview_allocation(tx, made.partner, request, on, site.now, site.rules))

    today = await preview(None)
    assert today.preview.renews is not None and today.preview.renewal is not None
    assert today.preview.renewal.burnt_days == 28 and today.preview.unburnt_from == date(2027, 1, 1)
    later = await preview(today.preview.unburnt_from)
    assert later.at == datetime(2026, 12, 31, 15, tzinfo=UTC)
    assert later.preview.renewal is not None
    assert (later.preview.renewal.burnt_days, later.preview.renewal.extra_free_days) == (0, 0)
    assert (await preview(date(2027, 2, 28))).preview.renewal.extra_free_days == 31  # type: ignore[union-attr]


async def test_days_in_the_past_and_beyond_the_calendar_are_refused(site: Site) -> None:
    partner = await site.partner()
    owner = await site.customer(partner)
    assert owner.customer is not None
    request = Allocate(customer=owner.customer, kind="edge", months=12)

    async def code(on: date) -> str:
        return await site.refused(lambda tx: preview_allocation(tx, partner, request, on, site.now, site.rules))

    assert await code(date(2026, 1, 14)) == "IN_THE_PAST"
    assert await code(date(2999, 1, 1)) == "TOO_FAR_AHEAD"


async def test_an_allocation_after_the_lapse_brings_the_camera_back(site: Site) -> None:
    made = await site.licensed()
    site.now = datetime(2027, 3, 10, tzinfo=UTC)
    camera = (await site.do(lambda tx: licensing(tx, made.customer, None, site.now, site.rules))).cameras[0]
    assert camera.state == "lapsed" and camera.lapsed_at == datetime(2027, 2, 28, 15, tzinfo=UTC)
    await site.stock(made.partner, 1)
    allocated = await site.allocated(made.partner, made.customer)
    assert allocated.restored == (CameraKey(made.device, "cam1"),)
    camera = (await site.do(lambda tx: licensing(tx, made.customer, None, site.now, site.rules))).cameras[0]
    assert camera.state == "active" and camera.coverage[-1].starts == site.now
    assert allocated.licences[0].term is not None
    assert camera.covered_until == allocated.licences[0].term.ends


async def test_the_list_of_customers_counts_licences_cameras_and_lapses(site: Site) -> None:
    made = await site.licensed(cameras=2)
    other = await site.customer(made.partner, "東京商店")
    (found,) = await site.do(lambda tx: customers(tx, made.partner, site.now, site.rules, search="CUSTO"))
    assert (found.licences, found.cameras, found.lapsed, found.next_last_day) == (2, 2, 0, date(2027, 2, 28))
    (one,) = await site.do(lambda tx: customers(tx, made.partner, site.now, site.rules, search="東京"))
    assert one.id == other.customer and one.licences == 0
    later = site.now + timedelta(days=500)
    (found,) = await site.do(lambda tx: customers(tx, made.partner, later, site.rules, search="custo"))
    assert (found.licences, found.lapsed, found.next_last_day) == (0, 2, None)
    assert await site.do(lambda tx: customers(tx, made.partner, site.now, site.rules, search="100%")) == []
