"""`/…/state`: the site state as a plain GET, or as a WebSocket that sends it on every change. Never gated."""

import asyncio
import json
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Protocol

import anyio
from aiohttp import web

from gate.client.gate import Gate
from gate.client.uplink_status import UplinkStatus
from gate.clock import Clock
from gate.licence.text import Language, Text
from recorder.access.actor import LOCAL, Actor, actor_of
from recorder.config import DeviceConfig
from recorder.site_state import Moment, site_state
from recorder.state import StateBoard
from recorder.web.middleware import language_of
from recorder.web.server import SOCKETS
from recorder.web.socket import new_socket

REPEAT_SECONDS = 1.0
PAUSE_SECONDS = 0.05
"""Shortest time between two sends: changes that come in a burst go out as one."""
SEND_SECONDS_MAX = 5.0


class LicenceStatus(Protocol):
    """Whatever brings the licence to the gate."""

    @property
    def text(self) -> Text:
        """What is wrong with it, in one sentence; empty while all is well."""

    @property
    def status(self) -> UplinkStatus | None:
        """The connection to the licence service; None where there is to be none."""


TEXTS_MAX = 32

_Readers = tuple[Language, frozenset[str] | None, bool]


class StateRoute:
    """The state of one recorder, the same on the remote side and the local site."""

    def __init__(
        self, *, device: DeviceConfig, board: StateBoard, gate: Gate, licence: LicenceStatus, clock: Clock
    ) -> None:
        self._device = device
        self._board = board
        self._gate = gate
        self._licence = licence
        self._clock = clock
        self._texts: OrderedDict[_Readers, tuple[tuple[object, ...], str]] = OrderedDict()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """GET, or a WebSocket if the client asks for one."""
        language = language_of(request, self._device.language)
        ws = new_socket()
        if not ws.can_prepare(request):
            return web.Response(
                text=self.text(language, actor_of(request)),
                content_type="application/json",
                headers={"Cache-Control": "no-store"},
            )
        await ws.prepare(request)
        request.app[SOCKETS][ws] = ""
        try:
            await self._serve(request, ws, language)
        finally:
            request.app[SOCKETS].pop(ws, None)
        return ws

    def text(self, language: Language, reader: Actor = LOCAL) -> str:
        """The state as of now, as JSON: of the cameras that exist for the reader, and with what the recorder is to be
        registered by for admins alone. It is made once for all who may see the same, anew after a change and every
        second."""
        readers = language, reader.cameras, reader.may("admin")
        message = self._licence.text.in_language(language)
        second = self._clock.monotonic_ns() // 1_000_000_000
        key = (self._board.version, self._gate.version, self._clock.discontinuities, message, second)
        known = self._texts.get(readers)
        if known is None or known[0] != key:
            known = self._texts[readers] = key, self._made(readers, message)
            self._texts.move_to_end(readers)
            if len(self._texts) > TEXTS_MAX:
                self._texts.popitem(last=False)
        return known[1]

    def _made(self, readers: _Readers, message: str) -> str:
        language, cameras, admin = readers
        service = self._licence.status
        if service is not None and service.code is not None and not admin:  # whoever has the code can take the recorder
            service, message = replace(service, code=None, label=None), ""
        state = site_state(
            device=self._device,
            board=self._board,
            gate=self._gate,
            moment=Moment(now=self._clock.now(), monotonic_ns=self._clock.monotonic_ns()),
            language=language,
            licence_message=message,
            clock=self._gate.evidence(),
            service=service,
            visible=cameras,
        )
        return json.dumps(state, ensure_ascii=False)

    async def _serve(self, request: web.Request, ws: web.WebSocketResponse, language: Language) -> None:
        wake = asyncio.Event()
        async with anyio.create_task_group() as group:
            group.start_soon(_wake_on, self._board.wait_changed, self._board.version, wake)
            group.start_soon(_wake_on, self._gate.wait_changed, self._gate.version, wake)
            group.start_soon(self._send, request, ws, language, wake)
            async for _ in ws:  # nothing is expected; reading notices pong, close and loss
                pass
            group.cancel_scope.cancel()

    async def _send(
        self, request: web.Request, ws: web.WebSocketResponse, language: Language, wake: asyncio.Event
    ) -> None:
        try:
            while True:
                wake.clear()
                async with self._clock.timeout(SEND_SECONDS_MAX):
                    await ws.send_str(self.text(language, actor_of(request)))
                await self._clock.sleep(PAUSE_SECONDS)
                await self._wait(wake)
        except TimeoutError:
            if request.transport is not None:
                request.transport.abort()
        except ConnectionError:
            pass

    async def _wait(self, wake: asyncio.Event) -> None:
        try:
            async with self._clock.timeout(REPEAT_SECONDS - PAUSE_SECONDS):
                await wake.wait()
        except TimeoutError:
            pass


async def _wake_on(wait_changed: Callable[[int], Awaitable[int]], seen: int, wake: asyncio.Event) -> None:
    while True:
        seen = await wait_changed(seen)
        wake.set()
