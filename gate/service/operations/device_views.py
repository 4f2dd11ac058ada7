"""Registered devices as people see them."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select

from gate.licence.entitlement import Kind
from gate.licence.state import State
from gate.service.operations.licences import Camera, Names, camera_at, names_of
from gate.service.store import schema
from gate.service.store.engine import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnouncedCamera:
    """A camera as its device names it."""

    id: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A registered device. `connected`: it has its uplink now."""

    id: str
    customer: str
    kind: Kind
    serial: str
    model: str
    name: str
    made_on: date | None
    registered_at: datetime
    seen_at: datetime | None
    connected: bool
    stale_after: datetime | None
    alarms: tuple[str, ...]
    cameras: tuple[Camera, ...]
    unregistered_cameras: tuple[AnnouncedCamera, ...]
    """What it has announced, and nobody has registered."""


async def devices_of(
    tx: Transaction, state: State, customer: str, now: datetime, *, only: str | None = None
) -> list[Device]:
    """A customer's, in the order of registration; `only`: this one of them."""
    table = schema.devices
    query = select(table, schema.uplinks.c.device_id.label("uplink")).outerjoin(
        schema.uplinks, schema.uplinks.c.device_id == table.c.id
    )
    query = query.where(table.c.customer_id == customer).order_by(table.c.position)
    rows = await tx.rows(query if only is None else query.where(table.c.id == only))
    open_alarms = await tx.rows(
        select(schema.alarms.c.device_id, schema.alarms.c.alarm)
        .where(schema.alarms.c.device_id.in_([row.id for row in rows]), schema.alarms.c.settled_at.is_(None))
        .order_by(schema.alarms.c.id)
    )
    raised: dict[str, dict[str, None]] = {}
    for row in open_alarms:
        raised.setdefault(row.device_id, {})[row.alarm] = None
    names = await names_of(tx, customer)
    return [_device(row, state, names, tuple(raised.get(row.id, ())), now) for row in rows]


def _device(row: Any, state: State, names: Names, alarms: tuple[str, ...], now: datetime) -> Device:
    keys = state.devices[row.id].cameras
    registered = {key.camera for key in keys}
    return Device(
        id=row.id,
        customer=row.customer_id,
        kind=row.kind,
        serial=row.serial,
        model=row.model,
        name=row.name,
        made_on=row.made_on,
        registered_at=row.registered_at,
        seen_at=row.seen_at,
        connected=row.uplink is not None,
        stale_after=row.stale_after,
        alarms=alarms,
        cameras=tuple(camera_at(state.cameras[key], names, now) for key in keys),
        unregistered_cameras=tuple(
            AnnouncedCamera(id=one["id"], name=one["name"])
            for one in row.announced_cameras
            if one["id"] not in registered
        ),
    )
