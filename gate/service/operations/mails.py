"""Mails as operations leave them: rows of the outbox, written in the transaction that gives cause for them and sent
later by `gate.service.mail`. Also the mail log that partners and customers see."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, desc, false, select, true, update

from gate.service.mail.letters import LetterKind
from gate.service.operations import audit
from gate.service.operations.actor import Actor
from gate.service.operations.refusals import Refusal, ServiceCode, refusal
from gate.service.store.engine import Transaction
from gate.service.store.schema import outbox, users

LIMIT_MAX = 200

MailState = Literal["waiting", "sent", "given_up"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedMail:
    """A line of the mail log. `subject` and `body` once it was sent, without secrets. `due_at`: of the next attempt,
    while it waits. `can_go_again`: it was given up, and says nothing that was only for then."""

    id: str
    kind: LetterKind
    recipient: str
    customer: str | None
    created_at: datetime
    due_at: datetime
    sent_at: datetime | None
    state: MailState
    attempts: int
    error: str | None
    subject: str | None
    body: str | None
    can_go_again: bool


async def mail_log(
    tx: Transaction, actor: Actor, *, customer: str | None = None, before: str | None = None, limit: int = 100
) -> list[LoggedMail] | Refusal:
    """What was and will be sent on account of the actor's partner, or to the actor's customer; the newest first, those
    before the mail `before`. NOT_ALLOWED."""
    visible = _visible(actor)
    if visible is None:
        return refusal(ServiceCode.NOT_ALLOWED)
    query = select(outbox).where(visible)
    if customer is not None:
        query = query.where(outbox.c.customer_id == customer)
    if before is not None:
        query = query.where(outbox.c.id < before)
    rows = await tx.rows(query.order_by(desc(outbox.c.id)).limit(min(limit, LIMIT_MAX)))
    return [_logged(row) for row in rows]


async def send_again(tx: Transaction, actor: Actor, mail: str, now: datetime) -> LoggedMail | Refusal:
    """Gives a mail that was given up another round of attempts; audited. UNKNOWN_MAIL, MAIL_IS_OVER."""
    visible = _visible(actor)
    if visible is None:
        return refusal(ServiceCode.NOT_ALLOWED)
    row = await tx.row(select(outbox).where(visible, outbox.c.id == mail).with_for_update())
    if row is None:
        return refusal(ServiceCode.UNKNOWN_MAIL)
    if not _logged(row).can_go_again:
        return refusal(ServiceCode.MAIL_IS_OVER)
    again = {"given_up_at": None, "attempts": 0, "due_at": now}
    await tx.execute(update(outbox).where(outbox.c.id == mail).values(again))
    tx.wrote_mail = True
    await audit.record(
        tx, actor, "mail.send_again", now, subject=mail, partner=row.partner_id, customer=row.customer_id
    )
    return _logged(await tx.row(select(outbox).where(outbox.c.id == mail)))


def _visible(actor: Actor) -> ColumnElement[bool] | None:
    """Which rows the actor may see; None: it has no mail log."""
    if actor.on_behalf_of is not None:
        return None
    match actor.role:
        case "operator":
            return true()
        case "partner":
            return outbox.c.partner_id == actor.partner if actor.partner else false()
        case "customer" if actor.customer:
            own = select(users.c.email).where(users.c.customer_id == actor.customer)
            return (outbox.c.customer_id == actor.customer) & outbox.c.recipient.in_(own)
        case _:
            return None


def _logged(row: Any) -> LoggedMail:
    state: MailState = "sent" if row.sent_at else "given_up" if row.given_up_at else "waiting"
    return LoggedMail(
        id=row.id,
        kind=row.kind,
        recipient=row.recipient,
        customer=row.customer_id,
        created_at=row.created_at,
        due_at=row.due_at,
        sent_at=row.sent_at,
        state=state,
        attempts=row.attempts,
        error=row.error,
        subject=row.subject,
        body=row.body,
        can_go_again=state == "given_up" and not row.fields.get("secrets"),
    )
