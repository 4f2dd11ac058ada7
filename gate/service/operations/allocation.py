"""Allocation (割り当て): from a partner's stock into a customer's pool, irrevocably (R3, R8, R10, R12, R25), and
what it would give on a day. Give `allocate` an idempotency key (`operations.idempotency.once`)."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from gate.licence.counting import Preview, preview
from gate.licence.entitlement import Kind
from gate.licence.errors import TermError
from gate.licence.facts import CameraKey, LicenceAllocated, LicenceAssignedAutomatically, StockKey
from gate.licence.refusals import RefusalCode, Refused, refused
from gate.licence.rules import Rules
from gate.licence.state import Licence
from gate.licence.stock import plan_allocate
from gate.licence.term import first_instant
from gate.service.operations.actor import Actor
from gate.service.operations.audit import record, refuse
from gate.service.operations.permission import as_partner, by_of, own_customer
from gate.service.operations.refusals import Refusal, ServiceCode, refusal, refusal_of
from gate.service.store.engine import Transaction
from gate.service.store.ledger import append, load_state

AHEAD_MAX = timedelta(days=3660)


@dataclass(frozen=True, slots=True, kw_only=True)
class Allocate:
    """No camera is named (R12)."""

    customer: str
    kind: Kind
    months: int
    quantity: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Allocated:
    """The new licences, the cameras that came back by it (R25), and what is left in stock of this kind and term."""

    licences: tuple[Licence, ...]
    restored: tuple[CameraKey, ...]
    stock_left: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AllocationPreview:
    """What the first licence of an allocation at `at` would be; `stock_left` are in stock now."""

    at: datetime
    stock_left: int
    preview: Preview


async def preview_allocation(
    tx: Transaction, actor: Actor, request: Allocate, on: date | None, now: datetime, rules: Rules
) -> AllocationPreview | Refusal:
    """Today (`on` None, or today's local day), or from the first instant of the local day `on`, with the days burnt or
    gained. Changes nothing. UNKNOWN_CUSTOMER, NOT_OFFERED, IN_THE_PAST, TOO_FAR_AHEAD."""
    partner = as_partner(actor)
    if isinstance(partner, Refusal):
        return partner
    at = _moment(on, now, rules)
    if isinstance(at, Refusal):
        return at
    problem = await own_customer(tx, partner, request.customer)
    if problem is not None:
        return problem
    state = await load_state(tx, partners=[partner], customers=[request.customer], lock=False)
    left = state.stock.get(StockKey(partner, request.kind, request.months), 0)
    if request.months not in rules.terms_months and not left:
        offered = ", ".join(map(str, rules.terms_months))
        return refusal_of(refused(RefusalCode.NOT_OFFERED, months=request.months, offered=offered))
    try:
        shown = preview(state, request.customer, request.kind, request.months, at, rules)
    except TermError:
        return refusal(ServiceCode.TOO_FAR_AHEAD)
    return AllocationPreview(at=at, stock_left=left, preview=shown)


async def allocate(
    tx: Transaction, actor: Actor, request: Allocate, now: datetime, rules: Rules
) -> Allocated | Refusal:
    """By the customer's own partner. Of two that want the last licence one wins, and the other is told NO_STOCK.
    UNKNOWN_CUSTOMER, QUANTITY, NO_STOCK, NOT_ALLOWED."""
    partner = as_partner(actor)
    if isinstance(partner, Refusal):
        return await refuse(tx, actor, "licence.allocate", now, partner, request.customer)
    problem = await own_customer(tx, partner, request.customer)
    if problem is not None:
        return await refuse(tx, actor, "licence.allocate", now, problem, request.customer)
    state = await load_state(tx, partners=[partner], customers=[request.customer], lock=True)
    facts = plan_allocate(
        state,
        by_of(actor, now),
        rules,
        partner=partner,
        customer=request.customer,
        kind=request.kind,
        months=request.months,
        quantity=request.quantity,
    )
    if isinstance(facts, Refused):
        return await refuse(
            tx, actor, "licence.allocate", now, refusal_of(facts), request.customer, quantity=request.quantity
        )
    after = await append(tx, facts, state)
    new = tuple(after.licences[fact.licence] for fact in facts if isinstance(fact, LicenceAllocated))
    restored = tuple(
        CameraKey(fact.device, fact.camera) for fact in facts if isinstance(fact, LicenceAssignedAutomatically)
    )
    await record(
        tx,
        actor,
        "licence.allocate",
        now,
        subject=request.customer,
        customer=request.customer,
        kind=request.kind,
        months=request.months,
        licences=[licence.id for licence in new],
        restored=[str(key) for key in restored],
    )
    left = after.stock.get(StockKey(partner, request.kind, request.months), 0)
    return Allocated(licences=new, restored=restored, stock_left=left)


def _moment(on: date | None, now: datetime, rules: Rules) -> datetime | Refusal:
    today = now.astimezone(rules.zone).date()
    if on is None or on == today:
        return now
    if on < today:
        return refusal(ServiceCode.IN_THE_PAST)
    if on - today > AHEAD_MAX:
        return refusal(ServiceCode.TOO_FAR_AHEAD)
    return first_instant(on, rules.zone)
