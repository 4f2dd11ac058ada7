"""Opens a recorder's access by its configuration; at the first start with users, there is an admin to begin with.

The admin's first password is shown once on the terminal, if there is one, and lies in FIRST_PASSWORD_NAME (mode 0600),
until somebody has changed a password of theirs. It is in no log.
"""

import asyncio
import contextlib
import hashlib
import logging
import os
import sqlite3
import sys
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

from gate.client.licensing import Licensing
from gate.clock import Clock
from gate.sign_in.passwords import Passwords
from recorder.access.access import Access
from recorder.access.audit import AuditLog
from recorder.access.database import NAME, AccessDatabase
from recorder.access.errors import AccessStoreError
from recorder.access.people import People
from recorder.access.users import add_user, load_users
from recorder.config import RecorderConfig

FIRST_ADMIN = "admin"
FIRST_PASSWORD_NAME = "first-password.txt"

_log = logging.getLogger(__name__)


@contextlib.asynccontextmanager
async def open_access(
    config: RecorderConfig, licensing: Licensing, clock: Clock, passwords: Passwords | None = None
) -> AsyncIterator[Access]:
    """`run` of what it gives must be running. `passwords`: cheaper ones, for tests. Raises AccessStoreError."""
    data_dir, uplink = config.device.data_dir, licensing.uplink

    def now() -> datetime:
        return licensing.gate.evidence().now

    database = await asyncio.to_thread(AccessDatabase, data_dir / NAME)
    audit = AuditLog(now=now)
    people = People(
        database=database,
        passwords=passwords if passwords is not None else await asyncio.to_thread(Passwords),
        audit=audit,
        now=now,
        service_counts=lambda: uplink is not None and uplink.status.code is None,
        first_password=data_dir / FIRST_PASSWORD_NAME,
    )
    access = Access(
        clock=clock,
        audit=audit,
        device=config.device.id,
        mode=config.remote.access_mode,
        database=database,
        people=people,
        judge=licensing.visitors,
    )
    try:
        if access.mode == "users":
            await _begin_with_an_admin(people, database, now(), data_dir / FIRST_PASSWORD_NAME)
        await people.load()
        yield access
    except sqlite3.Error as error:
        raise AccessStoreError(f"{data_dir / NAME}: users cannot be read or kept: {error}") from None
    finally:
        await access.close()
        await asyncio.to_thread(database.close)


def sign_in_place(service_url: str, device: str, nonce: str, back: str) -> str:
    """Where at the service people sign in for this device. `back`: the origin to come back to."""
    place = hashlib.sha256(back.lower().encode()).hexdigest()[:16]
    return f"{service_url.rstrip('/')}/devices/{quote(device, safe='')}/sign-in/{nonce}/{place}"


async def _begin_with_an_admin(people: People, database: AccessDatabase, now: datetime, path: Path) -> None:
    if await database.do(load_users):
        return
    password, password_hash = await people.temporary_password()
    await asyncio.to_thread(_keep, path, password)
    await database.do(
        lambda db: add_user(db, FIRST_ADMIN, password_hash=password_hash, role="admin", cameras=None, now=now)
    )
    if sys.stderr.isatty():
        print(f"\nfirst sign-in: user {FIRST_ADMIN}, password {password}\n", file=sys.stderr, flush=True)
    _log.warning("the first user is %s; its password lies in %s until it has been changed", FIRST_ADMIN, path)


def _keep(path: Path, password: str) -> None:
    try:
        path.unlink(missing_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "w") as file:
            file.write(password + "\n")
    except OSError as error:
        raise AccessStoreError(f"{path}: the first password cannot be kept: {error.strerror}") from None
