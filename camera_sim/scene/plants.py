"""Trees, shrubs and hedges: many leaves, lit from the sun's side."""

import numpy as np

from camera_sim.scene.canvas import lit, rgb
from camera_sim.scene.shapes import Colour, Shapes, hull
from camera_sim.scene.view import SUN, Floats, View

SUMMER = (rgb("233f1e"), rgb("477a33"), rgb("a3c463"))
OLIVE = (rgb("2b3d2a"), rgb("5d7a50"), rgb("b4c59a"))
AUTUMN = (rgb("5e2d16"), rgb("b8622a"), rgb("efb45c"))
_LEAF = np.stack((np.cos(np.linspace(0, 5.5, 8)), np.sin(np.linspace(0, 5.5, 8))), axis=1)
Palette = tuple[Colour, Colour, Colour]
"""Leaves in the shade, in ordinary light, in the sun."""


def tree(view: View, x: float, y: float, height: float, seed: int, palette: Palette = SUMMER) -> Shapes:
    """A broad-leaved tree on the ground at (x, y)."""
    random = np.random.default_rng(seed)
    shapes = _thing(view, x, y, 0.42)
    _trunk(shapes, view, x, y, height, random)
    spread = height * 0.30
    centre = np.array((x, y, height * 0.66))
    puffs = centre + random.uniform(-1, 1, (13, 3)) * (spread * 0.75, spread * 0.75, height * 0.2)
    sizes = random.uniform(0.36, 0.6, 13) * spread * 1.15
    leaves = np.concatenate(
        [puff + _ball(random, 130) * size * (1, 1, 0.85) for puff, size in zip(puffs, sizes, strict=True)]
    )
    _leaves(shapes, view, leaves, centre, spread * 1.25, height * 0.021, palette, random)
    for puff, size in zip(puffs, sizes, strict=True):
        _shade(shapes, view, puff, float(size))
    return shapes


def shrub(view: View, at: tuple[float, float, float], radius: float, seed: int, palette: Palette = SUMMER) -> Shapes:
    """A round shrub whose middle is at `at`."""
    random = np.random.default_rng(seed)
    shapes = _thing(view, at[0], at[1], 0.45)
    centre = np.array(at)
    leaves = centre + _ball(random, 260) * radius * (1, 1, 0.95)
    _leaves(shapes, view, leaves, centre, radius, radius * 0.12, palette, random)
    _shade(shapes, view, centre, radius)
    return shapes


def hedge(view: View, start: tuple[float, float], end: tuple[float, float], height: float, seed: int) -> Shapes:
    """A clipped hedge along a line, 0.7 m deep."""
    random = np.random.default_rng(seed)
    first, last = np.array((*start, 0.0)), np.array((*end, 0.0))
    length = float(np.linalg.norm(last - first))
    middle = (first + last) / 2
    shapes = _thing(view, float(middle[0]), float(middle[1]), 0.5)
    count = int(length * 130)
    along = random.uniform(0, 1, (count, 1))
    across = np.cross((last - first) / length, (0, 0, 1))
    leaves = first + (last - first) * along + across * random.uniform(-0.35, 0.35, (count, 1))
    leaves[:, 2] = height * (1 - random.uniform(0, 1, count) ** 2.2)
    middles = leaves * (1, 1, 0) + (0, 0, height * 0.35)
    _leaves(shapes, view, leaves, middles, height * 0.75, 0.062, SUMMER, random)
    for at in np.linspace(0, 1, max(2, int(length / 0.6))):
        _shade(shapes, view, first + (last - first) * at + (0, 0, height * 0.6), height * 0.4)
    return shapes


def pot(view: View, x: float, y: float, radius: float, height: float, colour: Colour) -> Shapes:
    """A round pot; put a shrub on it."""
    shapes = _thing(view, x, y, 0.5)
    angles = np.linspace(0, 2 * np.pi, 20)[:-1]
    ring = np.stack((np.cos(angles), np.sin(angles), np.zeros(19)), axis=1)
    foot, rim = ring * (radius * 0.72, radius * 0.72, 0) + (x, y, 0), ring * (radius, radius, 0) + (x, y, height)
    low, high = view.project(foot)[0], view.project(rim)[0]
    shapes.add(hull(list(np.concatenate((low, high))), (0.3,) * 38), colour)
    for share, light in ((0.75, 1.10), (0.45, 1.2), (0.2, 1.28)):
        middle_low, middle_high = low.mean(axis=0), high.mean(axis=0)
        aside = np.array((-(high[:, 0].max() - high[:, 0].min()) * 0.16, 0))
        part = np.concatenate(
            ((low - middle_low) * share + middle_low + aside, (high - middle_high) * (share, 0.4) + middle_high + aside)
        )
        shapes.add(hull(list(part), (0.2,) * 38), lit(colour, light))
    shapes.add(high, lit(colour, 0.55))
    shapes.throw(view, np.concatenate((foot, rim)))
    return shapes


