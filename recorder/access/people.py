"""The people of one recorder while it runs: users and sessions as of now, signing in and out, changes.

What decides (who has which session, which role) is in memory and follows the file: our own changes at once, those of
the `edge-recorder users` command within POLL_SECONDS. The file is written first: whoever reads it again meanwhile must
not bring back what has ended.
"""

import logging
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Literal

import anyio.to_thread

from gate.sign_in.passwords import LENGTH_MAX, LENGTH_MIN, Passwords, random_password
from gate.sign_in.tokens import hash_of, new_token
from recorder.access.actor import Actor, Role
from recorder.access.attempts import Attempts
from recorder.access.audit import AuditLog
from recorder.access.database import AccessDatabase
from recorder.access.sessions import (
    LASTS_MAX,
    Session,
    Sessions,
    actor_of_session,
    drop_sessions,
    load_sessions,
    save_session,
)
from recorder.access.users import User, UserRefusal, load_users, rehash_password, set_password

POLL_SECONDS = 0.3

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """`token` goes into the cookie and nowhere else."""

    token: str
    actor: Actor
    must_change: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Throttled:
    """Nothing was looked at."""

    wait: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class WrongSignIn:
    """No such user or another password: the same answer, after the same work."""


class People:
    """`load` first. `on_change`: called whenever somebody may have lost what they had."""

    def __init__(
        self,
        *,
        database: AccessDatabase,
        passwords: Passwords,
        audit: AuditLog,
        now: Callable[[], datetime],
        service_counts: Callable[[], bool],
        first_password: Path | None = None,
    ) -> None:
        """`now`: the trusted time. `service_counts`: whether people of the licence service still have a say here.
        `first_password`: a file that is deleted when somebody has chosen a password."""
        self._database = database
        self._passwords = passwords
        self._audit = audit
        self._now = now
        self._service_counts = service_counts
        self._first_password = first_password
        self._attempts = Attempts()
        self._sessions = Sessions()
        self._users: Mapping[str, User] = {}
        self.on_change: Callable[[], None] = lambda: None

    @property
    def users(self) -> list[User]:
        """By name."""
        return list(self._users.values())

    def user(self, name: str) -> User | None:
        """The user of that name."""
        return self._users.get(name.lower())

    async def load(self) -> None:
        """Reads the file again. Raises sqlite3.Error."""
        self._users, sessions = await self._database.do(lambda db: (load_users(db), load_sessions(db)))
        self._sessions.take(sessions)
        self.on_change()

    async def follow(self) -> None:
        """Once: reads the file where another process has changed it, and forgets sessions that are over."""
        try:
            if await self._database.outside_changes():
                await self.load()
            now = self._now()
            over = [one.token_sha256 for one in self._sessions.all() if self._actor(one, now, "") is None]
            if over:
                for token in over:
                    self._sessions.drop(token)
                self.on_change()
                await self._database.do(partial(drop_sessions, tokens=over))
        except sqlite3.Error as error:
            _log.error("users and sessions cannot be read: %s", error)

    def session_of(self, token: str) -> Session | None:
        """Of a cookie's token."""
        return self._sessions.of(hash_of(token)) if token else None

    def actor_of(self, session: Session, address: str) -> Actor | None:
        """Who that is now; None: the session is over."""
        known = session if session.is_program else self._sessions.of(session.token_sha256)
        return self._actor(known, self._now(), address) if known is not None else None

    def must_change(self, actor: Actor) -> bool:
        """Whether the user's password is one that somebody else has set."""
        user = self.user(actor.name) if actor.origin == "user" else None
        return user is not None and user.must_change

    async def seen(self, session: Session) -> None:
        """The session is in use."""
        now = self._now()
        if self._sessions.seen(session, now):
            await self._database.do(partial(save_session, session=replace(session, seen_at=now)))

    async def sign_in(
        self, name: str, password: str, address: str, former_token: str
    ) -> SignedIn | Throttled | WrongSignIn:
        """A fresh session in place of the browser's former one. Raises PasswordsBusyError, sqlite3.Error."""
        checked = await self.check(name, password, address)
        if not isinstance(checked, Actor):
            return checked
        user = self.user(checked.name)
        if user is None:  # removed while its password was looked at
            return WrongSignIn()
        token = await self._open(checked, former_token, version=user.version, until=self._now() + LASTS_MAX)
        self._audit.note(checked, "sign_in")
        return SignedIn(token=token, actor=checked, must_change=user.must_change)

    async def check(self, name: str, password: str, address: str) -> Actor | Throttled | WrongSignIn:
        """Whose name and password these are; failures are counted and noted. Raises PasswordsBusyError."""
        now = self._now()
        wait = self._attempts.begin(name, address, now)
        if wait > timedelta():
            return Throttled(wait=wait)
        user = self.user(name)
        right = await self._passwords.verify(user.password_hash if user else None, password[: LENGTH_MAX + 1])
        known = self.user(name)
        if user is None or not right or known is None or known.version != user.version:
            nobody = Actor(name=name[:64], role="viewer", origin="user", address=address)
            self._audit.note(nobody, "sign_in.failed")
            return WrongSignIn()
        self._attempts.succeeded(name)
        if self._passwords.is_outdated(user.password_hash):
            fresh = await self._passwords.hash(password)
            await self._database.do(partial(rehash_password, user=user, password_hash=fresh))
        return Actor(name=user.name, role=user.role, cameras=user.cameras, origin="user", address=address)

    def session_of_program(self, actor: Actor) -> Session | None:
        """For whoever has just been checked; None: the user is gone meanwhile. It is in use all the time."""
        user, now = self.user(actor.name), self._now()
        if user is None:
            return None
        self._audit.note(actor, "sign_in", detail="program")
        return Session(
            token_sha256="",
            name=user.name,
            origin="user",
            role=None,
            version=user.version,
            opened_at=now,
            seen_at=now + LASTS_MAX,
            until=now + LASTS_MAX,
        )

    async def open_visitor(self, actor: Actor, former_token: str, until: datetime) -> str:
        """A session of a person of the service; gives its token. Raises sqlite3.Error."""
        token = await self._open(actor, former_token, version=None, until=until)
        self._audit.note(actor, "sign_in", detail="service")
        return token

    async def sign_out(self, session: Session, actor: Actor) -> None:
        """Ends the session. Raises sqlite3.Error."""
        try:
            await self._database.do(partial(drop_sessions, tokens=[session.token_sha256]))
        finally:
            self._sessions.drop(session.token_sha256)
            self.on_change()
            self._audit.note(actor, "sign_out")

    async def change_own_password(
        self, actor: Actor, present: str, wanted: str, former_token: str
    ) -> SignedIn | Throttled | WrongSignIn | Literal["password_weak"]:
        """Ends all of the user's sessions and opens a fresh one. Raises PasswordsBusyError, sqlite3.Error."""
        if not LENGTH_MIN <= len(wanted) <= LENGTH_MAX or wanted in (present, actor.name):
            return "password_weak"
        checked = await self.check(actor.name, present, actor.address)
        if not isinstance(checked, Actor):
            return checked
        user = self.user(checked.name)
        if user is None:
            return WrongSignIn()
        set_own = partial(
            set_password,
            name=user.name,
            password_hash=await self._passwords.hash(wanted),
            must_change=False,
            version=user.version,
        )
        if await self._database.do(set_own) is not None:
            return WrongSignIn()
        await self.load()
        self._audit.note(checked, "password.changed")
        if self._first_password is not None:
            await anyio.to_thread.run_sync(_forget, self._first_password)
        token = await self._open(checked, former_token, version=user.version + 1, until=self._now() + LASTS_MAX)
        return SignedIn(token=token, actor=checked, must_change=False)

    async def change(
        self, actor: Actor, action: str, act: Callable[[sqlite3.Connection], UserRefusal | None], detail: str
    ) -> UserRefusal | None:
        """A change of users, in force and noted. Raises sqlite3.Error."""
        refused = await self._database.do(act)
        if refused is None:
            await self.load()
            self._audit.note(actor, action, detail=detail)
        return refused

    async def temporary_password(self) -> tuple[str, str]:
        """One that is made up, and its hash. Raises PasswordsBusyError."""
        password = random_password()
        return password, await self._passwords.hash(password)

    def _actor(self, session: Session, now: datetime, address: str) -> Actor | None:
        return actor_of_session(session, self._users, service_counts=self._service_counts(), now=now, address=address)

    async def _open(self, actor: Actor, former_token: str, *, version: int | None, until: datetime) -> str:
        token, now = new_token(), self._now()
        role: Role | None = actor.role if actor.origin == "service" else None
        session = Session(
            token_sha256=hash_of(token),
            name=actor.name,
            origin=actor.origin,
            role=role,
            version=version,
            opened_at=now,
            seen_at=now,
            until=min(until, now + LASTS_MAX),
        )
        leaving = self._sessions.leaving_for(session)
        if former_token:
            leaving.append(hash_of(former_token))

        def write(db: sqlite3.Connection) -> None:
            drop_sessions(db, leaving)
            save_session(db, session)

        await self._database.do(write)
        for gone in leaving:
            self._sessions.drop(gone)
        self._sessions.add(session)
        self.on_change()
        return token


def _forget(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        _log.error("%s cannot be deleted: %s", path, error.strerror)
