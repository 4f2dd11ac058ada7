"""Endpoints about people and organisations: who asks, partners, secondary partners, customers, stock."""

from typing import Literal

from gate.licence.entitlement import Kind
from gate.licence.text import Language
from gate.service.api.endpoint import Call, Endpoint
from gate.service.api.fields import Email, Id, In, Limit, Line, Months, Password, Quantity, Search
from gate.service.api.people_models import (
    AllTotalsOut,
    CustomerAddedOut,
    CustomerOut,
    CustomersOut,
    MeOut,
    PartnerOut,
    PartnersOut,
    StockOut,
    UserOut,
    UsersOut,
)
from gate.service.operations import accounts, customers, partners, stock
from gate.service.operations.accounts import NewUser
from gate.service.operations.partners import NewPartner
from gate.service.operations.refusals import Refusal
from gate.service.operations.stock import MoveStock, PurchaseStock
from gate.sign_in.passwords import Passwords, random_password


class NewUserIn(In):
    """`password` null: a random one is mailed, to be changed within the time that the rules give (R15)."""

    email: Email
    name: Line
    language: Language = "ja"
    password: Password | None = None


class NewPartnerIn(In):
    """A partner with its first user."""

    name: Line
    user: NewUserIn


class RenameIn(In):
    """Another name."""

    name: Line


class PageQuery(In):
    """`after`: the last id of the page before."""

    after: Id | None = None
    limit: Limit = 100


class CustomersQuery(PageQuery):
    """`search`: a part of the name or e-mail address; `email`: exactly this one (R12)."""

    search: Search = ""
    email: Email | None = None


class StockQuery(In):
    """The operator names a partner."""

    partner: Id | None = None


class PurchaseIn(In):
    """`partner`: named by the operator only."""

    partner: Id | None = None
    kind: Kind
    months: Months
    quantity: Quantity


class MoveIn(In):
    """To a secondary partner."""

    target: Id
    kind: Kind
    months: Months
    quantity: Quantity


async def _with_password(user: NewUserIn, passwords: Passwords) -> NewUser:
    origin: Literal["temporary", "mailed"] = "mailed" if user.password is None else "temporary"
    password = user.password or random_password()
    return NewUser(
        email=user.email,
        name=user.name,
        language=user.language,
        password_hash=await passwords.hash(password),
        password_origin=origin,
        password=password if origin == "mailed" else None,
    )


async def _partner_with_password(body: NewPartnerIn, passwords: Passwords) -> NewUser:
    return await _with_password(body.user, passwords)


async def _me(call: Call) -> MeOut:
    return MeOut.model_validate(call.actor)


async def _partners(call: Call) -> PartnersOut | Refusal:
    found = await partners.partners(call.tx, call.actor, after=call.query.after or "", limit=call.query.limit)
    return found if isinstance(found, Refusal) else PartnersOut(partners=[PartnerOut.model_validate(p) for p in found])


async def _add_partner(call: Call) -> PartnerOut | Refusal:
    request = NewPartner(name=call.body.name, user=call.prepared)
    return PartnerOut.of(await partners.add_partner(call.tx, call.actor, request, call.now, call.rules))


async def _totals(call: Call) -> AllTotalsOut | Refusal:
    found = await partners.secondary_totals(call.tx, call.actor)
    return found if isinstance(found, Refusal) else AllTotalsOut.model_validate({"secondary": found})


async def _add_partner_user(call: Call) -> UserOut | Refusal:
    partner = call.path["partner"]
    added = await accounts.add_partner_user(call.tx, call.actor, partner, call.prepared, call.now, call.rules)
    return UserOut.of(added)


async def _customers(call: Call) -> CustomersOut | Refusal:
    query = call.query
    if query.email is not None:
        one = await customers.customer_by_email(call.tx, call.actor, query.email, call.now)
        return one if isinstance(one, Refusal) else CustomersOut.model_validate({"customers": [one]})
    found = await customers.customers(
        call.tx, call.actor, call.now, call.rules, search=query.search, after=query.after or "", limit=query.limit
    )
    return found if isinstance(found, Refusal) else CustomersOut.model_validate({"customers": found})


async def _add_customer(call: Call) -> CustomerAddedOut | Refusal:
    return CustomerAddedOut.of(await customers.add_customer(call.tx, call.actor, call.prepared, call.now, call.rules))


async def _customer(call: Call) -> CustomerOut | Refusal:
    found = await customers.customer(call.tx, call.actor, call.path["customer"], call.now, call.rules)
    return CustomerOut.of(found)


async def _rename_customer(call: Call) -> CustomerOut | Refusal:
    one, name = call.path["customer"], call.body.name
    return CustomerOut.of(await customers.rename_customer(call.tx, call.actor, one, name, call.now, call.rules))


