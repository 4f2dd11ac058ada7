"""One camera's stream on its way to the screen: a bounded queue of units, a decoder, and the newest picture. A decoder
that falls behind skips to the next key frame; it never holds up the output or another camera."""

import logging
from collections import deque
from collections.abc import Sequence

from hdmi_out.compositor.canvas import Picture
from hdmi_out.decode import Decoder
from hdmi_out.layout.rect import Rect
from hdmi_out.media import Loss, StreamFormat, Unit

Item = StreamFormat | Unit | Loss

_log = logging.getLogger(__name__)

UNITS_MAX = 90
"""Units that wait for the decoder: several seconds of a sub stream, a burst after a reconnect."""
BYTES_MAX = 8 << 20
"""Bytes that wait for the decoder."""


class CameraStream:
    """Units in, newest picture out, fitted into `box`, which may change at any time. Everything but `decode` happens on
    the event loop."""

    def __init__(self, camera: str, box: Rect) -> None:
        self.camera = camera
        self.box = box
        self.refusal = ""
        self.dropped = 0
        self._decoder = Decoder(camera)
        self._queue: deque[Item] = deque()
        self._queued_bytes = 0
        self._newest: Picture | None = None

    @property
    def corrupt(self) -> int:
        """Units that could not be decoded."""
        return self._decoder.corrupt

    def put(self, item: Item) -> None:
        """Queues an item. A full queue keeps its format and loses its pictures up to the next key frame."""
        size = len(item.data) if isinstance(item, Unit) else 0
        if len(self._queue) >= UNITS_MAX or self._queued_bytes + size > BYTES_MAX:
            self._overflow()
        self._queued_bytes += size
        self._queue.append(item)

    def take(self) -> Picture | None:
        """The newest picture, once."""
        picture, self._newest = self._newest, None
        return picture

    def take_queued(self, *, keys_only: bool) -> Sequence[Item]:
        """What waits for the decoder, in order; `keys_only`: without what is no key picture."""
        items = list(self._queue)
        self._queue.clear()
        self._queued_bytes = 0
        if keys_only:
            kept = [item for item in items if not isinstance(item, Unit) or item.key]
            return [*kept, Loss()] if len(kept) < len(items) else kept
        return items

    def decode(self, items: Sequence[Item]) -> None:
        """What `take_queued` gave, in any thread, one call at a time. Raises MediaError where there is no decoder."""
        picture = self._decoder.decode(items, self.box)
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
