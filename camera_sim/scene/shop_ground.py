"""The pavement before the shop, its kerb, and the road."""

import numpy as np

from camera_sim.scene.backdrop import HAZE
from camera_sim.scene.canvas import Canvas, rgb
from camera_sim.scene.texture import Layer, World, band, cell_tone, joints, paint

FRONT_Y = 10.0
"""The line of the shop fronts."""
KERB_Y = 4.0
_TILE, _ROW = 0.6, 0.3
_GUIDE_Y = 6.3
_FAR_KERB_Y = -4.4


def lay_ground(canvas: Canvas) -> None:
    """Paints everything below the horizon."""
    x, y, foot = canvas.ground()
    colours = _road(x, y, foot)
    share = np.maximum(band(y, KERB_Y + 0.18, 1e4, foot), band(y, -1e4, _FAR_KERB_Y, foot))
    colours = colours + (_pavement(x, y, foot) - colours) * share[..., None]
    for low in (KERB_Y, _FAR_KERB_Y - 0.18):
        colours = paint(
            colours, rgb("c9c6be"), band(y, low, low + 0.18, foot) * (1 - joints(x, 0.6, 0.012, foot) * 0.5)
        )
    colours = paint(colours, rgb("6d6a66"), band(y, KERB_Y - 0.05, KERB_Y, foot))
    # The foot of the fronts is darker: little sky is seen from there.
    corner = np.exp(-np.clip(FRONT_Y - y, 0, None) / 0.45) * (y < FRONT_Y + 0.2)
    colours = paint(colours, rgb("4a413a"), (corner * 0.45).astype(np.float32))
    canvas.lay(colours, HAZE)


def _pavement(x: Layer, y: Layer, foot: Layer) -> Layer:
    broad, fine = World(9, 61).at(x, y), World(1.1, 62, 6).at(x, y)
    row = np.floor(y / _ROW)
    shifted = (x + np.mod(row, 2) * _TILE / 2).astype(np.float32)
    near = np.clip(1.2 - foot / _ROW * 1.6, 0, 1)
    tone = cell_tone(np.floor(shifted / _TILE).astype(np.float32), row.astype(np.float32), 3)
    light = 1 + broad * 0.05 + fine * 0.06 * near + tone * 0.075 * near
    colours = np.array(rgb("b9ab9b"), np.float32) * light[..., None]
    rare = (tone > 0.72) * near
    colours = paint(colours, rgb("9c7f6c"), (rare * 0.55).astype(np.float32))
    lines = np.maximum(joints(shifted, _TILE, 0.014, foot), joints(y, _ROW, 0.014, foot))
    colours = paint(colours, rgb("7d7166"), lines * 0.75)
    return _guide(colours, x, y, foot)


def _guide(colours: Layer, x: Layer, y: Layer, foot: Layer) -> Layer:
    """The yellow guide for blind people, with its bars."""
    strip = band(y, _GUIDE_Y, _GUIDE_Y + 0.3, foot)
    colours = paint(colours, rgb("dcb445"), strip * 0.92)
    bars = joints((y - _GUIDE_Y + 0.0375).astype(np.float32), 0.075, 0.035, foot) * (1 - joints(x, 0.3, 0.05, foot))
    colours = paint(colours, rgb("f0cf6c"), strip * bars * 0.8)
    return paint(colours, rgb("a98830"), strip * joints(x, 0.3, 0.012, foot) * 0.7)


def _road(x: Layer, y: Layer, foot: Layer) -> Layer:
    broad, fine = World(12, 63).at(x, y), World(1.2, 64, 6).at(x, y)
    colours = np.array(rgb("6f7073"), np.float32) * (1 + broad * 0.06 + fine * 0.07)[..., None]
    for lane in (-2.1, 1.8):
        for wheel in (-0.75, 0.75):
            track = np.exp(-(((y - lane - wheel) / 0.32) ** 2)) * 0.28
            colours = paint(colours, rgb("88898a"), track.astype(np.float32))
    lines = np.maximum(band(y, 3.35, 3.5, foot), band(y, -3.95, -3.8, foot))
    dashes = band(y, -0.28, -0.13, foot) * band(np.mod(x, 8.0).astype(np.float32), 0, 4.5, foot)
    return paint(colours, rgb("e9e8e2"), np.maximum(lines, dashes) * 0.85)
