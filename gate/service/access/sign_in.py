"""Signing in: throttled, in equal time whether there is such an account or not, with a fresh session each time."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from gate.clock import Clock
from gate.service.access.passwords import Passwords
from gate.service.access.throttle import WAIT_MAX
from gate.service.access.tokens import hash_of, new_token
from gate.service.operations import accounts
from gate.service.operations.accounts import User, actor_of
from gate.service.operations.actor import Actor
from gate.service.operations.audit import record
from gate.service.operations.refusals import Refusal, ServiceCode, refusal
from gate.service.operations.sessions import close_session, open_session
from gate.service.operations.sign_ins import attempt_succeeded, begin_attempt
from gate.service.store.engine import Store, Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """Where a request comes from."""

    address: str
    agent: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """`token` goes into the cookie and nowhere else."""

    token: str
    user: User


@dataclass(frozen=True, slots=True, kw_only=True)
class Throttled:
    """Nothing was looked at."""

    wait: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class WrongSignIn:
    """No such account, another password, or disabled: the same answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordExpired:
    """It was the right initial password, after its time (R15): a new one must be asked for."""


class SignIns:
    """Opens sessions."""

    def __init__(self, *, store: Store, clock: Clock, passwords: Passwords) -> None:
        self._store = store
        self._clock = clock
        self._passwords = passwords

    async def sign_in(
        self, *, email: str, password: str, peer: Peer, former_token: str | None = None
    ) -> SignedIn | Throttled | WrongSignIn | PasswordExpired:
        """Tries to sign in. The session that the browser had before ends. Raises PasswordsBusyError."""
        email = email.strip().lower()
        attempt = await self.begin_attempt(email, peer)
        if isinstance(attempt, Throttled):
            return attempt
        async with self._store.read() as tx:
            user = await accounts.user_by_email(tx, email)
        right = await self._passwords.verify(user.password_hash if user else None, password)
        now = self._clock.now()
        usable = user is not None and user.disabled_at is None
        outdated = right and user is not None and self._passwords.is_outdated(user.password_hash)
        fresh_hash = await self._passwords.hash(password) if outdated else None
        async with self._store.begin() as tx:
            if not right or not usable or user is None:
                await self._record(tx, user, email, peer, now, refusal(ServiceCode.NOT_ALLOWED))
                return WrongSignIn()
            await attempt_succeeded(tx, attempt)
            if user.password_deadline is not None and user.password_deadline <= now:
                await self._record(tx, user, email, peer, now, refusal(ServiceCode.NOT_ALLOWED), expired=True)
                return PasswordExpired()
            if fresh_hash is not None:
                await accounts.set_password_hash(tx, user.id, fresh_hash)
            await self._record(tx, user, email, peer, now, None)
            return SignedIn(token=await self.open(tx, user, peer, former_token), user=user)

    async def begin_attempt(self, email: str, peer: Peer) -> int | Throttled:
        """Counts an attempt of any kind that could be used for guessing (also "forgot password")."""
        async with self._store.begin() as tx:
            attempt = await begin_attempt(tx, email, peer.address, self._clock.now())
        return attempt if isinstance(attempt, int) else Throttled(wait=min(attempt, WAIT_MAX))

    async def open(
        self, tx: Transaction, user: User, peer: Peer, former_token: str | None, *, question_answered: bool = False
    ) -> str:
        """A fresh session in place of the former one; gives its token."""
        if former_token:
            await close_session(tx, hash_of(former_token))
        token = new_token()
        await open_session(
            tx,
            user.id,
            hash_of(token),
            new_token(),
            self._clock.now(),
            address=peer.address,
            agent=peer.agent,
            question_answered=question_answered,
        )
        return token

    async def sign_out(self, token: str, actor: Actor) -> None:
        """Ends the session."""
        async with self._store.begin() as tx:
            await close_session(tx, hash_of(token))
            now = self._clock.now()
            await record(tx, actor, "session.close", now, partner=actor.partner, customer=actor.customer)

    async def _record(
        self,
        tx: Transaction,
        user: User | None,
        email: str,
        peer: Peer,
        now: datetime,
        why: Refusal | None,
        **detail: bool,
    ) -> None:
        """One row in every case: a database that works longer for real accounts would tell of them."""
        actor = (
            actor_of(user, address=peer.address) if user else Actor(id="unknown", role="system", address=peer.address)
        )
        await record(
            tx,
            actor,
            "session.open",
            now,
            subject=user.id if user else email[:80],
            partner=actor.partner,
            customer=actor.customer,
            refusal=why,
            **detail,
        )
