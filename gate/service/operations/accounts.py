"""People: their accounts, passwords, terms of use (R14, R15, R17, R18; decisions 14 and 15). Hashing and tokens are not
done here: a request brings the hash. E-mail addresses are compared in lower case."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import delete, select, update

from gate.licence.access import password_deadline
from gate.licence.refusals import RefusalCode, refused
from gate.licence.rules import Rules
from gate.licence.text import Language
from gate.service.mail import letters, outbox
from gate.service.operations.actor import Actor, Role
from gate.service.operations.audit import record, refuse
from gate.service.operations.permission import as_customer_itself, as_partner, new_id, own_customer
from gate.service.operations.refusals import Refusal, ServiceCode, refusal, refusal_of
from gate.service.store.engine import Transaction
from gate.service.store.once_only import insert_new
from gate.service.store.schema import customers, partners, password_resets, sessions, users

PasswordOrigin = Literal["temporary", "mailed", "own"]


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """An account. `password_deadline`: an initial password must be changed before."""

    id: str
    email: str
    name: str
    role: Role
    partner: str | None
    customer: str | None
    language: Language
    password_hash: str
    password_origin: PasswordOrigin
    password_given_at: datetime
    password_deadline: datetime | None
    terms_version: str | None
    terms_accepted_at: datetime | None
    disabled_at: datetime | None
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NewUser:
    """`password`: only where it is to be mailed (origin `mailed`); it is kept in the waiting mail alone."""

    email: str
    name: str
    language: Language
    password_hash: str
    password_origin: PasswordOrigin
    password: str | None = None


def normal_email(text: str) -> str:
    """An address as it is kept and compared."""
    return text.strip().lower()


async def user_by_email(tx: Transaction, email: str) -> User | None:
    """Whoever signs in with this address; also a disabled account."""
    row = await tx.row(select(users).where(users.c.email == normal_email(email)))
    return None if row is None else _user(row)


async def user_by_id(tx: Transaction, user: str) -> User | None:
    """An account; also a disabled one."""
    row = await tx.row(select(users).where(users.c.id == user))
    return None if row is None else _user(row)


def actor_of(
    user: User,
    *,
    on_behalf_of: str | None = None,
    proxy_since: datetime | None = None,
    address: str | None = None,
) -> Actor:
    """What this user is to operations."""
    return Actor(
        id=user.id,
        role=user.role,
        partner=user.partner,
        customer=user.customer,
        on_behalf_of=on_behalf_of,
        proxy_since=proxy_since,
        address=address,
    )


async def insert_user(
    tx: Transaction,
    actor: Actor,
    request: NewUser,
    role: Role,
    now: datetime,
    rules: Rules,
    *,
    partner: str | None = None,
    customer: str | None = None,
) -> User | Refusal:
    """The account of a new partner, customer or user of theirs; a random password is mailed (R15). The caller has asked
    whether this may be, and records it. EMAIL_TAKEN."""
    origin = request.password_origin
    deadline = None if origin == "own" else password_deadline(origin, now, rules)
    row = {
        "id": new_id(),
        "email": normal_email(request.email),
        "name": request.name,
        "role": role,
        "partner_id": partner,
        "customer_id": customer,
        "language": request.language,
        "password_hash": request.password_hash,
        "password_origin": origin,
        "password_given_at": now,
        "password_deadline": deadline,
        "created_at": now,
    }
    if not await insert_new(tx, users, row, "email"):
        return refusal(ServiceCode.EMAIL_TAKEN)
    user = await user_by_id(tx, str(row["id"]))
    assert user is not None
    if origin == "mailed" and request.password is not None:
        letter = letters.account_created(
            recipient_of(user),
            password=request.password,
            expires=deadline,
            by_name=await _organisation_name(tx, actor),
            partner=partner or actor.partner,
            customer=customer,
        )
        await outbox.write(tx, letter, now)
    return user


async def begin_proxy(tx: Transaction, actor: Actor, customer: str, now: datetime) -> Actor | Refusal:
    """A partner's user begins to act as one of its own customers (代理ログイン); audited. UNKNOWN_CUSTOMER."""
    partner = as_partner(actor)
    if isinstance(partner, Refusal):
        return partner
    problem = await own_customer(tx, partner, customer)
    if problem is not None:
        return await refuse(tx, actor, "proxy.begin", now, problem, subject=customer)
    acting = replace(actor, on_behalf_of=customer, proxy_since=now)
    await record(tx, acting, "proxy.begin", now, subject=customer)
    return acting


async def end_proxy(tx: Transaction, actor: Actor, now: datetime) -> Actor:
    """Back to being the partner; audited."""
    await record(tx, actor, "proxy.end", now, subject=actor.on_behalf_of)
    return replace(actor, on_behalf_of=None, proxy_since=None)


async def add_partner_user(
    tx: Transaction, actor: Actor, partner: str, request: NewUser, now: datetime, rules: Rules
) -> User | Refusal:
    """Another user of a partner: by the operator, its own users, or for a secondary partner by its primary's.
    EMAIL_TAKEN, UNKNOWN_PARTNER."""
    row = await tx.row(select(partners.c.id, partners.c.primary_id).where(partners.c.id == partner))
    own = as_partner(actor)
    if isinstance(own, Refusal) and actor.role != "operator":
        return own
    if row is None or (actor.role != "operator" and own not in (row.id, row.primary_id)):
        return refusal_of(refused(RefusalCode.UNKNOWN_PARTNER, partner=partner))
    user = await insert_user(tx, actor, request, "partner", now, rules, partner=partner)
    return await _recorded(tx, actor, "user.add", user, now, partner=partner)


