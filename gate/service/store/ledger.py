"""The ledger in the database: a part of the state is loaded, facts are appended, and what they change is written.

A scope is some customers with their partners, and some partners' stock. Loading it to change something locks it: first
partners, then customers, each in the order of their ids, so that nobody waits for one another.
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Select, Table, insert, select, update

from gate.licence.facts import Fact, Facts, StockKey, StockMoved
from gate.licence.fold import fold
from gate.licence.ledger import record_of
from gate.licence.state import Partner, State
from gate.service.store.engine import Transaction
from gate.service.store.projection import customers_changed, write_changes
from gate.service.store.rows import customers_from
from gate.service.store.schema import cameras, coverage, customers, devices, facts, licences, partners, stock


async def load_state(
    tx: Transaction, *, partners: Iterable[str] = (), customers: Iterable[str] = (), lock: bool
) -> State:
    """The state of these customers (their devices, cameras, licences) and these partners (their stock). Ids that are
    not there are left out. With `lock` nobody else changes any of it before this transaction ends."""
    stocked, owners = sorted(set(partners)), sorted(set(customers))
    partner_rows = await _partner_rows(tx, stocked, lock=lock)
    customer_rows = await _customer_rows(tx, owners, lock=lock)
    others = sorted({row.partner_id for row in customer_rows} - {row.id for row in partner_rows})
    partner_rows += await _partner_rows(tx, others, lock=False)
    loaded = await _contents(tx, [row.id for row in customer_rows])
    held, seats = customers_from(customer_rows, **loaded)
    stock_rows = await tx.rows(select(stock).where(stock.c.partner_id.in_(stocked), stock.c.quantity > 0))
    return State(
        partners={row.id: Partner(id=row.id, primary=row.primary_id) for row in partner_rows},
        stock={StockKey(row.partner_id, row.kind, row.months): row.quantity for row in stock_rows},
        customers=held.customers,
        devices=held.devices,
        cameras=held.cameras,
        licences=seats,
    )


async def append(tx: Transaction, new: Facts, state: State) -> State:
    """Appends the facts and writes what they change in `state`, which must be loaded with a lock in this transaction.
    Rows of partners, customers and devices are the caller's to make, before. Gives the state afterwards. Raises
    LedgerError for facts that do not fit."""
    if not new:
        return state
    after = fold(new, state)
    await tx.execute(insert(facts), [_row(fact, state, after) for fact in new])
    await write_changes(tx, state, after)
    touched = customers_changed(state, after)
    if touched:
        grown = update(customers).where(customers.c.id.in_(touched)).values(version=customers.c.version + 1)
        await tx.execute(grown)
        tx.changed |= touched
    return after


def _row(fact: Fact, before: State, after: State) -> dict[str, Any]:
    named: dict[str, str | None] = {
        name: getattr(fact, name, None) for name in ("partner", "customer", "licence", "device")
    }
    if isinstance(fact, StockMoved):
        named["partner"] = fact.source
    if named["customer"] is None:
        named["customer"] = _customer_of(named["licence"], named["device"], before, after)
    owner = after.customers.get(named["customer"]) if named["customer"] else None
    return {
        "id": fact.id,
        "kind": type(fact).__name__,
        "at": fact.at,
        "actor": fact.actor,
        "on_behalf_of": fact.on_behalf_of,
        "partner_id": named["partner"] or (owner.partner if owner else None),
        "target_id": fact.target if isinstance(fact, StockMoved) else None,
        "customer_id": named["customer"],
        "licence_id": named["licence"],
        "device_id": named["device"],
        "record": record_of(fact),
    }


def _customer_of(licence: str | None, device: str | None, before: State, after: State) -> str | None:
    if licence is not None:
        return after.licences[licence].customer
    if device is not None:
        return (after.devices.get(device) or before.devices[device]).customer
    return None


async def _partner_rows(tx: Transaction, ids: list[str], *, lock: bool) -> list[Any]:
    return await _by_id(tx, partners, ids, lock=lock)


async def _customer_rows(tx: Transaction, ids: list[str], *, lock: bool) -> list[Any]:
    return await _by_id(tx, customers, ids, lock=lock)


async def _by_id(tx: Transaction, table: Table, ids: list[str], *, lock: bool) -> list[Any]:
    if not ids:
        return []
    statement: Select[Any] = select(table).where(table.c.id.in_(ids)).order_by(table.c.id)
    # SQLite locks the whole file when the transaction begins.
    return await tx.rows(statement.with_for_update(key_share=True) if lock else statement)


async def _contents(tx: Transaction, ids: list[str]) -> dict[str, list[Any]]:
    if not ids:
        return {"devices": [], "cameras": [], "coverage": [], "licences": []}
    order = {
        "devices": (devices, devices.c.position),
        "cameras": (cameras, cameras.c.position),
        "coverage": (coverage, coverage.c.starts),
        "licences": (licences, licences.c.position),
    }
    return {
        name: await tx.rows(select(table).where(table.c.customer_id.in_(ids)).order_by(column))
        for name, (table, column) in order.items()
    }
