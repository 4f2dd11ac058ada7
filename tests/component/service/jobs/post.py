"""Mail and jobs for tests: the built-in mailbox on a port of its own, and a delivery that speaks SMTP to it."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

from sqlalchemy import insert, select

from gate.clock import Clock
from gate.licence.devices import plan_register_camera, plan_register_device
from gate.licence.facts import By, CameraKey, Facts
from gate.licence.pool import plan_bind, plan_set_hold
from gate.licence.refusals import Refused
from gate.licence.text import Text
from gate.service.mail import mailbox as mailbox_rows
from gate.service.mail.delivery import Delivery
from gate.service.mail.mailbox import Mailbox, ReceivedMail
from gate.service.mail.message import From
from gate.service.mail.rendering import Words
from gate.service.mail.settings import MailboxSection, SmtpSection
from gate.service.mail.smtp import MailServer, SmtpServer
from gate.service.operations.actor import Actor
from gate.service.operations.allocation import Allocate, allocate
from gate.service.store.engine import Store
from gate.service.store.ledger import append, load_state
from gate.service.store.schema import devices, mailbox
from tests.component.service.site import Site

TOKYO = ZoneInfo("Asia/Tokyo")
SENDER = From(address="no-reply@recording.example", name="エッジ録画サービス")
WORDS = Words(
    service=Text(ja="エッジ録画サービス", en="Edge recording service"), portal="http://127.0.0.1:8700", zone=TOKYO
)


def delivery_to(server: MailServer, store: Store, clock: Clock) -> Delivery:
    """What carries the store's outbox to that server."""
    return Delivery(store=store, server=server, words=WORDS, sender=SENDER, zone=TOKYO, clock=clock)


def server_at(address: tuple[str, int], *, timeout_seconds: float = 5) -> SmtpServer:
    """The mail server there, without TLS."""
    host, port = address
    return SmtpServer(SmtpSection(host=host, port=port, security="none", timeout_seconds=timeout_seconds))


@dataclass
class Post:
    """A served mailbox, and the delivery to it."""

    store: Store
    mailbox: Mailbox
    delivery: Delivery

    async def mails(self) -> list[ReceivedMail]:
        """All that have arrived, the oldest first."""
        async with self.store.read() as tx:
            ids = [row.id for row in await tx.rows(select(mailbox.c.id).order_by(mailbox.c.id))]
            found = [await mailbox_rows.mail(tx, number) for number in ids]
        return [one for one in found if one is not None]

    async def told(self) -> list[tuple[str, str, str]]:
        """Of each mail: its date in Tokyo, recipient and subject."""
        return [
            (one.received_at.astimezone(TOKYO).strftime("%Y-%m-%d %H:%M"), one.recipients[0], one.subject)
            for one in await self.mails()
        ]


@contextlib.asynccontextmanager
async def post_office(store: Store, clock: Clock, *, mails_max: int = 10_000) -> AsyncIterator[Post]:
    """Serves a mailbox for that store."""
    mailbox = Mailbox(MailboxSection(address="127.0.0.1:0", mails_max=mails_max), store, clock)
    async with mailbox.serving():
        yield Post(store, mailbox, delivery_to(server_at(mailbox.address), store, clock))


@dataclass
class Licensed:
    """A partner and its customers with licences and cameras, at any moment of `site.now`."""

    site: Site
    partner: Actor
    customers: dict[str, Actor] = field(default_factory=dict)
    serials: int = 0

    async def customer(self, name: str) -> Actor:
        """A new one of that name."""
        self.customers[name] = await self.site.customer(self.partner, name)
        return self.customers[name]

    async def allocate(self, name: str, quantity: int = 1, *, months: int = 12) -> list[str]:
        """Buys and allocates; gives the licences."""
        await self.site.stock(self.partner, quantity, months=months)
        customer = self.customers[name].customer
        assert customer is not None
        request = Allocate(customer=customer, kind="edge", months=months, quantity=quantity)
        done = await self.site.do(lambda tx: allocate(tx, self.partner, request, self.site.now, self.site.rules))
        return [licence.id for licence in done.licences]

    async def cameras(self, name: str, *names: str, hold: bool = False) -> list[CameraKey]:
        """A new device with these cameras."""
        self.serials += 1
        device = f"{name}-rec-{self.serials}"
        async with self.site.store.begin() as tx:
            await tx.execute(
                insert(devices).values(
                    id=device,
                    public_key=bytes(32),
                    serial=f"S{self.serials}",
                    model="recorder",
                    kind="edge",
                    name=f"レコーダー{self.serials}",
                    code_sha256=uuid4().hex,
                    announced_at=self.site.now,
                    announced_cameras=[],
                    former_boots=[],
                )
            )
        await self._plan(name, lambda state, by, customer: plan_register_device(
            state, by, self.site.rules, customer=customer, device=device, kind="edge"))  # fmt: skip
        keys = []
        for camera in names:
            self.site.now += timedelta(seconds=1)
            await self._plan(name, lambda state, by, customer, camera=camera: plan_register_camera(
                state, by, self.site.rules, customer=customer, camera=CameraKey(device, camera)))  # fmt: skip
            keys.append(CameraKey(device, camera))
            if hold:
                await self._plan(name, lambda state, by, customer, camera=camera: plan_set_hold(
                    state, by, customer=customer, camera=CameraKey(device, camera)))  # fmt: skip
        return keys

    async def bind(self, name: str, licence: str, camera: CameraKey) -> None:
        """That licence for that camera."""
        await self._plan(name, lambda state, by, customer: plan_bind(
            state, by, self.site.rules, customer=customer, licence=licence, camera=camera))  # fmt: skip

    async def _plan(self, name: str, plan: object) -> Facts:
        customer = self.customers[name].customer
        assert customer is not None and callable(plan)
        by = By(at=self.site.now, actor="tester", new_id=lambda: uuid4().hex)
        async with self.site.store.begin() as tx:
            state = await load_state(tx, customers=[customer], lock=True)
            facts = plan(state, by, customer)
            assert not isinstance(facts, Refused), facts.text.en
            await append(tx, facts, state)
        return facts


async def licensed(site: Site) -> Licensed:
    """A partner to begin with."""
    return Licensed(site, await site.partner())
