"""Pictures as fMP4, one a fragment: the boxes are made once per picture, however many watch. Live view has no sound: it
would be as late as its frames are long, and pages may not play it unasked."""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from gate.clock import Clock
from recorder.media.access_unit import TIMESCALE, AccessUnit, VideoFormat
from recorder.media.fmp4 import Sample, fragment, init_segment
from recorder.state import StreamState
from recorder.web.media_header import MediaKind

PICTURES_MAX = 8
"""Pictures whose boxes are kept for the next viewer: those who follow live ask for the same one within moments."""
DEFAULT_FPS = 15.0
DURATION_90K_MAX = TIMESCALE
"""A longer distance is a hole, not a long picture."""


class FragmentForm:
    """The form of one stream.

    A picture's duration is the time since the picture before it: the true one is only known a picture later, and
    waiting for it would cost that much latency. `tfdt` is absolute, so nothing adds up."""

    kind = MediaKind.FRAGMENT
    restarts_with_run = True

    def __init__(self, clock: Clock, stream: StreamState) -> None:
        self._clock = clock
        self._stream = stream
        self._newest = (-1, 0)
        self._duration_90k = 0
        self._sequence = 0
        self._made: OrderedDict[tuple[int, int], Sequence[bytes]] = OrderedDict()

    def hello(self, video: VideoFormat) -> Mapping[str, Any]:
        return {
            "mime": f'video/mp4; codecs="{video.codecs}"',
            "width": video.width,
            "height": video.height,
            "timescale": TIMESCALE,
            "server_time": self._clock.now().isoformat(timespec="microseconds"),
        }

    def init(self, video: VideoFormat) -> bytes:
        return init_segment(replace(video, sound=None))

    def picture(self, unit: AccessUnit) -> Sequence[bytes]:
        decode_time_90k = max(unit.pts_90k - unit.composition_90k, 0)
        key = (unit.run, decode_time_90k)
        parts = self._made.get(key)
        if parts is None:
            self._measure(unit.run, decode_time_90k)
            self._sequence += 1
            sample = Sample(unit.data, self._duration(), unit.key, unit.pts_90k - decode_time_90k)
            parts = self._made[key] = fragment(self._sequence, decode_time_90k, [sample])
            if len(self._made) > PICTURES_MAX:
                self._made.popitem(last=False)
        return parts

    def _measure(self, run: int, decode_time_90k: int) -> None:
        """Learns the distance of two pictures in a row; a viewer that lags behind teaches nothing."""
        newest_run, newest_90k = self._newest
        if newest_run == run:
            delta = decode_time_90k - newest_90k
            if delta <= 0:
                return
            if delta <= DURATION_90K_MAX:
                self._duration_90k = delta
        self._newest = run, decode_time_90k

    def _duration(self) -> int:
        return self._duration_90k or round(TIMESCALE / (self._stream.fps or DEFAULT_FPS))
