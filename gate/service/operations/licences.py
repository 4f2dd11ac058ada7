"""What licences a customer has and what its cameras may do: reading only."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import select

from gate.licence.entitlement import Kind
from gate.licence.facts import CameraKey
from gate.licence.rules import Rules
from gate.licence.state import Camera as LedgerCamera
from gate.licence.state import Coverage, Licence, State
from gate.service.operations.actor import Actor
from gate.service.operations.permission import visible_customer
from gate.service.operations.refusals import Refusal
from gate.service.store import schema
from gate.service.store.engine import Transaction
from gate.service.store.ledger import load_state

LicenceState = Literal["active", "spare", "over", "revoked"]
"""`active`: bound, and its term runs; `spare`: in the pool, bound to nothing."""
CameraState = Literal["active", "lapsed", "unlicensed"]
"""`lapsed`: the last licence has expired; `unlicensed`: there was none, or it was taken away by hand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Camera:
    """A camera at one moment. `licence`: what covers it now; `covered_until`: the end of all that follows without a
    break, None if nothing covers it now; `next_starts`: of the next coverage after a break."""

    key: CameraKey
    name: str
    device_name: str
    kind: Kind
    held: bool
    state: CameraState
    licence: str | None
    covered_until: datetime | None
    lapsed_at: datetime | None
    next_starts: datetime | None
    coverage: tuple[Coverage, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LicenceLine:
    """One licence of a customer's. `burns`: it lies in the pool while its term runs."""

    licence: Licence
    state: LicenceState
    burns: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Licensing:
    """Everything about a customer's licences (in the order of allocation) and cameras (by device, in the order of
    registration)."""

    customer: str
    licences: tuple[LicenceLine, ...]
    cameras: tuple[Camera, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """What people call devices and cameras."""

    devices: Mapping[str, str]
    cameras: Mapping[CameraKey, str]


async def licensing(
    tx: Transaction, actor: Actor, customer: str | None, now: datetime, rules: Rules
) -> Licensing | Refusal:
    """`customer` None: the actor's own, or whom it acts as. By its partner or the operator: any of its customers.
    UNKNOWN_CUSTOMER, NOT_BY_PROXY, PROXY_OVER."""
    owner = await visible_customer(tx, actor, customer, "view_licences", now, rules)
    if isinstance(owner, Refusal):
        return owner
    state = await load_state(tx, customers=[owner], lock=False)
    names = await names_of(tx, owner)
    return Licensing(
        customer=owner,
        licences=tuple(_line(licence, now) for licence in state.pool(owner)),
        cameras=tuple(camera_at(state.cameras[key], names, now) for key in cameras_in_order(state, owner)),
    )


async def names_of(tx: Transaction, customer: str) -> Names:
    """Of all that is registered for a customer."""
    devices, cameras = schema.devices, schema.cameras
    device_rows = await tx.rows(select(devices.c.id, devices.c.name).where(devices.c.customer_id == customer))
    camera_rows = await tx.rows(
        select(cameras.c.device_id, cameras.c.id, cameras.c.name).where(cameras.c.customer_id == customer)
    )
    return Names(
        devices={row.id: row.name for row in device_rows},
        cameras={CameraKey(row.device_id, row.id): row.name for row in camera_rows},
    )


def cameras_in_order(state: State, customer: str) -> list[CameraKey]:
    """By device, in the order of registration."""
    return [key for device in state.customers[customer].devices for key in state.devices[device].cameras]


def camera_at(camera: LedgerCamera, names: Names, now: datetime) -> Camera:
    """A camera of the ledger as people see it then."""
    present = camera.covered_at(now)
    past = [one for one in camera.coverage if one.ends <= now]
    lapsed = bool(past) and not past[-1].cut and present is None
    until = present.ends if present else None
    after = None
    for one in camera.coverage:
        if until is not None and one.starts == until:
            until = one.ends
        elif one.starts > (until or now) and after is None:
            after = one.starts
    return Camera(
        key=camera.key,
        name=names.cameras.get(camera.key, camera.key.camera),
        device_name=names.devices.get(camera.key.device, camera.key.device),
        kind=camera.kind,
        held=camera.held,
        state="active" if present else "lapsed" if lapsed else "unlicensed",
        licence=present.licence if present else None,
        covered_until=until,
        lapsed_at=past[-1].ends if lapsed else None,
        next_starts=after,
        coverage=camera.coverage,
    )


def _line(licence: Licence, now: datetime) -> LicenceLine:
    state: LicenceState = "spare" if licence.camera is None else "active"
    if licence.revoked_at is not None:
        state = "revoked"
    elif licence.term is not None and licence.term.ends <= now:
        state = "over"
    return LicenceLine(licence=licence, state=state, burns=state == "spare" and licence.term is not None)
