"""Devices and their cameras (R19 to R21; decision 12): what announces itself with its key, and who owns it.

A device's id is the name of its public key (`gate.signing.keys.kid_of`), so nobody can take another's. It is known to
the service once it has announced itself; it belongs to the customer who first gives its registration code, typed or
read from its QR code (`gate.signing.device_label`).
"""

import hashlib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, update

from gate.licence.devices import plan_register_camera, plan_register_device, plan_remove_camera, plan_remove_device
from gate.licence.entitlement import is_id
from gate.licence.facts import CameraKey, Facts
from gate.licence.fold import fold
from gate.licence.refusals import RefusalCode, Refused, refused
from gate.licence.rules import Rules
from gate.licence.state import State
from gate.service.mail import outbox
from gate.service.mail.letters import device_registered
from gate.service.operations import recipients
from gate.service.operations.actor import Actor
from gate.service.operations.audit import record, refuse
from gate.service.operations.device_views import AnnouncedCamera, Device, devices_of
from gate.service.operations.licences import Camera, camera_at, names_of
from gate.service.operations.permission import as_customer_itself, by_of, visible_customer
from gate.service.operations.refusals import Refusal, ServiceCode, refusal, refusal_of
from gate.service.store import schema
from gate.service.store.engine import Transaction
from gate.service.store.ledger import append, load_state
from gate.service.store.once_only import insert_new
from gate.signing.device_label import DeviceLabel, label_of, typed_code

__all__ = [
    "AnnouncedCamera", "Announcement", "Device", "RegisterDevice", "announce", "device", "devices", "owner_of",
    "places_of", "register_camera", "register_device", "remove_camera", "remove_device", "rename_device",
]  # fmt: skip


