"""Mails as operations leave them: rows of the outbox, written in the transaction that gives cause for them, sent later
by `gate.service.mail`. Also the mail log that partners see.

Kinds and their fields (all JSON): `initial_password` and `new_password` {name, email, password, deadline};
`reminder` {customer, customer_name, last_day, reminder, due_at, licences: [{id, kind, months, device, camera}]};
`automatic_assignment` {customer, customer_name, cameras: [{device, camera, starts, licence, last_day}]};
`alarm` {device, device_name, alarm, at}. The field `password` is a secret: taken out once sent.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from gate.licence.text import Language
from gate.service.operations.actor import Actor
from gate.service.operations.refusals import Refusal
from gate.service.store.engine import Transaction

MailKind = Literal["initial_password", "new_password", "reminder", "automatic_assignment", "alarm"]
MailState = Literal["waiting", "sent", "given_up"]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMail:
    """`customer` and `partner`: in whose log it is shown."""

    kind: MailKind
    language: Language
    recipient: str
    partner: str | None
    customer: str | None
    fields: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedMail:
    """A line of the mail log. `subject` and `body` once it was sent, without secrets."""

    id: str
    kind: MailKind
    recipient: str
    customer: str | None
    created_at: datetime
    sent_at: datetime | None
    state: MailState
    attempts: int
    error: str | None
    subject: str | None
    body: str | None


async def queue_mail(tx: Transaction, mail: NewMail, now: datetime) -> str:
    """Puts a mail into the outbox, due now; gives its id."""
    raise NotImplementedError


async def mail_log(
    tx: Transaction, actor: Actor, *, customer: str | None = None, before: datetime | None = None, limit: int = 100
) -> list[LoggedMail] | Refusal:
    """What was and will be sent on account of the actor's partner or customer, the newest first. NOT_ALLOWED."""
    raise NotImplementedError
