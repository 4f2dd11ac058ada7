"""People: their accounts, passwords, terms of use (R14, R15, R17, R18; decisions 14 and 15). Hashing and tokens are not
done here: a request brings the hash. E-mail addresses are compared in lower case."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from gate.licence.rules import Rules
from gate.licence.text import Language
from gate.service.operations.actor import Actor, Role
from gate.service.operations.refusals import Refusal
from gate.service.store.engine import Transaction

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


async def user_by_email(tx: Transaction, email: str) -> User | None:
    """Whoever signs in with this address; also a disabled account."""
    raise NotImplementedError


async def user_by_id(tx: Transaction, user: str) -> User | None:
    """An account; also a disabled one."""
    raise NotImplementedError


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


async def begin_proxy(tx: Transaction, actor: Actor, customer: str, now: datetime, rules: Rules) -> Actor | Refusal:
    """A partner's user begins to act as one of its own customers (代理ログイン); audited. UNKNOWN_CUSTOMER."""
    raise NotImplementedError


async def end_proxy(tx: Transaction, actor: Actor, now: datetime) -> Actor:
    """Back to being the partner; audited."""
    raise NotImplementedError


async def add_partner_user(
    tx: Transaction, actor: Actor, partner: str, request: NewUser, now: datetime, rules: Rules
) -> User | Refusal:
    """Another user of a partner: by the operator, its own users, or for a secondary partner by its primary's.
    EMAIL_TAKEN, UNKNOWN_PARTNER."""
    raise NotImplementedError


async def add_shared_user(
    tx: Transaction, actor: Actor, request: NewUser, now: datetime, rules: Rules
) -> User | Refusal:
    """A view-only user of the actor's own customer. EMAIL_TAKEN, NOT_BY_PROXY."""
    raise NotImplementedError


async def remove_shared_user(tx: Transaction, actor: Actor, user: str, now: datetime) -> User | Refusal:
    """Ends the account and its sessions. UNKNOWN_USER, NOT_BY_PROXY."""
    raise NotImplementedError


async def shared_users(tx: Transaction, actor: Actor) -> list[User] | Refusal:
    """Those of the actor's customer. NOT_BY_PROXY."""
    raise NotImplementedError


async def set_own_password(tx: Transaction, actor: Actor, password_hash: str, now: datetime) -> User | Refusal:
    """The user's own choice: no deadline any more, and all its sessions but those made afterwards end (the caller
    makes a new one). NOT_BY_PROXY."""
    raise NotImplementedError


async def mail_new_password(
    tx: Transaction, email: str, password: str, password_hash: str, now: datetime, rules: Rules
) -> None:
    """ "Forgot password": a random one by mail with a new day to change it, if there is such an account; the caller
    says the same in either case."""
    raise NotImplementedError


async def accept_terms(tx: Transaction, actor: Actor, version: str, now: datetime) -> User | Refusal:
    """R17. NOT_BY_PROXY."""
    raise NotImplementedError


async def set_language(tx: Transaction, actor: Actor, language: Language, now: datetime) -> User | Refusal:
    """The language of the user's pages and mails."""
    raise NotImplementedError


async def set_password_hash(tx: Transaction, user: str, password_hash: str) -> None:
    """The same password, hashed anew with today's parameters."""
    raise NotImplementedError
