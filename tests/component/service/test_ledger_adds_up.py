"""Whatever is done, in whatever order: the tables hold exactly what the facts add up to, and facts only grow."""

import random
from datetime import timedelta

import pytest
from sqlalchemy import exists, select, update
from sqlalchemy.exc import DBAPIError

from gate.licence.facts import CameraKey
from gate.licence.fold import fold
from gate.licence.ledger import fact_of
from gate.licence.state import State
from gate.service.operations.actor import Actor
from gate.service.operations.allocation import Allocate, allocate
from gate.service.operations.assignment import assign_automatically
from gate.service.operations.bindings import MoveBinding, bind, revoke, set_hold, transfer, unbind
from gate.service.operations.devices import (
    RegisterDevice,
    register_camera,
    register_device,
    remove_camera,
    remove_device,
)
from gate.service.operations.stock import MoveStock, move_stock
from gate.service.store import schema
from gate.service.store.ledger import load_state
from tests.component.service.site import OPERATOR, Site

STEPS = 70


async def _folded(site: Site) -> State:
    async with site.store.read() as tx:
        rows = await tx.rows(select(schema.facts.c.record).order_by(schema.facts.c.seq))
    return fold(fact_of(row.record) for row in rows)


async def _kept(site: Site) -> State:
    async with site.store.read() as tx:
        partners = [row.id for row in await tx.rows(select(schema.partners.c.id))]
        customers = [row.id for row in await tx.rows(select(schema.customers.c.id))]
        return await load_state(tx, partners=partners, customers=customers, lock=False)


@pytest.mark.parametrize("seed", range(2))
async def test_tables_are_the_sum_of_the_facts_whatever_is_done(site: Site, seed: int) -> None:
    chance = random.Random(seed)
    partner = await site.partner()
    second = await site.partner(of=partner)
    await site.stock(partner, 12)
    customers = [await site.customer(partner), await site.customer(partner)]
    labels = [site.label()[0] for _ in range(3)]
    for label in labels:
        await site.announced(label, cameras=2)
    for _ in range(STEPS):
        site.now += timedelta(days=chance.choice((0, 0, 1, 10, 60)))
        await _step(site, chance, partner, second, chance.choice(customers), chance.choice(labels).code)
    assert await _kept(site) == await _folded(site)
    assert await _unaudited(site) == []


async def _unaudited(site: Site) -> list[str]:
    """Facts without an audit row of the same moment, actor and customer acted for."""
    facts, audit = schema.facts, schema.audit
    done = exists().where(
        audit.c.at == facts.c.at,
        audit.c.actor == facts.c.actor,
        audit.c.on_behalf_of.is_not_distinct_from(facts.c.on_behalf_of),
        audit.c.refusal.is_(None),
    )
    async with site.store.read() as tx:
        return [row.kind for row in await tx.rows(select(facts.c.kind).where(~done))]


async def _step(site: Site, chance: random.Random, partner: Actor, second: Actor, customer: Actor, code: str) -> None:
    """Something that people do; most of it is refused at times."""
    owner, now, rules = customer.customer or "", site.now, site.rules
    async with site.store.begin() as tx:
        state = await load_state(tx, customers=[owner], lock=False)
        licences = list(state.licences) or ["none"]
        cameras = list(state.cameras) or [CameraKey("none", "cam1")]
        devices = list(state.devices) or ["none"]
        licence, camera, device = chance.choice(licences), chance.choice(cameras), chance.choice(devices)
        move = MoveBinding(licence=licence, camera=camera)
        match chance.randrange(12):
            case 0 | 1:
                await allocate(tx, partner, Allocate(customer=owner, kind="edge", months=12), now, rules)
            case 2:
                await register_device(tx, customer, RegisterDevice(code=code), now, rules)
            case 3 | 4:
                await bind(tx, customer, move, now, rules)
            case 5:
                await transfer(tx, customer, move, now, rules)
            case 6:
                await unbind(tx, customer, licence, now, rules)
            case 7:
                await set_hold(tx, customer, camera, chance.random() < 0.5, now, rules)
            case 8:
                await assign_automatically(tx, [owner], now - timedelta(days=200), now, now, rules)
            case 9:
                await move_stock(
                    tx, partner, MoveStock(target=second.partner or "", kind="edge", months=12, quantity=1), now, rules
                )
            case 10:
                if chance.random() < 0.3:
                    await remove_device(tx, customer, device, now)
                else:
                    await remove_camera(tx, customer, camera, now)
                    await register_camera(tx, customer, camera, "again", now, rules)
            case 11 if chance.random() < 0.2:
                await revoke(tx, OPERATOR, owner, licence, "test", now)


async def test_facts_cannot_be_changed_or_taken_away_by_anybody(site: Site) -> None:
    await site.partner()
    for statement in (update(schema.facts).values(actor="somebody else"), schema.facts.delete()):
        with pytest.raises(DBAPIError, match="rows are only added"):
            async with site.store.begin() as tx:
                await tx.execute(statement)


async def test_the_table_itself_lets_no_stock_fall_below_nothing(site: Site) -> None:
    partner = await site.partner()
    await site.stock(partner, 1)
    with pytest.raises(DBAPIError, match="never_negative"):
        async with site.store.begin() as tx:
            await tx.execute(update(schema.stock).values(quantity=schema.stock.c.quantity - 2))


async def test_reading_does_not_write(site: Site) -> None:
    await site.partner()
    try:
        async with site.store.read() as tx:
            await tx.execute(update(schema.partners).values(name="changed"))
    except DBAPIError:
        assert site.store.dialect == "postgresql"
    async with site.store.read() as tx:
        assert await tx.scalar(select(schema.partners.c.name)) == "Partner"
