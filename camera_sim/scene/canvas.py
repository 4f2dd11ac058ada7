"""Painting what stands still: polygons, textures, shadows and light in a view, larger than needed, then made small."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from camera_sim.scene.site import Image
from camera_sim.scene.texture import footprints
from camera_sim.scene.view import Floats, Point, View

SUPERSAMPLING = 2
"""Backgrounds are painted this many times as large as they are shown."""
_SHIFT = 4
Mask = NDArray[np.uint8]
Layer = NDArray[np.float32]


def rgb(code: str) -> tuple[int, int, int]:
    """A colour like `e8d9c0` as OpenCV wants it (blue, green, red)."""
    red, green, blue = bytes.fromhex(code)
    return blue, green, red


def mix(first: Sequence[float], second: Sequence[float], share: float) -> tuple[int, int, int]:
    """`share` (0 to 1) of the second colour in the first."""
    share = min(1.0, max(0.0, share))
    return (
        int(first[0] + (second[0] - first[0]) * share + 0.5),
        int(first[1] + (second[1] - first[1]) * share + 0.5),
        int(first[2] + (second[2] - first[2]) * share + 0.5),
    )


def lit(colour: Sequence[float], light: float) -> tuple[int, int, int]:
    """A colour under more (> 1) or less light; shade is bluish, sun is warm."""
    blue, green, red = colour
    warm = min(0.08, max(-0.08, (light - 1) * 0.18))
    return (
        int(min(255, max(0, blue * light * (1 - warm)))),
        int(min(255, max(0, green * light))),
        int(min(255, max(0, red * light * (1 + warm)))),
    )


class Canvas:
    """A picture in the making. `view` is that of the enlarged picture; all points are in the world."""

    def __init__(self, view: View) -> None:
        self.view = view.scaled(SUPERSAMPLING)
        self.image: Image = np.zeros((self.view.height, self.view.width, 3), np.uint8)

    def small(self) -> Image:
        """The picture in its own size."""
        size = (self.view.width // SUPERSAMPLING, self.view.height // SUPERSAMPLING)
        return np.asarray(cv2.resize(self.image, size, interpolation=cv2.INTER_AREA), np.uint8)

    def ground(self) -> tuple[Layer, Layer, Layer]:
        """x, y and footprint (metres a pixel covers) of each pixel of the ground below the horizon, in the small
        picture's size: patterns are drawn without jagged edges anyway. For `lay`."""
        view = self.view.scaled(1 / SUPERSAMPLING)
        x, y, distance = view.ground()
        self._top = int(np.argmax(np.isfinite(distance).all(axis=1)))
        self._distance = distance[self._top :]
        return x[self._top :], y[self._top :], footprints(self._distance, view.focal_px, float(view.eye[2]))

    def lay(self, colours: Layer, haze: Sequence[int]) -> None:
        """Puts a ground's colours into the picture, the distance in haze."""
        share = np.clip((self._distance - 30) / 150, 0, 0.8)[..., None]
        colours = np.clip(colours + (np.array(haze, np.float32) - colours) * share, 0, 255)
        top = self._top * SUPERSAMPLING
        size = (self.view.width, self.view.height - top)
        self.image[top:] = cv2.resize(colours.astype(np.uint8), size, interpolation=cv2.INTER_LINEAR)

    def fill(self, points: Floats | Sequence[Point], colour: Sequence[float]) -> None:
        """A polygon in one colour."""
        outline = self.view.outline(points)
        if len(outline) >= 3:
            cv2.fillPoly(self.image, [fixed(outline)], tuple(colour), cv2.LINE_AA, _SHIFT)

    def ramp(
        self,
        points: Floats | Sequence[Point],
        ends: tuple[Point, Point],
        colours: tuple[Sequence[float], Sequence[float]],
    ) -> None:
        """A polygon whose colour goes from one to the other between two points of the world."""
        (start, end), _ = self.view.project(ends)
        along = (end - start) / max(float(np.dot(end - start, end - start)), 1e-6)
        mask, (x, y, w, h) = self.mask(points)
        if w and h:
            columns = (np.arange(x, x + w) - start[0]) * along[0]
            rows = (np.arange(y, y + h) - start[1]) * along[1]
            share = np.clip(columns[None, :] + rows[:, None], 0, 1).astype(np.float32)[..., None]
            first, second = (np.array(colour, np.float32) for colour in colours)
            self._blend(first + (second - first) * share, mask, (x, y, w, h))

    def texture(self, corners: Sequence[Point], picture: Image, opacity: float = 1.0) -> None:
        """A flat picture (its upper left, upper right, lower right and lower left at `corners`), in front of the
        camera."""
        pixels, depths = self.view.project(corners)
        if depths.min() <= 0.2:
            return
        height, width = picture.shape[:2]
        source = np.array(((0, 0), (width, 0), (width, height), (0, height)), np.float32) - 0.5
        mask, (x, y, w, h) = self.mask(corners)
        if w and h:
            target = (pixels - (x, y)).astype(np.float32)
            matrix = cv2.getPerspectiveTransform(source, target)
            warped = cv2.warpPerspective(picture, matrix, (w, h), flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REPLICATE)
            self._blend(warped.astype(np.float32), (mask * opacity).astype(np.uint8), (x, y, w, h))

    def shade(self, polygons: Sequence[Floats | Sequence[Point]], strength: float, blur_px: float) -> None:
        """Soft shadow over polygons (on the ground, a wall): bluish darkening; `blur_px` in pixels of the small
        picture."""
        mask = np.zeros(self.image.shape[:2], np.uint8)
        for points in polygons:
            outline = self.view.outline(points)
            if len(outline) >= 3:
                cv2.fillPoly(mask, [fixed(outline)], (255,), cv2.LINE_AA, _SHIFT)
        self.darken(mask, strength, blur_px)

    def darken(self, mask: Mask, strength: float, blur_px: float) -> None:
        """Darkens by a mask (255: by `strength`), softened."""
        if blur_px > 0:
            mask = np.asarray(cv2.GaussianBlur(mask, (0, 0), blur_px * SUPERSAMPLING), np.uint8)
        share = mask.astype(np.float32)[..., None] * (strength / 255)
        tint = np.array((0.86, 0.95, 1.0), np.float32)
        self.image[:] = (self.image * (1 - share * tint)).astype(np.uint8)

    def glow(self, centre: Point, radius: float, colour: Sequence[float], strength: float) -> None:
        """Light that falls off around a point; `radius` in metres."""
        pixels, _ = self.view.project([centre])
        radius_px = radius * self.view.scale_at(centre)
        x, y, w, h = self._inside(pixels[0, 0] - radius_px, pixels[0, 1] - radius_px, 2 * radius_px, 2 * radius_px)
        if w and h:
            across = (np.arange(x, x + w) - pixels[0, 0]) / radius_px
            down = (np.arange(y, y + h) - pixels[0, 1]) / radius_px
            falloff = np.clip(1 - np.hypot(across[None, :], down[:, None]), 0, 1) ** 2 * strength
            part = self.image[y : y + h, x : x + w].astype(np.float32)
            light = np.array(colour, np.float32) * falloff[..., None]
            self.image[y : y + h, x : x + w] = (part + light * (1 - part / 255)).astype(np.uint8)

    def mask(self, points: Floats | Sequence[Point]) -> tuple[Mask, tuple[int, int, int, int]]:
        """A polygon's coverage, and its box (x, y, width, height) in the picture."""
        outline = self.view.outline(points)
        if len(outline) < 3:
            return np.zeros((0, 0), np.uint8), (0, 0, 0, 0)
        low, high = outline.min(axis=0), outline.max(axis=0)
        x, y, w, h = self._inside(low[0] - 1, low[1] - 1, high[0] - low[0] + 2, high[1] - low[1] + 2)
        mask = np.zeros((h, w), np.uint8)
        if w and h:
            cv2.fillPoly(mask, [fixed(outline - (x, y))], (255,), cv2.LINE_AA, _SHIFT)
        return mask, (x, y, w, h)

    def _inside(self, x: float, y: float, w: float, h: float) -> tuple[int, int, int, int]:
        left, top = max(0, int(x)), max(0, int(y))
        right, bottom = min(self.view.width, int(x + w) + 1), min(self.view.height, int(y + h) + 1)
        return left, top, max(0, right - left), max(0, bottom - top)

    def _blend(self, colours: Layer, mask: Mask, box: tuple[int, int, int, int]) -> None:
        x, y, w, h = box
        part = self.image[y : y + h, x : x + w]
        share = mask.astype(np.float32)[..., None] / 255
        part[:] = (part + (colours - part) * share + 0.5).astype(np.uint8)


def fixed(pixels: Floats) -> NDArray[np.int32]:
    """Pixels in OpenCV's fixed-point coordinates; far outside is brought to where it cannot overflow."""
    return np.asarray(np.round(np.clip(pixels - 0.5, -20_000, 20_000) * (1 << _SHIFT)), np.int32)
