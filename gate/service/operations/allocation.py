"""Allocation (割り当て): from a partner's stock into a customer's pool, irrevocably (R3, R8, R10, R12, R25), and
what it would give on a day. Give `allocate` an idempotency key (`operations.idempotency.once`)."""

from dataclasses import dataclass
from datetime import date, datetime

from gate.licence.counting import Preview
from gate.licence.entitlement import Kind
from gate.licence.facts import CameraKey
from gate.licence.rules import Rules
from gate.licence.state import Licence
from gate.service.operations.actor import Actor
from gate.service.operations.refusals import Refusal
from gate.service.store.engine import Transaction

DAYS_AHEAD_MAX = 3660


@dataclass(frozen=True, slots=True, kw_only=True)
class Allocate:
    """No camera is named (R12)."""

    customer: str
    kind: Kind
    months: int
    quantity: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Allocated:
    """The new licences, the cameras that came back by it (R25), and what is left in stock of this kind and term."""

    licences: tuple[Licence, ...]
    restored: tuple[CameraKey, ...]
    stock_left: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AllocationPreview:
    """What the first licence of an allocation at `at` would be; `stock_left` are in stock now."""

    at: datetime
    stock_left: int
    preview: Preview


async def preview_allocation(
    tx: Transaction, actor: Actor, request: Allocate, on: date | None, now: datetime, rules: Rules
) -> AllocationPreview | Refusal:
    """Today (`on` None, or today's local day), or from the first instant of the local day `on`, with the days burnt or
    gained. Changes nothing. UNKNOWN_CUSTOMER, NOT_OFFERED, IN_THE_PAST, TOO_FAR_AHEAD."""
    raise NotImplementedError


async def allocate(
    tx: Transaction, actor: Actor, request: Allocate, now: datetime, rules: Rules
) -> Allocated | Refusal:
    """By the customer's own partner. Of two that want the last licence one wins, and the other is told NO_STOCK.
    UNKNOWN_CUSTOMER, QUANTITY, NO_STOCK, NOT_ALLOWED."""
    raise NotImplementedError
