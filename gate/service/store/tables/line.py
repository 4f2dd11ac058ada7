"""Devices on the line."""

from sqlalchemy import Column, ForeignKey, Integer, LargeBinary, Table, Text

from gate.service.store.columns import Instant, Serial
from gate.service.store.tables.base import metadata

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
