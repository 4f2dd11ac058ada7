"""Doing something once, however often it is asked for: a form sent twice, a request repeated after a lost answer."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import TypeVar

from gate.service.operations.actor import Actor
from gate.service.operations.refusals import Refusal
from gate.service.store.engine import Transaction

KEPT = timedelta(days=7)
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
    raise NotImplementedError
