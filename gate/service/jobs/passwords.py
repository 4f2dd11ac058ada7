"""Initial passwords that were not changed in time (R15): whoever has one is told, and how to get another. The password
itself stops by its deadline, not by this job."""

from datetime import datetime

from sqlalchemy import func, select

from gate.service.jobs import watermark
from gate.service.mail import outbox
from gate.service.mail.letters import Recipient, password_expired
from gate.service.store.engine import Store, Transaction
from gate.service.store.schema import users

NAME = "passwords"
_INITIAL = (users.c.password_origin != "own", users.c.disabled_at.is_(None))


class PasswordJob:
    """Writes to those whose deadline has come."""

    name = NAME

    def __init__(self, store: Store) -> None:
        self._store = store

    async def next(self, tx: Transaction) -> datetime | None:
        """The next deadline that has not been looked at."""
        done = await watermark.reached(tx, NAME) or watermark.BEGINNING
        deadline: datetime | None = await tx.scalar(
            select(func.min(users.c.password_deadline)).where(users.c.password_deadline > done, *_INITIAL)
        )
        return deadline

    async def do(self, instant: datetime, now: datetime) -> None:
        """Those up to the instant."""
        async with self._store.begin() as tx:
            since = await watermark.hold(tx, NAME, watermark.BEGINNING)
            rows = await tx.rows(
                select(users)
                .where(users.c.password_deadline > since, users.c.password_deadline <= instant, *_INITIAL)
                .order_by(users.c.password_deadline, users.c.id)
            )
            letters = [
                password_expired(
                    Recipient(email=row.email, name=row.name, language=row.language),
                    account=row.id,
                    expired=row.password_deadline,
                    partner=row.partner_id,
                    customer=row.customer_id,
                )
                for row in rows
            ]
            await outbox.write_all(tx, letters, now)
            if since < instant:
                await watermark.move(tx, NAME, instant)
