"""Flat pictures that are hung into the world: fronts, signs, doors. Coordinates in metres, origin lower left."""

from collections.abc import Sequence

import cv2
import numpy as np

from camera_sim.scene.canvas import Canvas, fixed
from camera_sim.scene.site import Image
from camera_sim.scene.texture import cloud


def hang(
    canvas: Canvas, panel: "Panel", left: tuple[float, float], right: tuple[float, float], strips: int = 12
) -> None:
    """Hangs a panel upright into the world; its lower corners are (x, y) on the ground, left and right as seen from its
    front. In strips: a picture that reaches behind the camera cannot be hung as a whole."""
    start, end = np.array(left), np.array(right)
    columns, high = panel.image.shape[1], panel.height
    for at in range(strips):
        first, last = (start + (end - start) * share / strips for share in (at, at + 1))
        last = last + (end - start) / np.linalg.norm(end - start) * 0.01
        low = [(*last, 0.0), (*first, 0.0)]
        corners = [(*first, high), (*last, high), *low]
        piece = panel.image[:, round(columns * at / strips) : round(columns * (at + 1) / strips)]
        canvas.texture(corners, np.ascontiguousarray(piece))


class Panel:
    """A picture of `width` by `height` metres, `per_metre` pixels each."""

    def __init__(self, width: float, height: float, per_metre: float, colour: Sequence[int]) -> None:
        self._per_metre = per_metre
        self.height = height
        self.image: Image = np.full((round(height * per_metre), round(width * per_metre), 3), colour, np.uint8)

    def box(self, x: float, y: float, right: float, top: float, colour: Sequence[int]) -> None:
        """A rectangle."""
        self.polygon([(x, y), (right, y), (right, top), (x, top)], colour)

    def polygon(self, points: Sequence[tuple[float, float]], colour: Sequence[int], opacity: float = 1.0) -> None:
        """Any polygon."""
        outline = [fixed(np.array([self._pixel(x, y) for x, y in points]))]
        if opacity >= 1:
            cv2.fillPoly(self.image, outline, tuple(colour), cv2.LINE_AA, 4)
            return
        over = self.image.copy()
        cv2.fillPoly(over, outline, tuple(colour), cv2.LINE_AA, 4)
        cv2.addWeighted(over, opacity, self.image, 1 - opacity, 0, self.image)

    def ramp(self, x: float, y: float, right: float, top: float, low: Sequence[int], high: Sequence[int]) -> None:
        """A rectangle that goes from the colour `low` to `high`."""
        (left_px, bottom_px), (right_px, top_px) = self._pixel(x, y), self._pixel(right, top)
        part = self.image[max(0, round(top_px)) : round(bottom_px), max(0, round(left_px)) : round(right_px)]
        share = np.linspace(1, 0, part.shape[0], dtype=np.float32)[:, None, None]
        part[:] = (np.array(low, np.float32) * (1 - share) + np.array(high, np.float32) * share).astype(np.uint8)

    def disc(self, x: float, y: float, radius: float, colour: Sequence[int]) -> None:
        """A circle."""
        angles = np.linspace(0, 2 * np.pi, 33)[:-1]
        self.polygon([(x + radius * np.cos(a), y + radius * np.sin(a)) for a in angles], colour)

    def glow(self, x: float, y: float, radius: float, colour: Sequence[int], strength: float) -> None:
        """Light around a point."""
        (cx, cy), reach = self._pixel(x, y), radius * self._per_metre
        left, top = max(0, int(cx - reach)), max(0, int(cy - reach))
        part = self.image[top : max(0, int(cy + reach)), left : max(0, int(cx + reach))]
        rows, columns = np.ogrid[top : top + part.shape[0], left : left + part.shape[1]]
        falloff = np.clip(1 - np.hypot(columns - cx, rows - cy) / reach, 0, 1)[..., None] ** 2 * strength
        part[:] = (part + np.array(colour, np.float32) * falloff * (1 - part / 255)).astype(np.uint8)

    def text(self, words: str, x: float, y: float, height: float, colour: Sequence[int], weight: int = 600) -> None:
        """Words centred on x, standing on y; in the font that OpenCV brings along."""
        font = cv2.FontFace("sans" if words.isascii() else "uni")
        size = round(height * self._per_metre)
        left, _, width, _ = cv2.getTextSize((0, 0), words, (0, 0), font, size, weight)
        px, py = self._pixel(x, y)
        cv2.putText(self.image, words, (round(px - width / 2 - left), round(py)), tuple(colour), font, size, weight)

    def grain(self, strength: float, metres: float, seed: int) -> None:
        """Uneven tone all over."""
        height, width = self.image.shape[:2]
        tone = cloud(height, width, metres * self._per_metre, seed) * strength + 1
        self.image[:] = np.clip(self.image * tone[..., None], 0, 255).astype(np.uint8)

    def shadow(self, points: Sequence[tuple[float, float]], strength: float, blur: float) -> None:
        """Soft shadow over a polygon; `blur` in metres."""
        outline = np.array([self._pixel(x, y) for x, y in points])
        sigma = max(0.5, blur * self._per_metre)
        left, top = (max(0, int(low - 3 * sigma)) for low in outline.min(axis=0))
        right, bottom = (max(0, int(high + 3 * sigma)) for high in outline.max(axis=0))
        part = self.image[top:bottom, left:right]
        mask = np.zeros(part.shape[:2], np.uint8)
        cv2.fillPoly(mask, [fixed(outline - (left, top))], (255,), cv2.LINE_AA, 4)
        soft = cv2.GaussianBlur(mask, (0, 0), sigma).astype(np.float32)[..., None] / 255
        part[:] = (part * (1 - soft * strength * np.array((0.85, 0.95, 1.0), np.float32))).astype(np.uint8)

    def _pixel(self, x: float, y: float) -> tuple[float, float]:
        return x * self._per_metre, (self.height - y) * self._per_metre
