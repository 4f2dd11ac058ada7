"""Plans for partners: stock, customers, allocation (R2, R10, R12, R14; decision 16).

A plan is a pure function: it returns the facts to append, or a refusal, and changes nothing itself. `by.at` is now.
"""

from gate.licence.assignment import plan_restoration
from gate.licence.counting import count, renewable
from gate.licence.entitlement import Kind
from gate.licence.facts import (
    By,
    CustomerAdded,
    Fact,
    Facts,
    LicenceAllocated,
    Origin,
    PartnerRegistered,
    StockKey,
    StockMoved,
    StockPurchased,
)
from gate.licence.fold import fold
from gate.licence.refusals import RefusalCode, Refused, refused
from gate.licence.rules import Rules
from gate.licence.state import State

QUANTITY_MAX = 10_000
"""Licences in one purchase, move or allocation."""


def plan_register_partner(state: State, by: By, *, partner: str, primary: str | None = None) -> Facts | Refused:
    """A partner, or with `primary` a secondary partner. A secondary partner has none of its own."""
    if partner in state.partners:
        return refused(RefusalCode.ALREADY_THERE, what=partner)
    if primary is not None and (primary not in state.partners or state.partners[primary].primary is not None):
        return refused(RefusalCode.UNKNOWN_PARTNER, partner=primary)
    return (by.fact(PartnerRegistered, partner=partner, primary=primary),)


def plan_add_customer(state: State, by: By, *, partner: str, customer: str) -> Facts | Refused:
    """A customer of that partner."""
    if partner not in state.partners:
        return refused(RefusalCode.UNKNOWN_PARTNER, partner=partner)
    if customer in state.customers:
        return refused(RefusalCode.ALREADY_THERE, what=customer)
    return (by.fact(CustomerAdded, customer=customer, partner=partner),)


def plan_purchase(
    state: State, by: By, rules: Rules, *, partner: str, kind: Kind, months: int, quantity: int
) -> Facts | Refused:
    """Licences into a partner's stock. No term begins."""
    problem = _objection(state, partner, quantity)
    if problem is None and months not in rules.terms_months:
        offered = ", ".join(map(str, rules.terms_months))
        problem = refused(RefusalCode.NOT_OFFERED, months=months, offered=offered)
    if problem is not None:
        return problem
    return (by.fact(StockPurchased, partner=partner, kind=kind, months=months, quantity=quantity),)


def plan_move_stock(
    state: State, by: By, *, source: str, target: str, kind: Kind, months: int, quantity: int
) -> Facts | Refused:
    """Stock from a primary partner to one of its secondary partners. No term begins."""
    key = StockKey(source, kind, months)
    problem = _objection(state, source, quantity) or _shortage(state, key, quantity)
    if problem is None and (target not in state.partners or state.partners[target].primary != source):
        problem = refused(RefusalCode.NOT_SECONDARY, target=target, source=source)
    if problem is not None:
        return problem
    return (by.fact(StockMoved, source=source, target=target, kind=kind, months=months, quantity=quantity),)


def plan_allocate(
    state: State,
    by: By,
    rules: Rules,
    *,
    partner: str,
    customer: str,
    kind: Kind,
    months: int,
    quantity: int = 1,
) -> Facts | Refused:
    """From stock into the pool of one of the partner's own customers, irrevocably; the count starts (R3). No camera is
    named (R12); cameras that have lapsed come back by it (R25)."""
    problem = _objection(state, partner, quantity)
    if problem is not None:
        return problem
    if customer not in state.customers or state.customers[customer].partner != partner:
        return refused(RefusalCode.UNKNOWN_CUSTOMER, customer=customer)
    shortage = _shortage(state, StockKey(partner, kind, months), quantity)
    if shortage is not None:
        return shortage
    renewed = renewable(state, customer, kind, by.at, rules)
    facts: list[Fact] = []
    for index in range(quantity):
        old = renewed[index] if index < len(renewed) else None
        origin: Origin = "renewal" if old else "first"
        term = None
        if rules.count_starts == "allocation":
            term = count(rules, at=by.at, months=months, origin=origin, previous=old.term if old else None)
        allocated = by.fact(
            LicenceAllocated,
            licence=by.new_id(),
            partner=partner,
            customer=customer,
            kind=kind,
            months=months,
            origin=origin,
            renews=old.id if old else None,
            term=term,
        )
        facts.append(allocated)
    if rules.auto_assign.restores_on_allocation:
        facts += plan_restoration(fold(facts, state), by, rules, customer=customer)
    return tuple(facts)


def _objection(state: State, partner: str, quantity: int) -> Refused | None:
    if partner not in state.partners:
        return refused(RefusalCode.UNKNOWN_PARTNER, partner=partner)
    if not 1 <= quantity <= QUANTITY_MAX:
        return refused(RefusalCode.QUANTITY, quantity=quantity, most=QUANTITY_MAX)
    return None


def _shortage(state: State, key: StockKey, quantity: int) -> Refused | None:
    left = state.stock.get(key, 0)
    if left >= quantity:
        return None
    return refused(RefusalCode.NO_STOCK, kind=key.kind, months=key.months, left=left, quantity=quantity)
