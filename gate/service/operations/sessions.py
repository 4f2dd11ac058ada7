"""Sessions of people who signed in, and tokens of programs. Tokens come and are kept as their hashes
(`gate.sign_in.tokens.hash_of`)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, insert, select, update

from gate.service.operations.accounts import User, actor_of, user_by_id
from gate.service.operations.actor import Actor
from gate.service.operations.audit import record
from gate.service.operations.refusals import Refusal, ServiceCode, refusal
from gate.service.store.engine import Transaction
from gate.service.store.schema import api_tokens, sessions

IDLE_MAX = timedelta(hours=2)
LASTS_MAX = timedelta(hours=12)
SEEN_EVERY = timedelta(minutes=1)
"""A session's use is written down at most this often."""
API_TOKENS_MAX = 20
_AGENT_CHARACTERS_MAX = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A session that is not over, with its user as of now. `form_token` is what its forms carry."""

    token_sha256: str
    user: User
    form_token: str
    created_at: datetime
    seen_at: datetime
    password_question_answered: bool
    proxy_customer: str | None
    proxy_since: datetime | None

    def actor(self, address: str | None) -> Actor:
        """Who its user is to operations."""
        return actor_of(self.user, on_behalf_of=self.proxy_customer, proxy_since=self.proxy_since, address=address)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiToken:
    """A program's token, without its secret."""

    id: str
    name: str
    created_at: datetime
    expires_at: datetime | None
    used_at: datetime | None


async def open_session(
    tx: Transaction,
    user: str,
    token_sha256: str,
    form_token: str,
    now: datetime,
    *,
    address: str,
    agent: str,
    question_answered: bool = False,
) -> None:
    """A new session: over after IDLE_MAX without use, and after LASTS_MAX in any case."""
    row = insert(sessions).values(
        token_sha256=token_sha256,
        user_id=user,
        csrf_token=form_token,
        created_at=now,
        seen_at=now,
        expires_at=now + IDLE_MAX,
        password_question_answered=question_answered,
        address=address,
        user_agent=agent[:_AGENT_CHARACTERS_MAX],
    )
    await tx.execute(row)


async def session_of(tx: Transaction, token_sha256: str, now: datetime) -> Session | None:
    """The session of that token; None where there is none, where it is over, or its user is disabled."""
    row = await tx.row(select(sessions).where(sessions.c.token_sha256 == token_sha256, sessions.c.expires_at > now))
    user = await user_by_id(tx, row.user_id) if row is not None else None
    if user is None or user.disabled_at is not None:
        return None
    return Session(
        token_sha256=row.token_sha256,
        user=user,
        form_token=row.csrf_token,
        created_at=row.created_at,
        seen_at=row.seen_at,
        password_question_answered=row.password_question_answered,
        proxy_customer=row.proxy_customer_id,
        proxy_since=row.proxy_since,
    )


async def session_seen(tx: Transaction, session: Session, now: datetime) -> None:
    """Prolongs a session that is used."""
    expires_at = min(now + IDLE_MAX, session.created_at + LASTS_MAX)
    await _change(tx, session, seen_at=now, expires_at=expires_at)


async def password_question_answered(tx: Transaction, session: Session) -> None:
    """R18: asked once a session."""
    await _change(tx, session, password_question_answered=True)


async def set_session_proxy(tx: Transaction, session: Session, customer: str | None, since: datetime | None) -> None:
    """From now on the session acts as that customer; None: as its own user again."""
    await _change(tx, session, proxy_customer_id=customer, proxy_since=since)


async def close_session(tx: Transaction, token_sha256: str) -> None:
    """Signs out."""
    await tx.execute(delete(sessions).where(sessions.c.token_sha256 == token_sha256))


async def _change(tx: Transaction, session: Session, **values: object) -> None:
    await tx.execute(update(sessions).where(sessions.c.token_sha256 == session.token_sha256).values(**values))


async def add_api_token(
    tx: Transaction, actor: Actor, *, id: str, name: str, token_sha256: str, expires_at: datetime | None, now: datetime
) -> Refusal | None:
    """A token with which a program acts as the actor's user. Never by proxy; at most API_TOKENS_MAX."""
    if actor.on_behalf_of is not None:
        return refusal(ServiceCode.NOT_BY_PROXY)
    if len(await api_tokens_of(tx, actor)) >= API_TOKENS_MAX:
        return refusal(ServiceCode.NOT_ALLOWED)
    row = insert(api_tokens).values(
        id=id, token_sha256=token_sha256, user_id=actor.id, name=name, created_at=now, expires_at=expires_at
    )
    await tx.execute(row)
    await record(tx, actor, "api_token.add", now, subject=id, partner=actor.partner, customer=actor.customer, name=name)
    return None


async def api_tokens_of(tx: Transaction, actor: Actor) -> list[ApiToken]:
    """The user's tokens that are not revoked, the oldest first."""
    mine = select(api_tokens).where(api_tokens.c.user_id == actor.id, api_tokens.c.revoked_at.is_(None))
    return [
        ApiToken(id=row.id, name=row.name, created_at=row.created_at, expires_at=row.expires_at, used_at=row.used_at)
        for row in await tx.rows(mine.order_by(api_tokens.c.created_at, api_tokens.c.id).limit(API_TOKENS_MAX))
    ]


async def revoke_api_token(tx: Transaction, actor: Actor, token: str, now: datetime) -> None:
    """Ends it at once; nothing happens if it is none of the user's."""
    mine = update(api_tokens).where(
        api_tokens.c.id == token, api_tokens.c.user_id == actor.id, api_tokens.c.revoked_at.is_(None)
    )
    if (await tx.execute(mine.values(revoked_at=now))).rowcount:
        await record(tx, actor, "api_token.revoke", now, subject=token, partner=actor.partner, customer=actor.customer)


async def user_of_api_token(tx: Transaction, token_sha256: str, now: datetime) -> User | None:
    """Whose token that is; None where it is unknown, over or revoked, or its user disabled."""
    row = await tx.row(
        select(api_tokens).where(api_tokens.c.token_sha256 == token_sha256, api_tokens.c.revoked_at.is_(None))
    )
    if row is None or (row.expires_at is not None and row.expires_at <= now):
        return None
    user = await user_by_id(tx, row.user_id)
    return user if user is not None and user.disabled_at is None else None


async def api_token_used(tx: Transaction, token_sha256: str, now: datetime) -> None:
    """Notes when it was used last, at most every SEEN_EVERY."""
    stale = (api_tokens.c.used_at.is_(None)) | (api_tokens.c.used_at < now - SEEN_EVERY)
    await tx.execute(update(api_tokens).where(api_tokens.c.token_sha256 == token_sha256, stale).values(used_at=now))
