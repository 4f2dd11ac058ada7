"""Motion in pictures of a camera: what moves, and when that is an event. Pure; times are nanoseconds of labels.

1. Pictures are brought to WIDTH columns of luma. A mixture of Gaussians a pixel (MOG2) learns what is usual there,
   noise, flicker and the digits of a burnt-in clock included; shadows do not count.
2. What is unusual moves if one connected area of it, within the zones, is large enough for the sensitivity.
3. A picture that is unusual nearly everywhere is light, a turned camera or a cut, not motion: the model begins anew.
4. An event begins with the second moving picture within CONFIRM_SECONDS, labelled with the first, and ends after
   QUIET_SECONDS without one, labelled with the last.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from recorder.events.motion_settings import MotionSettings

Luma = NDArray[np.uint8]

WIDTH = 160
LEARN_PICTURES = 5
"""So many pictures after a beginning nothing moves yet: the model knows nothing."""
HISTORY_PICTURES = 120
EVERYWHERE_SHARE = 0.6
CONFIRM_SECONDS = 1.0
QUIET_SECONDS = 2.0
AREA_SHARE_MIN, AREA_SHARE_MAX = 0.0005, 0.02
"""Of the picture, at sensitivity 100 and 1: 0.05 % are a hand, 2 % a person nearby."""

_FOREGROUND = 255  # MOG2 marks shadows with 127
_KERNEL = np.ones((3, 3), np.uint8)


class MotionDetector:
    """Looks at one camera's pictures, some five a second, in order."""

    def __init__(self, settings: MotionSettings) -> None:
        self._zones = settings.zones
        ease = settings.sensitivity / 100
        self._area_share = AREA_SHARE_MAX * (AREA_SHARE_MIN / AREA_SHARE_MAX) ** ease
        self._variance = 50 - 34 * ease
        self._model: cv2.BackgroundSubtractorMOG2 | None = None
        self._mask: Luma | None = None
        self._seen = 0

    def restart(self) -> None:
        """Forgets what is usual: the next picture follows nothing."""
        self._model = None

    def moving(self, luma: Luma) -> bool:
        """Whether something moves in this picture (height, width), of any size."""
        height = max(round(luma.shape[0] * WIDTH / luma.shape[1]), 1)
        small = cv2.resize(luma, (WIDTH, height), interpolation=cv2.INTER_AREA)
        if self._model is None or self._mask is None or self._mask.shape != small.shape:
            self._begin(height)
        assert self._model is not None and self._mask is not None
        unusual = (self._model.apply(small) == _FOREGROUND).astype(np.uint8)
        self._seen += 1
        if self._seen <= LEARN_PICTURES:
            return False
        if unusual.mean() > EVERYWHERE_SHARE:
            self.restart()
            return False
        unusual = cv2.morphologyEx(unusual & self._mask, cv2.MORPH_OPEN, _KERNEL)
        _, _, areas, _ = cv2.connectedComponentsWithStats(unusual)
        largest = int(areas[1:, cv2.CC_STAT_AREA].max(initial=0))
        return bool(largest >= self._area_share * unusual.size)

    def _begin(self, height: int) -> None:
        self._model = cv2.createBackgroundSubtractorMOG2(HISTORY_PICTURES, self._variance, detectShadows=True)
        self._mask = zone_mask(self._zones, WIDTH, height)
        self._seen = 0


def zone_mask(zones: Sequence[Sequence[tuple[float, float]]], width: int, height: int) -> Luma:
    """1 where motion counts (height, width)."""
    if not zones:
        return np.ones((height, width), np.uint8)
    mask = np.zeros((height, width), np.uint8)
    corners = [
        np.array([(x * (width - 1), y * (height - 1)) for x, y in zone]).round().astype(np.int32) for zone in zones
    ]
    cv2.fillPoly(mask, corners, 1)
    return mask


@dataclass(frozen=True, slots=True)
class Edge:
    """An episode of motion begins or ends."""

    phase: Literal["start", "end"]
    at_utc_ns: int


class Episode:
    """Makes events of single moving pictures (rule 4)."""

    def __init__(self) -> None:
        self._first_ns: int | None = None
        self._last_ns: int | None = None
        self._lasts = False

    def feed(self, at_utc_ns: int, moving: bool) -> Edge | None:
        """The next picture; what begins or ends with it. A label before the last one ends what lasted."""
        if self._last_ns is not None and at_utc_ns < self._last_ns:
            return self.end()
        if moving:
            return self._moving(at_utc_ns)
        if self._last_ns is not None and at_utc_ns - self._last_ns > QUIET_SECONDS * 1e9:
            return self.end()
        return None

    def end(self) -> Edge | None:
        """Nothing more comes: what lasted ends with the last moving picture."""
        edge = Edge("end", self._last_ns) if self._lasts and self._last_ns is not None else None
        self._first_ns, self._last_ns, self._lasts = None, None, False
        return edge

    def _moving(self, at_utc_ns: int) -> Edge | None:
        before, self._last_ns = self._last_ns, at_utc_ns
        if self._lasts:
            return None
        if before is None or self._first_ns is None or at_utc_ns - before > CONFIRM_SECONDS * 1e9:
            self._first_ns = at_utc_ns
            return None
        self._lasts = True
        return Edge("start", self._first_ns)
