"""Customers of a partner (お客さま): adding, finding, listing (R12, R14 to R16)."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Select, delete, exists, func, insert, or_, select, update

from gate.licence.refusals import Refused
from gate.licence.rules import Rules
from gate.licence.stock import plan_add_customer
from gate.service.operations.accounts import NewUser, PasswordOrigin, User, insert_user, normal_email
from gate.service.operations.actor import Actor
from gate.service.operations.audit import record, refuse
from gate.service.operations.permission import as_partner, by_of, new_id, own_customer, seen_partners, visible_customer
from gate.service.operations.refusals import Refusal, ServiceCode, refusal, refusal_of
from gate.service.store import schema
from gate.service.store.engine import Transaction
from gate.service.store.ledger import append, load_state

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
    partner = as_partner(actor)
    if isinstance(partner, Refusal):
        return await refuse(tx, actor, "customer.add", now, partner)
    identity = new_id()
    state = await load_state(tx, partners=[partner], lock=True)
    facts = plan_add_customer(state, by_of(actor, now), partner=partner, customer=identity)
    if isinstance(facts, Refused):
        return await refuse(tx, actor, "customer.add", now, refusal_of(facts))
    email = normal_email(request.email)
    row = {"id": identity, "partner_id": partner, "name": request.name, "email": email, "created_at": now}
    await tx.execute(insert(schema.customers).values(**row))
    user = await insert_user(tx, actor, request, "customer", now, rules, customer=identity)
    if isinstance(user, Refusal):
        await tx.execute(delete(schema.customers).where(schema.customers.c.id == identity))
        return await refuse(tx, actor, "customer.add", now, user, email=email)
    await append(tx, facts, state)
    await record(tx, actor, "customer.add", now, subject=identity, customer=identity, email=email)
    added = await tx.row(_customers(now).where(schema.customers.c.id == identity))
    return CustomerAdded(customer=_customer(added), user=user)


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
    customers`) also its secondary partners'. The operator's: all. `search`: a part of name or e-mail address.
    NOT_ALLOWED."""
    query = _customers(now).where(schema.customers.c.id > after).order_by(schema.customers.c.id)
    if actor.role != "operator":
        partner = as_partner(actor)
        if isinstance(partner, Refusal):
            return partner
        query = query.where(schema.customers.c.partner_id.in_(sorted(await seen_partners(tx, partner, rules))))
    if search.strip():
        part = search.strip()
        named = schema.customers.c.name.icontains(part, autoescape=True)
        query = query.where(or_(named, schema.customers.c.email.icontains(part, autoescape=True)))
    return [_customer(row) for row in await tx.rows(query.limit(min(max(limit, 1), LIMIT_MAX)))]


async def customer(
    tx: Transaction, actor: Actor, customer: str | None, now: datetime, rules: Rules
) -> Customer | Refusal:
    """One customer: by its partner, or itself (None). UNKNOWN_CUSTOMER."""
    found = await visible_customer(tx, actor, customer, "view_licences", now, rules)
    if isinstance(found, Refusal):
        return found
    return _customer(await tx.row(_customers(now).where(schema.customers.c.id == found)))


async def customer_by_email(tx: Transaction, actor: Actor, email: str, now: datetime) -> Customer | Refusal:
    """R12: the partner's own customer with exactly this address. UNKNOWN_EMAIL, also for another partner's."""
    partner = as_partner(actor)
    if isinstance(partner, Refusal):
        return partner
    mine = _customers(now).where(schema.customers.c.partner_id == partner)
    row = await tx.row(mine.where(schema.customers.c.email == normal_email(email)))
    return refusal(ServiceCode.UNKNOWN_EMAIL, email=email.strip()) if row is None else _customer(row)


async def rename_customer(
    tx: Transaction, actor: Actor, customer: str | None, name: str, now: datetime, rules: Rules
) -> Customer | Refusal:
    """Another name for it, by its very own partner, itself or the operator. UNKNOWN_CUSTOMER, NOT_BY_PROXY, NOT_ALLOWED
    for shared users."""
    problem = refusal(ServiceCode.NOT_BY_PROXY) if actor.on_behalf_of is not None else None
    if actor.role == "shared":
        problem = refusal(ServiceCode.NOT_ALLOWED)
    elif actor.role == "partner" and problem is None:  # what a primary partner may see is not its own yet
        problem = await own_customer(tx, actor.partner or "", customer or "")
    found = problem or await visible_customer(tx, actor, customer, "view_licences", now, rules)
    if isinstance(found, Refusal):
        return await refuse(tx, actor, "customer.rename", now, found, customer)
    await tx.execute(update(schema.customers).where(schema.customers.c.id == found).values(name=name))
    await record(tx, actor, "customer.rename", now, subject=found, customer=found, name=name)
    return _customer(await tx.row(_customers(now).where(schema.customers.c.id == found)))


def _customers(now: datetime) -> Select[Any]:
    """Customers with their numbers, each by an index of its own."""
    owner, licences, cameras, coverage = schema.customers, schema.licences, schema.cameras, schema.coverage
    running = (
        (licences.c.customer_id == owner.c.id)
        & licences.c.revoked_at.is_(None)
        & or_(licences.c.ends.is_(None), licences.c.ends > now)
    )
    covered = (coverage.c.device_id == cameras.c.device_id) & (coverage.c.camera_id == cameras.c.id)
    now_covered = exists().where(covered, coverage.c.starts <= now, coverage.c.ends > now)
    ended = exists().where(covered, coverage.c.ends <= now, coverage.c.cut.is_(False))
    own_cameras = select(func.count()).select_from(cameras).where(cameras.c.customer_id == owner.c.id)
    first_user = (
        select(schema.users.c.password_origin)
        .where(schema.users.c.customer_id == owner.c.id, schema.users.c.role == "customer")
        .order_by(schema.users.c.created_at, schema.users.c.id)
        .limit(1)
    )
    return select(
        owner,
        first_user.scalar_subquery().label("password_origin"),
        select(func.count()).select_from(licences).where(running).scalar_subquery().label("licences"),
        own_cameras.scalar_subquery().label("cameras"),
        own_cameras.where(~now_covered, ended).scalar_subquery().label("lapsed"),
        select(func.min(licences.c.last_day)).where(running).scalar_subquery().label("next_last_day"),
    )


def _customer(row: Any) -> Customer:
    return Customer(
        id=row.id,
        partner=row.partner_id,
        name=row.name,
        email=row.email,
        created_at=row.created_at,
        password_origin=row.password_origin,
        licences=row.licences,
        cameras=row.cameras,
        lapsed=row.lapsed,
        next_last_day=row.next_last_day,
    )
