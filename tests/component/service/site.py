"""People, stock and devices for tests, put into a store by the operations themselves."""

import itertools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TypeVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gate.licence.entitlement import Kind
from gate.licence.facts import CameraKey
from gate.licence.rules import Rules
from gate.service.operations.accounts import NewUser
from gate.service.operations.actor import Actor
from gate.service.operations.allocation import Allocate, Allocated, allocate
from gate.service.operations.bindings import MoveBinding, bind
from gate.service.operations.customers import add_customer
from gate.service.operations.devices import AnnouncedCamera, Announcement, RegisterDevice, announce, register_device
from gate.service.operations.licences import Camera
from gate.service.operations.partners import NewPartner, add_partner
from gate.service.operations.refusals import Refusal
from gate.service.operations.stock import PurchaseStock, purchase_stock
from gate.service.store.engine import Store, Transaction
from gate.signing.device_label import DeviceLabel, new_code
from gate.signing.identity import DeviceIdentity

NOON = datetime(2026, 1, 15, 3, tzinfo=UTC)
"""12:00 in Tokyo."""
OPERATOR = Actor(id="operator", role="operator")

T = TypeVar("T")


class Site:
    """A store, the rules, and a moment that tests move by hand."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.rules = Rules()
        self.now = NOON
        self._numbers = itertools.count(1)

    async def do(self, work: Callable[[Transaction], Awaitable[T | Refusal]]) -> T:
        """Runs one operation that must not be refused."""
        async with self.store.begin() as tx:
            result = await work(tx)
        assert not isinstance(result, Refusal), f"{result.code}: {result.text.en}"
        return result

    async def refused(self, work: Callable[[Transaction], Awaitable[object]]) -> str:
        """Runs one operation that must be refused, and gives the code."""
        async with self.store.begin() as tx:
            result = await work(tx)
        assert isinstance(result, Refusal), result
        return result.code

    def user(self, name: str = "") -> NewUser:
        """A new person with an address of its own."""
        number = next(self._numbers)
        name = name or f"user{number}"
        return NewUser(
            email=f"{name}{number}@example.com",
            name=name,
            language="ja",
            password_hash="$argon2id$test",
            password_origin="temporary",
        )

    async def partner(self, *, of: Actor = OPERATOR, name: str = "Partner") -> Actor:
        """A partner's user; `of` a partner: a secondary partner's."""
        request = NewPartner(name=name, user=self.user())
        added = await self.do(lambda tx: add_partner(tx, of, request, self.now, self.rules))
        return Actor(id=f"user-of-{added.id}", role="partner", partner=added.id)

    async def customer(self, partner: Actor, name: str = "customer") -> Actor:
        """A customer's user."""
        added = await self.do(lambda tx: add_customer(tx, partner, self.user(name), self.now, self.rules))
        return Actor(id=added.user.id, role="customer", customer=added.customer.id)

    async def stock(self, partner: Actor, quantity: int, *, kind: Kind = "edge", months: int = 12) -> None:
        """Buys."""
        request = PurchaseStock(partner=partner.partner, kind=kind, months=months, quantity=quantity)
        await self.do(lambda tx: purchase_stock(tx, OPERATOR, request, self.now, self.rules))

    async def allocated(self, partner: Actor, customer: Actor, quantity: int = 1, *, kind: Kind = "edge") -> Allocated:
        """From stock, which must be there."""
        assert customer.customer is not None
        request = Allocate(customer=customer.customer, kind=kind, months=12, quantity=quantity)
        return await self.do(lambda tx: allocate(tx, partner, request, self.now, self.rules))

    def label(
        self, *, kind: Kind = "edge", made_on: date | None = date(2025, 4, 1)
    ) -> tuple[DeviceLabel, DeviceIdentity]:
        """A new device's label and key."""
        identity = DeviceIdentity(Ed25519PrivateKey.generate())
        number = next(self._numbers)
        label = DeviceLabel(
            serial=f"ER-{number:06d}",
            model="ER-1",
            kind=kind,
            made_on=made_on,
            code=new_code(),
            public_key=identity.public_key,
        )
        return label, identity

    async def announced(self, label: DeviceLabel, cameras: int = 2, name: str = "shop") -> None:
        """The device says what it has: cam1, cam2, …"""
        told = tuple(AnnouncedCamera(id=f"cam{n}", name=f"Camera {n}") for n in range(1, cameras + 1))
        announcement = Announcement(label=label, name=name, cameras=told)
        async with self.store.begin() as tx:
            assert not isinstance(await announce(tx, announcement, self.now), Refusal)

    async def device(self, customer: Actor, cameras: int = 2, *, kind: Kind = "edge") -> str:
        """A registered device."""
        label, _ = self.label(kind=kind)
        await self.announced(label, cameras)
        request = RegisterDevice(code=label.code)
        added = await self.do(lambda tx: register_device(tx, customer, request, self.now, self.rules))
        return added.id

    async def bound(self, customer: Actor, licence: str, device: str, camera: str) -> Camera:
        """Binds."""
        request = MoveBinding(licence=licence, camera=CameraKey(device, camera))
        return await self.do(lambda tx: bind(tx, customer, request, self.now, self.rules))

    async def licensed(self, cameras: int = 1) -> "Licensed":
        """A partner's customer with a device whose cameras all have a licence."""
        partner = await self.partner()
        customer = await self.customer(partner)
        await self.stock(partner, cameras)
        allocated = await self.allocated(partner, customer, cameras)
        device = await self.device(customer, cameras)
        licences = tuple(licence.id for licence in allocated.licences)
        for number, licence in enumerate(licences, 1):
            await self.bound(customer, licence, device, f"cam{number}")
        return Licensed(partner=partner, customer=customer, device=device, licences=licences)


@dataclass(frozen=True, slots=True, kw_only=True)
class Licensed:
    """What `Site.licensed` made."""

    partner: Actor
    customer: Actor
    device: str
    licences: tuple[str, ...]
