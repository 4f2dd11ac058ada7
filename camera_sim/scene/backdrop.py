"""Sky and far things."""

import cv2
import numpy as np
from numpy.typing import NDArray

from camera_sim.scene.canvas import SUPERSAMPLING, Canvas, lit, mix, rgb
from camera_sim.scene.shapes import Colour
from camera_sim.scene.texture import cloud, paint
from camera_sim.scene.view import Point, View

_ZENITH, _HORIZON = rgb("79aee0"), rgb("e6eef0")
HAZE = rgb("d3dde2")


def sky(canvas: Canvas, seed: int) -> None:
    """Fills the whole picture with a late afternoon's sky."""
    height, width = (length // SUPERSAMPLING for length in canvas.image.shape[:2])
    rise = _elevation(canvas.view, height)
    share = np.clip(rise / 0.5, 0, 1).astype(np.float32) ** 0.65
    base = np.array(_HORIZON, np.float32) + (np.array(_ZENITH, np.float32) - _HORIZON) * share[:, None, None]
    base = np.repeat(base, width, axis=1)
    # Clouds are flatter towards the horizon: the noise is stretched sideways.
    tone = cv2.resize(cloud(height, width // 3 + 1, height / 6, seed, 6), (width, height))
    cover = np.clip(tone * 1.7 - 0.1, 0, 1) * np.clip(rise * 8, 0, 1)[:, None]
    base = paint(base, rgb("fdf9f2"), (cover * 0.9).astype(np.float32))
    shade = np.clip(np.roll(tone, -max(1, height // 90), axis=0) - tone, 0, 1) * cover * 2
    base = paint(base, rgb("aebccb"), np.clip(shade, 0, 0.8).astype(np.float32))
    canvas.image[:] = cv2.resize(np.clip(base, 0, 255).astype(np.uint8), canvas.image.shape[1::-1])


def hills(canvas: Canvas, seed: int) -> None:
    """Blue hills all around, and woods before them."""
    random = np.random.default_rng(seed)
    for distance, height, colour in ((900, 62, "b3c2cf"), (520, 30, "a0b3b4"), (240, 11, "8fa38c")):
        turns = np.linspace(0, 2 * np.pi, 181)
        waves = sum(np.sin(turns * k + random.uniform(0, 6.3)) / k**0.6 for k in (3, 5, 9, 17, 31, 53))
        rims = np.stack((np.cos(turns), np.sin(turns)), axis=1) * distance
        tops = height * (0.55 + 0.18 * np.asarray(waves))
        for at in range(180):
            feet = [(*rims[at], -2.0), (*rims[at + 1], -2.0)]
            canvas.fill([*feet, (*rims[at + 1], tops[at + 1]), (*rims[at], tops[at])], rgb(colour))


def house(
    canvas: Canvas, x: float, y: float, wide: float, deep: float, high: float, wall: Colour, roof: Colour
) -> None:
    """A house with a pitched roof, its ridge along x."""
    block(canvas, (x, y, 0), (x + wide, y + deep, high), wall)
    middle, ridge, over = y + deep / 2, high + deep * 0.30, 0.5
    eye = canvas.view.eye
    for storey in (1.0, 3.7):
        for window in np.arange(x + 1.0, x + wide - 1.2, 2.6) if storey + 1.4 < high else ():
            pane: list[Point] = [(window, y, storey), (window + 1.3, y, storey)]
            pane += [(window + 1.3, y, storey + 1.2), (window, y, storey + 1.2)]
            canvas.fill(pane, rgb("6f8391"))
    gable_x = x if eye[0] < x else x + wide
    shade = mix(wall, (255, 250, 240), 0.08) if eye[0] < x else mix(wall, (70, 55, 45), 0.30)
    canvas.fill([(gable_x, y, high), (gable_x, y + deep, high), (gable_x, middle, ridge)], shade)
    left, right, eave = x - over, x + wide + over, high - 0.2
    for edge, light in ((y + deep + over, 0.8), (y - over, 1.0)):
        slope: list[Point] = [(left, edge, eave), (right, edge, eave), (right, middle, ridge), (left, middle, ridge)]
        canvas.fill(slope, lit(roof, light))
    front = y - over
    gutter: list[Point] = [(left, front, eave - 0.12), (right, front, eave - 0.12)]
    canvas.fill([*gutter, (right, front, eave + 0.05), (left, front, eave + 0.05)], lit(roof, 0.7))


def skyline(canvas: Canvas, seed: int, y: float, span: tuple[float, float]) -> None:
    """A row of far houses between two x, in haze."""
    random = np.random.default_rng(seed)
    x = span[0]
    while x < span[1]:
        width, height = random.uniform(6, 16), random.uniform(5, 15)
        tone = mix(mix(rgb("a99f98"), rgb("8d97a3"), random.uniform(0, 1)), HAZE, 0.42)
        far = y + random.uniform(0, 14)
        block(canvas, (x, far, 0), (x + width, far + 8, height), tone)
        for storey in np.arange(1.6, height - 1.2, 3.0):
            for window in np.arange(x + 0.9, x + width - 1.4, 2.2):
                corners: list[Point] = [(window, far, storey), (window + 1.2, far, storey)]
                corners += [(window + 1.2, far, storey + 1.3), (window, far, storey + 1.3)]
                canvas.fill(corners, mix(tone, rgb("5d6f80"), random.uniform(0.2, 0.6)))
        x += width + random.uniform(-0.5, 3)


def block(canvas: Canvas, low: Point, high: Point, colour: tuple[int, int, int]) -> None:
    """A box of which the faces to the viewer are drawn: sunny front and left, shady right and back, flat roof."""
    (x0, y0, z0), (x1, y1, z1) = low, high
    eye = canvas.view.eye
    if eye[2] > z1:
        canvas.fill([(x0, y0, z1), (x1, y0, z1), (x1, y1, z1), (x0, y1, z1)], mix(colour, (255, 255, 255), 0.18))
    if eye[0] < x0:
        canvas.fill([(x0, y0, z0), (x0, y1, z0), (x0, y1, z1), (x0, y0, z1)], mix(colour, (255, 250, 240), 0.08))
    if eye[0] > x1:
        canvas.fill([(x1, y0, z0), (x1, y1, z0), (x1, y1, z1), (x1, y0, z1)], mix(colour, (70, 55, 45), 0.30))
    if eye[1] < y0:
        canvas.fill([(x0, y0, z0), (x1, y0, z0), (x1, y0, z1), (x0, y0, z1)], colour)
    if eye[1] > y1:
        canvas.fill([(x0, y1, z0), (x1, y1, z0), (x1, y1, z1), (x0, y1, z1)], mix(colour, (70, 55, 45), 0.22))


def _elevation(view: View, rows: int) -> NDArray[np.float64]:
    """For each of `rows` rows, how high above the horizon it looks (tangent), 0 below."""
    up = (0.5 - (np.arange(rows) + 0.5) / rows) * view.height / view.focal_px
    forward = view.forward
    return np.asarray(np.maximum(forward[2] + up * np.hypot(forward[0], forward[1]), 0))
