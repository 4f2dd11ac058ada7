"""`/metrics`, `/livez`, `/readyz` and `/healthz`, on `metrics.listen` (loopback only).

`/livez`: the process answers; where it does not, a restart helps. `/readyz`: footage can be taken, on one disk at
least. `/healthz`: nothing is wrong with the recorder itself. The last two say why not; a restart would not help.
"""

import contextlib
from collections.abc import AsyncIterator, Iterator, Mapping

from aiohttp import web
from prometheus_client import CollectorRegistry, PlatformCollector, ProcessCollector
from prometheus_client.core import Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from gate.config_fields import host_is_loopback
from recorder.metrics.families import Sources, families
from recorder.web.answers import json_answer
from recorder.web.middleware import Handler
from recorder.web.server import serve_tcp

CONNECTIONS_MAX = 16
STALE_SECONDS = 30.0
"""A stream that calls itself streaming but has had no picture for so long is a defect of ours."""


class _Recorder(Collector):
    def __init__(self, sources: Sources) -> None:
        self._sources = sources

    def collect(self) -> Iterator[Metric]:
        return families(self._sources)


def create_app(sources: Sources) -> web.Application:
    """The application. It answers to loopback names only, so that no page elsewhere can read it."""
    registry = CollectorRegistry()
    for collector in (_Recorder(sources), ProcessCollector(registry=None), PlatformCollector(registry=None)):
        registry.register(collector)

    async def metrics(request: web.Request) -> web.Response:
        encode, content_type = choose_encoder(request.headers.get("Accept", ""))
        return web.Response(body=encode(registry), headers={"Content-Type": content_type})

    async def health(_: web.Request) -> web.Response:
        troubles = health_troubles(sources)
        return json_answer({"healthy": not troubles, "troubles": troubles}, 503 if troubles else 200)

    app = web.Application(middlewares=[_loopback_names])
    app.router.add_get("/metrics", metrics)

    async def alive(_: web.Request) -> web.Response:
        return json_answer({"alive": True})

    async def ready(_: web.Request) -> web.Response:
        troubles = ready_troubles(sources)
        return json_answer({"ready": not troubles, "troubles": troubles}, 503 if troubles else 200)

    app.router.add_get("/livez", alive)
    app.router.add_get("/readyz", ready)
    app.router.add_get("/healthz", health)
    return app


def health_troubles(sources: Sources) -> list[str]:
    """What is wrong with the recorder itself, a sentence each. A camera that is away and a licence that has ended are
    no troubles of the recorder's: restarting it would not help."""
    board = sources.served.board
    troubles = [board.storage.message] if board.storage.message else []
    now_ns = sources.served.clock.monotonic_ns()
    for camera in board.cameras.values():
        for name, stream in camera.streams.items():
            last_ns = stream.last_unit_monotonic_ns
            if stream.phase == "streaming" and last_ns is not None and now_ns - last_ns > STALE_SECONDS * 1e9:
                age = (now_ns - last_ns) / 1e9
                troubles.append(f"camera {camera.id}, {name}: no picture for {age:.0f} s, and it was not noticed")
    return troubles


def ready_troubles(sources: Sources) -> list[str]:
    """Why footage cannot be taken at all; nothing while one disk can be written to."""
    if any(not shelf.health.blocked for shelf in sources.shelves):
        return []
    return [sources.served.board.storage.message or "no disk can be written to"]


@contextlib.asynccontextmanager
async def serve_metrics(sources: Sources) -> AsyncIterator[Mapping[str, str]]:
    """Serves on `metrics.listen`; gives the address by its name, nothing where there is none. Raises
    recorder.errors.RecorderError."""
    listen = sources.served.config.metrics.listen
    if listen is None:
        yield {}
        return
    app, clock = create_app(sources), sources.served.clock
    async with (
        sources.lag.measuring(),
        serve_tcp(app, listen=listen, clock=clock, connections_max=CONNECTIONS_MAX, setting="metrics.listen") as front,
    ):
        yield {"metrics": front.url}


@web.middleware
async def _loopback_names(request: web.Request, handler: Handler) -> web.StreamResponse:
    if not host_is_loopback(request.headers.get("Host")):
        raise web.HTTPMisdirectedRequest(text="only names of this machine's loopback are answered here\n")
    return await handler(request)
