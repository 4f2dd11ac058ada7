"""Rows of the database as values of gate.licence.state, and back. Pure."""

from collections.abc import Iterable
from typing import Any

from gate.licence.facts import CameraKey
from gate.licence.state import Camera, Coverage, Customer, Device, Licence, State
from gate.licence.term import Term

_TERM = ("allocated_on", "free_until", "term_start", "last_day", "starts", "ends")


def customers_from(
    rows: Iterable[Any],
    *,
    devices: Iterable[Any],
    cameras: Iterable[Any],
    coverage: Iterable[Any],
    licences: Iterable[Any],
) -> tuple[State, dict[str, Licence]]:
    """Customers with their devices and cameras, and their licences. Each kind of row in its order."""
    seats = {row.id: licence_from(row) for row in licences}
    covered: dict[CameraKey, list[Coverage]] = {}
    for row in coverage:
        covered.setdefault(CameraKey(row.device_id, row.camera_id), []).append(_coverage_from(row))
    held: dict[CameraKey, Camera] = {}
    by_device: dict[str, list[CameraKey]] = {}
    for row in cameras:
        key = CameraKey(row.device_id, row.id)
        by_device.setdefault(row.device_id, []).append(key)
        held[key] = Camera(
            key=key,
            customer=row.customer_id,
            kind=row.kind,
            registered_at=row.registered_at,
            held=row.held,
            coverage=tuple(covered.get(key, ())),
        )
    registered = {
        row.id: Device(id=row.id, customer=row.customer_id, kind=row.kind, cameras=tuple(by_device.get(row.id, ())))
        for row in devices
    }
    pools: dict[str, list[str]] = {}
    for licence in seats.values():
        pools.setdefault(licence.customer, []).append(licence.id)
    owned: dict[str, list[str]] = {}
    for device in registered.values():
        owned.setdefault(device.customer, []).append(device.id)
    owners = {
        row.id: Customer(
            id=row.id,
            partner=row.partner_id,
            licences=tuple(pools.get(row.id, ())),
            devices=tuple(owned.get(row.id, ())),
        )
        for row in rows
    }
    return State(customers=owners, devices=registered, cameras=held), seats


def licence_from(row: Any) -> Licence:
    """A row of `licences`."""
    term = None if row.ends is None else Term(**{name: getattr(row, name) for name in _TERM})
    return Licence(
        id=row.id,
        partner=row.partner_id,
        customer=row.customer_id,
        kind=row.kind,
        months=row.months,
        origin=row.origin,
        renews=row.renews,
        renewed_by=row.renewed_by,
        term=term,
        camera=None if row.device_id is None else CameraKey(row.device_id, row.camera_id),
        free_since=row.free_since,
        revoked_at=row.revoked_at,
    )


def licence_row(licence: Licence) -> dict[str, Any]:
    """The columns of `licences` but `position` and `allocated_at`."""
    return {
        "id": licence.id,
        "partner_id": licence.partner,
        "customer_id": licence.customer,
        "kind": licence.kind,
        "months": licence.months,
        "origin": licence.origin,
        "renews": licence.renews,
        "renewed_by": licence.renewed_by,
        "device_id": licence.camera.device if licence.camera else None,
        "camera_id": licence.camera.camera if licence.camera else None,
        "free_since": licence.free_since,
        "revoked_at": licence.revoked_at,
    } | {name: getattr(licence.term, name) if licence.term else None for name in _TERM}


def coverage_row(camera: Camera, one: Coverage) -> dict[str, Any]:
    """A row of `coverage`."""
    return {
        "device_id": camera.key.device,
        "camera_id": camera.key.camera,
        "starts": one.starts,
        "licence_id": one.licence,
        "customer_id": camera.customer,
        "ends": one.ends,
        "cut": one.cut,
    }


def _coverage_from(row: Any) -> Coverage:
    return Coverage(licence=row.licence_id, starts=row.starts, ends=row.ends, cut=row.cut)
