"""The whole service's HTTP side in a thread, on a database with people in it, for clients that block."""

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeVar

from argon2 import PasswordHasher

from gate.clock import SimulatedClock
from gate.service.app import create_app
from gate.service.config import ServiceConfig
from gate.service.front import serve_http
from gate.service.operations.accounts import actor_of, user_by_email
from gate.service.operations.sessions import add_api_token
from gate.service.seed import CUSTOMER, OPERATOR, PARTNER, SECONDARY, seed_demo
from gate.service.store.engine import Store, open_store
from gate.sign_in.passwords import Passwords
from gate.sign_in.tokens import hash_of, new_token
from tests.component.service.site import NOON, Site

T = TypeVar("T")
ROLES = {"operator": OPERATOR, "partner": PARTNER, "secondary": SECONDARY, "customer": CUSTOMER}


class ApiServer:
    """`url`, a token of each role, and the store behind it; `run` does something in the server's own loop."""

    def __init__(self, store: Store, loop: asyncio.AbstractEventLoop) -> None:
        self.store = store
        self.url = ""
        self.tokens: dict[str, str] = {}
        self.site = Site(store)
        self._loop = loop

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Gives its result, or raises what it raises."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=30)

    def headers(self, role: str) -> dict[str, str]:
        """Of a program that acts as the demo's user of that role."""
        return {"Authorization": f"Bearer {self.tokens[role]}"}


@contextlib.contextmanager
def api_server(database: str, folder: Path) -> Iterator[ApiServer]:
    """Serves until the body ends, on that database, which has its tables; keys are made in the folder."""
    loop = asyncio.new_event_loop()
    server = ApiServer(open_store(database), loop)
    thread = threading.Thread(target=loop.run_forever, name="api server")
    thread.start()
    serving = _serving(server, folder)
    try:
        server.run(anext(serving))
        yield server
        server.run(_ended(serving))
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(timeout=10)
        loop.close()


async def _ended(serving: AsyncIterator[None]) -> None:
    with contextlib.suppress(StopAsyncIteration):
        await anext(serving)


async def _serving(server: ApiServer, folder: Path) -> AsyncIterator[None]:
    clock = SimulatedClock(NOON)
    rules, store, passwords = (
        server.site.rules,
        server.store,
        Passwords(PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)),
    )
    config = ServiceConfig(data_dir=folder, keys=folder)
    await seed_demo(store, passwords, clock, rules)
    for role, sign_in in ROLES.items():
        token = new_token()
        async with store.begin() as tx:
            user = await user_by_email(tx, sign_in.email)
            assert user is not None
            await add_api_token(
                tx, actor_of(user), id=role, name=role, token_sha256=hash_of(token), expires_at=None, now=clock.now()
            )
        server.tokens[role] = token
    app, _ = create_app(config, store=store, clock=clock, rules=rules, passwords=passwords)
    async with serve_http(app, listen="127.0.0.1:0") as (host, port):
        server.url = f"http://{host}:{port}"
        yield
    await store.close()
