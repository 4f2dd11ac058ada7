"""A finished site: the background, what stands before moving things, and whoever moves."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from camera_sim.scene.night import Night
from camera_sim.scene.shapes import Shapes, Sprite, blend, cast, crop, render
from camera_sim.scene.site import Image
from camera_sim.state import Activity

Actor = Callable[[float], Shapes | None]
"""What somebody or something looks like at a second of the loop; None while out of sight."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cast:
    """Who and what moves. `fixtures` are there always, and move while people do: doors; otherwise they are as at
    second 0."""

    people: Sequence[Actor] = ()
    vehicles: Sequence[Actor] = ()
    fixtures: Sequence[Actor] = ()

    def present(self, seconds: float, activity: Activity) -> list[Shapes]:
        """Whoever is in sight."""
        crowded = activity in ("motion", "person")
        actors = [*(self.people if crowded else ()), *(self.vehicles if activity in ("motion", "vehicle") else ())]
        found = [actor(seconds) for actor in actors] + [actor(seconds * crowded) for actor in self.fixtures]
        return [shapes for shapes in found if shapes is not None]


_DEPTH_MIN = 0.8
"""Metres: what stands nearer, or behind the camera, is left out."""
_VIGNETTE = 0.17


class Stage:
    """`props` stand still and may hide the cast; they are painted into the background here, far ones first."""

    def __init__(self, background: Image, props: Iterable[Shapes], cast_of: Cast, night: Night | None = None) -> None:
        self._cast = cast_of
        self._night = night
        picture = background.copy()
        ordered = sorted((shapes for shapes in props if shapes.depth > _DEPTH_MIN), key=lambda shapes: -shapes.depth)
        for shapes in ordered:
            cast(picture, shapes)
        hiding: list[tuple[float, Sprite]] = []
        for shapes in ordered:
            sprite = render(shapes, picture.shape)
            if sprite is not None:
                blend(picture, sprite)
                hiding.append((shapes.depth, sprite))
        self._vignette = vignette(*picture.shape[:2])
        self._background = np.asarray((picture * self._vignette[..., None]).astype(np.uint8))
        self._hiding = [(depth, self._as_shown(sprite)) for depth, sprite in hiding]

    def draw(self, seconds: float, activity: Activity) -> Image:
        """See `site.Site`."""
        picture = self._background.copy()
        present = self._cast.present(seconds, activity)
        for shapes in present:
            if self._night is None:
                cast(picture, shapes)
        shown: list[tuple[float, Sprite]] = []
        for shapes in present:
            sprite = render(shapes, picture.shape)
            if sprite is not None:
                shown.append((shapes.depth, self._darkened(sprite)))
        hiding = [
            (depth, part)
            for depth, prop in self._hiding
            for behind, actor in shown
            if depth < behind and (part := crop(prop, actor)) is not None
        ]
        for _, sprite in sorted([*shown, *hiding], key=lambda item: -item[0]):
            blend(picture, sprite)
        return picture if self._night is None else self._night.relight(picture, present)

    def _darkened(self, sprite: Sprite) -> Sprite:
        """A moving sprite under the lens's vignette, taken at its centre."""
        height, width = sprite.keep.shape[:2]
        light = float(self._vignette[sprite.y + height // 2, sprite.x + width // 2])
        colours = np.asarray(cv2.convertScaleAbs(sprite.colours, alpha=light), np.uint8)
        return Sprite(x=sprite.x, y=sprite.y, colours=colours, keep=sprite.keep)

    def _as_shown(self, sprite: Sprite) -> Sprite:
        """What of the background a prop covers: put back over actors behind it."""
        height, width = sprite.keep.shape[:2]
        part = self._background[sprite.y : sprite.y + height, sprite.x : sprite.x + width]
        colours = np.asarray(cv2.multiply(part, 255 - sprite.keep, scale=1 / 255), np.uint8)
        return Sprite(x=sprite.x, y=sprite.y, colours=colours, keep=sprite.keep)


def vignette(height: int, width: int) -> NDArray[np.float32]:
    """Light over the picture: 1 in the middle, less in the corners."""
    across = np.linspace(-1, 1, width, dtype=np.float32)[None, :]
    down = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    return np.asarray(1 - _VIGNETTE * ((across**2 + down**2) / 2) ** 1.5, np.float32)
