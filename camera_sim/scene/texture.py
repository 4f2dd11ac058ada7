"""Patterns without end: noise, paving, asphalt, sky. Values are float32; the same on every machine."""

import cv2
import numpy as np
from numpy.typing import NDArray

Layer = NDArray[np.float32]


def cloud(height: int, width: int, cell: float, seed: int, octaves: int = 4) -> Layer:
    """Fractal noise, about -1 to 1; the largest feature is some `cell` pixels wide."""
    random = np.random.default_rng(seed)
    total = np.zeros((height, width), np.float32)
    weight, whole = 1.0, 0.0
    for _ in range(octaves):
        rows, columns = (max(2, round(length / cell) + 2) for length in (height, width))
        grid = random.uniform(-1, 1, (rows, columns)).astype(np.float32)
        total += cv2.resize(grid, (width, height), interpolation=cv2.INTER_CUBIC) * weight
        whole += weight
        weight *= 0.5
        cell = max(1.0, cell / 2)
    return np.asarray(total / whole * 1.6, np.float32)


class World:
    """Noise laid out on the ground: value at (x, y) metres, fading where a pixel covers more than a feature."""

    def __init__(self, metres: float, seed: int, octaves: int = 5, side: int = 1024) -> None:
        tile = cloud(side // 2, side // 2, side / 8, seed, octaves)
        # Mirrored, it has no seam.
        self._tile = np.block([[tile, tile[:, ::-1]], [tile[::-1], tile[::-1, ::-1]]]).astype(np.float32)
        self._per_metre = side / metres

    def at(self, x: Layer, y: Layer) -> Layer:
        """The noise at each point."""
        side = self._tile.shape[0]
        u = np.mod(np.nan_to_num(x, posinf=0, neginf=0) * self._per_metre, side).astype(np.float32)
        v = np.mod(np.nan_to_num(y, posinf=0, neginf=0) * self._per_metre, side).astype(np.float32)
        return np.asarray(cv2.remap(self._tile, u, v, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP), np.float32)


def band(value: Layer, low: float, high: float, footprint: Layer) -> Layer:
    """Coverage of the stripe low..high by pixels `footprint` wide: 0 to 1, without jagged edges."""
    half = footprint / 2
    covered = np.minimum(value + half, high) - np.maximum(value - half, low)
    return np.asarray(np.clip(covered / np.maximum(footprint, 1e-6), 0, 1), np.float32)


def joints(value: Layer, pitch: float, width: float, footprint: Layer) -> Layer:
    """Coverage of lines `width` wide every `pitch`; far away, where they run together, their mean."""
    near = band(np.mod(value + pitch / 2, pitch) - pitch / 2, -width / 2, width / 2, footprint)
    far = np.clip(footprint / pitch * 2 - 0.6, 0, 1)
    return np.asarray(near * (1 - far) + width / pitch * far, np.float32)


def cell_tone(column: Layer, row: Layer, seed: int) -> Layer:
    """A random tone, -1 to 1, for each cell of a grid (whole numbers in `column` and `row`)."""
    mixed = np.sin(column * 127.1 + row * 311.7 + seed) * 43758.5453
    return np.asarray((mixed - np.floor(mixed)) * 2 - 1, np.float32)


def footprints(distance: Layer, focal_px: float, eye_height: float) -> Layer:
    """How many metres of ground a pixel covers, across and away taken together."""
    across = distance / focal_px
    away = across * np.sqrt(np.maximum(distance / eye_height, 1))
    return np.asarray(np.minimum(away, 1e3), np.float32)


def paint(base: Layer, colour: tuple[int, int, int], share: NDArray[np.floating]) -> Layer:
    """`share` (height, width) of a colour over a picture of floats."""
    return np.asarray(base + (np.array(colour, np.float32) - base) * share.astype(np.float32)[..., None], np.float32)
