"""Who sends a request: a session's cookie, or a program's bearer token.

1. A cookie counts for safe methods by itself; for others the request must also carry the session's form token, in the
   field `form_token` of a form or in the header `X-Form-Token`.
2. A bearer token needs none: no browser sends it by itself.
"""

import hmac
from dataclasses import dataclass
from typing import Literal

from aiohttp import web

from gate.clock import Clock
from gate.service.access.sign_in import Peer
from gate.service.operations.accounts import actor_of
from gate.service.operations.actor import Actor
from gate.service.operations.sessions import (
    SEEN_EVERY,
    Session,
    api_token_used,
    session_of,
    session_seen,
    user_of_api_token,
)
from gate.service.store.engine import Store
from gate.sign_in.tokens import hash_of

SESSION_COOKIE = "portal_session"
FORM_TOKEN_HEADER = "X-Form-Token"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """`session` is None for a program."""

    actor: Actor
    by: Literal["session", "token"]
    session: Session | None


class Identities:
    """Finds out who sends requests."""

    def __init__(self, *, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def of_session(self, request: web.Request) -> Identity | None:
        """By the cookie alone; None: nobody is signed in. The session is prolonged."""
        token = request.cookies.get(SESSION_COOKIE)
        if not token:
            return None
        now = self._clock.now()
        async with self._store.read() as tx:
            session = await session_of(tx, hash_of(token), now)
        if session is None:
            return None
        if now - session.seen_at >= SEEN_EVERY:
            async with self._store.begin() as tx:
                await session_seen(tx, session, now)
        return Identity(actor=session.actor(peer_of(request).address), by="session", session=session)

    async def of_api_request(self, request: web.Request) -> Identity | None:
        """For the API: a bearer token, or a session by rule 1. None: nobody, or without the proof."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme:
            return await self._of_token(request, token.strip()) if scheme.lower() == "bearer" else None
        identity = await self.of_session(request)
        if identity is None or request.method in SAFE_METHODS:
            return identity
        return identity if form_token_is_right(identity, request.headers.get(FORM_TOKEN_HEADER, "")) else None

    async def _of_token(self, request: web.Request, token: str) -> Identity | None:
        now = self._clock.now()
        async with self._store.read() as tx:
            user = await user_of_api_token(tx, hash_of(token), now)
        if user is None:
            return None
        async with self._store.begin() as tx:
            await api_token_used(tx, hash_of(token), now)
        return Identity(actor=actor_of(user, address=peer_of(request).address), by="token", session=None)


def form_token_is_right(identity: Identity, proof: str) -> bool:
    """Whether a form was made for this session; compared in constant time."""
    return identity.session is not None and hmac.compare_digest(
        identity.session.form_token.encode(), proof.encode(errors="replace")
    )


def peer_of(request: web.Request) -> Peer:
    """The other end of the connection, as the socket says; headers that anybody can write are not believed."""
    return Peer(address=request.remote or "", agent=request.headers.get("User-Agent", ""))
