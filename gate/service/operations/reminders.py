"""Which reminders were settled, by a mail or by the finding that none was needed (R22 to R24): reading only."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select

from gate.licence.rules import Rules
from gate.service.operations.actor import Actor
from gate.service.operations.permission import as_partner, visible_customer
from gate.service.operations.refusals import Refusal
from gate.service.store import schema
from gate.service.store.engine import Transaction

LIMIT_MAX = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class SettledReminder:
    """`mail` None: it was not needed."""

    customer: str
    licence: str
    last_day: date
    reminder: str
    due_at: datetime
    settled_at: datetime
    mail: str | None


async def settled_reminders(
    tx: Transaction, actor: Actor, now: datetime, rules: Rules, *, customer: str | None = None, limit: int = LIMIT_MAX
) -> list[SettledReminder] | Refusal:
    """The newest first. By a partner: of its customers, or of one; by a customer: its own; by the operator: of one.
    UNKNOWN_CUSTOMER, NOT_BY_PROXY."""
    table, licences = schema.reminders, schema.licences
    query = select(table, licences.c.customer_id).join(licences, licences.c.id == table.c.licence_id)
    if customer is None and actor.role == "partner" and actor.on_behalf_of is None:
        own = as_partner(actor)
        if isinstance(own, Refusal):
            return own
        query = query.where(licences.c.partner_id == own)
    else:
        owner = await visible_customer(tx, actor, customer, "view_licences", now, rules)
        if isinstance(owner, Refusal):
            return owner
        query = query.where(licences.c.customer_id == owner)
    newest = query.order_by(table.c.settled_at.desc(), table.c.due_at.desc(), table.c.licence_id, table.c.reminder)
    return [
        SettledReminder(
            customer=row.customer_id,
            licence=row.licence_id,
            last_day=row.last_day,
            reminder=row.reminder,
            due_at=row.due_at,
            settled_at=row.settled_at,
            mail=row.mail_id,
        )
        for row in await tx.rows(newest.limit(min(max(limit, 1), LIMIT_MAX)))
    ]
