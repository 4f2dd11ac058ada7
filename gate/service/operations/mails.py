"""Mails as operations leave them: rows of the outbox, written in the transaction that gives cause for them and sent
later by `gate.service.mail`. Also the mail log that partners and customers see."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from gate.service.mail.letters import Letter, LetterKind
from gate.service.operations.actor import Actor
from gate.service.operations.refusals import Refusal
from gate.service.store.engine import Transaction

LIMIT_MAX = 200

MailState = Literal["waiting", "sent", "given_up"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedMail:
    """A line of the mail log. `subject` and `body` once it was sent, without secrets."""

    id: str
    kind: LetterKind
    recipient: str
    customer: str | None
    created_at: datetime
    sent_at: datetime | None
    state: MailState
    attempts: int
    error: str | None
    subject: str | None
    body: str | None


async def queue_mail(tx: Transaction, letter: Letter, now: datetime) -> str | None:
    """Puts a letter into the outbox, due now; gives its id, or None where one with its key was written before."""
    raise NotImplementedError


async def mail_log(
    tx: Transaction, actor: Actor, *, customer: str | None = None, before: datetime | None = None, limit: int = 100
) -> list[LoggedMail] | Refusal:
    """What was and will be sent on account of the actor's partner or customer, the newest first. NOT_ALLOWED."""
    raise NotImplementedError
