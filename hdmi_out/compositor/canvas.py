"""The canvas: planar YUV 4:2:0 (I420) in one buffer, so that a texture or an encoder takes it as it is."""

from dataclasses import dataclass

import numpy as np

from hdmi_out.layout.rect import Rect
from hdmi_out.osd.overlay import Overlay, Plane
from hdmi_out.osd.palette import Colour


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A decoded picture in the size it has on the wall; `planes`: Y, Cb, Cr (views; they keep their memory alive)."""

    width: int
    height: int
    planes: tuple[Plane, Plane, Plane]


class Canvas:
    """`buffer`: Y, then Cb, then Cr, without padding; `planes` are views of it. Width and height are even. `changed`:
    the rectangles painted since it was last cleared."""

    def __init__(self, width: int, height: int) -> None:
        if width % 2 or height % 2:
            raise ValueError(f"a 4:2:0 canvas has even sides, not {width}×{height}")
        self.width, self.height = width, height
        self.buffer: Plane = np.empty((height * 3 // 2, width), np.uint8)
        flat = self.buffer.reshape(-1)
        luma, chroma = width * height, width * height // 4
        self.planes: tuple[Plane, Plane, Plane] = (
            flat[:luma].reshape(height, width),
            flat[luma : luma + chroma].reshape(height // 2, width // 2),
            flat[luma + chroma :].reshape(height // 2, width // 2),
        )
        self.changed: list[Rect] = []

    def fill(self, area: Rect, colour: Colour) -> None:
        """One colour over an even rectangle."""
        self.changed.append(area)
        for index, value in enumerate((colour.y, colour.u, colour.v)):
            self._window(index, area)[:] = value

    def paste(self, x: int, y: int, picture: Picture) -> None:
        """A picture with its upper left corner at x, y (even)."""
        area = Rect(x, y, picture.width, picture.height)
        self.changed.append(area)
        for index, plane in enumerate(picture.planes):
            np.copyto(self._window(index, area), plane)

    def lay(self, x: int, y: int, overlay: Overlay) -> None:
        """An overlay with its upper left corner at x, y (even)."""
        area = Rect(x, y, overlay.width, overlay.height)
        self.changed.append(area)
        for index, add in enumerate(overlay.add):
            window = self._window(index, area)
            if overlay.keep is None:
                np.right_shift(add, 8, out=window, casting="unsafe")
            else:
                mixed = np.multiply(window, overlay.keep[min(index, 1)], dtype=np.uint16)
                mixed += add
                np.right_shift(mixed, 8, out=window, casting="unsafe")

    def _window(self, index: int, area: Rect) -> Plane:
        if not area.even:
            raise ValueError(f"{area} does not line up with 4:2:0 chroma")
        shift = 1 if index else 0
        return self.planes[index][area.y >> shift : area.bottom >> shift, area.x >> shift : area.right >> shift]
