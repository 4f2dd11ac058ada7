"""One camera's stream on its way to the wall: a bounded queue of units, a decoder in a worker thread, and the newest
picture. A decoder that falls behind skips to the next key frame; it never holds up the wall or another camera."""

import asyncio
import logging
from collections import deque
from concurrent.futures import Executor

from hdmi_out.compositor.canvas import Picture
from hdmi_out.decode import Decoder
from hdmi_out.errors import MediaError
from hdmi_out.layout.rect import Rect
from hdmi_out.media import Loss, StreamFormat, Unit

_log = logging.getLogger(__name__)

UNITS_MAX = 90
"""Units that wait for the decoder: several seconds of a sub stream, a burst after a reconnect."""
BYTES_MAX = 8 << 20
"""Bytes that wait for the decoder."""


class CameraStream:
    """Units in, newest picture out, fitted into `box`, which may change at any time. Everything but the decoding itself
    happens on the event loop."""

    def __init__(self, camera: str, workers: Executor, box: Rect) -> None:
        self.camera = camera
        self.box = box
        self.refusal = ""
        self.dropped = 0
        self._workers = workers
        self._decoder = Decoder(camera)
        self._queue: deque[StreamFormat | Unit | Loss] = deque()
        self._queued_bytes = 0
        self._ready = asyncio.Event()
        self._newest: Picture | None = None

    @property
    def corrupt(self) -> int:
        """Units that could not be decoded."""
        return self._decoder.corrupt

    def put(self, item: StreamFormat | Unit | Loss) -> None:
        """Queues an item. A full queue keeps its format and loses its pictures up to the next key frame."""
        size = len(item.data) if isinstance(item, Unit) else 0
        if len(self._queue) >= UNITS_MAX or self._queued_bytes + size > BYTES_MAX:
            self._overflow()
        self._queued_bytes += size
        self._queue.append(item)
        self._ready.set()

    def take(self) -> Picture | None:
        """The newest picture, once."""
        picture, self._newest = self._newest, None
        return picture

    async def run(self) -> None:
        """Decodes until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            await self._ready.wait()
            self._ready.clear()
            items = list(self._queue)
            self._queue.clear()
            self._queued_bytes = 0
            try:
                picture = await loop.run_in_executor(self._workers, self._decoder.decode, items, self.box)
            except MediaError as error:
                _log.error("%s", error)
                self.refusal = str(error)
                continue
            if picture is not None:
                self._newest = picture

    def _overflow(self) -> None:
        lost = sum(isinstance(item, Unit) for item in self._queue)
        self.dropped += lost
        _log.warning("camera %s: decoding is behind, %d pictures skipped", self.camera, lost)
        formats = [item for item in self._queue if isinstance(item, StreamFormat)]
        self._queue.clear()
        self._queued_bytes = 0
        self._queue.extend([*formats[-1:], Loss()])
