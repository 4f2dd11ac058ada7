"""A receiver of webhooks, on this machine alone: what it was told, and when."""

import base64
import contextlib
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from gate.clock import Clock

_NOTICES_MAX = 10_000


@dataclass(slots=True, kw_only=True)
class Webhook:
    """`notices`: their bodies with `received_ns` (the machine's clock), in the order they came."""

    url: str = ""
    secret: str = field(
        default_factory=lambda: f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}", repr=False
    )
    notices: list[dict[str, Any]] = field(default_factory=list)

    def about(self, token: str) -> dict[str, Any] | None:
        """The first notice of the event whose detail is that."""
        for notice in self.notices:
            event = notice.get("data", {}).get("event") or {}
            if event.get("detail") == token:
                return notice
        return None


@asynccontextmanager
async def receiving(clock: Clock, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[Webhook]:
    """Listens until the body ends, on a free port unless one is named. Raises OSError."""
    webhook = Webhook()

    async def take(request: web.Request) -> web.Response:
        with contextlib.suppress(ValueError):
            notice = await request.json()
            if isinstance(notice, dict) and len(webhook.notices) < _NOTICES_MAX:
                webhook.notices.append({**notice, "received_ns": clock.now_ns()})
        return web.Response(status=204)

    app = web.Application()
    app.router.add_post("/events", take)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port)
        await site.start()
        webhook.url = f"http://{host}:{runner.addresses[0][1]}/events"
        yield webhook
    finally:
        await runner.cleanup()