async def _shared_users(call: Call) -> UsersOut | Refusal:
    found = await accounts.shared_users(call.tx, call.actor)
    return found if isinstance(found, Refusal) else UsersOut.model_validate({"users": found})


async def _add_shared_user(call: Call) -> UserOut | Refusal:
    added = await accounts.add_shared_user(call.tx, call.actor, call.prepared, call.now, call.rules)
    return UserOut.of(added)


async def _remove_shared_user(call: Call) -> Refusal | None:
    gone = await accounts.remove_shared_user(call.tx, call.actor, call.path["user"], call.now)
    return gone if isinstance(gone, Refusal) else None


async def _stock(call: Call) -> StockOut | Refusal:
    return StockOut.of(await stock.stock_of(call.tx, call.actor, call.rules, call.query.partner))


async def _purchase(call: Call) -> StockOut | Refusal:
    request = PurchaseStock(**call.body.model_dump())
    return StockOut.of(await stock.purchase_stock(call.tx, call.actor, request, call.now, call.rules))


async def _move(call: Call) -> StockOut | Refusal:
    request = MoveStock(**call.body.model_dump())
    return StockOut.of(await stock.move_stock(call.tx, call.actor, request, call.now, call.rules))


ENDPOINTS = (
    Endpoint(
        method="GET", path="/me", name="showMe", tag="people", summary="Who asks", handle=_me, answer=MeOut
    ),
    Endpoint(
        method="GET", path="/partners", name="listPartners", tag="people", handle=_partners, query=PageQuery,
        summary="Oneself and one's secondary partners; the operator's: all", answer=PartnersOut, refusals=(403,),
    ),
    Endpoint(
        method="POST", path="/partners", name="addPartner", tag="people", handle=_add_partner, body=NewPartnerIn,
        summary="By the operator a partner, by a partner a secondary one", answer=PartnerOut, status=201,
        refusals=(403, 404, 409), prepare=_partner_with_password,
    ),
    Endpoint(
        method="GET", path="/partners/secondary", name="listSecondaryTotals", tag="people", handle=_totals,
        summary="Secondary partners with their totals", answer=AllTotalsOut, refusals=(403,),
    ),
    Endpoint(
        method="POST", path="/partners/{partner}/users", name="addPartnerUser", tag="people",
        handle=_add_partner_user, body=NewUserIn, summary="One more user of a partner", answer=UserOut, status=201,
        refusals=(403, 404, 409), prepare=_with_password,
    ),
    Endpoint(
        method="GET", path="/customers", name="listCustomers", tag="people", handle=_customers, query=CustomersQuery,
        summary="The partner's customers, or the one with an address", answer=CustomersOut, refusals=(403, 404),
    ),
    Endpoint(
        method="POST", path="/customers", name="addCustomer", tag="people", handle=_add_customer, body=NewUserIn,
        summary="Add a customer, with a temporary or a mailed password", answer=CustomerAddedOut, status=201,
        refusals=(403, 404, 409), prepare=_with_password,
    ),
    Endpoint(
        method="GET", path="/customers/{customer}", name="showCustomer", tag="people", handle=_customer,
        summary="One customer", answer=CustomerOut, refusals=(403, 404),
    ),
    Endpoint(
        method="PATCH", path="/customers/{customer}", name="renameCustomer", tag="people", handle=_rename_customer,
        body=RenameIn, summary="Another name for a customer", answer=CustomerOut, refusals=(403, 404),
    ),
    Endpoint(
        method="GET", path="/shared-users", name="listSharedUsers", tag="people", handle=_shared_users,
        summary="The customer's view-only users", answer=UsersOut, refusals=(403,),
    ),
    Endpoint(
        method="POST", path="/shared-users", name="addSharedUser", tag="people", handle=_add_shared_user,
        body=NewUserIn, summary="One more view-only user", answer=UserOut, status=201, refusals=(403, 409),
        prepare=_with_password,
    ),
    Endpoint(
        method="DELETE", path="/shared-users/{user}", name="removeSharedUser", tag="people",
        handle=_remove_shared_user, summary="End a view-only user's account", status=204, refusals=(403, 404),
    ),
    Endpoint(
        method="GET", path="/stock", name="showStock", tag="licences", handle=_stock, query=StockQuery,
        summary="What a partner has in stock", answer=StockOut, refusals=(403, 404),
    ),
    Endpoint(
        method="POST", path="/stock/purchases", name="purchaseStock", tag="licences", handle=_purchase,
        body=PurchaseIn, summary="Buy licences into stock", answer=StockOut, status=201, refusals=(403, 404, 409),
        once=True,
    ),
    Endpoint(
        method="POST", path="/stock/moves", name="moveStock", tag="licences", handle=_move, body=MoveIn,
        summary="Move stock to a secondary partner", answer=StockOut, status=201, refusals=(403, 404, 409), once=True,
    ),
)  # fmt: skip
