"""Who may do what to whose: asked by every operation before anything else.

What belongs to others is answered as what is not there (UNKNOWN_CUSTOMER), so that nobody learns of it.
"""

import secrets
from datetime import datetime

from sqlalchemy import select

from gate.licence.access import may_by_proxy
from gate.licence.facts import By
from gate.licence.refusals import RefusalCode, refused
from gate.licence.rules import ProxyAction, Rules
from gate.service.operations.actor import Actor
from gate.service.operations.refusals import Refusal, ServiceCode, refusal, refusal_of
from gate.service.store.engine import Transaction
from gate.service.store.schema import customers, partners

_VIEWS: frozenset[ProxyAction] = frozenset({"view_devices", "view_licences"})
"""What a shared user may do."""


def by_of(actor: Actor, now: datetime) -> By:
    """The actor as the ledger's facts name it."""
    return By(at=now, actor=actor.id, on_behalf_of=actor.on_behalf_of, new_id=new_id)


def new_id() -> str:
    """80 random bits: for facts, licences, people, organisations."""
    return secrets.token_hex(10)


def as_partner(actor: Actor) -> str | Refusal:
    """The partner whose user this is, acting as itself. NOT_ALLOWED, NOT_BY_PROXY."""
    if actor.on_behalf_of is not None:
        return refusal(ServiceCode.NOT_BY_PROXY)
    if actor.role != "partner" or actor.partner is None:
        return refusal(ServiceCode.NOT_ALLOWED)
    return actor.partner


def as_operator(actor: Actor) -> Refusal | None:
    """NOT_ALLOWED."""
    return None if actor.role == "operator" else refusal(ServiceCode.NOT_ALLOWED)


def as_customer_itself(actor: Actor) -> str | Refusal:
    """The customer whose full user this is; nobody acts for it here. NOT_BY_PROXY, NOT_ALLOWED."""
    if actor.on_behalf_of is not None:
        return refusal(ServiceCode.NOT_BY_PROXY)
    if actor.role != "customer" or actor.customer is None:
        return refusal(ServiceCode.NOT_ALLOWED)
    return actor.customer


def as_customer(actor: Actor, action: ProxyAction, now: datetime, rules: Rules) -> str | Refusal:
    """The customer that the actor is, or acts as within the limits of decision 15. A shared user only views.
    NOT_BY_PROXY, PROXY_OVER, NOT_ALLOWED."""
    if actor.on_behalf_of is not None:
        if action not in rules.proxy_login.may:
            return refusal(ServiceCode.NOT_BY_PROXY)
        if actor.proxy_since is None or not may_by_proxy(action, actor.proxy_since, now, rules):
            return refusal(ServiceCode.PROXY_OVER)
        return actor.on_behalf_of
    if actor.customer is None or (actor.role != "customer" and action not in _VIEWS):
        return refusal(ServiceCode.NOT_ALLOWED)
    return actor.customer


async def own_customer(tx: Transaction, partner: str, customer: str) -> Refusal | None:
    """Whether it is that partner's very own. UNKNOWN_CUSTOMER."""
    owner = await tx.scalar(select(customers.c.partner_id).where(customers.c.id == customer))
    return None if owner == partner else unknown_customer(customer)


async def visible_customer(
    tx: Transaction, actor: Actor, customer: str | None, action: ProxyAction, now: datetime, rules: Rules
) -> str | Refusal:
    """The customer that the actor wants to look at and may: its own (None: that one), whom it acts as, any of its
    partner's; for the operator every one. UNKNOWN_CUSTOMER, NOT_BY_PROXY, PROXY_OVER, NOT_ALLOWED."""
    if customer is None or actor.acting_customer is not None:
        own = as_customer(actor, action, now, rules)
        if isinstance(own, Refusal) or customer is None or customer == own:
            return own
        return unknown_customer(customer)
    owner = await tx.scalar(select(customers.c.partner_id).where(customers.c.id == customer))
    if owner is not None and actor.role == "operator":
        return customer
    if owner is not None and actor.role == "partner" and actor.partner is not None:
        seen = await seen_partners(tx, actor.partner, rules)
        if owner in seen:
            return customer
    return unknown_customer(customer)


async def seen_partners(tx: Transaction, partner: str, rules: Rules) -> frozenset[str]:
    """Whose customers a partner sees: its own, and where the rules say so those of its secondary partners."""
    if rules.primary_sees == "totals":
        return frozenset({partner})
    secondary = await tx.rows(select(partners.c.id).where(partners.c.primary_id == partner))
    return frozenset({partner, *(row.id for row in secondary)})


def unknown_customer(customer: str) -> Refusal:
    """There is none, or it is somebody else's."""
    return refusal_of(refused(RefusalCode.UNKNOWN_CUSTOMER, customer=customer))
