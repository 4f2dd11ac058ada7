"""A site whose events are told: gate, index, bus and notices are real, its clock moves when a test says so; and the
receivers that they are told to."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from aiohttp import web

from gate.clock import SimulatedClock, SystemClock
from recorder.catalog.database import Catalog
from recorder.catalog.outbox import NoticeCounts, notice_counts
from recorder.events.bus import EventBus
from recorder.events.event import CameraEvent, EventKind, EventPhase
from recorder.events.sources import open_bus
from recorder.notify.notices import Notices
from recorder.notify.settings import NotifySection
from recorder.notify.wiring import open_notices
from tests.fakes.entitlements import NEW_YEAR
from tests.fakes.remote_site import RemoteSite, config_of

SECRET = "whsec_" + "QUFB" * 10
PATIENCE_SECONDS = 20.0


async def until(condition: Callable[[], object]) -> None:
    """Waits for what other processes and sockets bring about."""
    clock = SystemClock()
    try:
        async with clock.timeout(PATIENCE_SECONDS):
            while not condition():
                await clock.sleep(0.002)
    finally:
        clock.close()


@dataclass(slots=True)
class Bench:
    """`running` makes the rest."""

    folder: Path
    notify: dict[str, Any]
    clock: SimulatedClock = field(default_factory=lambda: SimulatedClock(NEW_YEAR))
    site: RemoteSite = field(init=False)
    catalog: Catalog = field(init=False)
    bus: EventBus = field(init=False)
    notices: Notices = field(init=False)

    def __post_init__(self) -> None:
        config = config_of(self.folder, cameras=2)
        config = config.model_copy(update={"notify": NotifySection.model_validate(self.notify)})
        self.site = RemoteSite(clock=self.clock, config=config)

    @contextlib.asynccontextmanager
    async def running(self, entitled_seconds: float = 3600) -> AsyncIterator["Bench"]:
        """A recorder's life; the index lies in the folder and outlives it."""
        self.entitle(entitled_seconds)
        self.catalog = Catalog(self.folder / "index.db")
        try:
            async with open_bus(
                catalog=self.catalog, gate=self.site.gate, board=self.site.board, clock=self.clock, trigger=bool
            ) as self.bus:
                self.notices = await open_notices(
                    self.site.config,
                    self.catalog,
                    gate=self.site.gate,
                    board=self.site.board,
                    bus=self.bus,
                    hub=self.site.hub,
                    clock=self.clock,
                )
                tasks = [asyncio.create_task(job()) for job in (self.site.gate.run, self.notices.run)]
                try:
                    yield self
                finally:
                    for task in tasks:
                        task.cancel()
                    ended = await asyncio.gather(*tasks, return_exceptions=True)
                    assert all(isinstance(one, asyncio.CancelledError) for one in ended), ended
        finally:
            await asyncio.to_thread(self.catalog.close)

    def entitle(self, seconds: float, *cameras: str) -> None:
        """So long from now; without names all cameras."""
        self.site.entitle(self.clock.now() + timedelta(seconds=seconds), cameras or None)

    def lapse(self, *left: str) -> None:
        """All licences end now; those of the cameras in `left` go on."""
        self.entitle(3600 if left else -1, *left)

    def happen(
        self, camera: str = "cam1", phase: EventPhase = "pulse", kind: EventKind = "person", rule: str = ""
    ) -> None:
        at = self.clock.now_ns()
        event = CameraEvent(camera=camera, kind=kind, phase=phase, at_utc_ns=at, source="onvif", rule=rule)
        self.bus.take(event)

    async def counts(self, channel: str) -> NoticeCounts:
        """Of the channel whose name begins so."""
        counts = await self.catalog.do(notice_counts)
        return next((count for name, count in counts.items() if name.startswith(channel)), NoticeCounts())

    async def until_counts(self, channel: str, condition: Callable[[NoticeCounts], bool]) -> NoticeCounts:
        clock = SystemClock()
        try:
            async with clock.timeout(PATIENCE_SECONDS):
                while not condition(found := await self.counts(channel)):
                    await clock.sleep(0.005)
            return found
        finally:
            clock.close()

    async def advance_until(self, condition: Callable[[], object], step_seconds: float = 5) -> None:
        """Lets simulated time go on until it has come about."""
        real = SystemClock()
        try:
            async with real.timeout(PATIENCE_SECONDS):
                while not condition():
                    await self.clock.advance(step_seconds)
                    await real.sleep(0.002)
        finally:
            real.close()

    def trouble(self, number: int = 0) -> str:
        """Of that channel."""
        return self.notices._couriers[number].standing.trouble


@dataclass(slots=True)
class Receiver:
    """A web server that takes webhooks. `answer` may be replaced; None holds the request for ever."""

    address: str = ""
    requests: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    torn: int = 0
    answer: Callable[[web.Request], web.StreamResponse | None] = lambda _: web.Response(status=204)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        self.requests.append((dict(request.headers), body))
        answer = self.answer(request)
        if answer is None:
            try:
                await asyncio.Event().wait()
            finally:
                self.torn += 1
        assert answer is not None
        return answer

    @property
    def events(self) -> list[tuple[str, str, str]]:
        """What came, as (type, camera, kind)."""
        found = [json.loads(body) for _, body in self.requests]
        return [(one["type"], one["data"]["event"]["camera"], one["data"]["event"]["kind"]) for one in found]

    @property
    def ids(self) -> list[str]:
        return [headers["webhook-id"] for headers, _ in self.requests]


@contextlib.asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    """A receiver on a port of its own."""
    receiver = Receiver()
    app = web.Application(client_max_size=1 << 20)
    app.router.add_route("*", "/{path:.*}", receiver.handle)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    receiver.address = f"http://{host}:{port}/in?token=hush"
    try:
        yield receiver
    finally:
        await runner.cleanup()
