"""Signing in: throttled, in equal time whether there is such an account or not, with a fresh session each time."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from gate.clock import Clock
from gate.service.operations import accounts
from gate.service.operations.accounts import User, actor_of
from gate.service.operations.actor import Actor
from gate.service.operations.audit import record
from gate.service.operations.refusals import Refusal, ServiceCode, refusal
from gate.service.operations.resets import Reset, drop_reset, reset_of, take_reset
from gate.service.operations.sessions import close_session, open_session
from gate.service.operations.sign_ins import attempt_succeeded, begin_attempt
from gate.service.store.engine import Store, Transaction
from gate.sign_in.passwords import Passwords
from gate.sign_in.throttle import WAIT_MAX
from gate.sign_in.tokens import hash_of, new_token


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
            reset = await reset_of(tx, user.id) if user else None
        by = await self._matching(user, reset, password)
        outdated = by == "own" and user is not None and self._passwords.is_outdated(user.password_hash)
        fresh_hash = await self._passwords.hash(password) if outdated else None
        now = self._clock.now()
        async with self._store.begin() as tx:
            known = await accounts.user_by_email(tx, email)
            unchanged = known is not None and user is not None and known.password_hash == user.password_hash
            if known is None or by is None or not unchanged or known.disabled_at is not None:
                await self._record(tx, known, email, peer, now, refusal(ServiceCode.NOT_ALLOWED))
                return WrongSignIn()
            await attempt_succeeded(tx, attempt)
            deadline = reset.deadline if by == "reset" and reset else known.password_deadline
            if deadline is not None and deadline <= now:
                await self._record(tx, known, email, peer, now, refusal(ServiceCode.NOT_ALLOWED), expired=True)
                return PasswordExpired()
            if by == "reset" and reset is not None:
                await take_reset(tx, reset)
            else:
                await drop_reset(tx, known.id)
            if fresh_hash is not None:
                await accounts.set_password_hash(tx, known.id, fresh_hash)
            await self._record(tx, known, email, peer, now, None)
            return SignedIn(token=await self.open(tx, known, peer, former_token), user=known)

    async def _matching(self, user: User | None, reset: Reset | None, password: str) -> Literal["own", "reset"] | None:
        """Which of the account's passwords that is. A wrong one costs two checks, whatever there is to compare with."""
        if await self._passwords.verify(user.password_hash if user else None, password):
            return "own"
        return "reset" if await self._passwords.verify(reset.password_hash if reset else None, password) else None

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
