"""The ledger, and what it adds up to."""

import sqlalchemy as sa
from alembic import op

from gate.service.store.columns import Instant

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Makes the tables."""
    _facts()
    _stock()
    _devices()
    _licences()
    _cameras()
    _coverage()
    _only_appended("facts")


def _facts() -> None:
    op.create_table(
        "facts",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("on_behalf_of", sa.Text(), nullable=True),
        sa.Column("partner_id", sa.Text(), nullable=True),
        sa.Column("target_id", sa.Text(), nullable=True),
        sa.Column("customer_id", sa.Text(), nullable=True),
        sa.Column("licence_id", sa.Text(), nullable=True),
        sa.Column("device_id", sa.Text(), nullable=True),
        sa.Column("record", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_facts")),
        sa.UniqueConstraint("id", name=op.f("uq_facts_id")),
    )
    op.create_index(op.f("ix_facts_at"), "facts", ["at"], unique=False)
    op.create_index("ix_facts_customer_id_seq", "facts", ["customer_id", "seq"], unique=False)
    op.create_index("ix_facts_device_id_seq", "facts", ["device_id", "seq"], unique=False)
    op.create_index("ix_facts_licence_id_seq", "facts", ["licence_id", "seq"], unique=False)
    op.create_index("ix_facts_partner_id_seq", "facts", ["partner_id", "seq"], unique=False)
    op.create_index("ix_facts_target_id_seq", "facts", ["target_id", "seq"], unique=False)


def _stock() -> None:
    op.create_table(
        "stock",
        sa.Column("partner_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("months", sa.Integer(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.CheckConstraint("quantity >= 0", name=op.f("ck_stock_never_negative")),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.id"], name=op.f("fk_stock_partner_id")),
        sa.PrimaryKeyConstraint("partner_id", "kind", "months", name=op.f("pk_stock")),
    )


def _devices() -> None:
    op.create_table(
        "devices",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("serial", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("made_on", sa.Date(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("code_sha256", sa.Text(), nullable=False),
        sa.Column("announced_at", Instant(), nullable=False),
        sa.Column("announced_cameras", sa.JSON(), nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=True),
        sa.Column("position", sa.Integer(), nullable=True),
        sa.Column("registered_at", Instant(), nullable=True),
        sa.Column("registered_by", sa.Text(), nullable=True),
        sa.Column("boot_id", sa.Text(), server_default="", nullable=False),
        sa.Column("former_boots", sa.JSON(), nullable=False),
        sa.Column("seq", sa.Integer(), server_default="0", nullable=False),
        sa.Column("floor", Instant(), nullable=True),
        sa.Column("seen_at", Instant(), nullable=True),
        sa.Column("issued_seq", sa.Integer(), server_default="0", nullable=False),
        sa.Column("issued_at", Instant(), nullable=True),
        sa.Column("stale_after", Instant(), nullable=True),
        sa.CheckConstraint("kind IN ('edge', 'direct')", name=op.f("ck_devices_kind")),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_devices_customer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_devices")),
        sa.UniqueConstraint("code_sha256", name=op.f("uq_devices_code_sha256")),
    )
    op.create_index(op.f("ix_devices_customer_id"), "devices", ["customer_id"], unique=False)
    op.create_index(op.f("ix_devices_seen_at"), "devices", ["seen_at"], unique=False)
    op.create_index(op.f("ix_devices_stale_after"), "devices", ["stale_after"], unique=False)


def _licences() -> None:
    op.create_table(
        "licences",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("partner_id", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("months", sa.Integer(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("renews", sa.Text(), nullable=True),
        sa.Column("renewed_by", sa.Text(), nullable=True),
        sa.Column("allocated_at", Instant(), nullable=False),
        sa.Column("allocated_on", sa.Date(), nullable=True),
        sa.Column("free_until", sa.Date(), nullable=True),
        sa.Column("term_start", sa.Date(), nullable=True),
        sa.Column("last_day", sa.Date(), nullable=True),
        sa.Column("starts", Instant(), nullable=True),
        sa.Column("ends", Instant(), nullable=True),
        sa.Column("device_id", sa.Text(), nullable=True),
        sa.Column("camera_id", sa.Text(), nullable=True),
        sa.Column("free_since", Instant(), nullable=False),
        sa.Column("revoked_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_licences_customer_id")),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.id"], name=op.f("fk_licences_partner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_licences")),
        sa.UniqueConstraint("customer_id", "position", name=op.f("uq_licences_customer_id_position")),
    )
    op.create_index("ix_licences_customer_id_last_day", "licences", ["customer_id", "last_day"], unique=False)
    op.create_index(op.f("ix_licences_ends"), "licences", ["ends"], unique=False)
    op.create_index(op.f("ix_licences_last_day"), "licences", ["last_day"], unique=False)
    op.create_index(op.f("ix_licences_partner_id"), "licences", ["partner_id"], unique=False)


def _cameras() -> None:
    op.create_table(
        "cameras",
        sa.Column("device_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("registered_at", Instant(), nullable=False),
        sa.Column("held", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_cameras_customer_id")),
        sa.ForeignKeyConstraint(["device_id"], ["devices.id"], name=op.f("fk_cameras_device_id")),
        sa.PrimaryKeyConstraint("device_id", "id", name=op.f("pk_cameras")),
    )
    op.create_index(op.f("ix_cameras_customer_id"), "cameras", ["customer_id"], unique=False)


def _coverage() -> None:
    op.create_table(
        "coverage",
        sa.Column("device_id", sa.Text(), nullable=False),
        sa.Column("camera_id", sa.Text(), nullable=False),
        sa.Column("starts", Instant(), nullable=False),
        sa.Column("licence_id", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("ends", Instant(), nullable=False),
        sa.Column("cut", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_coverage_customer_id")),
        sa.ForeignKeyConstraint(["licence_id"], ["licences.id"], name=op.f("fk_coverage_licence_id")),
        sa.PrimaryKeyConstraint("device_id", "camera_id", "starts", name=op.f("pk_coverage")),
    )
    op.create_index(op.f("ix_coverage_customer_id"), "coverage", ["customer_id"], unique=False)
    op.create_index("ix_coverage_cut_ends", "coverage", ["cut", "ends"], unique=False)
    op.create_index(op.f("ix_coverage_licence_id"), "coverage", ["licence_id"], unique=False)


def _only_appended(table: str) -> None:
    """Rows are only added, whoever is at the keyboard."""
    if op.get_bind().dialect.name == "sqlite":
        for act in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{act.lower()} BEFORE {act} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table}: rows are only added'); END"
            )
        return
    op.execute(
        f"CREATE FUNCTION {table}_only_appended() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{table}: rows are only added'; END $$"
    )
    op.execute(
        f"CREATE TRIGGER {table}_only_appended BEFORE UPDATE OR DELETE ON {table} "
        f"FOR EACH ROW EXECUTE FUNCTION {table}_only_appended()"
    )
