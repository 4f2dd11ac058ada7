"""Idempotency keys: what is asked twice happens once."""

import asyncio

from sqlalchemy import func, select

from gate.service.operations.actor import Actor
from gate.service.operations.idempotency import once
from gate.service.operations.refusals import Refusal
from gate.service.operations.stock import PurchaseStock, purchase_stock
from gate.service.store import schema
from gate.service.store.engine import Store, open_store
from tests.component.service.site import OPERATOR, Site


async def _buy(
    site: Site, store: Store, partner: Actor, key: str | None, quantity: int = 1, months: int = 12
) -> object:
    request = PurchaseStock(partner=partner.partner, kind="edge", months=months, quantity=quantity)

    async with store.begin() as tx:

        async def work() -> str | Refusal:
            bought = await purchase_stock(tx, OPERATOR, request, site.now, site.rules)
            return bought if isinstance(bought, Refusal) else str(max(line.quantity for line in bought.lines))

        return await once(tx, OPERATOR, key, repr(request), site.now, work, write=str, read=str)


async def _held(site: Site) -> int:
    async with site.store.read() as tx:
        return int(await tx.scalar(select(func.coalesce(func.sum(schema.stock.c.quantity), 0))))


async def test_the_same_key_gives_the_same_answer_and_nothing_happens_again(site: Site) -> None:
    partner = await site.partner()
    answers = [await _buy(site, site.store, partner, "a") for _ in range(3)]
    assert answers == ["1", "1", "1"] and await _held(site) == 1
    assert await _buy(site, site.store, partner, "b") == "2"
    assert await _buy(site, site.store, partner, None) == "3"


async def test_the_same_key_for_something_else_is_refused(site: Site) -> None:
    partner = await site.partner()
    await _buy(site, site.store, partner, "a")
    refused = await _buy(site, site.store, partner, "a", quantity=2)
    assert isinstance(refused, Refusal) and refused.code == "KEY_REUSED" and await _held(site) == 1


async def test_what_was_refused_may_be_tried_again_with_its_key(site: Site) -> None:
    partner = await site.partner()
    assert isinstance(await _buy(site, site.store, partner, "a", months=7), Refusal)
    assert await _buy(site, site.store, partner, "a") == "1"


async def test_many_processes_with_one_key_do_it_once(site: Site, service_database: str) -> None:
    partner = await site.partner()
    stores = [open_store(service_database) for _ in range(3)]
    answers = await asyncio.gather(*(_buy(site, stores[n % 3], partner, "a", quantity=4) for n in range(9)))
    for store in stores:
        await store.close()
    assert answers == ["4"] * 9 and await _held(site) == 4
