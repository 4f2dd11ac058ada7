""" "Forgot password" (R15): a random password by mail, beside the one that is in force.

Anybody may ask for one in anybody's name, so asking changes nothing for the account: its own password goes on, and the
mailed one takes its place only when somebody signs in with it.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from gate.licence.access import password_deadline
from gate.licence.rules import Rules
from gate.service.mail import letters, outbox
from gate.service.operations.accounts import actor_of, recipient_of, user_by_email
from gate.service.operations.actor import Actor
from gate.service.operations.audit import record
from gate.service.operations.refusals import ServiceCode, refusal
from gate.service.store.engine import Transaction
from gate.service.store.schema import password_resets, users

EMAIL_CHARACTERS_MAX = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Reset:
    """A mailed password that waits to be used. `deadline`: until when; None: no limit."""

    user: str
    password_hash: str
    given_at: datetime
    deadline: datetime | None


async def mail_new_password(
    tx: Transaction, email: str, password: str, password_hash: str, now: datetime, rules: Rules
) -> None:
    """Mails a password with a new day to use and change it, if there is such an account; the caller says the same in
    either case. Recorded in either case, too: the work must not tell of accounts."""
    user = await user_by_email(tx, email)
    if user is None or user.disabled_at is not None:
        nobody, why = Actor(id="unknown", role="system"), refusal(ServiceCode.UNKNOWN_USER)
        await record(tx, nobody, "password.mail", now, subject=email[:EMAIL_CHARACTERS_MAX], refusal=why)
        return
    deadline = password_deadline("mailed", now, rules)
    row = {"password_hash": password_hash, "given_at": now, "deadline": deadline}
    dialect = postgresql if tx.dialect == "postgresql" else sqlite
    await tx.execute(
        dialect.insert(password_resets)
        .values(user_id=user.id, **row)
        .on_conflict_do_update(index_elements=["user_id"], set_=row)
    )
    letter = letters.password_forgotten(
        recipient_of(user), password=password, expires=deadline, partner=user.partner, customer=user.customer
    )
    await outbox.write(tx, letter, now)
    await record(tx, actor_of(user), "password.mail", now, subject=user.id)


async def reset_of(tx: Transaction, user: str) -> Reset | None:
    """The password that waits for that account; also one that is over."""
    row = await tx.row(select(password_resets).where(password_resets.c.user_id == user))
    if row is None:
        return None
    return Reset(user=row.user_id, password_hash=row.password_hash, given_at=row.given_at, deadline=row.deadline)


async def take_reset(tx: Transaction, reset: Reset) -> None:
    """It was used: from now on it is the account's initial password, to be changed before its deadline."""
    changes = {
        "password_hash": reset.password_hash,
        "password_origin": "mailed",
        "password_given_at": reset.given_at,
        "password_deadline": reset.deadline,
    }
    await tx.execute(update(users).where(users.c.id == reset.user).values(**changes))
    await drop_reset(tx, reset.user)


async def drop_reset(tx: Transaction, user: str) -> None:
    """The account's own password was remembered."""
    await tx.execute(delete(password_resets).where(password_resets.c.user_id == user))
