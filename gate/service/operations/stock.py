"""A partner's stock (在庫; R2, decision 16). Nothing here begins a term. Give each change an idempotency key
(`operations.idempotency.once`)."""

from dataclasses import dataclass
from datetime import datetime

from gate.licence.entitlement import Kind
from gate.licence.rules import Rules
from gate.service.operations.actor import Actor
from gate.service.operations.refusals import Refusal
from gate.service.store.engine import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class StockLine:
    """Licences that are alike. `quantity` may be 0 for what is offered but not in stock."""

    kind: Kind
    months: int
    quantity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Stock:
    """A partner's whole stock, in order of kind and months."""

    partner: str
    lines: tuple[StockLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PurchaseStock:
    """`partner` None: the actor's own."""

    partner: str | None = None
    kind: Kind
    months: int
    quantity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveStock:
    """From the actor's partner to one of its secondary partners."""

    target: str
    kind: Kind
    months: int
    quantity: int


async def stock_of(tx: Transaction, actor: Actor, rules: Rules, partner: str | None = None) -> Stock | Refusal:
    """What the actor's partner holds, every offered term included; the operator names any partner."""
    raise NotImplementedError


async def purchase_stock(
    tx: Transaction, actor: Actor, request: PurchaseStock, now: datetime, rules: Rules
) -> Stock | Refusal:
    """Into stock: by the operator for anybody, by a primary partner for itself (the shop is simulated). NOT_ALLOWED,
    QUANTITY, NOT_OFFERED, UNKNOWN_PARTNER."""
    raise NotImplementedError


async def move_stock(tx: Transaction, actor: Actor, request: MoveStock, now: datetime, rules: Rules) -> Stock | Refusal:
    """To a secondary partner. Gives what is left. NO_STOCK, NOT_SECONDARY, QUANTITY."""
    raise NotImplementedError
