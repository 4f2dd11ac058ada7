"""The audit: who did what, when, for whom, and what was refused. Rows are only added."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gate.service.operations.actor import Actor
from gate.service.operations.refusals import Refusal
from gate.service.store.engine import Transaction

LIMIT_MAX = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditLine:
    """`refusal`: a code; None: it was done. `actor_name`: a user's name where there is one."""

    id: int
    at: datetime
    actor: str
    actor_name: str | None
    role: str
    on_behalf_of: str | None
    action: str
    subject: str | None
    partner: str | None
    customer: str | None
    refusal: str | None
    detail: dict[str, Any]
    address: str | None


async def record(
    tx: Transaction,
    actor: Actor,
    action: str,
    now: datetime,
    *,
    subject: str | None = None,
    partner: str | None = None,
    customer: str | None = None,
    refusal: Refusal | None = None,
    **detail: Any,
) -> None:
    """One row. `action` is `noun.verb` (`stock.purchase`). `partner` and `customer`: who may read it, beside the
    actor's own. No secrets in `detail`."""
    raise NotImplementedError


async def audit_log(
    tx: Transaction, actor: Actor, *, customer: str | None = None, before: int | None = None, limit: int = LIMIT_MAX
) -> list[AuditLine] | Refusal:
    """The newest first. The operator reads all, a partner what concerns it, a customer what concerns it, its partner's
    acts on its behalf included. NOT_ALLOWED for shared users."""
    raise NotImplementedError
