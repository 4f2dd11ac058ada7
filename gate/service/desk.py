"""What the command line does with a service's database, while the service runs or not."""

import contextlib
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from datetime import timedelta

from gate.clock import Clock
from gate.service.config import ServiceConfig, rules_of
from gate.service.errors import ServiceError
from gate.service.operations.accounts import NewUser, actor_of, insert_user, user_by_email
from gate.service.operations.actor import SYSTEM
from gate.service.operations.audit import record
from gate.service.operations.permission import new_id
from gate.service.operations.refusals import Refusal
from gate.service.operations.sessions import add_api_token
from gate.service.seed import seed_demo
from gate.service.store.engine import Store, open_store
from gate.service.store.migrate import migrate
from gate.shared_clock.client import open_clock
from gate.sign_in.passwords import Passwords, random_password
from gate.sign_in.tokens import hash_of, new_token


async def add_operator(config: ServiceConfig, *, email: str, name: str) -> str:
    """An account of the role operator; gives its password, which must be changed within the time that the rules give.
    Raises ServiceError."""
    rules, password = rules_of(config), random_password()
    async with _store(config) as store, _clock(config) as clock:
        request = NewUser(
            email=email,
            name=name,
            language="ja",
            password_hash=await Passwords().hash(password),
            password_origin="mailed",
        )
        async with store.begin() as tx:
            user = await insert_user(tx, SYSTEM, request, "operator", clock.now(), rules)
            if isinstance(user, Refusal):
                raise ServiceError(user.text.en)
            await record(tx, SYSTEM, "operator.add", clock.now(), subject=user.id)
    return password


async def add_token(config: ServiceConfig, *, email: str, name: str, lasts: timedelta | None) -> str:
    """An API token of that user's. Raises ServiceError."""
    token = new_token()
    async with _store(config) as store, _clock(config) as clock, store.begin() as tx:
        user = await user_by_email(tx, email)
        if user is None or user.disabled_at is not None:
            raise ServiceError(
                f"nobody signs in as {email}; make the account first, in the portal or by `service operator`"
            )
        now = clock.now()
        expires_at = now + lasts if lasts else None
        refused = await add_api_token(
            tx, actor_of(user), id=new_id(), name=name, token_sha256=hash_of(token), expires_at=expires_at, now=now
        )
        if refused is not None:
            raise ServiceError(refused.text.en)
    return token


async def seed(config: ServiceConfig) -> bool:
    """The demo's people; tells whether they were missing."""
    async with _store(config) as store, _clock(config) as clock:
        return await seed_demo(store, Passwords(), clock, rules_of(config))


@contextlib.asynccontextmanager
async def _store(config: ServiceConfig) -> AsyncIterator[Store]:
    config.data_dir.mkdir(parents=True, exist_ok=True)
    store = open_store(config.database_url)
    try:
        await migrate(store)
        yield store
    finally:
        await store.close()


def _clock(config: ServiceConfig) -> AbstractAsyncContextManager[Clock]:
    return open_clock(config.clock.mode, config.clock.socket, "service command")
