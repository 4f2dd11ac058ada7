"""Attempts to sign in, counted for the throttle (`gate.sign_in.throttle`) across all service processes."""

import zlib
from datetime import datetime, timedelta

from sqlalchemy import Column, Select, delete, func, insert, select, text, update

from gate.service.store.engine import Transaction
from gate.service.store.schema import sign_in_attempts
from gate.sign_in.throttle import ACCOUNT_FREE, ADDRESS_FREE, FORGOTTEN_AFTER, Failures, wait_of

EMAIL_CHARACTERS_MAX = 254


async def begin_attempt(tx: Transaction, email: str, address: str, now: datetime) -> int | timedelta:
    """Counts an attempt and gives its number; or how long to wait, and counts nothing. Attempts that are forgotten are
    deleted."""
    email = email[:EMAIL_CHARACTERS_MAX]
    if tx.dialect == "postgresql":  # two at once must not both be the last free one
        for name in sorted((email, address)):
            await tx.execute(text("SELECT pg_advisory_xact_lock(:key)").bindparams(key=zlib.crc32(name.encode())))
    attempts = sign_in_attempts.c
    await tx.execute(delete(sign_in_attempts).where(attempts.at < now - 2 * FORGOTTEN_AFTER))
    since = now - FORGOTTEN_AFTER
    success = await tx.scalar(
        select(func.max(attempts.id)).where(attempts.email == email, attempts.succeeded, attempts.at > since)
    )
    by_account = _failures(attempts.email, email, since).where(attempts.id > (success or 0))
    waits = (
        wait_of(await _counted(tx, by_account), ACCOUNT_FREE, now),
        wait_of(await _counted(tx, _failures(attempts.address, address, since)), ADDRESS_FREE, now),
    )
    if max(waits) > timedelta():
        return max(waits)
    row = insert(sign_in_attempts).values(email=email, address=address, at=now, succeeded=False)
    return int(await tx.scalar(row.returning(attempts.id)))


async def attempt_succeeded(tx: Transaction, attempt: int) -> None:
    """It was the right password."""
    await tx.execute(update(sign_in_attempts).where(sign_in_attempts.c.id == attempt).values(succeeded=True))


def _failures(column: Column[str], value: str, since: datetime) -> Select[int, datetime | None]:
    attempts = sign_in_attempts.c
    return select(func.count(), func.max(attempts.at)).where(column == value, ~attempts.succeeded, attempts.at > since)


async def _counted(tx: Transaction, statement: Select[int, datetime | None]) -> Failures:
    row = await tx.row(statement)
    return Failures(count=row[0], last_at=row[1])
