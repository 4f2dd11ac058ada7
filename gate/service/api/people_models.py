"""People and organisations, in JSON: views of the operations' values."""

from datetime import date, datetime

from gate.licence.entitlement import Kind
from gate.licence.text import Language
from gate.service.api.fields import Out
from gate.service.operations.accounts import PasswordOrigin
from gate.service.operations.actor import Role


class MeOut(Out):
    """Who asks. `on_behalf_of`: the customer that a partner acts as."""

    id: str
    role: Role
    partner: str | None
    customer: str | None
    on_behalf_of: str | None


class UserOut(Out):
    """An account, without its secrets. `password_deadline`: an initial password must be changed before."""

    id: str
    email: str
    name: str
    role: Role
    partner: str | None
    customer: str | None
    language: Language
    password_origin: PasswordOrigin
    password_deadline: datetime | None
    created_at: datetime


class UsersOut(Out):
    """Accounts."""

    users: list[UserOut]


class PartnerOut(Out):
    """`primary` is set for a secondary partner."""

    id: str
    primary: str | None
    name: str
    created_at: datetime


class PartnersOut(Out):
    """In the order of their ids."""

    partners: list[PartnerOut]


class TotalsOut(Out):
    """What a primary partner sees of a secondary one."""

    partner: PartnerOut
    customers: int
    stock: int
    licences: int


class AllTotalsOut(Out):
    """Of all its secondary partners."""

    secondary: list[TotalsOut]


class CustomerOut(Out):
    """`licences`: those that are not over; `lapsed`: cameras whose last licence has expired."""

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


class CustomersOut(Out):
    """In the order of their ids; ask on with `after`."""

    customers: list[CustomerOut]


class CustomerAddedOut(Out):
    """A new customer and its first user."""

    customer: CustomerOut
    user: UserOut


class StockLineOut(Out):
    """Licences that are alike; also what is offered and not in stock."""

    kind: Kind
    months: int
    quantity: int


class StockOut(Out):
    """A partner's whole stock."""

    partner: str
    lines: list[StockLineOut]
