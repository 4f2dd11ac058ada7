"""The car park's ground: asphalt with its marks, stains and seams, a kerb and a planted strip."""

import numpy as np

from camera_sim.scene.backdrop import HAZE
from camera_sim.scene.canvas import Canvas, rgb
from camera_sim.scene.texture import Layer, World, band, paint

BAY_METRES = 2.5
FAR_ROW, NEAR_ROW = 17.4, 4.6
"""The middles of both rows of bays (y)."""
_BAY_DEPTH = 5.0
_KERB_Y, _GRASS_Y, _PATH_Y = 20.4, 20.62, 23.8
_FIRST_LINE = -16.25
_LINES = 14


def lay_ground(canvas: Canvas) -> None:
    """Paints everything below the horizon."""
    x, y, foot = canvas.ground()
    colours = _asphalt(x, y, foot)
    colours = _marks(colours, x, y, foot)
    canvas.lay(_beyond(colours, x, y, foot), HAZE)


def _asphalt(x: Layer, y: Layer, foot: Layer) -> Layer:
    coarse, fine, patches = World(14, 21).at(x, y), World(1.3, 22, 6).at(x, y), World(38, 23).at(x, y)
    grain = fine * np.clip(1.1 - foot * 7, 0, 1)
    tone = 1 + coarse * 0.05 + grain * 0.07 + patches * 0.06
    colours = np.array(rgb("76787b"), np.float32) * tone[..., None]
    # Where wheels run, the surface is polished; where engines stand, it is stained.
    for lane in (10.0, 13.0):
        for wheel in (-0.75, 0.75):
            track = np.exp(-(((y - lane - wheel) / 0.34) ** 2)) * (0.6 + 0.4 * coarse)
            colours = paint(colours, rgb("8b8c8d"), np.clip(track * 0.32, 0, 1).astype(np.float32))
    bay = np.abs(np.mod(x - _FIRST_LINE, BAY_METRES) - BAY_METRES / 2)
    for row in (FAR_ROW, NEAR_ROW):
        stain = np.exp(-((bay / 0.5) ** 2) - (((y - row - coarse * 0.5) / 1.0) ** 2)) * np.clip(patches + 0.55, 0, 1)
        colours = paint(colours, rgb("3f4042"), np.clip(stain * 0.55, 0, 1).astype(np.float32))
    seam = band((y - 11.6 + coarse * 0.05).astype(np.float32), -0.02, 0.02, foot)
    colours = paint(colours, rgb("4b4d50"), seam * 0.8)
    return _cracks(colours, x, y, foot)


def _cracks(colours: Layer, x: Layer, y: Layer, foot: Layer) -> Layer:
    veins = World(9, 31, 4).at(x, y)
    where = np.clip(World(30, 33).at(x, y) * 2 - 0.5, 0, 1)
    line = band(veins, -0.012, 0.012, np.maximum(foot * 0.25, 0.004).astype(np.float32))
    return paint(colours, rgb("4a4b4d"), (line * where * 0.6 * np.clip(1 - foot * 6, 0, 1)).astype(np.float32))


