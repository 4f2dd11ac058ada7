"""Customers of a partner (お客さま): adding, finding, listing (R12, R14 to R16)."""

from dataclasses import dataclass
from datetime import date, datetime

from gate.licence.rules import Rules
from gate.service.operations.accounts import NewUser, PasswordOrigin, User
from gate.service.operations.actor import Actor
from gate.service.operations.refusals import Refusal
from gate.service.store.engine import Transaction

LIMIT_MAX = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """A customer as its partner's list shows it. `licences`: those whose term is not over, of either kind; `lapsed`:
    cameras that no licence covers now, though one did; `next_last_day`: of the licence that ends next."""

    id: str
    partner: str
    name: str
    email: str
    created_at: datetime
    password_origin: PasswordOrigin | None
    licences: int
    cameras: int
    lapsed: int
    next_last_day: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerAdded:
    """A new customer and its first user."""

    customer: Customer
    user: User


async def add_customer(
    tx: Transaction, actor: Actor, request: NewUser, now: datetime, rules: Rules
) -> CustomerAdded | Refusal:
    """A customer of the actor's partner, with its first user: a temporary password (R14) that the partner tells, or a
    random one that is mailed (R15). EMAIL_TAKEN, NOT_ALLOWED."""
    raise NotImplementedError


async def customers(
    tx: Transaction,
    actor: Actor,
    now: datetime,
    rules: Rules,
    *,
    search: str = "",
    after: str = "",
    limit: int = LIMIT_MAX,
) -> list[Customer] | Refusal:
    """The partner's own customers, in the order of their ids after `after`; where the rules show them (`primary_sees:
    customers`) also its secondary partners'. `search`: a part of name or e-mail address. NOT_ALLOWED."""
    raise NotImplementedError


async def customer(tx: Transaction, actor: Actor, customer: str, now: datetime, rules: Rules) -> Customer | Refusal:
    """One customer: by its partner, or itself. UNKNOWN_CUSTOMER."""
    raise NotImplementedError


async def customer_by_email(
    tx: Transaction, actor: Actor, email: str, now: datetime, rules: Rules
) -> Customer | Refusal:
    """R12: the partner's own customer with exactly this address. UNKNOWN_EMAIL, also for another partner's."""
    raise NotImplementedError


async def rename_customer(
    tx: Transaction, actor: Actor, customer: str, name: str, now: datetime, rules: Rules
) -> Customer | Refusal:
    """Another name for it, by its partner or itself. UNKNOWN_CUSTOMER."""
    raise NotImplementedError
