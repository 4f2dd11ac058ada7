"""Decoding of the past: pictures by their labels. Synchronous; runs in a worker thread (FFmpeg releases the GIL).

A still may be one that the decoder holds back for reordering: then it is drained, and needs a key picture next. So it
is for each of key pictures that come alone.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

import av
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter

from hdmi_out.compositor.canvas import Picture
from hdmi_out.decode import open_context, packet_of, scaled
from hdmi_out.layout.rect import Rect
from hdmi_out.media import StreamFormat
from hdmi_out.playback_messages import At, PastUnit, Skipped

PastItem = StreamFormat | PastUnit | At | Skipped

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoded:
    """The newest picture to be shown, None if there is none. `missed`: the label of a still that could not be made."""

    label: int | None = None
    picture: Picture | None = None
    missed: int | None = None


class PastDecoder:
    """Decodes what it is given, in order. `damaged` counts what could not be decoded."""

    def __init__(self, camera: str) -> None:
        self._camera = camera
        self._context: av.VideoCodecContext | None = None
        self._scaler = VideoReformatter()
        self._wait_key = True
        self._alone = False
        self._hidden: set[int] = set()
        self._recent: dict[int, VideoFrame] = {}
        self._newest: tuple[int, VideoFrame] | None = None
        self.damaged = 0

    def decode(self, items: Sequence[PastItem], box: Rect) -> Decoded:
        """What is to be shown after all items; without any, the last picture once more. Raises MediaError where there
        is no decoder."""
        newest = self._newest if not items else None
        missed = None
        for item in needed(items):
            match item:
                case StreamFormat():
                    self._context, self._wait_key = open_context(self._camera, item), True
                case Skipped():
                    self._wait_key = True
                case PastUnit():
                    newest = self._decode(item) or newest
                case At(rate=0, label=int(label)):
                    self._alone = False
                    frame = self._still(label)
                    newest, missed = ((label, frame), None) if frame is not None else (newest, label)
                case At():
                    self._alone = item.pictures == "keys"
        if newest is None:
            return Decoded(missed=missed)
        self._newest = newest
        try:
            return Decoded(label=newest[0], picture=scaled(newest[1], box, self._scaler), missed=missed)
        except av.FFmpegError as error:
            self._lose(error)
            return Decoded(missed=missed)

    def _decode(self, unit: PastUnit) -> tuple[int, VideoFrame] | None:
        if self._context is None or (self._wait_key and not unit.key):
            return None
        if self._wait_key:
            if self._context.is_open:
                self._context.flush_buffers()
            self._hidden.clear()
        self._wait_key = False
        if unit.hidden:
            self._hidden.add(unit.label)
        packet = packet_of(unit.data)
        packet.pts = unit.label
        try:
            frames = self._context.decode(packet)
            if self._alone:
                frames += self._context.decode(None)
                self._wait_key = True
        except av.FFmpegError as error:
            self._lose(error)
            return None
        return self._take(frames)

    def _take(self, frames: Sequence[VideoFrame]) -> tuple[int, VideoFrame] | None:
        shown = None
        self._recent = {}
        for frame in frames:
            if frame.is_corrupt or frame.pts is None:
                self._lose("damaged picture")
                return None
            self._recent[frame.pts] = frame
            if frame.pts in self._hidden:
                self._hidden.discard(frame.pts)
            else:
                shown = (frame.pts, frame)
        return shown

    def _still(self, label: int) -> VideoFrame | None:
        if label in self._recent:
            return self._recent[label]
        if self._context is None or self._wait_key or not self._context.is_open:
            return None
        try:
            frames = self._context.decode(None)
        except av.FFmpegError as error:
            self._lose(error)
            return None
        self._take(frames)
        self._wait_key = True
        return self._recent.get(label)

    def _lose(self, why: object) -> None:
        self.damaged += 1
        self._wait_key = True
        if self.damaged & (self.damaged - 1) == 0:  # 1, 2, 4, 8, …: repeats collapsed
            _log.warning("camera %s: recorded picture not decodable (%s); %d so far", self._camera, why, self.damaged)


def needed(items: Sequence[PastItem]) -> Sequence[PastItem]:
    """Without what the last still makes needless: before the key picture it begins with, only formats."""
    still = max((i for i, item in enumerate(items) if isinstance(item, At) and item.rate == 0), default=None)
    if still is None:
        return items
    key = max((i for i, item in enumerate(items[:still]) if isinstance(item, PastUnit) and item.key), default=0)
    return [*(item for item in items[:key] if isinstance(item, StreamFormat)), *items[key:]]
