"""Every table. What has happened to licences is in `facts`, which only grows; `stock`, `licences`, `cameras` and
`coverage` are what these facts add up to (`store.ledger` writes both in one transaction).

Ids are text. Instants are aware UTC. Secrets are kept as SHA-256 (tokens, registration codes) or argon2 (passwords).
A change here needs a migration (`migrations/versions`); a test compares the two.
"""

from sqlalchemy import (
    JSON,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    false,
)

from gate.service.store.columns import Instant, Serial

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# Organisations and people

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

# The ledger, and what it adds up to

facts = Table(
    "facts",
    metadata,
    Column("seq", Serial, primary_key=True),
    Column("id", Text, nullable=False, unique=True),
    Column("kind", Text, nullable=False),
    Column("at", Instant, nullable=False, index=True),
    Column("actor", Text, nullable=False),
    Column("on_behalf_of", Text),
    Column("partner_id", Text),  # whom it concerns: for reading, not for folding
    Column("target_id", Text),  # the partner that stock went to
    Column("customer_id", Text),
    Column("licence_id", Text),
    Column("device_id", Text),
    Column("record", JSON, nullable=False),  # gate.licence.ledger.record_of
    Index("ix_facts_partner_id_seq", "partner_id", "seq"),
    Index("ix_facts_target_id_seq", "target_id", "seq"),
    Index("ix_facts_customer_id_seq", "customer_id", "seq"),
    Index("ix_facts_licence_id_seq", "licence_id", "seq"),
    Index("ix_facts_device_id_seq", "device_id", "seq"),
)

stock = Table(
    "stock",
    metadata,
    Column("partner_id", ForeignKey("partners.id"), primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("months", Integer, primary_key=True),
    Column("quantity", Integer, nullable=False),
    CheckConstraint("quantity >= 0", name="never_negative"),
)

licences = Table(
    "licences",
    metadata,
    Column("id", Text, primary_key=True),
    Column("partner_id", ForeignKey("partners.id"), nullable=False, index=True),
    Column("customer_id", ForeignKey("customers.id"), nullable=False),
    Column("position", Integer, nullable=False),  # the order of allocation within the customer
    Column("kind", Text, nullable=False),
    Column("months", Integer, nullable=False),
    Column("origin", Text, nullable=False),  # first, renewal, automatic
    Column("renews", Text),
    Column("renewed_by", Text),
    Column("allocated_at", Instant, nullable=False),
    # The term: all null where the count starts at the binding.
    Column("allocated_on", Date),
    Column("free_until", Date),
    Column("term_start", Date),
    Column("last_day", Date, index=True),
    Column("starts", Instant),
    Column("ends", Instant, index=True),
    # What it is bound to; null: in the pool since `free_since`.
    Column("device_id", Text),
    Column("camera_id", Text),
    Column("free_since", Instant, nullable=False),
    Column("revoked_at", Instant),
    UniqueConstraint("customer_id", "position"),
    Index("ix_licences_customer_id_last_day", "customer_id", "last_day"),
)

devices = Table(
    "devices",
    metadata,
    Column("id", Text, primary_key=True),  # gate.signing.keys.kid_of its public key
    Column("public_key", LargeBinary, nullable=False),  # 32 bytes, Ed25519
    Column("serial", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("kind", Text, nullable=False),  # edge, direct
    Column("made_on", Date),
    Column("name", Text, nullable=False),
    Column("code_sha256", Text, nullable=False, unique=True),  # of its registration code
    Column("announced_at", Instant, nullable=False),
    Column("announced_cameras", JSON, nullable=False),  # [{"id", "name"}]: what the device says it has
    Column("customer_id", ForeignKey("customers.id"), index=True),  # null: registered for nobody
    Column("position", Integer),  # the order of registration within the customer
    Column("registered_at", Instant),
    Column("registered_by", Text),
    # What gate.signing.witness knows of it, and what it was told last.
    Column("boot_id", Text, nullable=False, server_default=""),
    Column("former_boots", JSON, nullable=False),
    Column("seq", Integer, nullable=False, server_default="0"),
    Column("floor", Instant),
    Column("seen_at", Instant, index=True),
    Column("issued_seq", Integer, nullable=False, server_default="0"),  # of the last entitlement minted
    Column("issued_at", Instant),
    Column("stale_after", Instant, index=True),
    CheckConstraint("kind IN ('edge', 'direct')", name="kind"),
)

cameras = Table(
    "cameras",
    metadata,
    Column("device_id", ForeignKey("devices.id"), primary_key=True),
    Column("id", Text, primary_key=True),
    Column("customer_id", ForeignKey("customers.id"), nullable=False, index=True),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("position", Integer, nullable=False),  # the order of registration within the device
    Column("registered_at", Instant, nullable=False),
    Column("held", Boolean, nullable=False, server_default=false()),
)

coverage = Table(
    "coverage",
    metadata,
    Column("device_id", Text, primary_key=True),
    Column("camera_id", Text, primary_key=True),
    Column("starts", Instant, primary_key=True),
    Column("licence_id", ForeignKey("licences.id"), nullable=False, index=True),
    Column("customer_id", ForeignKey("customers.id"), nullable=False, index=True),
    Column("ends", Instant, nullable=False),
    Column("cut", Boolean, nullable=False, server_default=false()),
    Index("ix_coverage_cut_ends", "cut", "ends"),
)

# Devices on the line

entitlements = Table(
    "entitlements",
    metadata,
    Column("device_id", ForeignKey("devices.id"), primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("issued_at", Instant, nullable=False),
    Column("stale_after", Instant),
    Column("payload", LargeBinary, nullable=False),  # the bytes that were signed
)

challenges = Table(
    "challenges",
    metadata,
    Column("challenge", Text, primary_key=True),  # hex
    Column("expires_at", Instant, nullable=False, index=True),
)

alarms = Table(
    "alarms",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("device_id", ForeignKey("devices.id"), nullable=False, index=True),
    Column("customer_id", Text, index=True),
    Column("alarm", Text, nullable=False),  # gate.signing.witness.Alarm
    Column("at", Instant, nullable=False),
    Column("boot_id", Text, nullable=False),
    Column("settled_at", Instant),
)

uplinks = Table(
    "uplinks",
    metadata,
    Column("device_id", ForeignKey("devices.id"), primary_key=True),
    Column("process", Text, nullable=False),  # which service process holds its connection
    Column("connected_at", Instant, nullable=False),
    Column("seen_at", Instant, nullable=False),
    Column("address", Text, nullable=False),
)

# Mails and jobs

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

# What was done

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
