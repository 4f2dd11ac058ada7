"""Mails and jobs."""

from sqlalchemy import JSON, Column, Date, ForeignKey, Index, Integer, LargeBinary, Table, Text

from gate.service.store.columns import Instant, Serial
from gate.service.store.tables.base import metadata

outbox = Table(
    "outbox",
    metadata,
    Column("id", Text, primary_key=True),  # ascending in the order of writing
    Column("kind", Text, nullable=False),  # which template
    Column("language", Text, nullable=False),
    Column("recipient", Text, nullable=False),
    Column("partner_id", Text),
    Column("customer_id", Text),
    Column("key", Text, unique=True),  # of two mails with the same one the second is not written
    Column("fields", JSON, nullable=False),  # what the template needs; secrets among them go when it is sent
    Column("created_at", Instant, nullable=False),
    Column("due_at", Instant, nullable=False),  # not before; moved by each failed attempt
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("sent_at", Instant),
    Column("given_up_at", Instant),
    Column("subject", Text),  # as it was sent
    Column("body", Text),  # as it was sent, without its secrets
    Column("error", Text),  # of the last attempt
    Index("ix_outbox_waiting", "sent_at", "given_up_at", "due_at", "id"),
    Index("ix_outbox_partner_id_created_at", "partner_id", "created_at"),
    Index("ix_outbox_customer_id_created_at", "customer_id", "created_at"),
)

mailbox = Table(
    "mailbox",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("received_at", Instant, nullable=False, index=True),
    Column("sender", Text, nullable=False),
    Column("recipients", JSON, nullable=False),
    Column("subject", Text, nullable=False),
    Column("message", LargeBinary, nullable=False),  # RFC 5322
)

reminders = Table(
    "reminders",
    metadata,
    # gate.licence.reminders.ReminderKey: settled once, by a mail or by the finding that none is needed
    Column("licence_id", ForeignKey("licences.id"), primary_key=True),
    Column("last_day", Date, primary_key=True),
    Column("reminder", Text, primary_key=True),
    Column("due_at", Instant, nullable=False),
    Column("settled_at", Instant, nullable=False, index=True),
    Column("mail_id", ForeignKey("outbox.id"), index=True),  # null: not needed
)

jobs = Table(
    "jobs",
    metadata,
    Column("name", Text, primary_key=True),
    Column("done_until", Instant),  # everything due up to then is done; the row is locked while one works on it
)
