"""How far each job has come: everything due up to `done_until` is done.

Whoever works on a job holds its row, so that of several service processes one does each piece, and the next one finds
it done. (On SQLite a transaction that writes holds everything.)
"""

from datetime import UTC, datetime

from sqlalchemy import select, text, update
from sqlalchemy.dialects import postgresql, sqlite

from gate.service.store.engine import Transaction
from gate.service.store.schema import jobs

BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
"""Before anything was licensed."""


async def reached(tx: Transaction, job: str) -> datetime | None:
    """Up to when the job is done; None: it has never run."""
    done: datetime | None = await tx.scalar(select(jobs.c.done_until).where(jobs.c.name == job))
    return done


async def hold(tx: Transaction, job: str, since: datetime) -> datetime:
    """The same, and the job is ours until the transaction ends. `since`: where one begins that has never run."""
    if tx.dialect == "postgresql":
        # Plans that are kept were made for the tables as they were when this run began: perhaps empty.
        await tx.execute(text("SET LOCAL plan_cache_mode = force_custom_plan"))
    insert = (postgresql if tx.dialect == "postgresql" else sqlite).insert(jobs)
    await tx.execute(insert.values(name=job, done_until=since).on_conflict_do_nothing())
    done: datetime = await tx.scalar(select(jobs.c.done_until).where(jobs.c.name == job).with_for_update())
    return done


async def move(tx: Transaction, job: str, until: datetime) -> None:
    """Everything up to then is done. Hold the job."""
    await tx.execute(update(jobs).where(jobs.c.name == job).values(done_until=until))
