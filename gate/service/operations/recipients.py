"""Who is written to, and what things are called in letters."""

from collections.abc import Collection

from sqlalchemy import select

from gate.licence.facts import CameraKey
from gate.service.mail.letters import Recipient
from gate.service.store.engine import Transaction
from gate.service.store.schema import cameras, customers, devices, partners, users


async def of_customers(tx: Transaction, ids: Collection[str]) -> dict[str, tuple[Recipient, ...]]:
    """Each customer's own users, not the shared ones; where there is none, the customer's address."""
    rows = await tx.rows(
        select(users.c.customer_id, users.c.email, users.c.name, users.c.language)
        .where(users.c.customer_id.in_(ids), users.c.role == "customer", users.c.disabled_at.is_(None))
        .order_by(users.c.created_at, users.c.id)
    )
    found: dict[str, tuple[Recipient, ...]] = {}
    for row in rows:
        to = Recipient(email=row.email, name=row.name, language=row.language)
        found[row.customer_id] = (*found.get(row.customer_id, ()), to)
    without = [one for one in ids if one not in found]
    if without:
        for row in await tx.rows(select(customers).where(customers.c.id.in_(without))):
            found[row.id] = (Recipient(email=row.email, name=row.name),)
    return found


async def of_partners(tx: Transaction, ids: Collection[str]) -> dict[str, tuple[Recipient, ...]]:
    """Each partner's users. A partner without one gets no mail."""
    rows = await tx.rows(
        select(users.c.partner_id, users.c.email, users.c.name, users.c.language)
        .where(users.c.partner_id.in_(ids), users.c.disabled_at.is_(None))
        .order_by(users.c.created_at, users.c.id)
    )
    found: dict[str, tuple[Recipient, ...]] = dict.fromkeys(ids, ())
    for row in rows:
        to = Recipient(email=row.email, name=row.name, language=row.language)
        found[row.partner_id] = (*found[row.partner_id], to)
    return found


async def customer_names(tx: Transaction, ids: Collection[str]) -> dict[str, str]:
    """By id."""
    rows = await tx.rows(select(customers.c.id, customers.c.name).where(customers.c.id.in_(ids)))
    return {row.id: row.name for row in rows}


async def partner_names(tx: Transaction, ids: Collection[str]) -> dict[str, str]:
    """By id."""
    rows = await tx.rows(select(partners.c.id, partners.c.name).where(partners.c.id.in_(ids)))
    return {row.id: row.name for row in rows}


async def camera_names(tx: Transaction, customer_ids: Collection[str]) -> dict[CameraKey, str]:
    """What people call the cameras of these customers: with the device's name."""
    rows = await tx.rows(
        select(cameras.c.device_id, cameras.c.id, cameras.c.name, devices.c.name.label("device"))
        .join(devices, devices.c.id == cameras.c.device_id)
        .where(cameras.c.customer_id.in_(customer_ids))
    )
    return {CameraKey(row.device_id, row.id): f"{row.name} ({row.device})" for row in rows}
