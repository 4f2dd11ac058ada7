"""`/…/events`: events of the past as a list, those of now over a WebSocket, and telling one over the API.

1. An event is shown only while its camera's feature is granted (M7 on the local site, M8 remotely), judged when it is
   sent. An event of the recorder itself is shown while that of any camera is.
2. The remote side is never told what happened while a camera was lapsed, afterwards either (`licensed_only`).
3. When no camera is granted any more a WebSocket ends with the reason, like live viewing.
"""

import asyncio
import json
import logging
from collections.abc import Callable
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import anyio
from aiohttp import web
from pydantic import ValidationError

from gate.client.gate import Gate
from gate.clock import Clock
from gate.licence.denials import TABLE, problem
from gate.licence.features import Feature
from gate.licence.text import Language
from gate.yaml_file import first_error
from recorder.access.actor import may_see
from recorder.catalog.database import Catalog
from recorder.catalog.event_queries import newest_events
from recorder.config import RecorderConfig
from recorder.events.bus import EventBus, Missed
from recorder.events.event import CameraEvent
from recorder.events.kept import Event
from recorder.state import StateBoard
from recorder.web.answers import json_answer
from recorder.web.event_access import EventAccess
from recorder.web.event_form import EventRequest, event_json, parse_filter
from recorder.web.middleware import language_of
from recorder.web.problem import own_problem, problem_response
from recorder.web.server import SOCKETS
from recorder.web.socket import new_socket

SEND_SECONDS_MAX = 5.0
LISTENERS_MAX = 64

_log = logging.getLogger(__name__)


class EventsRoute:
    """One side's view of events. `feature`: HDMI_EVENTS or REMOTE_EVENTS."""

    def __init__(
        self,
        *,
        bus: EventBus,
        catalog: Catalog,
        gate: Gate,
        board: StateBoard,
        clock: Clock,
        config: RecorderConfig,
        feature: Feature,
    ) -> None:
        self._bus = bus
        self._catalog = catalog
        self._gate = gate
        self._board = board
        self._clock = clock
        self._language: Language = config.device.language
        self._zone = ZoneInfo(config.device.time_zone)
        self._access = EventAccess(gate=gate, board=board, feature=feature)
        self._listeners = 0

    async def show(self, request: web.Request) -> web.StreamResponse:
        """The newest events first, a page at a time: `before` the last number gives the next page. A WebSocket for
        whoever asks to upgrade."""
        language = language_of(request, self._language)
        denial = self._access.denial()
        if request.headers.get("Upgrade", "").lower() == "websocket":
            return await self._follow(request, language)
        if denial is not None:
            return problem_response(problem(denial, language, self._zone))
        try:
            wanted, count = parse_filter(request.query, licensed_only=self._access.licensed_only)
        except ValueError as error:
            found = own_problem("events_malformed", language)
            return problem_response(found | {"detail": f"{found['detail']} ({error})"})
        events = await self._catalog.read(partial(newest_events, wanted=wanted, count_max=count))
        shown = [event_json(event, language) for event in events if self._shows(request, event)]
        before = events[-1].number if len(events) == count else None
        return json_answer({"events": shown, "before": before})

    async def tell(self, request: web.Request) -> web.StreamResponse:
        """Something has happened at a camera, as whoever calls says: kept, shown, and recorded in the mode `event`."""
        language = language_of(request, self._language)
        camera = request.match_info["camera"]
        if camera not in self._board.cameras:
            return problem_response(own_problem("camera_unknown", language, camera=camera[:64]))
        try:
            body = await request.read()
            told = EventRequest.model_validate(json.loads(body) if body else {})
        except (ValueError, RecursionError) as error:
            text = first_error(error) if isinstance(error, ValidationError) else "this is no JSON"
            found = own_problem("event_malformed", language)
            return problem_response(found | {"detail": f"{found['detail']} ({text})"})
        recorded = self._bus.tell(
            CameraEvent(
                camera=camera,
                kind=told.kind,
                phase="pulse",
                at_utc_ns=self._clock.now_ns(),
                source="api",
                rule=told.detail,
            )
        )
        mode = self._board.cameras[camera].recording.mode
        return json_answer({"camera": camera, "kind": told.kind, "mode": mode, "recorded": recorded}, 202)

    async def _follow(self, request: web.Request, language: Language) -> web.WebSocketResponse:
        ws = new_socket()
        await ws.prepare(request)
        request.app[SOCKETS][ws] = ""
        self._listeners += 1
        try:
            if self._listeners > LISTENERS_MAX:
                _log.warning("events: a listener was refused, %d are listening", LISTENERS_MAX)
                await _end(ws, own_problem("too_many_viewers", language), 4409, "too_many_viewers")
                return ws
            async with anyio.create_task_group() as group:
                group.start_soon(self._send, ws, request, language, group.cancel_scope.cancel)
                group.start_soon(self._end_when_denied, ws, language, group.cancel_scope.cancel)
                async for _ in ws:  # nothing is expected; reading notices pong, close and loss
                    pass
                group.cancel_scope.cancel()
        finally:
            self._listeners -= 1
            request.app[SOCKETS].pop(ws, None)
        return ws

    async def _send(
        self, ws: web.WebSocketResponse, request: web.Request, language: Language, leave: Callable[[], None]
    ) -> None:
        with self._bus.listen() as events:
            try:
                for event in self._bus.lasting:
                    await self._send_one(ws, request, event, language)
                async for item in events:
                    await self._send_one(ws, request, item, language)
            except TimeoutError:
                if request.transport is not None:
                    request.transport.abort()
            except ConnectionError:
                pass
        leave()

    def _shows(self, request: web.Request, event: Event) -> bool:
        return may_see(request, event.camera) and self._access.may_show(event)

    async def _send_one(
        self, ws: web.WebSocketResponse, request: web.Request, item: Event | Missed, language: Language
    ) -> None:
        if isinstance(item, Missed):
            message: dict[str, Any] = {"dropped": {"events": item.events}}
        elif self._shows(request, item):
            message = {"event": event_json(item, language)}
        else:
            return
        async with self._clock.timeout(SEND_SECONDS_MAX):
            await ws.send_str(json.dumps(message, ensure_ascii=False))

    async def _end_when_denied(self, ws: web.WebSocketResponse, language: Language, leave: Callable[[], None]) -> None:
        while (denial := self._access.denial()) is None:
            await self._gate.wait_changed(self._gate.version)
        row = TABLE[denial.code]
        with anyio.CancelScope(shield=True):
            await _end(ws, problem(denial, language, self._zone), row.websocket_code, row.websocket_reason)
        leave()


async def _end(ws: web.WebSocketResponse, why: dict[str, Any], code: int, reason: str) -> None:
    try:
        await ws.send_str(json.dumps({"end": {"problem": why}}, ensure_ascii=False))
        await ws.close(code=code, message=reason.encode(), drain=False)
    except (ConnectionError, asyncio.CancelledError):
        pass
