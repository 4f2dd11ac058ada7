"""Partners (販売店) and secondary partners (二次店); decision 16."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, insert, or_, select

from gate.licence.refusals import Refused
from gate.licence.rules import Rules
from gate.licence.stock import plan_register_partner
from gate.service.operations.accounts import NewUser, insert_user
from gate.service.operations.actor import Actor
from gate.service.operations.audit import record, refuse
from gate.service.operations.permission import as_partner, by_of, new_id
from gate.service.operations.refusals import Refusal, refusal_of
from gate.service.store import schema
from gate.service.store.engine import Transaction
from gate.service.store.ledger import append, load_state

LIMIT_MAX = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Partner:
    """`primary` is set for a secondary partner."""

    id: str
    primary: str | None
    name: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPartner:
    """A partner with its first user."""

    name: str
    user: NewUser


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondaryTotals:
    """What a primary partner sees of a secondary one."""

    partner: Partner
    customers: int
    stock: int
    licences: int


async def add_partner(
    tx: Transaction, actor: Actor, request: NewPartner, now: datetime, rules: Rules
) -> Partner | Refusal:
    """By the operator: a primary partner. By a primary partner: a secondary partner of its own. EMAIL_TAKEN,
    NOT_ALLOWED, UNKNOWN_PARTNER (to a secondary partner, which has none)."""
    primary = None if actor.role == "operator" else as_partner(actor)
    if isinstance(primary, Refusal):
        return await refuse(tx, actor, "partner.add", now, primary)
    partner = new_id()
    state = await load_state(tx, partners=[primary] if primary else [], lock=True)
    facts = plan_register_partner(state, by_of(actor, now), partner=partner, primary=primary)
    if isinstance(facts, Refused):
        return await refuse(tx, actor, "partner.add", now, refusal_of(facts))
    row = {"id": partner, "primary_id": primary, "name": request.name, "created_at": now}
    await tx.execute(insert(schema.partners).values(**row))
    user = await insert_user(tx, actor, request.user, "partner", now, rules, partner=partner)
    if isinstance(user, Refusal):
        await tx.execute(delete(schema.partners).where(schema.partners.c.id == partner))
        return await refuse(tx, actor, "partner.add", now, user)
    await append(tx, facts, state)
    await record(tx, actor, "partner.add", now, subject=partner, name=request.name, primary=primary)
    return Partner(id=partner, primary=primary, name=request.name, created_at=now)


async def partner_of(tx: Transaction, actor: Actor) -> Partner | Refusal:
    """The actor's own. NOT_ALLOWED."""
    partner = as_partner(actor)
    if isinstance(partner, Refusal):
        return partner
    return _partner(await tx.row(select(schema.partners).where(schema.partners.c.id == partner)))


async def partners(
    tx: Transaction, actor: Actor, *, after: str = "", limit: int = LIMIT_MAX
) -> list[Partner] | Refusal:
    """By the operator: all, in the order of their ids, those after `after`. By a partner: itself and its secondary
    partners. NOT_ALLOWED."""
    query = select(schema.partners).where(schema.partners.c.id > after).order_by(schema.partners.c.id)
    if actor.role != "operator":
        own = as_partner(actor)
        if isinstance(own, Refusal):
            return own
        query = query.where(or_(schema.partners.c.id == own, schema.partners.c.primary_id == own))
    return [_partner(row) for row in await tx.rows(query.limit(min(max(limit, 1), LIMIT_MAX)))]


async def secondary_totals(tx: Transaction, actor: Actor) -> list[SecondaryTotals] | Refusal:
    """The partner's secondary partners with their totals, in the order in which they were added. `licences`: all that
    they ever allocated. NOT_ALLOWED."""
    own = as_partner(actor)
    if isinstance(own, Refusal):
        return own

    def total(column: Any, owner: Any) -> Any:
        return select(func.coalesce(column, 0)).where(owner == schema.partners.c.id).scalar_subquery()

    query = (
        select(
            schema.partners,
            total(func.count(schema.customers.c.id), schema.customers.c.partner_id).label("customers"),
            total(func.sum(schema.stock.c.quantity), schema.stock.c.partner_id).label("stock"),
            total(func.count(schema.licences.c.id), schema.licences.c.partner_id).label("licences"),
        )
        .where(schema.partners.c.primary_id == own)
        .order_by(schema.partners.c.created_at, schema.partners.c.id)
        .limit(LIMIT_MAX)
    )
    return [
        SecondaryTotals(partner=_partner(row), customers=row.customers, stock=row.stock, licences=row.licences)
        for row in await tx.rows(query)
    ]


def _partner(row: Any) -> Partner:
    return Partner(id=row.id, primary=row.primary_id, name=row.name, created_at=row.created_at)
