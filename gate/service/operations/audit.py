"""The audit: who did what, when, for whom, and what was refused. Rows are only added."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select

from gate.service.operations.actor import Actor
from gate.service.operations.refusals import Refusal, ServiceCode
from gate.service.operations.refusals import refusal as refusal_with
from gate.service.store.engine import Transaction
from gate.service.store.schema import audit, users

LIMIT_MAX = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditLine:
    """`refusal`: a code; None: it was done. `actor_name`: a user's name where there is one."""

    id: int
    at: datetime
    actor: str
    actor_name: str | None
    role: str
    on_behalf_of: str | None
    action: str
    subject: str | None
    partner: str | None
    customer: str | None
    refusal: str | None
    detail: dict[str, Any]
    address: str | None


async def record(
    tx: Transaction,
    actor: Actor,
    action: str,
    now: datetime,
    *,
    subject: str | None = None,
    partner: str | None = None,
    customer: str | None = None,
    refusal: Refusal | None = None,
    **detail: Any,
) -> None:
    """One row. `action` is `noun.verb` (`stock.purchase`). `partner` and `customer`: who may read it, beside the
    actor's own. No secrets in `detail`."""
    row = {
        "at": now,
        "actor": actor.id,
        "role": actor.role,
        "on_behalf_of": actor.on_behalf_of,
        "action": action,
        "subject": subject,
        "partner_id": partner or actor.partner,
        "customer_id": customer or actor.acting_customer,
        "refusal": refusal.code if refusal else None,
        "detail": detail,
        "address": actor.address,
    }
    await tx.execute(insert(audit).values(row))


async def refuse(
    tx: Transaction,
    actor: Actor,
    action: str,
    now: datetime,
    why: Refusal,
    subject: str | None = None,
    **detail: Any,
) -> Refusal:
    """Records a refusal, and gives it. Only the actor's own side reads it: whose `subject` is, is not looked up."""
    await record(tx, actor, action, now, subject=subject, refusal=why, **detail)
    return why


async def audit_log(
    tx: Transaction, actor: Actor, *, customer: str | None = None, before: int | None = None, limit: int = LIMIT_MAX
) -> list[AuditLine] | Refusal:
    """The newest first. The operator reads all, a partner what concerns it, a customer what concerns it, its partner's
    acts on its behalf included. NOT_ALLOWED for shared users."""
    query = select(audit, users.c.name.label("actor_name")).outerjoin(users, users.c.id == audit.c.actor)
    if actor.role == "partner" and actor.on_behalf_of is None:
        query = query.where(audit.c.partner_id == actor.partner)
    elif actor.role == "customer":
        query = query.where(audit.c.customer_id == actor.customer)
    elif actor.role != "operator":
        return refusal_with(ServiceCode.NOT_ALLOWED if actor.on_behalf_of is None else ServiceCode.NOT_BY_PROXY)
    if customer is not None:
        query = query.where(audit.c.customer_id == customer)
    if before is not None:
        query = query.where(audit.c.id < before)
    rows = await tx.rows(query.order_by(audit.c.id.desc()).limit(min(max(limit, 1), LIMIT_MAX)))
    return [
        AuditLine(
            id=row.id,
            at=row.at,
            actor=row.actor,
            actor_name=row.actor_name,
            role=row.role,
            on_behalf_of=row.on_behalf_of,
            action=row.action,
            subject=row.subject,
            partner=row.partner_id,
            customer=row.customer_id,
            refusal=row.refusal,
            detail=row.detail,
            address=row.address,
        )
        for row in rows
    ]
