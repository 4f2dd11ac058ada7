"""`/livez` and `/readyz` of the licence service, for whoever starts it and for a balancer before several of them.

`/livez`: the process answers; where it does not, a restart helps. `/readyz`, and `/healthz`, the same: its database
answers, too; until then others should be asked. They say nothing else, to anybody.
"""

import logging

from aiohttp import web
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from gate.clock import Clock
from gate.service.store.engine import Store

READY_SECONDS_MAX = 3.0
KNOWN_SECONDS = 1.0
"""The database is asked once in so long, whoever asks."""

_log = logging.getLogger(__name__)


def add_health(app: web.Application, store: Store, clock: Clock) -> None:
    """Adds the routes; nobody signs in there."""
    known: list[tuple[int, bool]] = []

    async def alive(_: web.Request) -> web.Response:
        return _answer({"alive": True})

    async def ready(_: web.Request) -> web.Response:
        now_ns = clock.monotonic_ns()
        if not known or now_ns - known[0][0] >= KNOWN_SECONDS * 1e9:
            known[:] = [(now_ns, known[0][1] if known else True)]  # others meanwhile get what was known before
            known[:] = [(now_ns, await _answers(store, clock))]
        is_ready = known[0][1]
        return _answer({"ready": is_ready}, 200 if is_ready else 503)

    app.router.add_get("/livez", alive)
    app.router.add_get("/readyz", ready)
    app.router.add_get("/healthz", ready)


async def _answers(store: Store, clock: Clock) -> bool:
    try:
        async with clock.timeout(READY_SECONDS_MAX), store.read() as tx:
            await tx.scalar(text("SELECT 1"))
    except (DBAPIError, PoolTimeoutError, OSError, TimeoutError) as error:
        _log.warning("the database does not answer: %s", type(error).__name__)
        return False
    return True


def _answer(content: dict[str, bool], status: int = 200) -> web.Response:
    return web.json_response(content, status=status, headers={"Cache-Control": "no-store"})
