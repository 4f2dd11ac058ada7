"""People, stock and devices for tests, put into a store by the operations themselves."""

import itertools
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TypeVar

from gate.licence.entitlement import Kind
from gate.licence.rules import Rules
from gate.service.operations.accounts import NewUser
from gate.service.operations.actor import Actor
from gate.service.operations.customers import add_customer
from gate.service.operations.partners import NewPartner, add_partner
from gate.service.operations.refusals import Refusal
from gate.service.operations.stock import PurchaseStock, purchase_stock
from gate.service.store.engine import Store, Transaction

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
