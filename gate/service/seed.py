"""People, stock and a site to show and try the service with. Never in a service that is used: the password is known to
all."""

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from gate.clock import Clock
from gate.licence.entitlement import Kind
from gate.licence.facts import CameraKey
from gate.licence.rules import Rules
from gate.service.errors import ServiceError
from gate.service.operations.accounts import NewUser, PasswordOrigin, actor_of, insert_user, user_by_email
from gate.service.operations.actor import SYSTEM, Actor
from gate.service.operations.allocation import Allocate, allocate
from gate.service.operations.bindings import MoveBinding, bind
from gate.service.operations.customers import add_customer
from gate.service.operations.devices import (
    AnnouncedCamera,
    Announcement,
    RegisterDevice,
    announce,
    owner_of,
    register_device,
)
from gate.service.operations.partners import NewPartner, add_partner
from gate.service.operations.refusals import Refusal
from gate.service.operations.stock import MoveStock, PurchaseStock, move_stock, purchase_stock
from gate.service.store.engine import Store, Transaction
from gate.sign_in.passwords import Passwords
from gate.signing.device_label import DeviceLabel, label_of

_T = TypeVar("_T")

PASSWORD = "demo-password"


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoSignIn:
    """Somebody to be."""

    role: str
    email: str
    password: str = PASSWORD
    origin: PasswordOrigin = "own"


OPERATOR = DemoSignIn(role="operator", email="operator@demo.example")
PARTNER = DemoSignIn(role="partner", email="partner@demo.example")
SECONDARY = DemoSignIn(role="secondary partner", email="second@demo.example")
CUSTOMER = DemoSignIn(role="customer", email="customer@demo.example", origin="temporary")
SIGN_INS = (PARTNER, SECONDARY, CUSTOMER, OPERATOR)

STOCK: tuple[tuple[Kind, int, int], ...] = (("edge", 12, 40), ("edge", 36, 10), ("edge", 60, 5), ("direct", 12, 4))
LICENCES = 4
"""What the customer has been allocated."""


async def seed_demo(store: Store, passwords: Passwords, clock: Clock, rules: Rules) -> bool:
    """Puts the people of SIGN_INS into a database that does not have them; tells whether it did. All in one
    transaction: of several processes that start at once one does it."""
    hashed = await passwords.hash(PASSWORD)
    async with store.begin() as tx:
        now = clock.now()
        operator = await insert_user(tx, SYSTEM, _user("運営", OPERATOR, hashed), "operator", now, rules)
        if isinstance(operator, Refusal):  # the address is taken: by an earlier seed, or another process's
            return False
        await _people(tx, actor_of(operator), hashed, now, rules)
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoSite:
    """A recorder that the demo's customer has from the start, with a licence of so many months for each camera."""

    label: DeviceLabel
    name: str
    cameras: tuple[AnnouncedCamera, ...]
    months: int


def read_demo_site(path: Path) -> DemoSite:
    """What the demo's supervisor wrote down. Raises ServiceError."""
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        label = label_of(told["label"])
        if label is None:
            raise ValueError("its label cannot be read")
        return DemoSite(
            label=label,
            name=str(told["name"]),
            cameras=tuple(AnnouncedCamera(id=str(one["id"]), name=str(one["name"])) for one in told["cameras"]),
            months=int(told["months"]),
        )
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise ServiceError(f"{path}: this is no description of a demo's recorder ({error})") from None


async def seed_site(store: Store, site: DemoSite, clock: Clock, rules: Rules) -> bool:
    """Registers and licenses the recorder; tells whether that was still to be done. Needs the people of `seed_demo`.
    Raises ServiceError."""
    label, cameras = site.label, site.cameras
    async with store.begin() as tx:
        if await owner_of(tx, label.device) is not None:
            return False
        now = clock.now()
        partner, customer = await _actor(tx, PARTNER), await _actor(tx, CUSTOMER)
        _done(await announce(tx, Announcement(label=label, name=site.name, cameras=cameras), now))
        wanted: dict[str, Any] = {"kind": label.kind, "months": site.months, "quantity": len(cameras)}
        _done(await purchase_stock(tx, partner, PurchaseStock(**wanted), now, rules))
        assert customer.customer is not None
        given = _done(await allocate(tx, partner, Allocate(customer=customer.customer, **wanted), now, rules))
        _done(await register_device(tx, customer, RegisterDevice(code=label.code), now, rules))
        for camera, licence in zip(cameras, given.licences, strict=True):
            request = MoveBinding(licence=licence.id, camera=CameraKey(label.device, camera.id))
            _done(await bind(tx, customer, request, now, rules))
    return True


async def _actor(tx: Transaction, sign_in: DemoSignIn) -> Actor:
    user = await user_by_email(tx, sign_in.email)
    if user is None:
        raise ServiceError(f"there is no {sign_in.email}: seed the demo's people first")
    return actor_of(user)


async def _people(tx: Transaction, operator: Actor, hashed: str, now: datetime, rules: Rules) -> None:
    partner = await _partner(tx, operator, "みなと電機（デモ販売店）", PARTNER, hashed, now, rules)
    secondary = await _partner(tx, partner, "うみかぜ商会（デモ二次店）", SECONDARY, hashed, now, rules)
    for kind, months, quantity in STOCK:
        bought = PurchaseStock(partner=partner.partner, kind=kind, months=months, quantity=quantity)
        _done(await purchase_stock(tx, operator, bought, now, rules))
    assert secondary.partner is not None
    moved = MoveStock(target=secondary.partner, kind="edge", months=12, quantity=5)
    _done(await move_stock(tx, partner, moved, now, rules))
    added = _done(await add_customer(tx, partner, _user("あおぞら商店（デモ）", CUSTOMER, hashed), now, rules))
    given = Allocate(customer=added.customer.id, kind="edge", months=12, quantity=LICENCES)
    _done(await allocate(tx, partner, given, now, rules))


async def _partner(
    tx: Transaction, by: Actor, name: str, sign_in: DemoSignIn, hashed: str, now: datetime, rules: Rules
) -> Actor:
    _done(await add_partner(tx, by, NewPartner(name=name, user=_user(name, sign_in, hashed)), now, rules))
    user = await user_by_email(tx, sign_in.email)
    assert user is not None
    return actor_of(user)


def _user(name: str, sign_in: DemoSignIn, hashed: str) -> NewUser:
    return NewUser(email=sign_in.email, name=name, language="ja", password_hash=hashed, password_origin=sign_in.origin)


def _done(result: _T | Refusal) -> _T:
    if isinstance(result, Refusal):
        raise ServiceError(f"the demo's people cannot be made: {result.text.en}")
    return result