_PLACE = re.compile(r"https?://([A-Za-z0-9.-]{1,253}|\[[0-9a-f:]{2,45}\])(:\d{1,5})?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """What a device says of itself; whoever hands it on has seen the proof of its key. `name`: what its owner's
    configuration calls it."""

    label: DeviceLabel
    name: str
    cameras: tuple[AnnouncedCamera, ...]
    places: tuple[str, ...] | None = None
    """The origins of its own pages, where it says so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterDevice:
    """Either `code` as typed (spaces, dashes and case do not matter) or `qr`, the text of its QR code."""

    code: str | None = None
    qr: str | None = None
    name: str | None = None
    cameras: tuple[str, ...] | None = None
    """Which announced cameras come along; None: all."""


async def announce(tx: Transaction, announcement: Announcement, now: datetime) -> str | Refusal | None:
    """Remembers the device, or what has changed about it; gives the customer it belongs to, or None. Cameras that a
    registered device announces anew are not registered by that; nor do its kind and its name change. TAKEN_CODE,
    STRANGE_ID."""
    label, table = announcement.label, schema.devices
    strange = [camera.id for camera in announcement.cameras if not is_id(camera.id)]
    if strange:
        return refusal(ServiceCode.STRANGE_ID, id=strange[0][:40])
    said: dict[str, Any] = {
        "serial": label.serial,
        "model": label.model,
        "made_on": label.made_on,
        "code_sha256": _sha256(label.code),
        "announced_cameras": [{"id": camera.id, "name": camera.name or camera.id} for camera in announcement.cameras],
    }
    if announcement.places is not None:
        said["places"] = [place for place in announcement.places if _PLACE.fullmatch(place)]
    free = {"kind": label.kind, "name": announcement.name}
    new = {"id": label.device, "public_key": label.public_key.public_bytes_raw(), "announced_at": now}
    await insert_new(tx, table, said | free | new | {"former_boots": []})
    row = await tx.row(select(table).where(table.c.id == label.device))
    taken = await tx.scalar(
        select(table.c.id).where(table.c.code_sha256 == said["code_sha256"], table.c.id != label.device)
    )
    if row is None or taken is not None:
        return refusal(ServiceCode.TAKEN_CODE)
    wanted = said if row.customer_id else said | free
    changes = {name: value for name, value in wanted.items() if getattr(row, name) != value}
    if changes:
        await tx.execute(update(table).where(table.c.id == row.id).values(announced_at=now, **changes))
    owner: str | None = row.customer_id
    return owner


async def places_of(tx: Transaction, device: str) -> tuple[str, tuple[str, ...]]:
    """A device's name, and the origins of its own pages; both empty for one that is not known."""
    row = await tx.row(select(schema.devices.c.name, schema.devices.c.places).where(schema.devices.c.id == device))
    return (row.name, tuple(row.places)) if row is not None else ("", ())


async def register_device(
    tx: Transaction, actor: Actor, request: RegisterDevice, now: datetime, rules: Rules
) -> Device | Refusal:
    """For the actor's own customer, never by proxy. UNKNOWN_CODE, UNREADABLE_QR, REGISTERED_ELSEWHERE, ALREADY_THERE,
    NEEDS_ALLOCATION, NO_QR, DIRECT_CAP (then nothing is registered)."""
    customer = as_customer_itself(actor)
    if isinstance(customer, Refusal):
        return await refuse(tx, actor, "device.register", now, customer)
    found = await _by_code(tx, request)
    if isinstance(found, Refusal):
        return await refuse(tx, actor, "device.register", now, found)
    state = await load_state(tx, customers=[customer], lock=True)
    row = await tx.row(select(schema.devices).where(schema.devices.c.id == found).with_for_update())
    if row.customer_id not in (None, customer):
        problem = refusal(ServiceCode.REGISTERED_ELSEWHERE)
        return await refuse(tx, actor, "device.register", now, problem, found)
    known = {camera["id"]: camera["name"] for camera in row.announced_cameras}
    wanted = [one for one in known if request.cameras is None or one in request.cameras]
    facts = _plan_registration(state, actor, row, customer, wanted, by_qr=request.qr is not None, now=now, rules=rules)
    if isinstance(facts, Refused):
        return await refuse(tx, actor, "device.register", now, refusal_of(facts), found)
    after = await append(tx, facts, state)
    name = request.name or row.name
    owned = {"registered_at": now, "registered_by": actor.id, "name": name}
    await tx.execute(update(schema.devices).where(schema.devices.c.id == found).values(**owned))
    for one in wanted:
        await _name_camera(tx, CameraKey(found, one), known[one])
    partner = after.customers[customer].partner
    await record(
        tx, actor, "device.register", now, subject=found, partner=partner, customer=customer,
        serial=row.serial, by="qr" if request.qr is not None else "code", cameras=wanted,
    )  # fmt: skip
    told = await recipients.of_customers(tx, [customer])
    for to in told.get(customer, ()):
        named = [known[one] for one in wanted]
        letter = device_registered(
            to, customer=customer, partner=partner, at=now, device=name, kind=row.kind, cameras=named
        )
        await outbox.write(tx, letter, now)
    return (await devices_of(tx, after, customer, now, only=found))[0]


async def remove_device(tx: Transaction, actor: Actor, device: str, now: datetime) -> Refusal | None:
    """With its cameras; their licences go back to the pool. UNKNOWN_DEVICE, NOT_BY_PROXY."""

    def plan(state: State, customer: str) -> Facts | Refused:
        by = by_of(actor, now)
        facts: Facts = ()
        found = state.devices.get(device)
        for key in found.cameras if found and found.customer == customer else ():
            done = plan_remove_camera(fold(facts, state), by, customer=customer, camera=key)
            if isinstance(done, Refused):
                return done
            facts += done
        done = plan_remove_device(fold(facts, state), by, customer=customer, device=device)
        return done if isinstance(done, Refused) else facts + done

    outcome = await _change(tx, actor, "device.remove", device, plan, now)
    return outcome if isinstance(outcome, Refusal) else None


async def rename_device(tx: Transaction, actor: Actor, device: str, name: str, now: datetime) -> Refusal | None:
    """UNKNOWN_DEVICE, NOT_BY_PROXY."""
    customer = as_customer_itself(actor)
    if isinstance(customer, Refusal):
        return await refuse(tx, actor, "device.rename", now, customer, device)
    mine = (schema.devices.c.id == device) & (schema.devices.c.customer_id == customer)
    done = await tx.execute(update(schema.devices).where(mine).values(name=name))
    if not done.rowcount:
        return await refuse(tx, actor, "device.rename", now, _unknown(device), device)
    await record(tx, actor, "device.rename", now, subject=device, customer=customer, name=name)
    return None


async def register_camera(
    tx: Transaction, actor: Actor, camera: CameraKey, name: str, now: datetime, rules: Rules
) -> Camera | Refusal:
    """One more camera of a registered device. UNKNOWN_DEVICE, ALREADY_THERE, DIRECT_CAP, NOT_BY_PROXY."""

    def plan(state: State, customer: str) -> Facts | Refused:
        return plan_register_camera(state, by_of(actor, now), rules, customer=customer, camera=camera)

    after = await _change(tx, actor, "camera.register", str(camera), plan, now)
    if isinstance(after, Refusal):
        return after
    await _name_camera(tx, camera, name)
    owner = after.cameras[camera]
    return camera_at(owner, await names_of(tx, owner.customer), now)


async def remove_camera(tx: Transaction, actor: Actor, camera: CameraKey, now: datetime) -> Refusal | None:
    """Its licences go back to the pool. UNKNOWN_CAMERA, NOT_BY_PROXY."""

    def plan(state: State, customer: str) -> Facts | Refused:
        return plan_remove_camera(state, by_of(actor, now), customer=customer, camera=camera)

    outcome = await _change(tx, actor, "camera.remove", str(camera), plan, now)
    return outcome if isinstance(outcome, Refusal) else None


async def devices(
    tx: Transaction, actor: Actor, customer: str | None, now: datetime, rules: Rules
) -> list[Device] | Refusal:
    """A customer's (None: the actor's own, or whom it acts as), in the order of registration. UNKNOWN_CUSTOMER,
    NOT_BY_PROXY where the rules forbid `view_devices`."""
    owner = await visible_customer(tx, actor, customer, "view_devices", now, rules)
    if isinstance(owner, Refusal):
        return owner
    state = await load_state(tx, customers=[owner], lock=False)
    return await devices_of(tx, state, owner, now)


async def device(tx: Transaction, actor: Actor, device: str, now: datetime, rules: Rules) -> Device | Refusal:
    """One of the devices that the actor may see. UNKNOWN_DEVICE for every other, there or not."""
    owner = await owner_of(tx, device)
    if owner is None:
        return _unknown(device)
    seen = await visible_customer(tx, actor, owner, "view_devices", now, rules)
    if isinstance(seen, Refusal):
        return _unknown(device) if seen.code == RefusalCode.UNKNOWN_CUSTOMER.value else seen
    state = await load_state(tx, customers=[owner], lock=False)
    return (await devices_of(tx, state, owner, now, only=device))[0]


async def owner_of(tx: Transaction, device: str) -> str | None:
    """The customer a device belongs to; None: nobody's, or unknown. For devices themselves, which have no actor."""
    owner: str | None = await tx.scalar(select(schema.devices.c.customer_id).where(schema.devices.c.id == device))
    return owner


async def _by_code(tx: Transaction, request: RegisterDevice) -> str | Refusal:
    label = label_of(request.qr) if request.qr is not None else None
    if request.qr is not None and label is None:
        return refusal(ServiceCode.UNREADABLE_QR)
    code = label.code if label else typed_code(request.code or "")
    if code is None:
        return refusal(ServiceCode.UNKNOWN_CODE)
    found = await tx.scalar(select(schema.devices.c.id).where(schema.devices.c.code_sha256 == _sha256(code)))
    if found is None or (label is not None and label.device != found):
        return refusal(ServiceCode.UNKNOWN_CODE)
    return str(found)


def _plan_registration(
    state: State, actor: Actor, row: Any, customer: str, cameras: Iterable[str], *, by_qr: bool, now: datetime,
    rules: Rules,
) -> Facts | Refused:  # fmt: skip
    by = by_of(actor, now)
    facts = plan_register_device(
        state, by, rules, customer=customer, device=row.id, kind=row.kind, made_on=row.made_on, by_qr=by_qr
    )
    for one in cameras:
        if isinstance(facts, Refused):
            return facts
        done = plan_register_camera(fold(facts, state), by, rules, customer=customer, camera=CameraKey(row.id, one))
        facts = done if isinstance(done, Refused) else facts + done
    return facts


async def _change(
    tx: Transaction,
    actor: Actor,
    action: str,
    subject: str,
    plan: Callable[[State, str], Facts | Refused],
    now: datetime,
) -> State | Refusal:
    customer = as_customer_itself(actor)
    if isinstance(customer, Refusal):
        return await refuse(tx, actor, action, now, customer, subject)
    state = await load_state(tx, customers=[customer], lock=True)
    facts = plan(state, customer)
    if isinstance(facts, Refused):
        return await refuse(tx, actor, action, now, refusal_of(facts), subject)
    after = await append(tx, facts, state)
    partner = after.customers[customer].partner
    await record(tx, actor, action, now, subject=subject, partner=partner, customer=customer)
    return after


async def _name_camera(tx: Transaction, key: CameraKey, name: str) -> None:
    one = (schema.cameras.c.device_id == key.device) & (schema.cameras.c.id == key.camera)
    await tx.execute(update(schema.cameras).where(one).values(name=name))


def _unknown(device: str) -> Refusal:
    return refusal_of(refused(RefusalCode.UNKNOWN_DEVICE, device=device))


def _sha256(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()
