"""The history of allocations (割り当て履歴, R11): the ledger's facts, as people read them."""

from dataclasses import dataclass
from datetime import datetime

from gate.licence.facts import Fact
from gate.licence.rules import Rules
from gate.service.operations.actor import Actor
from gate.service.operations.refusals import Refusal
from gate.service.store.engine import Transaction

LIMIT_MAX = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryLine:
    """One fact with the names of those it is about. `actor_name`: a user's name, or `system`."""

    seq: int
    fact: Fact
    actor_name: str
    partner_name: str | None
    customer_name: str | None
    customer_email: str | None


async def history(
    tx: Transaction,
    actor: Actor,
    now: datetime,
    rules: Rules,
    *,
    customer: str | None = None,
    kinds: frozenset[str] | None = None,
    before: int | None = None,
    limit: int = LIMIT_MAX,
) -> list[HistoryLine] | Refusal:
    """Facts, the newest first, those before the number `before`. By a partner: its own, or one of its customers'; by a
    customer (or as one): its own. `kinds`: names of facts (`LicenceAllocated`, …). UNKNOWN_CUSTOMER, NOT_BY_PROXY."""
    raise NotImplementedError