def _thing(view: View, x: float, y: float, darkness: float) -> Shapes:
    unit = view.scale_at((x, y, 0.5))
    return Shapes(depth=float(view.local([(x, y, 0)])[0, 2]), softness=max(1.0, unit * 0.07), darkness=darkness)


def _trunk(shapes: Shapes, view: View, x: float, y: float, height: float, random: np.random.Generator) -> None:
    unit = view.scale_at((x, y, height / 2))
    foot, fork = (x, y, 0.0), (x + random.uniform(-0.1, 0.1), y, height * 0.45)
    bark = rgb("6b5442")
    tips = [
        np.array(fork) + random.uniform(-1, 1, 3) * (height * 0.16, height * 0.1, 0) + (0, 0, height * 0.25)
        for _ in range(4)
    ]
    low, middle, *ends = view.project([foot, fork, *map(tuple, tips)])[0]
    for end in ends:
        shapes.blob((middle, end), (height * 0.016 * unit, height * 0.007 * unit), lit(bark, 0.8))
    shapes.blob((low, middle), (height * 0.026 * unit, height * 0.018 * unit), lit(bark, 0.85))
    aside = np.array((-height * 0.010 * unit, 0))
    shapes.blob((low + aside, middle + aside), (height * 0.010 * unit, height * 0.007 * unit), lit(bark, 1.2))
    shapes.throw(view, [foot, fork], height * 0.022 * unit)


def _leaves(
    shapes: Shapes,
    view: View,
    leaves: Floats,
    middle: Floats,
    radius: float,
    size: float,
    palette: Palette,
    random: np.random.Generator,
) -> None:
    """Clumps of leaves, far ones first; the farther towards the sun and from the middle, the lighter."""
    towards = ((leaves - middle) / radius) @ (SUN / np.linalg.norm(SUN))
    light = np.clip(0.5 + 0.45 * towards + random.normal(0, 0.11, len(leaves)), 0, 1)
    pixels, depths = view.project(leaves)
    order = np.argsort(-depths + light * 0.5 * radius * -1)
    sizes = size * random.uniform(0.7, 1.5, len(leaves)) * view.focal_px / depths
    dark, plain, bright = (np.array(colour, float) for colour in palette)
    low, high = np.clip(light * 2, 0, 1)[:, None], np.clip(light * 2 - 1, 0, 1)[:, None]
    colours = (dark + (plain - dark) * low + (bright - plain) * high).astype(int).tolist()
    turns = random.uniform(0, np.pi, len(leaves))
    across = np.stack((np.cos(turns), np.sin(turns)), axis=1) * sizes[:, None]
    along = np.stack((-across[:, 1], across[:, 0]), axis=1) * 0.6
    outlines = pixels[:, None] + _LEAF[:, :1] * across[:, None] + _LEAF[:, 1:] * along[:, None]
    for at in order:
        shapes.add(outlines[at], tuple(colours[at]))


def _shade(shapes: Shapes, view: View, centre: Floats, radius: float) -> None:
    """The shadow of a ball of leaves."""
    angles = np.linspace(0, 2 * np.pi, 13)[:-1]
    across = np.cross(SUN, (0, 0, 1.0))
    across /= np.linalg.norm(across)
    up = np.cross(across, SUN)
    rim = centre + radius * (np.cos(angles)[:, None] * across + np.sin(angles)[:, None] * up / np.linalg.norm(up))
    rim[:, 2] = np.maximum(rim[:, 2], 0)
    shapes.throw(view, rim)


def _ball(random: np.random.Generator, count: int) -> Floats:
    """Points in a ball, more of them near its skin."""
    points = random.normal(0, 1, (count, 3))
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    return np.asarray(points * random.uniform(0.35, 1, (count, 1)) ** 0.5)
