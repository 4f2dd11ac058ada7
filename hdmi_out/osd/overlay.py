"""A prepared piece of drawing that is laid over a canvas: of every sample it says how much of the canvas stays and
what is added. Preparing takes floating point once; laying over takes two integer operations a sample."""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from hdmi_out.layout.rect import Rect
from hdmi_out.osd.palette import Colour

Plane = NDArray[np.uint8]
_Float = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlay:
    """`keep` and `add` for Y, Cb, Cr: sample = (sample × keep + add) / 256. Luma has `height`×`width` (even), chroma
    half of each. `keep` None: nothing of the canvas stays."""

    width: int
    height: int
    keep: tuple[NDArray[np.uint16], NDArray[np.uint16]] | None
    add: tuple[NDArray[np.uint16], NDArray[np.uint16], NDArray[np.uint16]]


class Painter:
    """Draws an overlay, clipped to its size: on nothing (`ground` None), or on an opaque ground."""

    def __init__(self, width: int, height: int, ground: Colour | None = None) -> None:
        self.width, self.height = width, height
        self._opaque = ground is not None
        keep = np.zeros if ground else np.ones
        self._keep: _Float = keep((height, width), np.float32)
        base = ground or Colour(0, 0, 0)
        self._planes: list[_Float] = [np.full((height, width), c, np.float32) for c in (base.y, base.u, base.v)]

    def rect(self, area: Rect, colour: Colour, opacity: float = 1.0) -> None:
        """Fills a rectangle."""
        self._lay(area.x, area.y, np.full((max(area.height, 0), max(area.width, 0)), opacity, np.float32), colour)

    def mask(self, x: int, y: int, mask: Plane, colour: Colour, opacity: float = 1.0) -> None:
        """Lays `colour` where `mask` (0 to 255) is, its upper left corner at x, y."""
        self._lay(x, y, mask.astype(np.float32) * (opacity / 255), colour)

    def shade(self, colour: Colour, opacity: float, rows: int) -> None:
        """The first `rows` rows in one opacity, fading out over the others."""
        fading = max(self.height - rows, 1)
        alpha = np.clip(1 - (np.arange(self.height, dtype=np.float32) - rows) / fading, 0, 1) * opacity
        self._lay(0, 0, np.repeat(alpha[:, None], self.width, axis=1), colour)

    def disc(self, centre_x: float, centre_y: float, radius: float, colour: Colour, hole: float = 0.0) -> None:
        """A disc, or a ring with a `hole` of that radius."""
        reach = int(radius) + 2
        rows, columns = np.mgrid[-reach : reach + 1, -reach : reach + 1].astype(np.float32)
        left, top = round(centre_x) - reach, round(centre_y) - reach
        distance = np.hypot(rows + top + reach - centre_y, columns + left + reach - centre_x)
        alpha = np.clip(radius + 0.5 - distance, 0, 1)
        if hole:
            alpha *= np.clip(distance - hole + 0.5, 0, 1)
        self._lay(left, top, alpha, colour)

    def finish(self) -> Overlay:
        """The overlay."""
        half = (self.width // 2, self.height // 2)

        def shrunk(plane: _Float) -> Any:
            return cv2.resize(plane, half, interpolation=cv2.INTER_AREA)

        def fixed(plane: Any) -> NDArray[np.uint16]:
            samples: NDArray[np.uint16] = np.rint(plane * 256).astype(np.uint16)
            return samples

        keep = None if self._opaque else (fixed(self._keep), fixed(shrunk(self._keep)))
        add = (fixed(self._planes[0]), fixed(shrunk(self._planes[1])), fixed(shrunk(self._planes[2])))
        return Overlay(width=self.width, height=self.height, keep=keep, add=add)

    def _lay(self, x: int, y: int, alpha: Any, colour: Colour) -> None:
        top, left = max(-y, 0), max(-x, 0)
        alpha = alpha[top : max(self.height - y, 0), left : max(self.width - x, 0)]
        if not alpha.size:
            return
        y, x = y + top, x + left
        area = (slice(y, y + alpha.shape[0]), slice(x, x + alpha.shape[1]))
        self._keep[area] *= 1 - alpha
        for plane, value in zip(self._planes, (colour.y, colour.u, colour.v), strict=True):
            plane[area] += (value - plane[area]) * alpha
