"""Organisations, people, and how they are known to us."""

from sqlalchemy import Boolean, CheckConstraint, Column, ForeignKey, Index, Integer, Table, Text, false

from gate.service.store.columns import Instant, Serial
from gate.service.store.tables.base import metadata

partners = Table(
    "partners",
    metadata,
    Column("id", Text, primary_key=True),
    Column("primary_id", ForeignKey("partners.id"), index=True),  # set: a secondary partner (二次店)
    Column("name", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
)

customers = Table(
    "customers",
    metadata,
    Column("id", Text, primary_key=True),
    Column("partner_id", ForeignKey("partners.id"), nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("email", Text, nullable=False, index=True),  # as its first user's; lower case
    Column("created_at", Instant, nullable=False),
    Column("version", Integer, nullable=False, server_default="0"),  # grows with every fact about the customer
)

users = Table(
    "users",
    metadata,
    Column("id", Text, primary_key=True),
    Column("email", Text, nullable=False, unique=True),  # lower case
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),  # operator, partner, customer, shared
    Column("partner_id", ForeignKey("partners.id"), index=True),  # of a partner's user
    Column("customer_id", ForeignKey("customers.id"), index=True),  # of a customer's or a shared user
    Column("language", Text, nullable=False, server_default="ja"),
    Column("password_hash", Text, nullable=False),  # argon2
    Column("password_origin", Text, nullable=False),  # temporary (by the partner), mailed (random), own
    Column("password_given_at", Instant, nullable=False),
    Column("password_deadline", Instant),  # an initial password must be changed before; null: no limit
    Column("terms_version", Text),  # of the terms of use that were accepted
    Column("terms_accepted_at", Instant),
    Column("disabled_at", Instant),
    Column("created_at", Instant, nullable=False),
    CheckConstraint("role IN ('operator', 'partner', 'customer', 'shared')", name="role"),
    CheckConstraint("(role = 'partner') = (partner_id IS NOT NULL)", name="partner"),
    CheckConstraint("(role IN ('customer', 'shared')) = (customer_id IS NOT NULL)", name="customer"),
    CheckConstraint("password_origin IN ('temporary', 'mailed', 'own')", name="password_origin"),
)

password_resets = Table(
    "password_resets",
    metadata,
    # A random password that was mailed to whoever asked; until it is used the account's own one stays as it is.
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    Column("password_hash", Text, nullable=False),  # argon2
    Column("given_at", Instant, nullable=False),
    Column("deadline", Instant),
)

sessions = Table(
    "sessions",
    metadata,
    Column("token_sha256", Text, primary_key=True),
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("csrf_token", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("seen_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False, index=True),
    Column("password_question_answered", Boolean, nullable=False, server_default=false()),  # R18, in this session
    Column("proxy_customer_id", ForeignKey("customers.id")),  # set: a partner acts as this customer (代理ログイン)
    Column("proxy_since", Instant),
    Column("address", Text),
    Column("user_agent", Text),
)

api_tokens = Table(
    "api_tokens",
    metadata,
    Column("id", Text, primary_key=True),
    Column("token_sha256", Text, nullable=False, unique=True),
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant),
    Column("used_at", Instant),
    Column("revoked_at", Instant),
)

sign_in_attempts = Table(
    "sign_in_attempts",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("email", Text, nullable=False),  # lower case, as typed, cut to a bound
    Column("address", Text, nullable=False),
    Column("at", Instant, nullable=False, index=True),
    Column("succeeded", Boolean, nullable=False),
    Index("ix_sign_in_attempts_email_at", "email", "at"),
    Index("ix_sign_in_attempts_address_at", "address", "at"),
)
