"""What a viewer of the past is sent: pictures with their media headers, and texts."""

import json
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from gate.clock import Clock
from recorder.catalog.rows import Stream
from recorder.local.unit_form import UnitForm
from recorder.media.access_unit import AccessUnit, VideoFormat
from recorder.web.media_header import MediaHeader

SEND_SECONDS_MAX = 5.0
"""A peer that takes nothing for so long is dropped."""


class PlaybackOutlet:
    """Each method raises TimeoutError for a peer that does not read, ConnectionError for one that is gone."""

    def __init__(self, ws: web.WebSocketResponse, stream: Stream, clock: Clock) -> None:
        self._ws = ws
        self._stream = stream
        self._clock = clock
        self._form = UnitForm()
        self._format: VideoFormat | None = None
        self._sequence = 0

    async def send(self, unit: AccessUnit, shown_us: int, *, hidden: bool) -> None:
        """A picture, after `hello` where its format is new. `hidden`: only to be decoded."""
        async with self._clock.timeout(SEND_SECONDS_MAX):
            if unit.format is not self._format and unit.format != self._format:
                await self._ws.send_str(json.dumps({"hello": self._form.hello(unit.format)}))
                self._format = unit.format
            header = MediaHeader(
                kind=self._form.kind,
                key=unit.key,
                stream=self._stream,
                sequence=self._sequence,
                label_us=shown_us,
                hidden=hidden,
            )
            self._sequence += 1
            await self._ws.send_bytes(b"".join((header.pack(), *self._form.picture(unit))))

    async def tell(self, message: Mapping[str, Any]) -> None:
        """A text."""
        async with self._clock.timeout(SEND_SECONDS_MAX):
            await self._ws.send_str(json.dumps(message, ensure_ascii=False))
