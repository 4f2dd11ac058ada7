"""Client of the recorder's local site: the site state, and the live streams that are wanted. It reconnects."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import anyio
from anyio.abc import TaskGroup

from gate.clock import Clock
from hdmi_out.errors import MediaError
from hdmi_out.layout.rect import Rect
from hdmi_out.live import Source
from hdmi_out.media import End, Loss, StreamFormat, follows, parse_text, parse_unit
from hdmi_out.site_state import SiteState, parse_state
from hdmi_out.stream import CameraStream

_log = logging.getLogger(__name__)

STATE_SECONDS_MAX = 3.0
"""The recorder speaks at least once a second; one silent for longer is taken for gone."""
CONNECT_SECONDS_MAX = 3.0
RETRY_SECONDS_MIN, RETRY_SECONDS_MAX = 0.1, 2.0
MESSAGE_BYTES_MAX = 16 << 20
"""Bound of one message: a key frame of a 4K camera is far below."""

_GONE = (aiohttp.ClientError, OSError, TimeoutError, ValueError, MediaError)


class _Backoff:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._seconds = RETRY_SECONDS_MIN

    def reset(self) -> None:
        self._seconds = RETRY_SECONDS_MIN

    async def wait(self) -> None:
        seconds, self._seconds = self._seconds, min(self._seconds * 2, RETRY_SECONDS_MAX)
        await self._clock.sleep(seconds)


class Site:
    """What is known of the recorder. `state` is the last one heard, None before the first; `streams` those that run
    now. `language`: of the problems in them, None for the recorder's own."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        clock: Clock,
        new_stream: Callable[[str, Rect], CameraStream],
        language: str | None,
    ) -> None:
        self._session = session
        self._clock = clock
        self._new_stream = new_stream
        self._language = language
        self._wanted: dict[Source, Rect] = {}
        self._wants = asyncio.Event()
        self._scopes: dict[Source, anyio.CancelScope] = {}
        self._listening = anyio.CancelScope()
        self._lost_ns: int | None = clock.monotonic_ns()
        self._outage_logged = False
        self.state: SiteState | None = None
        self.streams: dict[Source, CameraStream] = {}

    def want(self, sources: Mapping[Source, Rect]) -> None:
        """These streams and no others are fetched and decoded from now on, fitted into these rectangles."""
        if sources.keys() != self._wanted.keys():
            self._wants.set()
        self._wanted = dict(sources)
        for source, stream in self.streams.items():
            stream.box = self._wanted.get(source, stream.box)

    def speak(self, language: str | None) -> None:
        """From now on problems are wanted in that language."""
        if language != self._language:
            self._language = language
            self._listening.cancel()

    def lost_seconds(self) -> float | None:
        """For how long the recorder has been unreachable; None while it is there."""
        return None if self._lost_ns is None else (self._clock.monotonic_ns() - self._lost_ns) / 1e9

    async def run(self) -> None:
        """Follows the recorder until cancelled."""
        async with anyio.create_task_group() as group:
            group.start_soon(self._follow)
            while True:
                await self._wants.wait()
                self._wants.clear()
                self._adjust(group)

    async def _follow(self) -> None:
        backoff = _Backoff(self._clock)
        while True:
            self._listening = anyio.CancelScope()
            try:
                with self._listening:
                    await self._follow_state(backoff)
            except _GONE as error:
                self._lose(error)
            if not self._listening.cancelled_caught:
                await backoff.wait()

    async def _follow_state(self, backoff: _Backoff) -> None:
        async with self._connected(f"/v1/state?{self._query}") as socket:
            while True:
                async with self._clock.timeout(STATE_SECONDS_MAX):
                    message = await socket.receive()
                if message.type is not aiohttp.WSMsgType.TEXT:
                    raise ConnectionError("the recorder closed the connection")
                self.state = parse_state(message.data)
                if self._lost_ns is not None:
                    _log.info("the recorder is reached")
                    self._lost_ns = None
                backoff.reset()

    @property
    def _query(self) -> str:
        return f"lang={self._language}" if self._language else ""

    def _lose(self, error: BaseException) -> None:
        if self._lost_ns is None:
            self._lost_ns = self._clock.monotonic_ns()
            self._outage_logged = False
        if not self._outage_logged:
            level = logging.INFO if self.state is None else logging.WARNING  # at the start it may just be starting, too
            _log.log(level, "the recorder does not answer yet: %s", error or "silent")
            self._outage_logged = True

    def _adjust(self, group: TaskGroup) -> None:
        for source in self._scopes.keys() - self._wanted.keys():
            self._scopes.pop(source).cancel()
            del self.streams[source]
        for source, box in self._wanted.items():
            if source not in self._scopes:
                scope = self._scopes[source] = anyio.CancelScope()
                stream = self.streams[source] = self._new_stream(source.camera, box)
                group.start_soon(self._show, stream, source, scope)

    async def _show(self, target: CameraStream, source: Source, scope: anyio.CancelScope) -> None:
        with scope:
            backoff = _Backoff(self._clock)
            while True:
                try:
                    await self._follow_live(target, source, backoff)
                except _GONE as error:
                    _log.debug("camera %s: live stream interrupted: %s", source.camera, error)
                await backoff.wait()

    async def _follow_live(self, target: CameraStream, source: Source, backoff: _Backoff) -> None:
        sequence: int | None = None
        path = f"/v1/cameras/{source.camera}/live?stream={source.stream}&{self._query}"
        async with self._connected(path) as socket:
            async for message in socket:
                if message.type is aiohttp.WSMsgType.BINARY:
                    unit = parse_unit(message.data)
                    if not follows(unit.sequence, sequence):
                        target.put(Loss())
                    sequence = unit.sequence
                    target.put(unit)
                    backoff.reset()
                elif message.type is aiohttp.WSMsgType.TEXT:
                    item = parse_text(message.data)
                    if isinstance(item, End):
                        _log.warning("camera %s: the recorder ended the live stream: %s", target.camera, item.reason)
                        target.refusal = item.reason
                        return
                    if isinstance(item, StreamFormat):
                        target.refusal = ""
                    if item is not None:
                        target.put(item)

    @asynccontextmanager
    async def _connected(self, path: str) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
        async with self._clock.timeout(CONNECT_SECONDS_MAX):
            socket = await self._session.ws_connect(
                path, max_msg_size=MESSAGE_BYTES_MAX, timeout=aiohttp.ClientWSTimeout(ws_close=0.5)
            )
        try:
            yield socket
        finally:
            with anyio.CancelScope(shield=True):
                await socket.close()


def open_session(socket: Path) -> aiohttp.ClientSession:
    """A session with the recorder's local site on that unix socket; its requests begin at `/v1/`. To be closed."""
    connector = aiohttp.UnixConnector(path=str(socket), limit=0)
    return aiohttp.ClientSession("http://recorder", connector=connector, timeout=aiohttp.ClientTimeout(total=None))
