"""Client of the recorder's local site: the site state, and a live stream of each camera on the wall. It reconnects by
itself."""

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import anyio
from anyio.abc import TaskGroup

from gate.clock import Clock
from hdmi_out.errors import MediaError
from hdmi_out.layout.wall import TILES_MAX
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
    """What is known of the recorder. `state` is the last one heard, None before the first. `language`: of the problems
    in it, None for the recorder's own."""

    def __init__(
        self, socket: Path, clock: Clock, new_stream: Callable[[str], CameraStream], language: str | None
    ) -> None:
        self._socket = socket
        self._clock = clock
        self._new_stream = new_stream
        self._query = f"lang={language}" if language else ""
        self._live: dict[str, tuple[str, anyio.CancelScope]] = {}
        self._lost_ns: int | None = clock.monotonic_ns()
        self._outage_logged = False
        self.state: SiteState | None = None
        self.streams: dict[str, CameraStream] = {}

    def lost_seconds(self) -> float | None:
        """For how long the recorder has been unreachable; None while it is there."""
        return None if self._lost_ns is None else (self._clock.monotonic_ns() - self._lost_ns) / 1e9

    async def run(self) -> None:
        """Follows the recorder until cancelled."""
        connector = aiohttp.UnixConnector(path=str(self._socket), limit=0)
        timeout = aiohttp.ClientTimeout(total=None)
        async with (
            aiohttp.ClientSession("http://recorder", connector=connector, timeout=timeout) as session,
            anyio.create_task_group() as group,
        ):
            backoff = _Backoff(self._clock)
            while True:
                try:
                    await self._follow_state(session, group, backoff)
                except _GONE as error:
                    self._lose(error)
                await backoff.wait()

    async def _follow_state(self, session: aiohttp.ClientSession, group: TaskGroup, backoff: _Backoff) -> None:
        async with self._connected(session, f"/v1/state?{self._query}") as socket:
            while True:
                async with self._clock.timeout(STATE_SECONDS_MAX):
                    message = await socket.receive()
                if message.type is not aiohttp.WSMsgType.TEXT:
                    raise ConnectionError("the recorder closed the connection")
                self.state = parse_state(message.data)
                if self._lost_ns is not None:
                    _log.info("recorder reached at %s", self._socket)
                    self._lost_ns = None
                backoff.reset()
                self._adjust(session, group)

    def _lose(self, error: BaseException) -> None:
        if self._lost_ns is None:
            self._lost_ns = self._clock.monotonic_ns()
            self._outage_logged = False
        if not self._outage_logged:
            level = logging.INFO if self.state is None else logging.WARNING  # at the start it may just be starting, too
            _log.log(level, "the recorder does not answer at %s yet: %s", self._socket, error or "silent")
            self._outage_logged = True

    def _adjust(self, session: aiohttp.ClientSession, group: TaskGroup) -> None:
        assert self.state is not None
        wanted = {camera.id: camera.wall_stream for camera in self.state.cameras[:TILES_MAX]}
        for camera, (stream, scope) in list(self._live.items()):
            if wanted.get(camera) != stream:
                scope.cancel()
                del self._live[camera], self.streams[camera]
        for camera, stream in wanted.items():
            if camera not in self._live:
                scope = anyio.CancelScope()
                self._live[camera] = (stream, scope)
                self.streams[camera] = self._new_stream(camera)
                group.start_soon(self._show, session, self.streams[camera], stream, scope)

    async def _show(
        self, session: aiohttp.ClientSession, target: CameraStream, stream: str, scope: anyio.CancelScope
    ) -> None:
        with scope:
            async with anyio.create_task_group() as group:
                group.start_soon(target.run)
                backoff = _Backoff(self._clock)
                while True:
                    try:
                        await self._follow_live(session, target, stream, backoff)
                    except _GONE as error:
                        _log.debug("camera %s: live stream interrupted: %s", target.camera, error)
                    await backoff.wait()

    async def _follow_live(
        self, session: aiohttp.ClientSession, target: CameraStream, stream: str, backoff: _Backoff
    ) -> None:
        sequence: int | None = None
        async with self._connected(
            session, f"/v1/cameras/{target.camera}/live?stream={stream}&{self._query}"
        ) as socket:
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
    async def _connected(
        self, session: aiohttp.ClientSession, path: str
    ) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
        async with self._clock.timeout(CONNECT_SECONDS_MAX):
            socket = await session.ws_connect(
                path, max_msg_size=MESSAGE_BYTES_MAX, timeout=aiohttp.ClientWSTimeout(ws_close=0.5)
            )
        try:
            yield socket
        finally:
            with anyio.CancelScope(shield=True):
                await socket.close()