async def add_shared_user(
    tx: Transaction, actor: Actor, request: NewUser, now: datetime, rules: Rules
) -> User | Refusal:
    """A view-only user of the actor's own customer. EMAIL_TAKEN, NOT_BY_PROXY."""
    customer = as_customer_itself(actor)
    if isinstance(customer, Refusal):
        return customer
    user = await insert_user(tx, actor, request, "shared", now, rules, customer=customer)
    return await _recorded(tx, actor, "shared_user.add", user, now, customer=customer)


async def remove_shared_user(tx: Transaction, actor: Actor, user: str, now: datetime) -> User | Refusal:
    """Ends the account and its sessions; its address is free again. UNKNOWN_USER, NOT_BY_PROXY."""
    customer = as_customer_itself(actor)
    if isinstance(customer, Refusal):
        return customer
    found = await user_by_id(tx, user)
    if found is None or found.role != "shared" or found.customer != customer:
        return await refuse(tx, actor, "shared_user.remove", now, refusal(ServiceCode.UNKNOWN_USER), subject=user)
    await tx.execute(delete(users).where(users.c.id == user))
    return await _recorded(tx, actor, "shared_user.remove", found, now, customer=customer)


async def shared_users(tx: Transaction, actor: Actor) -> list[User] | Refusal:
    """Those of the actor's customer, the oldest first. NOT_BY_PROXY."""
    customer = as_customer_itself(actor)
    if isinstance(customer, Refusal):
        return customer
    mine = select(users).where(users.c.customer_id == customer, users.c.role == "shared")
    return [_user(row) for row in await tx.rows(mine.order_by(users.c.created_at, users.c.id))]


async def set_own_password(tx: Transaction, actor: Actor, password_hash: str, now: datetime) -> User | Refusal:
    """The user's own choice: no deadline any more, and all its sessions but those made afterwards end (the caller
    makes a new one). NOT_BY_PROXY."""
    changes = {
        "password_hash": password_hash,
        "password_origin": "own",
        "password_given_at": now,
        "password_deadline": None,
    }
    user = await _changed(tx, actor, changes)
    if isinstance(user, User):
        await tx.execute(delete(sessions).where(sessions.c.user_id == user.id))
        await tx.execute(delete(password_resets).where(password_resets.c.user_id == user.id))
    return await _recorded(tx, actor, "password.change", user, now)


async def accept_terms(tx: Transaction, actor: Actor, version: str, now: datetime) -> User | Refusal:
    """R17. NOT_BY_PROXY."""
    user = await _changed(tx, actor, {"terms_version": version, "terms_accepted_at": now})
    return await _recorded(tx, actor, "terms.accept", user, now, version=version)


async def set_language(tx: Transaction, actor: Actor, language: Language, now: datetime) -> User | Refusal:
    """The language of the user's pages and mails."""
    user = await _changed(tx, replace(actor, on_behalf_of=None), {"language": language})
    return await _recorded(tx, actor, "language.change", user, now, language=language)


async def set_password_hash(tx: Transaction, user: str, password_hash: str) -> None:
    """The same password, hashed anew with today's parameters."""
    await tx.execute(update(users).where(users.c.id == user).values(password_hash=password_hash))


async def _changed(tx: Transaction, actor: Actor, changes: dict[str, object]) -> User | Refusal:
    if actor.on_behalf_of is not None:
        return refusal(ServiceCode.NOT_BY_PROXY)
    await tx.execute(update(users).where(users.c.id == actor.id).values(**changes))
    return await user_by_id(tx, actor.id) or refusal(ServiceCode.UNKNOWN_USER)


async def _recorded(
    tx: Transaction,
    actor: Actor,
    action: str,
    outcome: User | Refusal,
    now: datetime,
    *,
    partner: str | None = None,
    customer: str | None = None,
    **detail: Any,
) -> User | Refusal:
    if isinstance(outcome, Refusal):
        return await refuse(tx, actor, action, now, outcome, **detail)
    await record(tx, actor, action, now, subject=outcome.id, partner=partner, customer=customer, **detail)
    return outcome


async def _organisation_name(tx: Transaction, actor: Actor) -> str:
    table, key = (partners, actor.partner) if actor.partner else (customers, actor.customer)
    return str(await tx.scalar(select(table.c.name).where(table.c.id == key)) or "")


def recipient_of(user: User) -> letters.Recipient:
    """Whom mails to that account are for."""
    return letters.Recipient(email=user.email, name=user.name, language=user.language)


def _user(row: Any) -> User:
    return User(
        id=row.id,
        email=row.email,
        name=row.name,
        role=row.role,
        partner=row.partner_id,
        customer=row.customer_id,
        language=row.language,
        password_hash=row.password_hash,
        password_origin=row.password_origin,
        password_given_at=row.password_given_at,
        password_deadline=row.password_deadline,
        terms_version=row.terms_version,
        terms_accepted_at=row.terms_accepted_at,
        disabled_at=row.disabled_at,
        created_at=row.created_at,
    )
