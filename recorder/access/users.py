"""The users of one recorder, in its own file. Every change is one transaction that looks first; a refusal is a code.

1. One admin who sees every camera always remains (last_admin): nobody locks everybody out.
2. Whatever changes about a user makes its sessions end (`version`), also those that watch at that moment.
3. A password that somebody else has set must be changed before anything is shown.
"""

import json
import re
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from recorder.access.actor import Role

USERS_MAX = 100
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}")

UserRefusal = Literal["user_malformed", "user_taken", "user_unknown", "last_admin", "too_many_users"]


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """`cameras` None: all. `version` grows with each change."""

    name: str
    password_hash: str
    role: Role
    cameras: frozenset[str] | None
    must_change: bool
    created_at: datetime
    version: int


def load_users(db: sqlite3.Connection) -> dict[str, User]:
    """By their names in lower case."""
    rows = db.execute(
        "SELECT name, password_hash, role, cameras, must_change, created_at, version FROM users ORDER BY name"
    ).fetchall()
    return {row[0].lower(): _user(row) for row in rows}


def add_user(
    db: sqlite3.Connection,
    name: str,
    *,
    password_hash: str,
    role: Role,
    cameras: frozenset[str] | None,
    now: datetime,
) -> UserRefusal | None:
    """A user who must change that password."""
    known = load_users(db)
    if not _NAME.fullmatch(name):
        return "user_malformed"
    if name.lower() in known:
        return "user_taken"
    if len(known) >= USERS_MAX:
        return "too_many_users"
    db.execute(
        "INSERT INTO users VALUES (?, ?, ?, ?, 1, ?, 1)", (name, password_hash, role, _text(cameras), now.isoformat())
    )
    return None


def remove_user(db: sqlite3.Connection, name: str) -> UserRefusal | None:
    """With all that it has open."""
    known = load_users(db)
    if name.lower() not in known:
        return "user_unknown"
    if not _admin_remains({key: user for key, user in known.items() if key != name.lower()}):
        return "last_admin"
    db.execute("DELETE FROM users WHERE name = ?", (name,))
    # a user of that name who comes later begins with the same version
    db.execute("DELETE FROM sessions WHERE origin = 'user' AND name = ? COLLATE NOCASE", (name,))
    return None


def change_user(db: sqlite3.Connection, name: str, *, role: Role, cameras: frozenset[str] | None) -> UserRefusal | None:
    """Another role, other cameras."""
    known = load_users(db)
    user = known.get(name.lower())
    if user is None:
        return "user_unknown"
    stays_admin = role == "admin" and cameras is None
    if not stays_admin and not _admin_remains({key: one for key, one in known.items() if key != name.lower()}):
        return "last_admin"
    if (user.role, user.cameras) != (role, cameras):
        db.execute(
            "UPDATE users SET role = ?, cameras = ?, version = version + 1 WHERE name = ?",
            (role, _text(cameras), name),
        )
    return None


def set_password(
    db: sqlite3.Connection, name: str, password_hash: str, *, must_change: bool, version: int | None = None
) -> UserRefusal | None:
    """`version`: only while the user is still that one. What was a mere rehash is `rehash_password`'s."""
    changed = db.execute(
        "UPDATE users SET password_hash = ?, must_change = ?, version = version + 1 "
        "WHERE name = ? AND version = coalesce(?, version)",
        (password_hash, must_change, name, version),
    )
    return None if changed.rowcount else "user_unknown"


def rehash_password(db: sqlite3.Connection, user: User, password_hash: str) -> None:
    """The same password, hashed with today's parameters: no session ends."""
    db.execute(
        "UPDATE users SET password_hash = ? WHERE name = ? AND version = ?", (password_hash, user.name, user.version)
    )


def _admin_remains(users: Mapping[str, User]) -> bool:
    return any(user.role == "admin" and user.cameras is None for user in users.values())


def _text(cameras: frozenset[str] | None) -> str | None:
    return None if cameras is None else json.dumps(sorted(cameras))


def _user(row: tuple[Any, ...]) -> User:
    name, password_hash, role, cameras, must_change, created_at, version = row
    return User(
        name=name,
        password_hash=password_hash,
        role=role,
        cameras=None if cameras is None else frozenset(json.loads(cameras)),
        must_change=bool(must_change),
        created_at=datetime.fromisoformat(created_at),
        version=version,
    )
