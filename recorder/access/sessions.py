"""Who has signed in, and for how long. Tokens are known by their hashes alone.

1. A session is over after IDLE_MAX without a request (a page that is open asks all the time), after LASTS_MAX, and at
   `until` where whoever opened it set a bound.
2. It is over when its user is removed, or changed in any way; a session of a person of the service when this recorder
   no longer belongs to anybody.
3. There are SESSIONS_MAX, SESSIONS_OF_ONE_MAX of one person: the one that is unused for longest makes room.
"""

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from recorder.access.actor import Actor, Origin, Role
from recorder.access.users import User

IDLE_MAX = timedelta(hours=2)
LASTS_MAX = timedelta(days=7)
SEEN_EVERY = timedelta(minutes=5)
"""How often the use of a session is written down."""
SESSIONS_MAX = 256
SESSIONS_OF_ONE_MAX = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """`version`: of the user at sign-in. `role`: of a person of the service; a user's is its own. Without
    `token_sha256`: of a program that sends its password with each request, and in no list."""

    token_sha256: str
    name: str
    origin: Origin
    role: Role | None
    version: int | None
    opened_at: datetime
    seen_at: datetime
    until: datetime

    @property
    def is_program(self) -> bool:
        """Whether it is one that sends its password with each request."""
        return not self.token_sha256


def actor_of_session(
    session: Session, users: Mapping[str, User], *, service_counts: bool, now: datetime, address: str = ""
) -> Actor | None:
    """Rules 1 and 2: who that is now, or None where the session is over."""
    if not session.opened_at - IDLE_MAX <= now < min(session.until, session.seen_at + IDLE_MAX):
        return None
    if session.origin == "service":
        if not service_counts or session.role is None:
            return None
        return Actor(name=session.name, role=session.role, origin="service", address=address)
    user = users.get(session.name.lower())
    if user is None or user.version != session.version:
        return None
    return Actor(name=user.name, role=user.role, cameras=user.cameras, origin="user", address=address)


class Sessions:
    """All of them, in memory; what changes is to be written by `save_session` and `drop_sessions`."""

    def __init__(self) -> None:
        self._open: dict[str, Session] = {}

    def __len__(self) -> int:
        return len(self._open)

    def take(self, sessions: Mapping[str, Session]) -> None:
        """What the file says; of a session known here the later use counts."""
        self._open = {
            token: replace(session, seen_at=max(session.seen_at, self._open[token].seen_at))
            if token in self._open
            else session
            for token, session in sessions.items()
        }

    def of(self, token_sha256: str) -> Session | None:
        """The session of that token, over or not."""
        return self._open.get(token_sha256)

    def leaving_for(self, session: Session) -> list[str]:
        """The hashes of those that make room for it."""
        own = [one for one in self._open.values() if (one.origin, one.name) == (session.origin, session.name)]
        leaving = _idlest(own, len(own) - SESSIONS_OF_ONE_MAX + 1)
        rest = [one for one in self._open.values() if one.token_sha256 not in leaving]
        return leaving + _idlest(rest, len(rest) - SESSIONS_MAX + 1)

    def add(self, session: Session) -> None:
        """Opens it."""
        self._open[session.token_sha256] = session

    def seen(self, session: Session, now: datetime) -> bool:
        """It is in use; whether that is to be written down."""
        known = self._open.get(session.token_sha256)
        if known is None or now <= known.seen_at:
            return False
        due = now - known.seen_at >= SEEN_EVERY
        if due:
            self._open[session.token_sha256] = replace(known, seen_at=now)
        return due

    def drop(self, token_sha256: str) -> None:
        """Ends it."""
        self._open.pop(token_sha256, None)

    def all(self) -> list[Session]:
        """A list of them."""
        return list(self._open.values())


def _idlest(sessions: list[Session], count: int) -> list[str]:
    return [one.token_sha256 for one in sorted(sessions, key=lambda one: one.seen_at)[: max(count, 0)]]


def load_sessions(db: sqlite3.Connection) -> dict[str, Session]:
    """All, by their tokens' hashes."""
    rows = db.execute(
        "SELECT token_sha256, name, origin, role, version, opened_at, seen_at, until FROM sessions"
    ).fetchall()
    return {row[0]: _session(row) for row in rows}


def save_session(db: sqlite3.Connection, session: Session) -> None:
    """Writes it, or what has changed about it."""
    s = session
    db.execute(
        "INSERT INTO sessions VALUES (?, ?, ?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (token_sha256) DO UPDATE SET seen_at = excluded.seen_at",
        (
            *(s.token_sha256, s.name, s.origin, s.role, s.version),
            *(s.opened_at.isoformat(), s.seen_at.isoformat(), s.until.isoformat()),
        ),
    )


def drop_sessions(db: sqlite3.Connection, tokens: list[str]) -> None:
    """Forgets them."""
    db.executemany("DELETE FROM sessions WHERE token_sha256 = ?", [(token,) for token in tokens])


def _session(row: tuple[Any, ...]) -> Session:
    token, name, origin, role, version, opened_at, seen_at, until = row
    return Session(
        token_sha256=token,
        name=name,
        origin=origin,
        role=role,
        version=version,
        opened_at=datetime.fromisoformat(opened_at),
        seen_at=datetime.fromisoformat(seen_at),
        until=datetime.fromisoformat(until),
    )
