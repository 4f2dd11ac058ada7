"""The history of allocations (割り当て履歴, R11): the ledger's facts, as people read them."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select

from gate.licence.facts import Fact
from gate.licence.ledger import fact_of
from gate.licence.rules import Rules
from gate.service.operations.actor import Actor
from gate.service.operations.permission import as_partner, visible_customer
from gate.service.operations.refusals import Refusal
from gate.service.store import schema
from gate.service.store.engine import Transaction

LIMIT_MAX = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryLine:
    """One fact with the names of those it is about. `actor_name`: a user's name, or `system`."""

    seq: int
    fact: Fact
    actor_name: str
    partner_name: str | None
    customer_name: str | None
    customer_email: str | None


async def history(
    tx: Transaction,
    actor: Actor,
    now: datetime,
    rules: Rules,
    *,
    customer: str | None = None,
    kinds: frozenset[str] | None = None,
    before: int | None = None,
    limit: int = LIMIT_MAX,
) -> list[HistoryLine] | Refusal:
    """Facts, the newest first, those before the number `before`. By a partner: its own (stock that came and went,
    allocations, what its customers did), or one of its customers'; by a customer (or as one): its own. `kinds`: names
    of facts (`LicenceAllocated`, …). UNKNOWN_CUSTOMER, NOT_BY_PROXY."""
    facts, users, partners, customers = schema.facts, schema.users, schema.partners, schema.customers
    query = (
        select(
            facts.c.seq,
            facts.c.record,
            facts.c.actor,
            users.c.name.label("actor_name"),
            partners.c.name.label("partner_name"),
            customers.c.name.label("customer_name"),
            customers.c.email.label("customer_email"),
        )
        .outerjoin(users, users.c.id == facts.c.actor)
        .outerjoin(partners, partners.c.id == facts.c.partner_id)
        .outerjoin(customers, customers.c.id == facts.c.customer_id)
    )
    if customer is None and actor.role == "partner" and actor.on_behalf_of is None:
        own = as_partner(actor)
        if isinstance(own, Refusal):
            return own
        query = query.where(or_(facts.c.partner_id == own, facts.c.target_id == own))
    else:
        owner = await visible_customer(tx, actor, customer, "view_licences", now, rules)
        if isinstance(owner, Refusal):
            return owner
        query = query.where(facts.c.customer_id == owner)
    if kinds is not None:
        query = query.where(facts.c.kind.in_(sorted(kinds)))
    if before is not None:
        query = query.where(facts.c.seq < before)
    rows = await tx.rows(query.order_by(facts.c.seq.desc()).limit(min(max(limit, 1), LIMIT_MAX)))
    return [
        HistoryLine(
            seq=row.seq,
            fact=fact_of(row.record),
            actor_name=row.actor_name or row.actor,
            partner_name=row.partner_name,
            customer_name=row.customer_name,
            customer_email=row.customer_email,
        )
        for row in rows
    ]
