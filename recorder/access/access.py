"""Access to one recorder's remote side, as its routes know it: who asks, what is under way, what is noted."""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Literal

from aiohttp import web

from gate.client.visitors import Visitor, VisitorJudge
from gate.clock import Clock
from recorder.access.actor import LOCAL, Actor, Role
from recorder.access.audit import AuditLog
from recorder.access.database import AccessDatabase
from recorder.access.people import POLL_SECONDS, People
from recorder.access.programs import Programs
from recorder.access.route_table import Need
from recorder.access.sessions import Session
from recorder.access.stays import Stay
from recorder.access.watching import Key, Watching

Mode = Literal["open", "users", "service"]
VISITOR_HEADER = "Edge-Visitor"
TOLD_AFTER_SECONDS = 1.0
"""A view that lasts longer is told while it lasts; a shorter one at its end, unless it was refused."""


REFUSALS_APART_SECONDS = 60.0
"""The same person at the same route is noted once in this time: nobody floods the log until its oldest entries go."""
REFUSALS_MAX = 1_000


class Access:
    """Without `people` (no place to keep them) nobody can sign in; without `judge` nobody comes through a service."""

    def __init__(
        self,
        *,
        clock: Clock,
        audit: AuditLog,
        device: str = "",
        mode: Mode = "open",
        database: AccessDatabase | None = None,
        people: People | None = None,
        judge: VisitorJudge | None = None,
    ) -> None:
        """`device`: its id, which tells its cookies from those of other recorders at the same address."""
        self.mode = mode
        self.audit = audit
        self.people = people
        self._programs = Programs(people) if people is not None else None
        self.judge = judge
        self._clock = clock
        self._device = device
        self.database = database
        self._stays: set[Stay] = set()
        self._watching = Watching()
        self._refusals: dict[tuple[str, str], tuple[int, int]] = {}
        if people is not None:
            people.on_change = self.recheck

    def cookie_of(self, request: web.Request) -> str:
        """The session cookie's name; under TLS one that no other host or path can set."""
        return f"{'__Host-' if request.secure else ''}edge_session_{self._device}"

    def token_of(self, request: web.Request) -> str:
        """The session cookie."""
        return request.cookies.get(self.cookie_of(request), "")

    async def admit(self, request: web.Request, *, by_password: bool) -> tuple[Actor, Session | None] | str:
        """Who asks, and by which session; or the code of the problem. A page's cookie goes before a password, which is
        looked at only if it may be one for us: a proxy in front sends its own on with all that a page loads."""
        if came_through_service(request):
            return self._admit_visitor(request)
        address = request.remote or ""
        if self.mode == "open":
            return Actor(name=LOCAL.name, role=LOCAL.role, address=address), None
        session = self.people.session_of(self.token_of(request)) if self.people is not None else None
        actor = self.people.actor_of(session, address) if self.people is not None and session is not None else None
        if actor is not None:
            return actor, session
        authorization = request.headers.get("Authorization", "")
        if self._programs is None or not authorization or not by_password:
            return "signed_out"
        return await self._programs.admit(authorization, address)

    def _admit_visitor(self, request: web.Request) -> tuple[Actor, None] | str:
        """Each request brings the service's own word on who it is."""
        token = request.headers.get(VISITOR_HEADER, "")
        visitor = self.judge.judge(token, way="relay") if self.judge is not None and token else None
        if visitor is None or isinstance(visitor, str):
            return "signed_out"
        return visitor_actor(visitor, "relay"), None

    @contextmanager
    def staying(self, need: Need, actor: Actor, session: Session | None, camera: str | None) -> Iterator[Stay]:
        """A request under way, to be run in its scope."""
        stay = Stay(actor=actor, need=need, camera=camera, session=session, began_ns=self._clock.monotonic_ns())
        self._stays.add(stay)
        try:
            yield stay
        finally:
            self._stays.discard(stay)
            if stay.told:
                self._watching.leave(_key(stay), self._clock.monotonic_ns())

    def watched(self, stay: Stay) -> None:
        """A view is noted, if its stretch is new."""
        if not stay.told:
            stay.told = True
            if self._watching.enter(_key(stay), stay.began_ns):
                self.audit.note(stay.actor, f"{stay.need.action}.begun", camera=stay.camera)

    def refused(self, actor: Actor, route: str, detail: str) -> None:
        """Somebody may not use a route, which is noted."""
        now_ns, key = self._clock.monotonic_ns(), (actor.name, route)
        since_ns, more = self._refusals.get(key, (None, 0))
        if since_ns is not None and now_ns - since_ns < REFUSALS_APART_SECONDS * 1e9:
            self._refusals[key] = since_ns, more + 1
            return
        self._refusals.pop(key, None)
        self._refusals[key] = now_ns, 0
        if len(self._refusals) > REFUSALS_MAX:
            del self._refusals[next(iter(self._refusals))]
        self.audit.note(actor, "refused", detail=f"{detail}; {more} more before" if more else detail)

    def recheck(self) -> None:
        """Cuts what may not go on."""
        if self.people is None:
            return
        for stay in tuple(self._stays):
            if stay.session is None or stay.need.open_to_all:
                continue
            actor = self.people.actor_of(stay.session, stay.actor.address)
            if actor != stay.actor:
                stay.cut("signed_out")

    async def run(self) -> None:
        """Keeps what is noted and cuts what may not go on, until cancelled."""
        while True:
            await self.run_once()
            await self._clock.sleep(POLL_SECONDS)

    async def run_once(self) -> None:
        """Looks at everything once."""
        now_ns = self._clock.monotonic_ns()
        if self.people is not None:
            await self.people.follow()
            for session in {stay.session for stay in self._stays if stay.session is not None}:
                await self.people.seen(session)
        self.recheck()
        for stay in tuple(self._stays):
            if stay.need.told == "watched" and now_ns - stay.began_ns >= TOLD_AFTER_SECONDS * 1e9:
                self.watched(stay)
        self._note_ended(self._watching.take_ended(now_ns))
        if self.database is not None:
            await self.audit.flush(self.database)

    async def close(self) -> None:
        """Notes that all views have ended, and keeps what still waits."""
        self._note_ended(self._watching.take_ended(self._clock.monotonic_ns(), all_of_them=True))
        if self.database is not None:
            while self.audit.waiting and await self.audit.flush(self.database):
                pass

    def _note_ended(self, ended: list[tuple[Key, float]]) -> None:
        for (actor, action, camera), seconds in ended:
            self.audit.note(actor, f"{action}.ended", camera=camera, detail=f"{seconds:.0f} s")


def open_to_everybody(clock: Clock, now: Callable[[], datetime]) -> Access:
    """Nobody signs in and nothing outlasts the process."""
    return Access(clock=clock, audit=AuditLog(now=now))


def visitor_actor(visitor: Visitor, address: str) -> Actor:
    """A person of the service here: its customer is admin, those it shares with only view."""
    role: Role = "admin" if visitor.role == "customer" else "viewer"
    return Actor(name=visitor.name, role=role, origin="service", address=address)


def came_through_service(request: web.Request) -> bool:
    """By the kind of the connection itself: what the service opens arrives on socket pairs, other machines never do."""
    sock = request.transport.get_extra_info("socket") if request.transport is not None else None
    return sock is not None and sock.family == socket.AF_UNIX


def _key(stay: Stay) -> Key:
    return stay.actor, stay.need.action, stay.camera
