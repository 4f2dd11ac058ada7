"""The portal on both databases, with two partners and a customer each."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

import pytest
import pytest_asyncio
from aiohttp.test_utils import TestServer

from gate.clock import SimulatedClock
from gate.service.operations.accounts import NewUser, User, actor_of, user_by_email
from gate.service.operations.actor import Actor
from gate.service.operations.allocation import Allocate, allocate
from gate.service.operations.audit import AuditLine, audit_log
from gate.service.operations.customers import add_customer
from gate.service.operations.refusals import Refusal
from gate.service.operations.stock import PurchaseStock, purchase_stock, stock_of
from gate.service.portal.site import Site
from gate.service.store.engine import Store, Transaction
from tests.component.service.portal.visitor import Visitor
from tests.fakes.portal_server import CHEAP, MORNING, OPERATOR, add_partner_with_password, portal_app, portal_site

ResultT = TypeVar("ResultT")
PASSWORD = "correct horse battery"
CUSTOMER_PASSWORD = "handover-2026"
PARTNER, OTHER = "tanaka@partner.example", "suzuki@other.example"
CUSTOMER, FOREIGN = "yamada@shop.example", "mori@foreign.example"


@dataclass
class World:
    """A served portal. `clock` is moved by hand."""

    site: Site
    clock: SimulatedClock
    address: str
    visitors: list[Visitor]

    def visitor(self) -> Visitor:
        """Somebody new."""
        self.visitors.append(Visitor(self.address))
        return self.visitors[-1]

    async def partner(self) -> Visitor:
        """The first partner's user, signed in, the shop's popup closed."""
        visitor = await self.signed_in(PARTNER, PASSWORD)
        await visitor.send("/licences", "/licences/shop", to="stock")
        return visitor

    async def customer(self) -> Visitor:
        """The first partner's customer, past terms and question."""
        visitor = await self.signed_in(CUSTOMER, CUSTOMER_PASSWORD)
        if (await visitor.get("/cameras")).location == "/terms":
            await visitor.send("/terms", "/terms", agree="yes")
        await visitor.send("/password/question", "/password/question", answer="no")
        return visitor

    async def signed_in(self, email: str, password: str) -> Visitor:
        """Somebody with a session."""
        visitor = self.visitor()
        answer = await visitor.sign_in(email, password)
        assert answer.status == 303, answer.words
        return visitor

    async def do(self, work: Callable[[Transaction], Awaitable[ResultT | Refusal]]) -> ResultT:
        """One operation that must not be refused."""
        async with self.site.store.begin() as tx:
            outcome = await work(tx)
        assert not isinstance(outcome, Refusal), outcome.text.en
        return outcome

    async def user(self, email: str) -> User:
        """An account."""
        async with self.site.store.read() as tx:
            found = await user_by_email(tx, email)
        assert found is not None
        return found

    async def actor(self, email: str) -> Actor:
        """Who that is to operations."""
        return actor_of(await self.user(email))

    async def customer_id(self, email: str) -> str:
        """The customer with that first user."""
        customer = (await self.user(email)).customer
        assert customer is not None
        return customer

    async def stock(self) -> int:
        """How many 12-month licences the first partner has."""
        actor = await self.actor(PARTNER)
        found = await self.do(lambda tx: stock_of(tx, actor, self.site.rules))
        return next(line.quantity for line in found.lines if (line.kind, line.months) == ("edge", 12))

    async def audit(self) -> list[AuditLine]:
        """All of it, the newest first."""
        return await self.do(lambda tx: audit_log(tx, OPERATOR))

    async def allocate(self, quantity: int = 1) -> None:
        """Licences for the first customer."""
        actor, customer = await self.actor(PARTNER), await self.customer_id(CUSTOMER)
        request = Allocate(customer=customer, kind="edge", months=12, quantity=quantity)
        await self.do(lambda tx: allocate(tx, actor, request, self.clock.now(), self.site.rules))


@pytest_asyncio.fixture
async def world(service_store: Store) -> AsyncIterator[World]:
    """With 3 licences in the first partner's stock."""
    clock = SimulatedClock(MORNING)
    site = portal_site(service_store, clock)
    server = TestServer(portal_app(site))
    await server.start_server()
    served = World(site, clock, f"http://127.0.0.1:{server.port}", [])
    for email, name, customer in ((PARTNER, "みなと電機", CUSTOMER), (OTHER, "他社", FOREIGN)):
        await add_partner_with_password(site, email=email, name=name, person="担当", password=PASSWORD)
        actor = await served.actor(email)
        request = NewUser(
            email=customer,
            name="やまだ商店" if customer == CUSTOMER else "もり商店",
            language="ja",
            password_hash=CHEAP.hash(CUSTOMER_PASSWORD),
            password_origin="temporary",
        )
        await served.do(lambda tx, a=actor, r=request: add_customer(tx, a, r, clock.now(), site.rules))  # type: ignore[misc]
    partner = await served.actor(PARTNER)
    bought = PurchaseStock(kind="edge", months=12, quantity=3)
    await served.do(lambda tx: purchase_stock(tx, partner, bought, clock.now(), site.rules))
    yield served
    for visitor in served.visitors:
        await visitor.close()
    await server.close()


@pytest.fixture
def ten_megabytes() -> bytes:
    return b"x" * (10 << 20)
