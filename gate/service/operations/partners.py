"""Partners (販売店) and secondary partners (二次店); decision 16."""

from dataclasses import dataclass
from datetime import datetime

from gate.licence.rules import Rules
from gate.service.operations.accounts import NewUser
from gate.service.operations.actor import Actor
from gate.service.operations.refusals import Refusal
from gate.service.store.engine import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Partner:
    """`primary` is set for a secondary partner."""

    id: str
    primary: str | None
    name: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPartner:
    """A partner with its first user."""

    name: str
    user: NewUser


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondaryTotals:
    """What a primary partner sees of a secondary one."""

    partner: Partner
    customers: int
    stock: int
    licences: int


async def add_partner(
    tx: Transaction, actor: Actor, request: NewPartner, now: datetime, rules: Rules
) -> Partner | Refusal:
    """By the operator: a primary partner. By a partner: a secondary partner of its own. EMAIL_TAKEN, NOT_ALLOWED."""
    raise NotImplementedError


async def partner_of(tx: Transaction, actor: Actor) -> Partner | Refusal:
    """The actor's own. NOT_ALLOWED."""
    raise NotImplementedError


async def partners(tx: Transaction, actor: Actor, *, after: str = "", limit: int = 100) -> list[Partner] | Refusal:
    """By the operator: all, in the order of their ids, those after `after`. By a partner: itself and its secondary
    partners."""
    raise NotImplementedError


async def secondary_totals(tx: Transaction, actor: Actor, rules: Rules) -> list[SecondaryTotals] | Refusal:
    """The partner's secondary partners with their totals."""
    raise NotImplementedError
