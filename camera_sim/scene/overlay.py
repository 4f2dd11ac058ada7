"""What a camera adds to its pictures: the sensor's noise, the clock, the barcode. In I420, for every size."""

import functools

import cv2
import numpy as np
from numpy.typing import NDArray

from camera_sim import barcode

_TEXT_SHARE = 1 / 40
"""Text height as a share of the picture's height."""
_TEXT_PX_MIN = 8
_WEIGHT = 500
_PLATE_LUMA = 0.42
_WHITE = 235
_NOISE_SIGMA = 0.9
_NOISE_SHIFTS = 61
"""The noise is one picture, moved about by up to that many pixels."""
_NEUTRAL = 128


class Overlay:
    """The overlay of one stream. Seconds and tenths are those of UTC, modulo the loop of 60 s."""

    def __init__(self, width: int, height: int) -> None:
        self._width, self._height = width, height
        self._text_px = max(_TEXT_PX_MIN, round(height * _TEXT_SHARE))
        size = (height + _NOISE_SHIFTS, width + _NOISE_SHIFTS)
        noise = np.random.default_rng(7).normal(0, _NOISE_SIGMA, size).round()
        # Sums of bytes that stop at 0 and 255 are OpenCV's fastest: lighter and darker pixels apart.
        self._lighter, self._darker = noise.clip(0, 9).astype(np.uint8), (-noise).clip(0, 9).astype(np.uint8)

    def draw(self, i420: NDArray[np.uint8], number: int, fps: int) -> None:
        """Draws over picture `number` of the loop, in place. `i420`: (3/2 height, width)."""
        luma = i420[: self._height]
        chroma = i420.reshape(-1)[self._width * self._height :].reshape(2, self._height // 2, self._width // 2)
        self._add_noise(luma, number)
        tenths = number * 10 // fps
        self._plate(luma, chroma, _label(f"{tenths // 10 % 60:02d}.{tenths % 10}", self._text_px))
        left, top, row_right, bottom = barcode.box(self._width, self._height)
        chroma[:, top // 2 : (bottom + 1) // 2, left // 2 : (row_right + 1) // 2] = _NEUTRAL
        barcode.draw(luma, number)

    def _add_noise(self, luma: NDArray[np.uint8], number: int) -> None:
        down, across = number * 17 % _NOISE_SHIFTS, number * 29 % _NOISE_SHIFTS
        part = np.s_[down : down + self._height, across : across + self._width]
        cv2.add(luma, self._lighter[part], luma)
        cv2.subtract(luma, self._darker[part], luma)

    def _plate(self, luma: NDArray[np.uint8], chroma: NDArray[np.uint8], text: NDArray[np.uint8]) -> None:
        """Text on a darkened rectangle at the bottom right, in line with the barcode."""
        gap = barcode.square(self._width)
        height, width = text.shape
        x, y = self._width - gap - width, self._height - gap - height
        box = luma[y : y + height, x : x + width]
        dark = box.astype(np.float32) * _PLATE_LUMA
        alpha = text.astype(np.float32) / 255
        box[:] = (dark + (_WHITE - dark) * alpha).astype(np.uint8)
        colour = chroma[:, y // 2 : (y + height) // 2, x // 2 : (x + width) // 2]
        colour[:] = colour // 4 + _NEUTRAL * 3 // 4


@functools.lru_cache(256)
def _label(text: str, size: int) -> NDArray[np.uint8]:
    """A text's coverage (0 to 255) with room around it. OpenCV's own font: the same on every machine."""
    font = cv2.FontFace("sans")
    gap = size // 3
    x, _, width, _ = cv2.getTextSize((0, 0), text, (0, 0), font, size, _WEIGHT)
    # Even sizes: the colour planes have half of them.
    mask = np.zeros((round(size * 0.7) * 2, (width + 2 * gap + 1) // 2 * 2), np.uint8)
    cv2.putText(mask, text, (gap - x, round(size * 1.05)), (255,), font, size, _WEIGHT)
    return mask
