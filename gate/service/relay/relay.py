"""Wires the relay of one service process: devices on one side, the portal's visitors on the other."""

import contextlib
import logging
import os
import secrets
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass

import anyio
from aiohttp import web
from sqlalchemy.exc import SQLAlchemyError

from gate.clock import Clock
from gate.licence.rules import Rules
from gate.service.access.identity import Identities
from gate.service.operations.uplinks import SEEN_EVERY, uplinks_seen
from gate.service.relay.changes import Changes
from gate.service.relay.connections import Connections
from gate.service.relay.conversation import Desk
from gate.service.relay.host_key import HostKey
from gate.service.relay.introductions import Introductions
from gate.service.relay.proxy import RelayProxy
from gate.service.relay.ssh_server import RelayServer, serve_devices
from gate.service.relay.visits import Visits
from gate.service.store.engine import Store
from gate.service.store.whole import whole
from gate.signing.issuer import Issuer

RELAY_PATH = "/api/v1/relay"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayPlace:
    """`listen`: where devices connect. `host` and `port`: as devices reach it, if otherwise than there."""

    listen: str
    host: str | None = None
    port: int | None = None


class Relay:
    """`add_to` before the application is served; `serving` and `run` while it is."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        rules: Rules,
        issuer: Issuer,
        identities: Identities,
        host_key: HostKey,
        place: RelayPlace,
    ) -> None:
        self._store = store
        self._clock = clock
        self._issuer = issuer
        self._host_key = host_key
        self._place = place
        self._process = f"{socket.gethostname()[:40]}:{os.getpid()}:{secrets.token_hex(4)}"
        self._changes = Changes(store=store, clock=clock)
        desk = Desk(store=store, clock=clock, rules=rules, issuer=issuer, changes=self._changes)
        self._connections = Connections()
        self._server = RelayServer(desk=desk, connections=self._connections, process=self._process)
        self._visits = Visits(store=store, clock=clock, identities=identities)
        self.introductions = Introductions(issuer=issuer, clock=clock)
        """For people who sign in at a device itself, too."""
        self._proxy = RelayProxy(
            connections=self._connections, visits=self._visits, introductions=self.introductions, clock=clock
        )
        self._document: bytes | None = None

    def add_to(self, app: web.Application) -> None:
        """The proxy's routes, and where devices learn of the relay."""
        self._proxy.add_to(app)
        app.router.add_get(RELAY_PATH, self._show)

    @contextlib.asynccontextmanager
    async def serving(self) -> AsyncIterator[str]:
        """Serves devices until the body ends; gives `host:port`. Raises gate.service.errors.ListenError."""
        async with serve_devices(self._server, listen=self._place.listen, host_key=self._host_key.ssh_key()) as bound:
            port = self._place.port or bound[1]
            self._document = self._host_key.document(self._issuer, host=self._place.host, port=port)
            try:
                yield f"{bound[0]}:{bound[1]}"
            finally:
                await self._proxy.close()

    async def run(self) -> None:
        """Tells devices of changes and cuts visits that may not go on, until cancelled."""
        async with anyio.create_task_group() as group:
            group.start_soon(self._changes.run)
            group.start_soon(self._visits.run)
            group.start_soon(self._stay_seen)

    async def _stay_seen(self) -> None:
        while True:
            steps = self._clock.discontinuities
            with contextlib.suppress(TimeoutError):
                async with self._clock.timeout(SEEN_EVERY.total_seconds()):
                    await self._clock.wait_discontinuity(steps)
            if not self._connections.devices:
                continue
            try:
                await whole(self._confirm())
            except (SQLAlchemyError, OSError) as error:
                _log.warning("relay: connections cannot be confirmed: %s", error)

    async def _confirm(self) -> None:
        async with self._store.begin() as tx:
            await uplinks_seen(tx, self._connections.devices, self._process, self._clock.now())

    async def _show(self, _: web.Request) -> web.Response:
        if self._document is None:
            raise web.HTTPServiceUnavailable
        return web.Response(body=self._document, content_type="application/json", headers={"Cache-Control": "no-store"})
