"""The portal in a thread of its own, with a real store, mailbox and mail delivery, on a clock that is moved by hand:
for a browser driven by blocking code."""

import asyncio
import contextlib
import threading
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TypeVar

import uvloop
from aiohttp import web
from argon2 import PasswordHasher
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import select

from gate.clock import SimulatedClock
from gate.licence.entitlement import Kind
from gate.licence.profile import REMO
from gate.licence.rules import Rules
from gate.service.access.identity import Identities
from gate.service.access.sign_in import SignIns
from gate.service.jobs.runner import Jobs
from gate.service.mail.mailbox import ReceivedMail, mail
from gate.service.operations.accounts import NewUser
from gate.service.operations.actor import Actor
from gate.service.operations.devices import AnnouncedCamera, Announcement, announce
from gate.service.operations.partners import NewPartner, Partner, add_partner
from gate.service.operations.refusals import Refusal
from gate.service.portal.portal import add_portal
from gate.service.portal.rendering import Rendering
from gate.service.portal.site import Site
from gate.service.relay.introductions import Introductions
from gate.service.store.engine import Store, Transaction, open_store
from gate.service.store.migrate import migrate
from gate.service.store.schema import mailbox
from gate.sign_in.passwords import Passwords
from gate.signing.device_label import DeviceLabel, new_code
from gate.signing.issuer import Issuer
from gate.signing.key_set import set_zero
from tests.component.service.jobs.post import Post, post_office

ResultT = TypeVar("ResultT")
START_SECONDS_MAX = 30.0
MORNING = datetime(2026, 4, 1, 0, 30, tzinfo=UTC)
"""9:30 in Tokyo."""
OPERATOR = Actor(id="operator", role="operator")
PARTNER_PASSWORD = "correct horse battery"
CHEAP = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
"""Argon2 with parameters for tests."""
ISSUER_KEY = Ed25519PrivateKey.generate()
"""Signs what the portal tells recorders."""


def portal_site(store: Store, clock: SimulatedClock, rules: Rules | None = None) -> Site:
    """The parts of a portal."""
    rules, passwords = rules or Rules(), Passwords(CHEAP)
    return Site(
        store=store,
        clock=clock,
        rules=rules,
        passwords=passwords,
        sign_ins=SignIns(store=store, clock=clock, passwords=passwords),
        rendering=Rendering(rules.zone),
    )


def portal_app(site: Site) -> web.Application:
    """Its pages, with the mailbox's."""
    app = web.Application()
    identities = Identities(store=site.store, clock=site.clock)
    root = ISSUER_KEY.public_key()
    issuer = Issuer(key=ISSUER_KEY, key_path=Path(), root=root, documents=(), sets=(set_zero(root),))
    add_portal(
        app,
        site=site,
        identities=identities,
        profile=REMO,
        with_mailbox=True,
        introductions=Introductions(issuer=issuer, clock=site.clock),
    )
    return app


async def add_partner_with_password(
    site: Site, *, email: str, name: str, person: str, by: Actor = OPERATOR, password: str = PARTNER_PASSWORD
) -> Partner:
    """A partner whose first user signs in with that password."""
    user = NewUser(
        email=email, name=person, language="ja", password_hash=CHEAP.hash(password), password_origin="temporary"
    )
    async with site.store.begin() as tx:
        added = await add_partner(tx, by, NewPartner(name=name, user=user), site.clock.now(), site.rules)
    assert not isinstance(added, Refusal), added.text.en
    return added


def device_label(
    *, kind: Kind = "edge", made_on: date | None = date(2025, 3, 1), serial: str = "ER250301-0042"
) -> DeviceLabel:
    """What stands on a device that nobody has registered."""
    key = Ed25519PrivateKey.generate().public_key()
    return DeviceLabel(serial=serial, model="ER-4", kind=kind, made_on=made_on, code=new_code(), public_key=key)


async def announce_device(
    store: Store, label: DeviceLabel, now: datetime, *cameras: tuple[str, str], places: tuple[str, ...] = ()
) -> None:
    """The device has come on the line."""
    announced = tuple(AnnouncedCamera(id=id, name=name) for id, name in cameras)
    async with store.begin() as tx:
        refused = await announce(
            tx, Announcement(label=label, name="店舗レコーダー", cameras=announced, places=places), now
        )
    assert not isinstance(refused, Refusal), refused.text.en


class PortalServer:
    """`site` and `post` belong to the server's loop: touch them through `call`."""

    def __init__(self, folder: Path) -> None:
        self._database = f"sqlite+aiosqlite:///{folder / 'service.db'}"
        self._loop: asyncio.AbstractEventLoop
        self._ended: asyncio.Event
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="portal server")
        self.clock = SimulatedClock(MORNING)
        self.site: Site
        self.post: Post
        self.address = ""

    def call(self, work: Callable[[], Awaitable[ResultT]]) -> ResultT:
        """Runs something on the server's loop and gives its result back."""

        async def run() -> ResultT:
            return await work()

        return asyncio.run_coroutine_threadsafe(run(), self._loop).result(START_SECONDS_MAX)

    def do(self, work: Callable[[Transaction], Awaitable[ResultT | Refusal]]) -> ResultT:
        """Runs one operation that must not be refused."""

        async def run() -> ResultT:
            async with self.site.store.begin() as tx:
                outcome = await work(tx)
            assert not isinstance(outcome, Refusal), outcome.text.en
            return outcome

        return self.call(run)

    def live_until(self, until: datetime) -> None:
        """Time passes: jobs run and mails are sent, each at its instant."""

        async def run() -> None:
            delivery = self.post.delivery
            jobs = Jobs(store=self.site.store, clock=self.clock, rules=self.site.rules, delivery=delivery)
            while (at := await jobs.do_due(delivery.deliver)) is not None and at <= until:
                await self.clock.jump(at)
            await self.clock.jump(max(until, self.clock.now()))

        self.call(run)

    def deliver(self) -> None:
        """Waiting mails go out now."""
        self.call(self.post.delivery.deliver)

    def last_mail(self, recipient: str) -> ReceivedMail:
        """The newest one to that address."""

        async def run() -> ReceivedMail:
            async with self.site.store.read() as tx:
                for row in reversed(await tx.rows(select(mailbox.c.id).order_by(mailbox.c.id))):
                    found = await mail(tx, row.id)
                    if found is not None and recipient in found.recipients:
                        return found
            raise AssertionError(f"no mail to {recipient}")

        return self.call(run)

    def start(self) -> None:
        self._thread.start()
        assert self._ready.wait(START_SECONDS_MAX), "the portal did not start"

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._ended.set)
        self._thread.join(START_SECONDS_MAX)

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        self._loop, self._ended = asyncio.get_running_loop(), asyncio.Event()
        store = open_store(self._database)
        await migrate(store)
        self.site = portal_site(store, self.clock)
        runner = web.AppRunner(portal_app(self.site), handler_cancellation=True, access_log=None, shutdown_timeout=1)
        await runner.setup()
        tcp = web.TCPSite(runner, "127.0.0.1", 0)
        await tcp.start()
        self.address = f"http://127.0.0.1:{runner.addresses[0][1]}"
        async with post_office(store, self.clock) as self.post:
            self._ready.set()
            await self._ended.wait()
        await runner.cleanup()
        await store.close()


@contextlib.contextmanager
def portal_server(folder: Path) -> Iterator[PortalServer]:
    """A running portal; its end is waited for."""
    server = PortalServer(folder)
    server.start()
    try:
        yield server
    finally:
        server.close()
