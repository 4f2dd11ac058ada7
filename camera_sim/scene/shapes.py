"""Things as lists of convex polygons in pixels, far ones first, and how they come into a picture without jagged
edges."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np

from camera_sim.scene.canvas import fixed
from camera_sim.scene.site import Image
from camera_sim.scene.view import NEAR_METRES, Floats, Point, View, shadow_of

Colour = tuple[int, int, int]
Pixels = Floats | Sequence[Floats] | Sequence[Sequence[float]]
_FINE_PX = 160
"""Up to this size things are drawn at threefold size, larger ones at twofold."""
SHADE_TINT = (0.86, 0.95, 1.0)
"""How much of blue, green and red a shadow takes away: shade is bluish."""
_SOFTNESS_MAX_PX = 7.0
_ROUND = np.stack(
    (np.cos(np.linspace(0, 2 * np.pi, 12)[:-1]), np.sin(np.linspace(0, 2 * np.pi, 12)[:-1])), axis=1
).astype(np.float32)


@dataclass(slots=True, kw_only=True)
class Shapes:
    """One thing. `depth` orders it among others; `shadow` are polygons on the ground, `softness` their blur in
    pixels. By night `lamps` (pixel, radius in pixels, colour) shine, and `beams` (polygon, colour) light the ground."""

    depth: float
    polygons: list[tuple[Floats, Colour]] = field(default_factory=list)
    shadow: list[Floats] = field(default_factory=list)
    softness: float = 2.0
    darkness: float = 0.5
    lamps: list[tuple[Floats, float, Colour]] = field(default_factory=list)
    beams: list[tuple[Floats, Colour]] = field(default_factory=list)

    def add(self, pixels: Floats, colour: Colour) -> None:
        """A convex polygon over those before."""
        if len(pixels) >= 3:
            self.polygons.append((pixels, colour))

    def throw(self, view: View, points: Floats | Sequence[Point], thick_px: float = 0.5) -> None:
        """The shadow of the convex body between world points, on the ground; none if part of it is behind the
        camera."""
        ground = shadow_of(points)
        ground[:, 1] = np.minimum(ground[:, 1], view.wall_y)
        pixels, depths = view.project(ground)
        if depths.min() > NEAR_METRES:
            self.shadow.append(hull(list(pixels), (thick_px,) * len(pixels)))

    def blob(self, centres: Pixels, radii: Sequence[float], colour: Colour) -> None:
        """The convex hull of discs: rounded limbs, heads, bodies."""
        self.add(hull(centres, radii), colour)


def hull(centres: Pixels, radii: Sequence[float]) -> Floats:
    """Outline of the convex hull of discs in pixels."""
    circles = np.asarray(centres, np.float32)[:, None] + _ROUND * np.asarray(radii, np.float32)[:, None, None]
    return np.asarray(cv2.convexHull(circles.reshape(-1, 2))[:, 0, :], float)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sprite:
    """A drawn thing at (x, y) of the picture. `colours` are already multiplied by their coverage; `keep` is what shows
    through of the picture (255: all), the same in each of three channels."""

    x: int
    y: int
    colours: Image
    keep: Image


def cast(picture: Image, shapes: Shapes) -> None:
    """Throws the thing's shadow into a picture, in place."""
    softness = min(shapes.softness, _SOFTNESS_MAX_PX)
    margin = softness * 3 + 2
    box = _box(shapes.shadow, margin, picture.shape)
    if box is None:
        return
    x, y, w, h = box
    mask = np.zeros((h, w), np.uint8)
    for pixels in shapes.shadow:
        cv2.fillConvexPoly(mask, fixed(pixels - (x, y)), (255,), cv2.LINE_AA, 4)
    mask = np.asarray(cv2.GaussianBlur(mask, (0, 0), max(softness, 0.5)), np.uint8)
    part = picture[y : y + h, x : x + w]
    keep = cv2.merge([cv2.convertScaleAbs(255 - mask * np.float32(tint * shapes.darkness)) for tint in SHADE_TINT])
    part[:] = cv2.multiply(part, keep, scale=1 / 255)


def render(shapes: Shapes, frame: tuple[int, ...]) -> Sprite | None:
    """The thing as a sprite for a picture of shape `frame`; None if nothing of it is inside."""
    box = _box([pixels for pixels, _ in shapes.polygons], 1, frame)
    if box is None:
        return None
    x, y, w, h = box
    scale = 3 if max(w, h) <= _FINE_PX else 2
    large = np.zeros((h * scale, w * scale, 4), np.uint8)
    points = fixed((np.concatenate([pixels for pixels, _ in shapes.polygons]) - (x, y)) * scale)
    at = 0
    for pixels, colour in shapes.polygons:
        cv2.fillConvexPoly(large, points[at : at + len(pixels)], (*colour, 255), cv2.LINE_8, 4)
        at += len(pixels)
    small = cv2.resize(large, (w, h), interpolation=cv2.INTER_AREA)
    keep = cv2.cvtColor(255 - small[..., 3], cv2.COLOR_GRAY2BGR)
    return Sprite(x=x, y=y, colours=np.ascontiguousarray(small[..., :3], np.uint8), keep=np.asarray(keep, np.uint8))


def blend(picture: Image, sprite: Sprite) -> None:
    """Puts a sprite into a picture, in place."""
    height, width = sprite.keep.shape[:2]
    part = picture[sprite.y : sprite.y + height, sprite.x : sprite.x + width]
    part[:] = cv2.add(cv2.multiply(part, sprite.keep, scale=1 / 255), sprite.colours)


def crop(sprite: Sprite, other: Sprite) -> Sprite | None:
    """The part of a sprite inside another one's box; None if there is nothing of it."""
    left, top = max(sprite.x, other.x), max(sprite.y, other.y)
    right = min(sprite.x + sprite.keep.shape[1], other.x + other.keep.shape[1])
    bottom = min(sprite.y + sprite.keep.shape[0], other.y + other.keep.shape[0])
    if right <= left or bottom <= top:
        return None
    part = np.s_[top - sprite.y : bottom - sprite.y, left - sprite.x : right - sprite.x]
    keep = sprite.keep[part]
    return None if keep.min() == 255 else Sprite(x=left, y=top, colours=sprite.colours[part], keep=keep)


def _box(polygons: Iterable[Floats], margin: float, frame: tuple[int, ...]) -> tuple[int, int, int, int] | None:
    polygons = [pixels for pixels in polygons if len(pixels)]
    if not polygons:
        return None
    points = np.concatenate(polygons)
    left, top = (max(0, int(low - margin)) for low in points.min(axis=0))
    right, bottom = (int(high + margin) + 1 for high in points.max(axis=0))
    width, height = min(frame[1], right) - left, min(frame[0], bottom) - top
    return (left, top, width, height) if width > 0 and height > 0 else None
