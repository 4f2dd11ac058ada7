"""A cursor in the past, over the recorder's local site: commands out, pictures and what is said of them in. It
reconnects, and is then where it was."""

import asyncio
import json
import logging
from collections import deque
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import aiohttp
import anyio

from gate.clock import Clock
from hdmi_out.compositor.canvas import Picture
from hdmi_out.errors import MediaError
from hdmi_out.layout.rect import Rect
from hdmi_out.media import StreamFormat, follows
from hdmi_out.playback_decode import PastDecoder, PastItem
from hdmi_out.playback_messages import (
    At,
    Ended,
    EndOfFootage,
    Gap,
    PastUnit,
    Skipped,
    Unreadable,
    instant_of,
    label_of,
    parse_past_unit,
    parse_said,
)

WAITING_BYTES_MAX = 32 << 20
"""Bytes that wait for the decoder; beyond, the recorder is left waiting, and skips."""
COMMANDS_MAX = 32
CONNECT_SECONDS_MAX = 3.0
RETRY_SECONDS_MIN, RETRY_SECONDS_MAX = 0.2, 2.0
MESSAGE_BYTES_MAX = 16 << 20
HEARTBEAT_SECONDS = 5.0

_GONE = (aiohttp.ClientError, OSError, TimeoutError, ValueError, MediaError)

_log = logging.getLogger(__name__)

