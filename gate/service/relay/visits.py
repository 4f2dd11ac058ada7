"""Who may look through the relay, asked before each request and again while one is under way.

A customer's user and its shared users see their own devices once they have accepted the terms of use (R17), shared
users without changing anything. A partner, also one that acts as the customer, sees no video (decision 15), and neither
does whoever runs the service.
"""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import anyio
from aiohttp import web
from sqlalchemy.exc import SQLAlchemyError

from gate.clock import Clock
from gate.service.access.identity import SESSION_COOKIE, Identities
from gate.service.operations.actor import Actor
from gate.service.operations.devices import owner_of
from gate.service.operations.sessions import session_of
from gate.service.portal.terms import terms_are_accepted
from gate.service.relay.proxy_rules import VIEW_METHODS
from gate.service.store.engine import Store
from gate.service.store.whole import whole
from gate.sign_in.tokens import hash_of

LOOK_SECONDS = 1.0
"""How long an access that was revoked goes on at most."""
VISITS_MAX = 1024
VISITS_OF_USER_MAX = 48

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """Who asks, by which session. `name`: the account's address."""

    actor: Actor
    name: str
    token_sha256: str
    terms_accepted: bool


class Visit:
    """One request under way. `scope` is cancelled when it may not go on; `refusal` then says why."""

    __slots__ = ("device", "refusal", "scope", "visitor")

    def __init__(self, visitor: Visitor, device: str) -> None:
        self.visitor = visitor
        self.device = device
        self.scope = anyio.CancelScope()
        self.refusal: str | None = None


class Visits:
    """`run` must be running for what is revoked to be cut."""

    def __init__(self, *, store: Store, clock: Clock, identities: Identities) -> None:
        self._store = store
        self._clock = clock
        self._identities = identities
        self._open: set[Visit] = set()

    async def visitor_of(self, request: web.Request) -> Visitor | None:
        """By the portal's cookie; None: nobody is signed in."""
        identity = await whole(self._identities.of_session(request))
        if identity is None or identity.session is None:
            return None
        return Visitor(
            actor=identity.actor,
            name=identity.session.user.email,
            token_sha256=hash_of(request.cookies[SESSION_COOKIE]),
            terms_accepted=terms_are_accepted(identity.session.user),
        )

    async def refusal(self, visitor: Visitor, device: str, method: str) -> str | None:
        """Why not (a code of relay.problems); None: it may."""
        refused = refusal_of(visitor.actor, await whole(self._owner_of(device)), method)
        return refused or (None if visitor.terms_accepted else "terms_not_accepted")

    async def _owner_of(self, device: str) -> str | None:
        async with self._store.read() as tx:
            return await owner_of(tx, device)

    @contextmanager
    def under_way(self, visitor: Visitor, device: str) -> Iterator[Visit | None]:
        """A visit, to be run in its scope; None where too many are open."""
        of_user = sum(visit.visitor.actor.id == visitor.actor.id for visit in self._open)
        if len(self._open) >= VISITS_MAX or of_user >= VISITS_OF_USER_MAX:
            _log.warning("relay: a visit to %s was refused, %d are open", device, len(self._open))
            yield None
            return
        visit = Visit(visitor, device)
        self._open.add(visit)
        try:
            yield visit
        finally:
            self._open.discard(visit)

    async def run(self) -> None:
        """Cuts what may not go on, until cancelled."""
        changed = asyncio.Event()
        stop = self._store.listen(lambda _: changed.set())
        try:
            while True:
                try:
                    await whole(self.run_once())
                except (SQLAlchemyError, OSError) as error:
                    _log.warning("relay: visits cannot be looked at: %s", error)
                try:
                    async with self._clock.timeout(LOOK_SECONDS):
                        await changed.wait()
                except TimeoutError:
                    continue
                changed.clear()
        finally:
            stop()
            for visit in tuple(self._open):
                self._cut(visit, "restart")

    async def run_once(self) -> None:
        """Looks at every visit once."""
        if not self._open:
            return
        now = self._clock.now()
        async with self._store.read() as tx:
            sessions = {
                token: await session_of(tx, token, now) for token in {v.visitor.token_sha256 for v in self._open}
            }
            owners = {device: await owner_of(tx, device) for device in {visit.device for visit in self._open}}
        for visit in tuple(self._open):
            session = sessions.get(visit.visitor.token_sha256)
            if visit.visitor.token_sha256 not in sessions or visit.device not in owners:
                continue  # it has come meanwhile
            if session is None:
                code: str | None = "signed_out"
            else:
                code = refusal_of(session.actor(None), owners[visit.device], "GET")
                code = "access_revoked" if code == "device_unknown" else code
            if code is not None:
                self._cut(visit, code)

    def _cut(self, visit: Visit, code: str) -> None:
        _log.info("device %s: a visit was cut: %s", visit.device, code)
        visit.refusal = code
        visit.scope.cancel()


def refusal_of(actor: Actor, owner: str | None, method: str) -> str | None:
    """The rule. Pure."""
    if actor.on_behalf_of is not None or actor.role not in ("customer", "shared"):
        return "not_by_proxy"
    if owner is None or owner != actor.customer:
        return "device_unknown"
    if actor.role == "shared" and method not in VIEW_METHODS:
        return "view_only"
    return None
