"""Which device has its connection with which service process. Rows of a process that died are too old to count."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import delete, insert, select, update

from gate.service.store.engine import Transaction
from gate.service.store.schema import devices, uplinks

SEEN_EVERY = timedelta(seconds=30)
CONNECTED_FOR = timedelta(seconds=90)
"""A connection that nobody has confirmed for so long is none."""


async def uplink_began(tx: Transaction, device: str, process: str, address: str, now: datetime) -> None:
    """From now on the device is connected to this process, and to no other."""
    await tx.execute(delete(uplinks).where(uplinks.c.device_id == device))
    row = insert(uplinks).values(device_id=device, process=process, connected_at=now, seen_at=now, address=address)
    await tx.execute(row)
    await _seen(tx, [device], now)


async def uplinks_seen(tx: Transaction, connected: Iterable[str], process: str, now: datetime) -> None:
    """These devices are still connected to this process."""
    ids = list(connected)
    await tx.execute(
        update(uplinks).where(uplinks.c.device_id.in_(ids), uplinks.c.process == process).values(seen_at=now)
    )
    await _seen(tx, ids, now)


async def uplink_ended(tx: Transaction, device: str, process: str, now: datetime) -> None:
    """The device's connection with this process is gone; one with another process stays."""
    await tx.execute(delete(uplinks).where(uplinks.c.device_id == device, uplinks.c.process == process))
    await _seen(tx, [device], now)


async def seen_last(tx: Transaction, device: str) -> datetime | None:
    """When the device was last connected."""
    seen: datetime | None = await tx.scalar(select(devices.c.seen_at).where(devices.c.id == device))
    return seen


async def _seen(tx: Transaction, ids: list[str], now: datetime) -> None:
    await tx.execute(update(devices).where(devices.c.id.in_(ids)).values(seen_at=now))
