"""One live viewer on a WebSocket: pictures while the lease runs, then the reason and the close (docs/protocols.md).

1. A viewer begins with the cached group of pictures and skips to the next key frame when it falls behind.
2. At revocation: what is already written has a moment to leave, then `end` and the close; a stalled peer is reset.
3. Nobody is refused at the handshake: a page would see only 1006.
"""

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import anyio
from aiohttp import web

from gate.client.lease import Lease
from gate.clock import Clock
from gate.peer import drain, reset
from recorder.hub import Dropped, Feed, Subscription
from recorder.media.access_unit import AccessUnit, VideoFormat
from recorder.state import StateBoard
from recorder.web.media_header import MediaHeader, MediaKind
from recorder.web.problem import Problem

QUEUE_UNITS_MAX = 600
QUEUE_BYTES_MAX = 8 << 20
LAG_SECONDS_MAX = 2.5
"""A viewer this far behind skips to the next key frame."""
SEND_SECONDS_MAX = 5.0
"""A peer that takes no picture for so long is dropped."""
END_SECONDS_MAX = 0.5

_log = logging.getLogger(__name__)


class PictureForm(Protocol):
    """How one side writes pictures; one object serves all viewers of a stream."""

    kind: MediaKind
    restarts_with_run: bool
    """Whether a new run begins anew, with `hello`, init segment and a key frame; else only a new format does."""

    def hello(self, video: VideoFormat) -> Mapping[str, Any]:
        """The content of `hello` for this format."""

    def init(self, video: VideoFormat) -> bytes:
        """The init segment, empty where the side has none."""

    def picture(self, unit: AccessUnit) -> Sequence[bytes]:
        """The message's parts after the header."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """Why a session ends: the last text, and the close frame."""

    problem: Problem
    close_code: int
    close_reason: str

    def text(self) -> str:
        """The `end` message."""
        return json.dumps({"end": {"problem": self.problem}}, ensure_ascii=False)


class Lag:
    """Decides for each picture in turn whether a viewer still gets it. Pure.

    It begins with a key frame: after a restoration the cached group may have begun while denied, and only its rest is
    covered. What follows that key frame but is shown before it (B-frames) is left out for the same reason. Pictures
    older than the viewer itself (the cached group) are never late."""

    def __init__(self, joined_ns: int, lag_seconds_max: float = LAG_SECONDS_MAX) -> None:
        self._joined_ns = joined_ns
        self._lag_ns_max = round(lag_seconds_max * 1e9)
        self._lost = 0
        self._skipping = True
        self._begun = False
        self._begun_pts = 0

    def passes(self, unit: AccessUnit, now_ns: int, *, restart: bool = False) -> bool:
        """Whether this picture is sent. `now_ns` and `arrival_ns` are monotonic. `restart`: only a key frame can follow
        what was sent."""
        late = unit.arrival_ns > self._joined_ns and now_ns - unit.arrival_ns > self._lag_ns_max
        if self._skipping or restart:
            self._begun_pts = unit.pts_90k
        self._skipping = late or ((self._skipping or restart) and not unit.key)
        self._begun |= not self._skipping
        self._lost += self._skipping and self._begun
        return not self._skipping and (unit.pts_90k >= self._begun_pts or not unit.composition_90k)

    def add_lost(self, units: int) -> None:
        """Counts pictures lost before they came here."""
        self._lost += units

    def take_lost(self) -> int:
        """How many were lost since the last call."""
        lost, self._lost = self._lost, 0
        return lost


class Viewer:
    """A session on an accepted WebSocket."""

    def __init__(
        self,
        *,
        request: web.Request,
        ws: web.WebSocketResponse,
        camera: str,
        stream: str,
        board: StateBoard,
        clock: Clock,
    ) -> None:
        self._request = request
        self._ws = ws
        self._camera = camera
        self._stream = stream
        self._board = board
        self._clock = clock
        self._sequence = 0

    async def run(self, lease: Lease, feed: Feed, form: PictureForm) -> None:
        """Sends pictures until the peer leaves, or the camera is no longer configured. The lease's scope cancels it at
        revocation."""
        now_ns = self._clock.monotonic_ns()
        with feed.subscribe(lease, now_ns=now_ns, units_max=QUEUE_UNITS_MAX, bytes_max=QUEUE_BYTES_MAX) as subscription:
            async with anyio.create_task_group() as group:
                group.start_soon(self._send_pictures, feed, subscription, lease, form, group.cancel_scope)
                group.start_soon(self._send_phases, group.cancel_scope)
                async for _ in self._ws:  # nothing is expected; reading notices pong, close and loss
                    pass
                group.cancel_scope.cancel()

    async def end(self, ending: Ending) -> None:
        """The last words of a session, and the close frame. Bounded, whatever the peer does."""
        with anyio.CancelScope(shield=True):
            try:
                await drain(self._request.transport, self._clock)
                async with self._clock.timeout(END_SECONDS_MAX):
                    await self._ws.send_str(ending.text())
                    await self._ws.close(
                        code=ending.close_code, message=ending.close_reason.encode()[:123], drain=False
                    )
            except TimeoutError:
                _log.info("camera %s %s: a viewer does not read; its connection is reset", self._camera, self._stream)
                reset(self._request.transport)
            except ConnectionError:
                pass

    async def _send_pictures(
        self, feed: Feed, subscription: Subscription, lease: Lease, form: PictureForm, scope: anyio.CancelScope
    ) -> None:
        lag = Lag(self._clock.monotonic_ns())
        asked = False
        sent: tuple[int | None, VideoFormat] | None = None
        try:
            async for item in subscription:
                if self._clock.now_ns() >= lease.until_ns:
                    return  # a late timer leaks nothing, not even what was captured in time
                if isinstance(item, Dropped):
                    lag.add_lost(item.units)
                    continue
                what = item.run if form.restarts_with_run else None, item.format
                if not lag.passes(item, self._clock.monotonic_ns(), restart=what != sent):
                    if not asked:
                        asked = True
                        feed.want_key()
                    continue
                asked = False
                async with self._clock.timeout(SEND_SECONDS_MAX):
                    if lost := lag.take_lost():
                        _log.info("camera %s %s: a slow viewer lost %d pictures", self._camera, self._stream, lost)
                        await self._send_text({"dropped": {"frames": lost}})
                    if what != sent:
                        await self._send_format(item, form)
                        sent = what
                    await self._send_media(form.kind, item, form.picture(item))
        except TimeoutError:
            _log.info("camera %s %s: a viewer reads nothing; its connection is reset", self._camera, self._stream)
            reset(self._request.transport)
        except ConnectionError:
            pass
        scope.cancel()

    async def _send_format(self, unit: AccessUnit, form: PictureForm) -> None:
        await self._send_text({"hello": form.hello(unit.format)})
        if init := form.init(unit.format):
            await self._send_media(MediaKind.INIT, unit, [init])

    async def _send_media(self, kind: MediaKind, unit: AccessUnit, parts: Sequence[bytes]) -> None:
        header = MediaHeader(
            kind=kind,
            key=unit.key,
            stream=self._stream,
            sequence=self._sequence,
            label_us=unit.utc_ns // 1000,
        )
        self._sequence += 1
        await self._ws.send_bytes(b"".join((header.pack(), *parts)))

    async def _send_phases(self, scope: anyio.CancelScope) -> None:
        told = "streaming"
        try:
            while True:
                seen = self._board.version
                camera = self._board.cameras.get(self._camera)
                state = camera.streams.get(self._stream) if camera else None
                if state is None:  # taken out of the configuration
                    scope.cancel()
                    return
                if state.phase != told:
                    told = state.phase
                    await self._send_text({"status": {"phase": state.phase, "message": state.message}})
                await self._board.wait_changed(seen)
        except ConnectionError:
            scope.cancel()

    async def _send_text(self, message: Mapping[str, Any]) -> None:
        await self._ws.send_str(json.dumps(message, ensure_ascii=False))
