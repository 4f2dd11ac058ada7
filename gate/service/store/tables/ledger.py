"""The ledger, and what it adds up to."""

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
    Table,
    Text,
    UniqueConstraint,
    false,
)

from gate.service.store.columns import Instant, Serial
from gate.service.store.tables.base import metadata

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
    Column("places", JSON, nullable=False, server_default="[]"),  # origins of its own pages, as it says
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
