"""The outbox: letters wait here, in the order they were written, until a mail server has them.

1. A letter is written in the transaction that gives cause for it: both happen, or neither.
2. On PostgreSQL whoever sends a mail holds its row; others pass it by. SQLite has one service process.
3. What was sent stays as the mail log, without its secrets.
"""

import itertools
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from gate.clock import ns_of
from gate.licence.text import Language
from gate.service.mail.letters import Letter
from gate.service.store.engine import Transaction
from gate.service.store.schema import outbox

RETRY_AFTER = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 240, 480))
"""After the first failed attempt, the second, and so on; the last one then stays."""
TRIED_FOR = timedelta(days=4)
ATTEMPTS_MIN = 8
"""A mail is given up after both. By attempts alone an outage of an hour would lose mails; by days alone a clock that
jumps months would."""
ROWS_PER_STATEMENT = 500

_numbers = itertools.count()
_WAITING = (outbox.c.sent_at.is_(None), outbox.c.given_up_at.is_(None))


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingMail:
    """A row that is to be sent."""

    id: str
    kind: str
    language: Language
    recipient: str
    name: str
    values: Mapping[str, Any]
    secrets: Mapping[str, str]
    created_at: datetime
    attempts: int


async def write(tx: Transaction, letter: Letter, now: datetime) -> str | None:
    """Puts a letter into the outbox, due now; gives its id, or None where one with its key was written before."""
    return (await write_all(tx, (letter,), now))[0]


async def write_all(tx: Transaction, letters: Iterable[Letter], now: datetime) -> list[str | None]:
    """The same for many, in their order."""
    insert = (postgresql if tx.dialect == "postgresql" else sqlite).insert(outbox)
    rows = [_row(letter, now) for letter in letters]
    written: set[str] = set()
    statement = insert.on_conflict_do_nothing(index_elements=["key"]).returning(outbox.c.id)
    for first in range(0, len(rows), ROWS_PER_STATEMENT):
        batch = rows[first : first + ROWS_PER_STATEMENT]
        written |= {row.id for row in await tx.execute(statement, batch)}
    tx.wrote_mail = tx.wrote_mail or bool(written)
    return [row["id"] if row["id"] in written else None for row in rows]


def _row(letter: Letter, now: datetime) -> dict[str, Any]:
    return {
        "id": new_mail_id(now),
        "kind": letter.kind,
        "language": letter.to.language,
        "recipient": letter.to.email,
        "partner_id": letter.partner,
        "customer_id": letter.customer,
        "key": letter.key,
        "fields": {"name": letter.to.name, "values": dict(letter.values), "secrets": dict(letter.secrets)},
        "created_at": now,
        "due_at": now,
    }


def new_mail_id(now: datetime) -> str:
    """Ascending within a process, and across them by time; it is in the Message-ID, so it tells nothing else."""
    return f"{ns_of(now) // 1_000_000:012x}{next(_numbers) & 0xFFFFFF:06x}{secrets.token_hex(7)}"


async def next_waiting(tx: Transaction, now: datetime) -> WaitingMail | None:
    """The oldest that is due and that nobody else is sending; it is ours until the transaction ends."""
    row = await tx.row(
        select(outbox)
        .where(*_WAITING, outbox.c.due_at <= now)
        .order_by(outbox.c.due_at, outbox.c.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    if row is None:
        return None
    return WaitingMail(
        id=row.id,
        kind=row.kind,
        language=row.language,
        recipient=row.recipient,
        name=row.fields["name"],
        values=row.fields["values"],
        secrets=row.fields.get("secrets", {}),
        created_at=row.created_at,
        attempts=row.attempts,
    )


async def is_due(tx: Transaction, now: datetime) -> bool:
    """Whether anything is to be sent now, by whomever."""
    return await tx.row(select(outbox.c.id).where(*_WAITING, outbox.c.due_at <= now).limit(1)) is not None


async def next_due(tx: Transaction, *, after: datetime) -> datetime | None:
    """When the next waiting mail becomes due."""
    due: datetime | None = await tx.scalar(select(func.min(outbox.c.due_at)).where(*_WAITING, outbox.c.due_at > after))
    return due


async def mark_sent(tx: Transaction, mail: WaitingMail, now: datetime, *, subject: str, body: str) -> None:
    """`subject` and `body` as they are kept: without secrets."""
    await tx.execute(
        update(outbox)
        .where(outbox.c.id == mail.id)
        .values(sent_at=now, attempts=mail.attempts + 1, subject=subject, body=body, error=None, fields=_kept(mail))
    )


async def mark_failed(tx: Transaction, mail: WaitingMail, now: datetime, *, error: str, for_good: bool) -> bool:
    """Sets the next attempt, or gives the mail up, with its secrets. Tells whether it was given up."""
    attempts = mail.attempts + 1
    values: dict[str, Any] = {"attempts": attempts, "error": error}
    over = for_good or (attempts >= ATTEMPTS_MIN and now - mail.created_at >= TRIED_FOR)
    if over:
        values |= {"given_up_at": now, "fields": _kept(mail)}
    else:
        values["due_at"] = now + RETRY_AFTER[min(attempts, len(RETRY_AFTER)) - 1]
    await tx.execute(update(outbox).where(outbox.c.id == mail.id).values(values))
    return over


def _kept(mail: WaitingMail) -> dict[str, Any]:
    """The secrets' names stay, so that the mail can be shown with masks."""
    return {"name": mail.name, "values": dict(mail.values), "secrets": dict.fromkeys(mail.secrets, "")}
