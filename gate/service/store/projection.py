"""What facts changed between two states, written to the tables that hold their sum."""

from collections.abc import Hashable, Iterator, Mapping
from typing import Any, TypeVar

from sqlalchemy import and_, bindparam, delete, func, insert, select, update

from gate.licence.facts import CameraKey, StockKey
from gate.licence.state import Camera, Coverage, Device, Licence, State
from gate.service.store.engine import Transaction
from gate.service.store.rows import coverage_row, licence_row
from gate.service.store.schema import cameras, coverage, devices, licences, stock

_K = TypeVar("_K", bound=Hashable)
_V = TypeVar("_V")


async def write_changes(tx: Transaction, before: State, after: State) -> None:
    """Writes what differs: stock, licences, devices' owners, cameras, coverage."""
    for line in sorted(before.stock.keys() | after.stock.keys()):
        await _write_stock(tx, line, after.stock.get(line, 0) - before.stock.get(line, 0))
    await _write_licences(tx, before, after)
    for _, device in _changed(before.devices, after.devices):
        if device.id not in before.devices:
            await _register(tx, device)
    for key, camera in _changed(before.cameras, after.cameras):
        await _write_camera(tx, before.cameras.get(key), camera)
    for key in before.cameras.keys() - after.cameras.keys():
        await _forget_camera(tx, key)
    gone = sorted(before.devices.keys() - after.devices.keys())
    if gone:
        nobody = {"customer_id": None, "position": None, "registered_at": None, "registered_by": None}
        await tx.execute(update(devices).where(devices.c.id.in_(gone)).values(**nobody))


def customers_changed(before: State, after: State) -> set[str]:
    """The customers about whom something differs."""
    found = {customer.id for _, customer in _changed(before.customers, after.customers)}
    found |= {licence.customer for _, licence in _changed(before.licences, after.licences)}
    found |= {camera.customer for _, camera in _changed(before.cameras, after.cameras)}
    return found | {before.devices[device].customer for device in before.devices.keys() - after.devices.keys()}


def _changed(before: Mapping[_K, _V], after: Mapping[_K, _V]) -> Iterator[tuple[_K, _V]]:
    if before is not after:
        yield from ((key, row) for key, row in after.items() if before.get(key) is not row)


async def _write_stock(tx: Transaction, key: StockKey, change: int) -> None:
    if not change:
        return
    line = and_(stock.c.partner_id == key.partner, stock.c.kind == key.kind, stock.c.months == key.months)
    # A difference, not a sum: even without the lock the table's own check would let no stock fall below nothing.
    done = await tx.execute(update(stock).where(line).values(quantity=stock.c.quantity + change))
    if not done.rowcount:
        row = {"partner_id": key.partner, "kind": key.kind, "months": key.months, "quantity": change}
        await tx.execute(insert(stock).values(row))


async def _write_licences(tx: Transaction, before: State, after: State) -> None:
    new: list[Licence] = []
    old: list[dict[str, Any]] = []
    for key, licence in _changed(before.licences, after.licences):
        if key in before.licences:
            old.append({f"new_{name}": value for name, value in licence_row(licence).items()})
        else:
            new.append(licence)
    if new:
        rows = [
            licence_row(licence)
            | {
                "position": after.customers[licence.customer].licences.index(licence.id),
                "allocated_at": licence.free_since,
            }
            for licence in new
        ]
        await tx.execute(insert(licences), rows)
    if old:
        names = [name.removeprefix("new_") for name in old[0]]
        values: dict[str, Any] = {name: bindparam(f"new_{name}") for name in names if name != "id"}
        await tx.execute(update(licences).where(licences.c.id == bindparam("new_id")).values(values), old)


async def _register(tx: Transaction, device: Device) -> None:
    after_last = select(func.coalesce(func.max(devices.c.position) + 1, 0)).where(
        devices.c.customer_id == device.customer
    )
    position = await tx.scalar(after_last)
    owned = {"customer_id": device.customer, "kind": device.kind, "position": position}
    await tx.execute(update(devices).where(devices.c.id == device.id).values(**owned))


async def _write_camera(tx: Transaction, before: Camera | None, camera: Camera) -> None:
    key = camera.key
    if before is None:
        await tx.execute(
            insert(cameras).values(
                device_id=key.device,
                id=key.camera,
                customer_id=camera.customer,
                kind=camera.kind,
                name=key.camera,
                position=(await tx.scalar(_next_position(key))),
                registered_at=camera.registered_at,
                held=camera.held,
            )
        )
    elif before.held != camera.held:
        one = and_(cameras.c.device_id == key.device, cameras.c.id == key.camera)
        await tx.execute(update(cameras).where(one).values(held=camera.held))
    await _write_coverage(tx, before.coverage if before else (), camera)


def _next_position(key: CameraKey) -> Any:
    return select(func.coalesce(func.max(cameras.c.position) + 1, 0)).where(cameras.c.device_id == key.device)


async def _write_coverage(tx: Transaction, before: tuple[Coverage, ...], camera: Camera) -> None:
    gone = [one.starts for one in before if one not in camera.coverage]
    if gone:
        of_camera = and_(coverage.c.device_id == camera.key.device, coverage.c.camera_id == camera.key.camera)
        await tx.execute(delete(coverage).where(of_camera, coverage.c.starts.in_(gone)))
    new = [coverage_row(camera, one) for one in camera.coverage if one not in before]
    if new:
        await tx.execute(insert(coverage), new)


async def _forget_camera(tx: Transaction, key: CameraKey) -> None:
    await tx.execute(delete(coverage).where(coverage.c.device_id == key.device, coverage.c.camera_id == key.camera))
    await tx.execute(delete(cameras).where(cameras.c.device_id == key.device, cameras.c.id == key.camera))
