"""What has been, in JSON: history, audit, mails, reminders."""

from datetime import date, datetime
from typing import Any

from gate.service.api.fields import Out
from gate.service.mail.letters import LetterKind
from gate.service.operations.mails import MailState


class HistoryLineOut(Out):
    """A fact of the ledger. Its fields depend on its kind, which is `fact.fact`."""

    seq: int
    fact: dict[str, Any]
    actor_name: str
    partner_name: str | None
    customer_name: str | None
    customer_email: str | None


class HistoryOut(Out):
    """The newest first; ask on with `before`."""

    history: list[HistoryLineOut]


class AuditLineOut(Out):
    """`refusal`: a code; null: it was done."""

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


class AuditOut(Out):
    """The newest first; ask on with `before`."""

    audit: list[AuditLineOut]


class MailOut(Out):
    """A mail of the log, without secrets."""

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


class MailsOut(Out):
    """The newest first; ask on with `before`."""

    mails: list[MailOut]


class ReminderOut(Out):
    """A reminder that was settled: by a mail, or, with `mail` null, because something takes over."""

    customer: str
    licence: str
    last_day: date
    reminder: str
    due_at: datetime
    settled_at: datetime
    mail: str | None


class RemindersOut(Out):
    """The newest first."""

    reminders: list[ReminderOut]
