"""What nobody needs any more: sessions, challenges and resets that are over, old attempts, old keys. None of it is
in force: each is judged by its own time when it is used."""

import logging
from datetime import datetime, timedelta

from sqlalchemy import delete, select, tuple_
from sqlalchemy.exc import SQLAlchemyError

from gate.service.store.engine import Store
from gate.service.store.schema import challenges, idempotency, password_resets, sessions, sign_in_attempts

ATTEMPTS_KEPT = timedelta(days=90)
IDEMPOTENCY_KEPT = timedelta(days=30)
ROWS_PER_TRANSACTION = 5_000

_log = logging.getLogger(__name__)


async def tidy(store: Store, now: datetime) -> int:
    """Removes it, in small transactions; gives how many rows. A database that cannot is logged: next time again."""
    old = (
        (sessions, sessions.c.expires_at, now),
        (challenges, challenges.c.expires_at, now),
        (password_resets, password_resets.c.deadline, now),
        (sign_in_attempts, sign_in_attempts.c.at, now - ATTEMPTS_KEPT),
        (idempotency, idempotency.c.created_at, now - IDEMPOTENCY_KEPT),
    )
    removed = 0
    try:
        for table, column, until in old:
            keys = tuple_(*table.primary_key.columns)
            some = select(*table.primary_key.columns).where(column < until).limit(ROWS_PER_TRANSACTION)
            while True:
                async with store.begin() as tx:
                    count = (await tx.execute(delete(table).where(keys.in_(some)))).rowcount
                removed += count
                if count < ROWS_PER_TRANSACTION:
                    break
    except (SQLAlchemyError, OSError) as error:
        _log.warning("old rows stay for now: %s", error)
    return removed
