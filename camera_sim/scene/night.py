"""A site without daylight: street lamps and lit windows, or the camera's own infrared lamp."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from camera_sim.scene.canvas import fixed, rgb
from camera_sim.scene.shapes import Colour, Shapes
from camera_sim.scene.site import Image
from camera_sim.scene.view import Floats, Point, View

_UNITY = 96
"""The gain that leaves a pixel as it is; gains are bytes."""
_AMBIENT = np.array((0.150, 0.112, 0.092))
"""What is left of the day, bluish."""
_SKY_LIGHT = np.array((0.30, 0.21, 0.17))
_BLEED = 0.30
"""How much of a lit window's light the air and the lens spread around it."""
_GRAIN = 5.0
_LIGHT_PX = 640
"""What falls from lamps is reckoned in pictures that wide; it has no sharp edges."""
_COARSE = 4
"""Beams are blurred in a picture that many times smaller."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lamp:
    """Shines at a point; at `reach` metres from it its light is a third. `size`: its visible glow, in metres."""

    at: Point
    reach: float = 5.0
    colour: Colour = rgb("ffd9a0")
    strength: float = 1.0
    size: float = 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class Wall:
    """The plane on which one coordinate (0: x, 1: y) is `at`, up to a height."""

    axis: int
    at: float
    top: float = 9.0


class Night(Protocol):
    """Takes the day out of a finished picture."""

    def relight(self, picture: Image, moving: Iterable[Shapes]) -> Image:
        """The same at night; what moves may bring lamps along."""


class LampLight:
    """`Night` with lamps. `panes` are polygons that shine of themselves: windows, signs, screens;
    `walls` get its light as the ground does."""

    def __init__(
        self,
        view: View,
        lamps: Sequence[Lamp],
        panes: Sequence[Sequence[Point]] = (),
        walls: Sequence[Wall] = (),
    ) -> None:
        self._view = view
        self._panes = panes
        coarse = view.scaled(min(1.0, _LIGHT_PX / view.width))
        points, sky = _surfaces(coarse, walls)
        height = np.clip(_above(sky) / (coarse.height * 0.3), 0, 1)[..., None]
        gain = (_AMBIENT + (_SKY_LIGHT - _AMBIENT) * height).astype(np.float32)
        for lamp in lamps:
            metres = np.linalg.norm(points - np.array(lamp.at, np.float32), axis=2)
            light = lamp.strength / (1 + (metres / lamp.reach) ** 2) ** 1.6
            light[sky] *= 0.12
            gain += light[..., None] * np.array(lamp.colour, np.float32) / 255
        gain = cv2.resize(gain, (view.width, view.height), interpolation=cv2.INTER_LINEAR)
        lit = self._mask()
        gain = np.maximum(gain, lit[..., None] * np.array((0.86, 0.97, 1.08), np.float32))
        self._gain = np.clip(gain * _UNITY, 0, 255).astype(np.uint8)
        spread = cv2.GaussianBlur(lit, (0, 0), view.height / 28) * _BLEED
        warm = (spread[..., None] * np.array((60, 92, 118), np.float32)).astype(np.uint8)
        self._glow = np.asarray(cv2.add(warm, _glows(view, lamps)), np.uint8)

    def relight(self, picture: Image, moving: Iterable[Shapes]) -> Image:
        out = np.asarray(cv2.add(cv2.multiply(picture, self._gain, scale=1 / _UNITY), self._glow), np.uint8)
        for shapes in moving:
            for polygon, colour in shapes.beams:
                _add_beam(out, polygon, colour, [pixels for pixels, _ in shapes.polygons])
            for pixel, radius, colour in shapes.lamps:
                _add_glow(out, pixel, radius, colour)
        return out

    def _mask(self) -> NDArray[np.float32]:
        """Where panes are: 0 to 1."""
        mask = np.zeros((self._view.height, self._view.width), np.uint8)
        for pane in self._panes:
            outline = self._view.outline(pane)
            if len(outline) >= 3:
                cv2.fillPoly(mask, [fixed(outline)], (255,), cv2.LINE_AA, 4)
        return np.asarray(mask.astype(np.float32) / 255)


class Infrared:
    """`Night` as most cameras see it indoors: their own lamp, no colours, dark corners."""

    def __init__(self, view: View) -> None:
        across = np.linspace(-1, 1, view.width, dtype=np.float32)[None, :]
        down = np.linspace(-1, 1, view.height, dtype=np.float32)[:, None]
        spot = 0.28 + 1.05 * np.exp(-((across**2 * 1.1 + (down - 0.12) ** 2 * 1.5) / 0.62))
        noise = np.random.default_rng(5).normal(0, _GRAIN, (view.height, view.width)).astype(np.float32)
        self._gain = np.clip(spot * _UNITY, 0, 255).astype(np.uint8)
        self._grain = np.clip(14 + noise, 0, 40).astype(np.uint8)

    def relight(self, picture: Image, moving: Iterable[Shapes]) -> Image:
        grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
        seen = cv2.add(cv2.multiply(grey, self._gain, scale=0.78 / _UNITY), self._grain)
        return np.asarray(cv2.cvtColor(seen, cv2.COLOR_GRAY2BGR), np.uint8)


def _surfaces(view: View, walls: Sequence[Wall]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """For each pixel the point of the ground or of a wall it shows, and whether it shows the sky."""
    x, y, distance = view.ground()
    sky = ~np.isfinite(distance)
    points = np.stack((x, y, np.zeros_like(x)), axis=2)
    rays = view.rays()
    lengths = np.linalg.norm(rays, axis=2)
    for wall in walls:
        along = rays[..., wall.axis]
        steps = (wall.at - view.eye[wall.axis]) / np.where(np.abs(along) > 1e-4, along, np.nan)
        height = view.eye[2] + steps * rays[..., 2]
        hit = (steps > 0) & (height >= 0) & (height < wall.top) & (steps * lengths < distance)
        points[hit] = (view.eye + steps[hit][:, None] * rays[hit]).astype(np.float32)
        distance = np.where(hit, steps * lengths, distance)
        sky &= ~hit
    points[sky] = (0, 1e5, 1e4)
    return np.asarray(np.clip(points, -1e5, 1e5), np.float32), sky


def _glows(view: View, lamps: Sequence[Lamp]) -> Image:
    """The lamps themselves, added to every picture."""
    glow = np.zeros((view.height, view.width, 3), np.uint8)
    pixels, depths = view.project([lamp.at for lamp in lamps]) if lamps else (np.zeros((0, 2)), np.zeros(0))
    for lamp, pixel, depth in zip(lamps, pixels, depths, strict=True):
        if depth > 0.5 and lamp.size > 0:
            radius = lamp.size * view.focal_px / depth
            _add_glow(glow, pixel, radius, lamp.colour)
            _add_glow(glow, pixel, radius * 0.3, (255, 255, 255))
    return glow


def _add_glow(picture: Image, pixel: Floats, radius: float, colour: Colour) -> None:
    left, top = max(0, int(pixel[0] - radius)), max(0, int(pixel[1] - radius))
    right, bottom = int(pixel[0] + radius) + 2, int(pixel[1] + radius) + 2
    part = picture[top : max(0, bottom), left : max(0, right)]
    if part.size and radius > 0.5:
        across = (np.arange(left, left + part.shape[1]) - pixel[0]) / radius
        down = (np.arange(top, top + part.shape[0]) - pixel[1]) / radius
        falloff = np.clip(1 - np.hypot(across[None, :], down[:, None]), 0, 1) ** 2.2
        part[:] = cv2.add(part, (falloff[..., None] * np.array(colour, np.float32)).astype(np.uint8))


def _add_beam(picture: Image, polygon: Floats, colour: Colour, before: list[Floats]) -> None:
    """Soft light on the ground, but not on what stands `before` it."""
    low, high = polygon.min(axis=0), polygon.max(axis=0)
    soft = float(np.clip((high - low).max() / 9, 1.5, 24))
    left, top = (max(0, int(value - 3 * soft)) for value in low)
    right, bottom = (max(0, int(value + 3 * soft)) for value in high)
    part = picture[top:bottom, left:right]
    if not part.size:
        return
    size = (max(1, part.shape[1] // _COARSE), max(1, part.shape[0] // _COARSE))
    mask = np.zeros(size[::-1], np.uint8)
    cv2.fillConvexPoly(mask, fixed(np.asarray((polygon - (left, top)) / _COARSE, float)), (255,), cv2.LINE_AA, 4)
    mask = cv2.resize(cv2.GaussianBlur(mask, (0, 0), max(0.6, soft / _COARSE)), part.shape[1::-1])
    body = cv2.convexHull(np.concatenate(before).astype(np.float32))[:, 0].astype(float)
    cv2.fillConvexPoly(mask, fixed(body - (left, top)), (0,), cv2.LINE_AA, 4)
    part[:] = cv2.add(part, cv2.merge([cv2.convertScaleAbs(mask, alpha=tone / 255) for tone in colour]))


def _above(sky: NDArray[np.bool_]) -> NDArray[np.int64]:
    """For each pixel of the sky how many of its column lie below it; 0 elsewhere."""
    return np.asarray(np.cumsum(sky[::-1], axis=0)[::-1] * sky)