Remark = Gap | Unreadable | EndOfFootage


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A picture of the past, and when it was."""

    label: int
    picture: Picture


class PlaybackClient:
    """`shown`: the newest picture; `asked`: the last time that was sought; `remark`: what was said since the last
    command, or since pictures went on; `rate`: as wished, 0 while it stands; `refusal`: why nothing is shown at all."""

    def __init__(self, session: aiohttp.ClientSession, clock: Clock, camera: str, box: Rect, language: str) -> None:
        self._session = session
        self._clock = clock
        self._camera = camera
        self._box = box
        self._language = language
        self._decoder = PastDecoder(camera)
        self._items: deque[PastItem] = deque()
        self._item_bytes = 0
        self._came, self._decoded = asyncio.Event(), asyncio.Event()
        self._commands: deque[dict[str, Any]] = deque()
        self._commanded = asyncio.Event()
        self._number = self._answered = 0
        self._wish: int | None = None
        self._missed: int | None = None
        self.asked: int | None = None
        self.rate = 0.0
        self.shown: Shown | None = None
        self.remark: Remark | None = None
        self.remarked_ns = 0
        self.connected = False
        self.empty = False
        self.refusal = ""

    @property
    def waiting(self) -> bool:
        """Whether a command has not been answered yet."""
        return self._number != self._answered

    @property
    def position(self) -> int | None:
        """The label of what is shown, or of what was asked for last; None before the first."""
        if self._wish is not None:
            return self._wish
        return self.shown.label if self.shown else None

    @property
    def in_gap(self) -> bool:
        """Whether the time that was asked for is in a gap, and nothing beyond it has been shown yet."""
        gap, asked = self.remark, self.asked
        if not isinstance(gap, Gap) or asked is None or not label_of(gap.start) <= asked < label_of(gap.end):
            return False
        return self.shown is None or self.shown.label < label_of(gap.end)

    @property
    def position_asked(self) -> int | None:
        """`position`, but the time that was asked for while that is in a gap."""
        return self.asked if self.in_gap else self.position

    @property
    def box(self) -> Rect:
        """What pictures have to fit into."""
        return self._box

    @box.setter
    def box(self, box: Rect) -> None:
        if box != self._box:
            self._box = box
            self._came.set()  # the picture that is shown is scaled anew

    @property
    def damaged(self) -> int:
        """Pictures that could not be decoded."""
        return self._decoder.damaged

    def begin(self, label: int, rate: float) -> None:
        """Where to be, before it has begun to run."""
        self._wish = self.asked = label
        self.rate = rate

    def seek(self, label: int) -> None:
        """Shows the picture of that time."""
        self._wish = self.asked = label
        self._say({"seek": {"at": instant_of(label).isoformat()}})

    def play(self, rate: float) -> None:
        """Plays from here; negative: backward."""
        self.rate = rate
        self._say({"play": {"rate": rate}})

    def pause(self) -> None:
        """Stands at the picture that is shown."""
        self.rate = 0
        if self.shown is not None and self._wish is None:
            self._say({"pause": {"at": instant_of(self.shown.label).isoformat()}})
        else:
            self._say({"pause": {}})

    def step(self, direction: int) -> None:
        """The picture after (before: -1) this one."""
        if self.rate:
            self.pause()
        self._say({"step": direction})

    async def run(self) -> None:
        """Follows the recorder until cancelled."""
        worker = ThreadPoolExecutor(1, thread_name_prefix="past")
        try:
            await self._run(worker)
        finally:
            worker.shutdown(wait=False, cancel_futures=True)

    async def _run(self, worker: Executor) -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(self._decode, worker)
            seconds = RETRY_SECONDS_MIN
            while True:
                try:
                    await self._follow()
                except _GONE as error:
                    _log.debug("camera %s: playback interrupted: %s", self._camera, error)
                if self.connected:
                    seconds = RETRY_SECONDS_MIN
                self.connected = False
                await self._clock.sleep(seconds)
                seconds = min(seconds * 2, RETRY_SECONDS_MAX)

    def _say(self, command: dict[str, Any]) -> None:
        self.remark = None
        if "seek" in command and self._commands and "seek" in self._commands[-1]:
            self._commands.pop()
        if len(self._commands) >= COMMANDS_MAX:
            return  # whoever presses keys faster than anything answers sees that some did nothing
        self._number += 1
        self._commands.append(command | {"number": self._number})
        self._commanded.set()

    async def _follow(self) -> None:
        async with self._clock.timeout(CONNECT_SECONDS_MAX):
            socket = await self._session.ws_connect(
                f"/v1/cameras/{self._camera}/playback",
                params={"lang": self._language},
                max_msg_size=MESSAGE_BYTES_MAX,
                heartbeat=HEARTBEAT_SECONDS,
                timeout=aiohttp.ClientWSTimeout(ws_close=0.5),
            )
        gone: BaseException | None = None
        try:
            self._resume()
            async with anyio.create_task_group() as group:
                group.start_soon(self._send, socket)
                await self._listen(socket)
                group.cancel_scope.cancel()
        except* _GONE as errors:
            gone = errors.exceptions[0]
        finally:
            with anyio.CancelScope(shield=True):
                await socket.close()
        if gone is not None:
            raise gone

    def _resume(self) -> None:
        """A new cursor knows nothing: it is put where the last one was."""
        rate, position = self.rate, self.position
        self._items.clear()
        self._item_bytes = 0
        self._commands.clear()
        self.seek(position if position is not None else label_of(self._clock.now()))
        if position is None:
            self.asked = None  # nobody asked for a time: the newest picture there is
        if rate:
            self.play(rate)

    async def _send(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        while True:
            while self._commands:
                await socket.send_str(json.dumps(self._commands.popleft()))
            self._commanded.clear()
            await self._commanded.wait()

    async def _listen(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        sequence: int | None = None
        async for message in socket:
            self.connected, self.refusal = True, "" if message.type is aiohttp.WSMsgType.BINARY else self.refusal
            if message.type is aiohttp.WSMsgType.BINARY:
                unit = parse_past_unit(message.data)
                if not follows(unit.sequence, sequence):
                    self._put(Skipped())
                sequence = unit.sequence
                self._put(unit)
                while self._item_bytes > WAITING_BYTES_MAX:
                    self._decoded.clear()
                    await self._decoded.wait()
            elif message.type is aiohttp.WSMsgType.TEXT:
                self._hear(message.data)

    def _hear(self, text: str) -> None:
        match parse_said(text):
            case Gap() | Unreadable() | EndOfFootage() as remark:
                self._remark(remark)
                if isinstance(remark, Unreadable):
                    self._put(Skipped())
            case Ended() as ended:
                if ended.code != "restart" and ended.reason != self.refusal:
                    self.refusal = ended.reason
                    _log.warning("camera %s: the recorder ended playback: %s", self._camera, ended.reason)
            case At() as at:
                self._answered = at.number if at.number is not None else self._answered
                self.empty = at.label is None
                if not self.waiting:
                    self._wish = None
                    if at.label is None:
                        self.rate = 0
                self._put(at)
            case StreamFormat() | Skipped() as item:
                self._put(item)
            case None:
                pass

    def _remark(self, remark: Remark) -> None:
        self.remark, self.remarked_ns = remark, self._clock.monotonic_ns()
        if isinstance(remark, EndOfFootage) and not self.waiting:
            self.rate = 0

    def _put(self, item: PastItem) -> None:
        self._items.append(item)
        self._item_bytes += len(item.data) if isinstance(item, PastUnit) else 0
        self._came.set()

    async def _decode(self, worker: Executor) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._came.wait()
            self._came.clear()
            items = list(self._items)
            self._items.clear()
            self._item_bytes = 0
            try:
                made = await loop.run_in_executor(worker, self._decoder.decode, items, self._box)
            except MediaError as error:
                _log.error("%s", error)
                self.refusal = str(error)
                continue
            finally:
                self._decoded.set()
            if made.label is not None and made.picture is not None:
                self.shown = Shown(label=made.label, picture=made.picture)
            if made.missed is not None and made.missed != self._missed and not self.waiting:
                self._missed = made.missed  # it could not follow what was drained: once more, from a key picture
                self.seek(made.missed)
