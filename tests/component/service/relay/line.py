"""A relay on real sockets, and devices with real uplinks."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from aiohttp import ClientSession, web

from gate.client.licensing import Licensing, ServicePlace, open_service_licensing
from gate.client.registration import Maker, Registration
from gate.client.uplink import Uplink
from gate.clock import Clock, SystemClock
from gate.service.access.identity import SESSION_COOKIE, Identities
from gate.service.operations.accounts import accept_terms
from gate.service.operations.actor import Actor
from gate.service.operations.devices import RegisterDevice, register_device
from gate.service.operations.sessions import open_session
from gate.service.portal.terms import TERMS_VERSION
from gate.service.relay.host_key import open_host_key
from gate.service.relay.relay import Relay, RelayPlace
from gate.sign_in.tokens import form_token, hash_of, new_token
from gate.signing.issuer import open_issuer
from tests.component.service.site import Site

BOUND_SECONDS = 10.0
MAKER = Maker(serial="ER-000001")
ZONE = ZoneInfo("Asia/Tokyo")


@dataclass(slots=True, kw_only=True)
class Line:
    """A service's relay and portal origin. `site` puts people and licences into its store."""

    site: Site
    folder: Path
    clock: Clock
    url: str = ""
    port: int = 0
    relay_address: str = ""
    _ending: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def start(self) -> None:
        """Serves; the second time on the same ports as before."""
        store = self.site.store
        relay = Relay(
            store=store,
            clock=self.clock,
            rules=self.site.rules,
            issuer=open_issuer(self.folder),
            identities=Identities(store=store, clock=self.clock),
            host_key=open_host_key(self.folder),
            place=RelayPlace(listen=self.relay_address or "127.0.0.1:0"),
        )
        app = web.Application()
        relay.add_to(app)
        runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.2, access_log=None)
        await runner.setup()
        self._ending.push_async_callback(runner.cleanup)
        web_site = web.TCPSite(runner, "127.0.0.1", self.port)
        await web_site.start()
        self.port = runner.addresses[0][1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.relay_address = await self._ending.enter_async_context(relay.serving())
        running = asyncio.create_task(relay.run())
        self._ending.push_async_callback(ended, running)

    async def stop(self) -> None:
        """Ends, as a process does that is asked to."""
        await self._ending.aclose()

    async def customer(self, cameras: int = 2) -> tuple[Actor, tuple[str, ...]]:
        """A customer with that many licences in its pool, and these."""
        partner = await self.site.partner()
        customer = await self.site.customer(partner)
        await self.accept_terms(customer)
        await self.site.stock(partner, cameras + 4)
        allocated = await self.site.allocated(partner, customer, cameras)
        return customer, tuple(licence.id for licence in allocated.licences)

    async def register(self, customer: Actor, code: str) -> str:
        """The customer's device from now on; gives its id."""
        request = RegisterDevice(code=code)
        device = await self.site.do(
            lambda tx: register_device(tx, customer, request, self.clock.now(), self.site.rules)
        )
        return device.id

    async def accept_terms(self, user: Actor) -> None:
        """As that user does on the portal's page."""
        await self.site.do(lambda tx: accept_terms(tx, user, TERMS_VERSION, self.clock.now()))

    async def signed_in(self, user: Actor) -> dict[str, str]:
        """The cookie of a new session of that user's."""
        token = new_token()
        async with self.site.store.begin() as tx:
            await open_session(
                tx, user.id, hash_of(token), form_token(token), self.clock.now(), address="127.0.0.1", agent="test"
            )
        return {SESSION_COOKIE: token}

    @asynccontextmanager
    async def browser(self, user: Actor | None) -> AsyncIterator[ClientSession]:
        """A browser of that user's, on the portal's origin."""
        cookies = await self.signed_in(user) if user is not None else {}
        async with ClientSession(self.url, cookies=cookies, headers={"Origin": self.url}) as session:
            yield session


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorder:
    """A device without cameras' streams: licensing and uplink as in a recorder."""

    licensing: Licensing
    clock: Clock
    folder: Path

    @property
    def uplink(self) -> Uplink:
        assert self.licensing.uplink is not None
        return self.licensing.uplink

    @property
    def code(self) -> str:
        return Registration(data_dir=self.folder, identity=self.licensing.identity, maker=MAKER).label.code

    async def until(self, probe: Callable[[], Any], seconds: float = BOUND_SECONDS) -> None:
        """Waits until it is true."""
        async with self.clock.timeout(seconds):
            while not probe():
                await self.clock.sleep(0.01)


@asynccontextmanager
async def recorder(
    line: Line,
    folder: Path,
    *,
    door: Callable[[socket.socket], Awaitable[None]] | None = None,
    cameras: int = 2,
    clock: Clock | None = None,
) -> AsyncIterator[Recorder]:
    """A device that runs until the body ends. `door`: its remote site."""
    clock = clock or line.clock
    place = ServicePlace(
        url=line.url,
        name="shop",
        maker=MAKER,
        cameras=tuple((f"cam{n}", f"Camera {n}") for n in range(1, cameras + 1)),
        zone=ZONE,
    )
    licensing = open_service_licensing(place, clock=clock, data_dir=folder, root_key=line.folder / "root.pub")
    made = Recorder(licensing=licensing, clock=clock, folder=folder)
    if door is not None:
        made.uplink.serve(door, lambda: None)
    jobs = [asyncio.create_task(job()) for job in (licensing.gate.run, made.uplink.run)]
    try:
        yield made
    finally:
        for job in jobs:
            await ended(job)


async def ended(task: "asyncio.Task[None]") -> None:
    """Cancels it and waits for its end."""
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


@asynccontextmanager
async def line_of(site: Site, folder: Path) -> AsyncIterator[Line]:
    """A relay that serves until the body ends."""
    clock = SystemClock()
    site.now = clock.now()
    folder.mkdir()
    line = Line(site=site, folder=folder, clock=clock)
    await line.start()
    try:
        yield line
    finally:
        await line.stop()
        clock.close()
