"""What was done."""

from sqlalchemy import JSON, Column, Index, Table, Text

from gate.service.store.columns import Instant, Serial
from gate.service.store.tables.base import metadata

audit = Table(
    "audit",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("at", Instant, nullable=False, index=True),
    Column("actor", Text, nullable=False),  # a user's id, `system`, or `device:ID`
    Column("role", Text, nullable=False),
    Column("on_behalf_of", Text),  # a customer's id: a partner acted as it
    Column("action", Text, nullable=False),
    Column("subject", Text),  # what it was done to
    Column("partner_id", Text),  # who may read it
    Column("customer_id", Text),
    Column("refusal", Text),  # a code; null: it was done
    Column("detail", JSON, nullable=False),
    Column("address", Text),
    Index("ix_audit_partner_id_id", "partner_id", "id"),
    Index("ix_audit_customer_id_id", "customer_id", "id"),
)

idempotency = Table(
    "idempotency",
    metadata,
    Column("actor", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("request_sha256", Text, nullable=False),
    Column("answer", Text),
    Column("created_at", Instant, nullable=False, index=True),
)
