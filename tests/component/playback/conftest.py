"""A local site over recorded footage, and a viewer of it that decodes what it is sent."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest_asyncio
from aiohttp import ClientSession, ClientWebSocketResponse, UnixConnector, WSMsgType

from gate.clock import SystemClock, instant_of
from recorder.catalog.database import Catalog
from recorder.config import RecorderConfig
from recorder.local.app import serve_local
from recorder.media.access_unit import AccessUnit
from recorder.web.media_header import HEADER_BYTES, MediaHeader, parse_media_header
from recorder.web.served import Served
from tests.fakes.marked import number_of_data
from tests.fakes.recorded import Recorded
from tests.fakes.remote_site import RemoteSite, config_of
from tests.fakes.video import EPOCH_NS

ANSWER_SECONDS_MAX = 20.0


class JumpingClock(SystemClock):
    """Its monotonic time can be sent ahead, as if everybody had been held up."""

    ahead_ns = 0

    def monotonic_ns(self) -> int:
        return super().monotonic_ns() + self.ahead_ns


@dataclass
class Viewer:
    """The other end of a cursor. `shown`: the numbers of what it was sent to be shown, `texts`: what it was told."""

    ws: ClientWebSocketResponse
    clock: SystemClock
    shown: list[int] = field(default_factory=list)
    hidden: list[int] = field(default_factory=list)
    headers: list[MediaHeader] = field(default_factory=list)
    texts: list[dict[str, Any]] = field(default_factory=list)
    by_label: dict[int, int] = field(default_factory=dict)
    commands: int = 0

    async def say(self, **command: Any) -> dict[str, Any]:
        """Sends a command; waits for its answer."""
        self.commands += 1
        number = self.commands
        await self.ws.send_str(json.dumps(command | {"number": number}))
        return await self.until(lambda text: text.get("at", {}).get("number") == number)

    async def picture(self, **command: Any) -> int:
        """The same; gives the number of the picture that is to be shown then."""
        return self.by_label[(await self.say(**command))["at"]["label"]]

    async def until(self, wanted: Any) -> dict[str, Any]:
        """Takes what comes, up to a text that is wanted."""
        while True:
            text = await self.take()
            if text is not None and wanted(text):
                return text

    async def take(self) -> dict[str, Any] | None:
        """One message; None for a picture."""
        async with self.clock.timeout(ANSWER_SECONDS_MAX):
            message = await self.ws.receive()
        if message.type is WSMsgType.TEXT:
            self.texts.append(json.loads(message.data))
            return self.texts[-1]
        assert message.type is WSMsgType.BINARY, f"{message.type} {self.ws.close_code}"
        header, number = parse_media_header(message.data), number_of_data(message.data[HEADER_BYTES:])
        assert header.sequence == len(self.headers)
        self.headers.append(header)
        self.by_label[header.label_us] = number
        (self.hidden if header.hidden else self.shown).append(number)
        return None

    def told(self, what: str) -> list[Any]:
        """The contents of all texts of a kind."""
        return [text[what] for text in self.texts if what in text]


def second(seconds: float) -> str:
    """An instant that long after EPOCH."""
    return instant_of(EPOCH_NS + round(seconds * 1e9)).isoformat()


@dataclass
class PastSite:
    """A recorder's local site over `recorded`."""

    site: RemoteSite
    recorded: Recorded
    http: ClientSession
    clock: JumpingClock
    catalog: Catalog

    def served(self, config: RecorderConfig) -> Served:
        """The same recorder, configured otherwise."""
        return replace(self.site.parts, catalog=self.catalog, config=config)

    @contextlib.asynccontextmanager
    async def viewer(self, camera: str = "cam1") -> AsyncIterator[Viewer]:
        async with self.http.ws_connect(f"/v1/cameras/{camera}/playback?lang=en") as ws:
            yield Viewer(ws, self.clock)


@contextlib.asynccontextmanager
async def past_site(folder: Path, runs: list[list[AccessUnit]], segment_seconds: float = 3) -> AsyncIterator[PastSite]:
    """Serves these runs; every camera's licence has lapsed an hour ago."""
    clock = JumpingClock()
    site = RemoteSite(clock=clock, config=config_of(folder, cameras=2))
    site.entitle(clock.now() - timedelta(hours=1))
    recorded = Recorded(site.config.device.data_dir, segment_seconds=segment_seconds)
    for run in runs:
        recorded.write(run)
    catalog = Catalog(site.config.device.data_dir / "index.db")
    gate = asyncio.create_task(site.gate.run())
    try:
        async with (
            serve_local(replace(site.parts, catalog=catalog)) as path,
            ClientSession("http://site", connector=UnixConnector(path=str(path))) as http,
        ):
            yield PastSite(site, recorded, http, clock, catalog)
    finally:
        gate.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await gate
        recorded.close()
        catalog.close()
        clock.close()


@pytest_asyncio.fixture
async def clock() -> AsyncIterator[SystemClock]:
    made = SystemClock()
    yield made
    made.close()