def _marks(colours: Layer, x: Layer, y: Layer, foot: Layer) -> Layer:
    wear = np.clip(0.97 - np.clip(World(3.0, 41, 5).at(x, y) - 0.3, 0, 1) * 0.7, 0.4, 1).astype(np.float32)
    cover = np.zeros_like(x)
    span = _LINES * BAY_METRES
    inside = band(x, _FIRST_LINE - 0.06, _FIRST_LINE + span - BAY_METRES + 0.06, foot)
    line = np.abs(np.mod(x - _FIRST_LINE + BAY_METRES / 2, BAY_METRES) - BAY_METRES / 2)
    # Bays are marked by double lines with a rounded end, as at every shop.
    double = band(line.astype(np.float32), 0.10, 0.19, foot)
    for row, closed in ((FAR_ROW, -1), (NEAR_ROW, 1)):
        low, high = row - _BAY_DEPTH / 2, row + _BAY_DEPTH / 2
        cover = np.maximum(cover, double * band(y, low, high, foot) * inside)
        edge = low if closed < 0 else high
        cap = band(line.astype(np.float32), -0.19, 0.19, foot) * band(y, edge - 0.05, edge + 0.05, foot)
        cover = np.maximum(cover, cap * inside)
    for at, lane, direction in ((-8.0, 10.0, 1), (7.0, 10.0, 1), (-2.0, 13.0, -1), (13.0, 13.0, -1)):
        cover = np.maximum(
            cover, _arrow(((x - at) * direction).astype(np.float32), (y - lane).astype(np.float32), foot)
        )
    colours = paint(colours, rgb("ecebe4"), (cover * wear * 0.92).astype(np.float32))
    for row, side in ((FAR_ROW, 1), (NEAR_ROW, -1)):
        colours = _wheel_stops(colours, x, y, foot, row + side * 1.75)
    return colours


def _arrow(x: Layer, y: Layer, foot: Layer) -> Layer:
    shaft = band(x, -1.6, 0.5, foot) * band(y, -0.10, 0.10, foot)
    half = np.clip((1.7 - x) * 0.36, 0, 0.45).astype(np.float32)
    head = band(x, 0.5, 1.7, foot) * np.clip((half - np.abs(y)) / np.maximum(foot, 1e-6) + 0.5, 0, 1)
    return np.asarray(np.maximum(shaft, head), np.float32)


def _wheel_stops(colours: Layer, x: Layer, y: Layer, foot: Layer, row: float) -> Layer:
    bay = np.abs(np.mod(x - _FIRST_LINE, BAY_METRES) - BAY_METRES / 2)
    stops = band(np.abs(bay - 0.55).astype(np.float32), -0.28, 0.28, foot)
    inside = band(x, _FIRST_LINE, _FIRST_LINE + (_LINES - 1) * BAY_METRES, foot)
    colours = paint(colours, rgb("45474a"), stops * inside * band(y, row + 0.05, row + 0.26, foot) * 0.6)
    colours = paint(colours, rgb("d8d5cd"), stops * inside * band(y, row - 0.08, row + 0.07, foot))
    return paint(colours, rgb("a09d96"), stops * inside * band(y, row - 0.08, row - 0.03, foot))


def _beyond(colours: Layer, x: Layer, y: Layer, foot: Layer) -> Layer:
    """Kerb, soil and grass, then the pavement in front of the shop, and far fields."""
    tone, fine = World(5, 51).at(x, y), World(0.7, 52, 3).at(x, y)
    colours = paint(colours, rgb("c2c0b8"), band(y, _KERB_Y, _GRASS_Y, foot))
    colours = paint(colours, rgb("8f8d86"), band(y, _KERB_Y - 0.05, _KERB_Y, foot))
    green = (
        np.array(rgb("6f8f4a"), np.float32) * (1 + tone * 0.14 + fine * np.clip(1 - foot * 5, 0, 1) * 0.16)[..., None]
    )
    share = band(y, _GRASS_Y, _PATH_Y, foot)[..., None]
    colours = colours + (green - colours) * share
    paving = np.array(rgb("b7ada0"), np.float32) * (1 + tone * 0.05)[..., None]
    share = band(y, _PATH_Y, 400, foot)[..., None] * (x < 6)[..., None]
    colours = colours + (paving - colours) * share
    for low, high in ((-1e4, -18.9), (22.5, 1e4)):
        side = band(x, low, high, foot)[..., None]
        colours = colours + (green - colours) * side
    far = np.array(rgb("93a06f"), np.float32) * (1 + tone * 0.1)[..., None]
    share = band(y, _PATH_Y, 1e5, foot)[..., None] * (x >= 6)[..., None]
    return np.asarray(colours + (far - colours) * share, np.float32)
