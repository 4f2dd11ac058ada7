"""A partner's stock (在庫; R2, decision 16). Nothing here begins a term. Give each change an idempotency key
(`operations.idempotency.once`)."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from gate.licence.entitlement import Kind
from gate.licence.facts import StockKey
from gate.licence.refusals import RefusalCode, Refused, refused
from gate.licence.rules import Rules
from gate.licence.state import State
from gate.licence.stock import plan_move_stock, plan_purchase
from gate.service.operations.actor import Actor
from gate.service.operations.audit import record, refuse
from gate.service.operations.permission import as_partner, by_of
from gate.service.operations.refusals import Refusal, ServiceCode, refusal, refusal_of
from gate.service.store import schema
from gate.service.store.engine import Transaction
from gate.service.store.ledger import append, load_state

KINDS: tuple[Kind, ...] = ("edge", "direct")


@dataclass(frozen=True, slots=True, kw_only=True)
class StockLine:
    """Licences that are alike. `quantity` may be 0 for what is offered but not in stock."""

    kind: Kind
    months: int
    quantity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Stock:
    """A partner's whole stock, in order of kind and months."""

    partner: str
    lines: tuple[StockLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PurchaseStock:
    """`partner` None: the actor's own."""

    partner: str | None = None
    kind: Kind
    months: int
    quantity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveStock:
    """From the actor's partner to one of its secondary partners."""

    target: str
    kind: Kind
    months: int
    quantity: int


async def stock_of(tx: Transaction, actor: Actor, rules: Rules, partner: str | None = None) -> Stock | Refusal:
    """What the actor's partner holds, every offered term included; the operator names any partner. NOT_ALLOWED,
    UNKNOWN_PARTNER."""
    owner = _owner(actor, partner)
    if isinstance(owner, Refusal):
        return owner
    state = await load_state(tx, partners=[owner], lock=False)
    if owner not in state.partners:
        return _unknown_partner(owner)
    return _stock(state, owner, rules)


async def purchase_stock(
    tx: Transaction, actor: Actor, request: PurchaseStock, now: datetime, rules: Rules
) -> Stock | Refusal:
    """Into stock: by the operator for anybody, by a primary partner for itself (the shop is simulated). NOT_ALLOWED,
    QUANTITY, NOT_OFFERED, UNKNOWN_PARTNER."""
    owner = _owner(actor, request.partner)
    if not isinstance(owner, Refusal) and actor.role != "operator":
        primary = await tx.scalar(select(schema.partners.c.primary_id).where(schema.partners.c.id == owner))
        owner = refusal(ServiceCode.NOT_ALLOWED) if primary is not None else owner
    if isinstance(owner, Refusal):
        return await refuse(tx, actor, "stock.purchase", now, owner)
    state = await load_state(tx, partners=[owner], lock=True)
    facts = plan_purchase(
        state,
        by_of(actor, now),
        rules,
        partner=owner,
        kind=request.kind,
        months=request.months,
        quantity=request.quantity,
    )
    if isinstance(facts, Refused):
        return await refuse(tx, actor, "stock.purchase", now, refusal_of(facts), owner)
    after = await append(tx, facts, state)
    await record(
        tx, actor, "stock.purchase", now, subject=owner, partner=owner,
        kind=request.kind, months=request.months, quantity=request.quantity,
    )  # fmt: skip
    return _stock(after, owner, rules)


async def move_stock(tx: Transaction, actor: Actor, request: MoveStock, now: datetime, rules: Rules) -> Stock | Refusal:
    """To a secondary partner. Gives what is left. NO_STOCK, NOT_SECONDARY, QUANTITY, NOT_ALLOWED."""
    source = as_partner(actor)
    if isinstance(source, Refusal):
        return await refuse(tx, actor, "stock.move", now, source)
    state = await load_state(tx, partners=[source, request.target], lock=True)
    facts = plan_move_stock(
        state,
        by_of(actor, now),
        source=source,
        target=request.target,
        kind=request.kind,
        months=request.months,
        quantity=request.quantity,
    )
    if isinstance(facts, Refused):
        return await refuse(tx, actor, "stock.move", now, refusal_of(facts), request.target)
    after = await append(tx, facts, state)
    await record(
        tx, actor, "stock.move", now, subject=request.target,
        kind=request.kind, months=request.months, quantity=request.quantity,
    )  # fmt: skip
    return _stock(after, source, rules)


def _owner(actor: Actor, partner: str | None) -> str | Refusal:
    if actor.role == "operator":
        return partner or refusal(ServiceCode.NOT_ALLOWED)
    own = as_partner(actor)
    if isinstance(own, Refusal) or partner is None or partner == own:
        return own
    return _unknown_partner(partner)


def _unknown_partner(partner: str) -> Refusal:
    return refusal_of(refused(RefusalCode.UNKNOWN_PARTNER, partner=partner))


def _stock(state: State, partner: str, rules: Rules) -> Stock:
    held = {StockKey(partner, kind, months) for kind in KINDS for months in rules.terms_months}
    held |= {key for key in state.stock if key.partner == partner}
    order = sorted(held, key=lambda key: (KINDS.index(key.kind), key.months))
    lines = (StockLine(kind=key.kind, months=key.months, quantity=state.stock.get(key, 0)) for key in order)
    return Stock(partner=partner, lines=tuple(lines))
