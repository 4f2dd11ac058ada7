"""Who may do and see what (R14, R15, R17; decisions 14, 15 and 16)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from gate.licence.rules import ProxyAction, Rules
from gate.licence.state import State

PasswordOrigin = Literal["mailed", "temporary"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """What a partner sees. `customers` are listed; of its secondary partners' customers and licences only the numbers,
    by partner, unless the rules show them."""

    customers: tuple[str, ...]
    secondary_customers: dict[str, int]
    secondary_stock: dict[str, int]
    secondary_licences: dict[str, int]


def password_deadline(origin: PasswordOrigin, given_at: datetime, rules: Rules) -> datetime | None:
    """Until when an initial password must be changed; None: no limit. `mailed`: a random one (R15), "forgot password"
    gives a new one and a new day; `temporary`: chosen by the partner (R14)."""
    lasts = rules.mailed_password_lasts if origin == "mailed" else rules.temporary_password_lasts
    return None if lasts is None else given_at + lasts


def may_by_proxy(action: ProxyAction, signed_in_at: datetime, now: datetime, rules: Rules) -> bool:
    """Whether a partner that acts as its customer (代理ログイン) may do that, now."""
    return action in rules.proxy_login.may and signed_in_at <= now < signed_in_at + rules.proxy_login.lasts


def overview(state: State, partner: str, rules: Rules) -> Overview:
    """What that partner sees of customers, stock and licences."""
    secondary = sorted(one.id for one in state.partners.values() if one.primary == partner)
    seen = {partner, *(secondary if rules.primary_sees == "customers" else ())}
    owners = {one.id: one.partner for one in state.customers.values()}
    return Overview(
        customers=tuple(sorted(customer for customer, owner in owners.items() if owner in seen)),
        secondary_customers={one: sum(owner == one for owner in owners.values()) for one in secondary},
        secondary_stock={
            one: sum(left for key, left in state.stock.items() if key.partner == one) for one in secondary
        },
        secondary_licences={
            one: sum(owners[licence.customer] == one for licence in state.licences.values()) for one in secondary
        },
    )
