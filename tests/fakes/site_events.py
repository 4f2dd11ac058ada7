"""The events of a fake local site (docs/protocols.md): told over a WebSocket, listed, with small pictures."""

import asyncio
import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import cv2
import numpy as np
from aiohttp import web

from gate.clock import Clock

TITLES = {"person": ("人物", "Person"), "motion": ("動き", "Motion"), "disk": ("ディスク異常", "Disk trouble")}


def picture(grey: int = 120) -> bytes:
    """A JPEG of one brightness."""
    done, data = cv2.imencode(".jpg", np.full((180, 320, 3), grey, np.uint8))
    assert done
    return data.tobytes()


@dataclass
class SiteEvents:
    """`thumbnails`: by event; what is not there is 404. `refuse`: the list and the WebSocket are.
    `listed`: in which language the list was asked for, each time."""

    clock: Clock
    events: list[dict[str, Any]] = field(default_factory=list)
    thumbnails: dict[int, bytes] = field(default_factory=dict)
    refuse: bool = False
    device: dict[str, Any] = field(default_factory=dict)
    number: int = 0
    listeners: list[asyncio.Queue[str | None]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    languages: list[str] = field(default_factory=list)
    listed: list[str] = field(default_factory=list)

    def add_routes(self, app: web.Application) -> None:
        app.router.add_get("/v1/events", self._events)
        app.router.add_get("/v1/events/{id}/thumbnail.jpg", self._thumbnail)
        app.router.add_get("/v1/device", self._device)

    def happen(
        self,
        camera: str | None = "cam1",
        kind: str = "person",
        *,
        at: datetime | None = None,
        lasts: bool = False,
        thumbnail: bytes | None = None,
        told: bool = True,
        **more: Any,
    ) -> int:
        """Something happens; gives its number. `told` False: it is in the list only."""
        self.number += 1
        start = at or self.clock.now()
        event = {
            "id": self.number,
            "camera": camera,
            "kind": kind,
            "source": "onvif",
            "start": start.isoformat(),
            "end": None if lasts else start.isoformat(),
            "detail": "",
            **more,
        }
        self.events.insert(0, event)
        if thumbnail is not None:
            self.thumbnails[self.number] = thumbnail
        if told:
            self.say(json.dumps({"event": event}))
        return self.number

    def end(self, number: int) -> None:
        """One that lasts is over."""
        for event in self.events:
            if event["id"] == number:
                event["end"] = (self.clock.now() + timedelta(seconds=0)).isoformat()
                self.say(json.dumps({"event": event}))

    def say(self, text: str | None) -> None:
        """Sends a message to all who listen; None closes."""
        for queue in self.listeners:
            queue.put_nowait(text)

    def wipe(self) -> None:
        """The site begins anew: so do its numbers."""
        self.events.clear()
        self.number = 0

    def _titled(self, event: dict[str, Any], language: str) -> dict[str, Any]:
        ja, en = TITLES.get(event["kind"], (event["kind"], event["kind"]))
        return {"title": en if language == "en" else ja} | event

    async def _events(self, request: web.Request) -> web.StreamResponse:
        language = request.query.get("lang", "ja")
        if self.refuse:
            raise web.HTTPForbidden
        if request.headers.get("Upgrade", "").lower() == "websocket":
            return await self._follow(request, language)
        self.listed.append(request.query.get("lang", ""))
        before = int(request.query.get("before", 2**62))
        limit = int(request.query.get("limit", 100))
        cameras = [name for name in request.query.get("camera", "").split(",") if name]
        kinds = [name for name in request.query.get("kind", "").split(",") if name]
        found = [
            event
            for event in self.events
            if event["id"] < before
            and (not cameras or event["camera"] in cameras)
            and (not kinds or event["kind"] in kinds)
        ][:limit]
        last = found[-1]["id"] if len(found) == limit else None
        return web.json_response({"events": [self._titled(event, language) for event in found], "before": last})

    async def _follow(self, request: web.Request, language: str) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(timeout=0.2)
        await socket.prepare(request)
        queue: asyncio.Queue[str | None] = asyncio.Queue()
        for event in self.events:
            if event["end"] is None:
                queue.put_nowait(json.dumps({"event": event}))
        self.listeners.append(queue)
        self.languages.append(language)
        sending = asyncio.create_task(self._send(socket, queue, language))
        try:
            async for _ in socket:
                pass
        finally:
            self.listeners.remove(queue)
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
        return socket

    async def _send(self, socket: web.WebSocketResponse, queue: asyncio.Queue[str | None], language: str) -> None:
        while (text := await queue.get()) is not None:
            message = json.loads(text) if text.startswith("{") else None
            if message and "kind" in message.get("event", {}):
                text = json.dumps({"event": self._titled(message["event"], language)})
            await socket.send_str(text)
        await socket.close(drain=False)

    async def _thumbnail(self, request: web.Request) -> web.Response:
        self.asked.append(request.match_info["id"])
        data = self.thumbnails.get(int(request.match_info["id"]))
        if data is None:
            raise web.HTTPNotFound
        return web.Response(body=data, content_type="image/jpeg")

    async def _device(self, _: web.Request) -> web.Response:
        return web.json_response(self.device)
