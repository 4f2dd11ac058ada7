"""Coded pictures of one camera to the edges of its motion. Synchronous; runs in a worker thread."""

import logging
from collections.abc import Iterator, Sequence

import av
import numpy as np
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame

from recorder.events.motion import Edge, Episode, Luma, MotionDetector
from recorder.events.motion_settings import MotionSettings
from recorder.media.access_unit import AccessUnit, VideoFormat
from recorder.media.decoding import decode, open_decoder

LOOK_SECONDS = 0.19
"""Pictures that come sooner after the last one looked at are only decoded: the next ones refer to them."""

_log = logging.getLogger(__name__)


class MotionDecoder:
    """Decodes what it is given, in order. After a loss or a broken picture it waits for a key frame."""

    def __init__(self, camera: str, settings: MotionSettings) -> None:
        self._camera = camera
        self._detector = MotionDetector(settings)
        self._episode = Episode()
        self._context: VideoCodecContext | None = None
        self._format: VideoFormat | None = None
        self._run = 0
        self._wait_key = True
        self._looked_ns = 0
        self.broken = 0

    def look(self, units: Sequence[AccessUnit]) -> list[Edge]:
        """What began or ended within these pictures."""
        return [edge for unit in units for edge in self._look_at(unit)]

    def skip(self) -> None:
        """Pictures are missing before the next one."""
        self._wait_key = True

    def end(self) -> list[Edge]:
        """No more pictures for now: what lasts ends, and what is usual is learnt anew."""
        self._wait_key = True
        self._detector.restart()
        edge = self._episode.end()
        return [edge] if edge else []

    def _look_at(self, unit: AccessUnit) -> Iterator[Edge]:
        if unit.run != self._run:
            self._run = unit.run
            yield from self.end()
        frame = self._decoded(unit)
        if frame is None or abs(unit.utc_ns - self._looked_ns) < LOOK_SECONDS * 1e9:
            return
        self._looked_ns = unit.utc_ns
        edge = self._episode.feed(unit.utc_ns, self._detector.moving(luma_of(frame)))
        if edge is not None:
            yield edge

    def _decoded(self, unit: AccessUnit) -> VideoFrame | None:
        if self._wait_key and not unit.key:
            return None
        if self._context is None or unit.format is not self._format:
            self._context, self._format = open_decoder(unit.format), unit.format
        if self._wait_key and self._context.is_open:
            self._context.flush_buffers()
        try:
            frames = decode(self._context, unit)
        except av.FFmpegError as error:
            self._lose(error)
            return None
        self._wait_key = False
        return frames[-1] if frames else None

    def _lose(self, why: object) -> None:
        self._wait_key = True
        self.broken += 1
        if self.broken & (self.broken - 1) == 0:  # 1, 2, 4, 8, …: repeats collapsed
            _log.warning(
                "camera %s: motion detection: picture not decodable (%s), %d so far", self._camera, why, self.broken
            )


def luma_of(frame: VideoFrame) -> Luma:
    """The brightness of a decoded picture (height, width), without a copy where it is planar."""
    if frame.format.name not in ("yuv420p", "yuvj420p", "nv12", "gray"):
        frame = frame.reformat(format="gray")
    plane = frame.planes[0]
    return np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, plane.line_size)[:, : plane.width]
