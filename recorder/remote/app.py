"""The remote side as one application: the API under /api/v1, and the web app."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace

from aiohttp import web

from recorder.access.door import access_middleware
from recorder.access.routes import origins_of
from recorder.access.stays import remember_response
from recorder.access.tls import tls_of
from recorder.addresses import own_addresses
from recorder.remote.guard import add_security_headers, guard_middleware
from recorder.remote.hls.route import HlsLive
from recorder.remote.restream.server import serve_restream
from recorder.remote.routes import add_routes
from recorder.web.middleware import problems_middleware
from recorder.web.served import Served
from recorder.web.server import REQUEST_BYTES_MAX, Front, serve_tcp
from recorder.web.viewers import Viewers


def create_app(served: Served, viewers: Viewers | None = None) -> web.Application:
    """The application. `viewers`: how many watch, by whatever way."""
    clock, config = served.clock, served.config
    language = config.device.language
    app = web.Application(
        middlewares=[
            problems_middleware(language),
            guard_middleware(language, config.remote),
            access_middleware(served.access, clock, language),
        ],
        client_max_size=REQUEST_BYTES_MAX,
    )
    app.on_response_prepare.extend((add_security_headers, remember_response))
    add_routes(app.router, served, viewers or Viewers())
    HlsLive(served).add_to(app)
    return app


@contextlib.asynccontextmanager
async def serve_remote(served: Served) -> AsyncIterator[Front]:
    """Serves on `remote.listen`, what comes through the licence service, and the cameras on `remote.rtsp.listen`.
    Raises recorder.errors.RecorderError."""
    viewers, config = Viewers(), served.config.remote
    app = create_app(served, viewers)
    tls = await asyncio.to_thread(tls_of, config, served.config.device.data_dir, served.clock.now())
    context = tls.context if tls is not None else None
    async with contextlib.AsyncExitStack() as stack:
        front = await stack.enter_async_context(serve_tcp(app, listen=config.listen, clock=served.clock, tls=context))
        if front.address is not None:
            addresses = [address.split()[0] for address in await asyncio.to_thread(own_addresses)]
            front = replace(front, origins=origins_of(config, front.address[1], addresses))
        if config.rtsp is not None:
            url = await stack.enter_async_context(serve_restream(served, viewers, listen=config.rtsp.listen))
            front = replace(front, rtsp_url=url)
        yield front
