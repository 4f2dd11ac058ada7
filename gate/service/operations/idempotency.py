"""Doing something once, however often it is asked for: a form sent twice, a request repeated after a lost answer."""

import hashlib
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TypeVar

from sqlalchemy import delete, select, update

from gate.service.operations.actor import Actor
from gate.service.operations.refusals import Refusal, ServiceCode, refusal
from gate.service.store.engine import Transaction
from gate.service.store.once_only import insert_new
from gate.service.store.schema import idempotency

KEY_CHARACTERS_MAX = 200

T = TypeVar("T")


async def once(
    tx: Transaction,
    actor: Actor,
    key: str | None,
    request: str,
    now: datetime,
    work: Callable[[], Awaitable[T | Refusal]],
    *,
    write: Callable[[T], str],
    read: Callable[[str], T],
) -> T | Refusal:
    """Does `work` in this transaction and keeps its result under (actor, key); asked again, gives the kept one. A
    refusal is not kept: it may be tried again. `request`: what was asked, as text; the same key for something else is
    KEY_REUSED. `key` None: just does it. Two at once: the second waits for the first."""
    if key is None:
        return await work()
    digest = hashlib.sha256(request.encode()).hexdigest()
    who = actor.id if actor.on_behalf_of is None else f"{actor.id} for {actor.on_behalf_of}"
    mine = (idempotency.c.actor == who) & (idempotency.c.key == key)
    claim = {"actor": who, "key": key, "request_sha256": digest, "created_at": now}
    if not await insert_new(tx, idempotency, claim, "actor", "key"):
        row = await tx.row(select(idempotency).where(mine))
        if row is None or row.request_sha256 != digest or row.answer is None:
            return refusal(ServiceCode.KEY_REUSED)
        return read(row.answer)
    result = await work()
    if isinstance(result, Refusal):
        await tx.execute(delete(idempotency).where(mine))
        return result
    await tx.execute(update(idempotency).where(mine).values(answer=write(result)))
    return result
