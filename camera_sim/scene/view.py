"""Where a camera stands and what of the world falls on which pixel. World: metres, x right, y away, z up; ground z =
0."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Point = tuple[float, float, float]

NEAR_METRES = 0.3
"""What is nearer than this is cut off."""
SUN = np.array((-0.46, -0.55, 0.70))
"""Direction to the sun: behind the camera's left shoulder."""


class View:
    """A pinhole camera at `eye` that looks at `target`; `fov` is the vertical angle of view in degrees.
    `wall_y`: where a wall along x ends the ground, and with it all shadows on the ground."""

    def __init__(self, eye: Point, target: Point, fov: float, width: int, height: int, wall_y: float = np.inf) -> None:
        self.eye = np.array(eye)
        self.width, self.height, self.wall_y = width, height, wall_y
        self.focal_px = height / 2 / np.tan(np.radians(fov) / 2)
        forward = np.array(target) - self.eye
        forward /= np.linalg.norm(forward)
        right = np.cross(forward, (0, 0, 1))
        right /= np.linalg.norm(right)
        self._axes = np.stack((right, np.cross(right, forward), forward))

    def scaled(self, scale: float) -> "View":
        """The same view in a picture `scale` times as large."""
        other = object.__new__(View)
        other.eye, other._axes, other.wall_y = self.eye, self._axes, self.wall_y
        other.width, other.height = round(self.width * scale), round(self.height * scale)
        other.focal_px = self.focal_px * scale
        return other

    def turned(self, left: float, down: float, tilt: float) -> "View":
        """The same camera knocked aside; all in degrees."""
        turn, nod, roll = np.radians((left, down, tilt))
        right, top, forward = self._axes
        forward = forward * np.cos(turn) - right * np.sin(turn)
        forward = forward * np.cos(nod) - top * np.sin(nod)
        right = np.cross(forward, (0, 0, 1))
        right /= np.linalg.norm(right)
        top = np.cross(right, forward)
        other = self.scaled(1)
        rolled = (right * np.cos(roll) + top * np.sin(roll), top * np.cos(roll) - right * np.sin(roll))
        other._axes = np.stack((*rolled, forward))
        return other

    @property
    def forward(self) -> Floats:
        """The direction it looks in."""
        return np.asarray(self._axes[2])

    def local(self, points: Floats | Sequence[Point]) -> Floats:
        """World (n, 3) to camera coordinates: right, up, depth."""
        return np.asarray((np.asarray(points, float) - self.eye) @ self._axes.T)

    def project(self, points: Floats | Sequence[Point]) -> tuple[Floats, Floats]:
        """Pixels (n, 2) and depths (n,) of world points. Points behind the camera give nonsense: see `outline`."""
        local = self.local(points)
        return self._to_pixels(local), local[:, 2]

    def outline(self, points: Floats | Sequence[Point]) -> Floats:
        """The pixels of a polygon's corners, cut at the near plane; may be empty."""
        return self._to_pixels(_cut(self.local(points)))

    def scale_at(self, point: Point) -> float:
        """Pixels a metre at a point."""
        return float(self.focal_px / max(self.local([point])[0, 2], NEAR_METRES))

    def rays(self) -> Floats:
        """For each pixel (height, width, 3) the direction it looks in, one metre deep."""
        across = (np.arange(self.width) + 0.5 - self.width / 2) / self.focal_px
        up = (self.height / 2 - np.arange(self.height) - 0.5) / self.focal_px
        right, top, forward = self._axes
        return np.asarray(forward + across[None, :, None] * right + up[:, None, None] * top)

    def ground(self, z: float = 0.0) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
        """For each pixel the x, y and distance of the plane at height `z`; infinite at and above the horizon."""
        rays = self.rays()
        down = np.where(rays[..., 2] < -1e-4, -rays[..., 2], np.nan)
        steps = (self.eye[2] - z) / down
        x = self.eye[0] + steps * rays[..., 0]
        y = self.eye[1] + steps * rays[..., 1]
        distance = steps * np.linalg.norm(rays, axis=2)
        x, y, distance = (np.nan_to_num(a, nan=np.inf).astype(np.float32) for a in (x, y, distance))
        return x, y, distance

    def _to_pixels(self, local: Floats) -> Floats:
        depth = local[:, 2:3] if len(local) else np.ones((0, 1))
        return np.asarray(local[:, :2] / depth * (self.focal_px, -self.focal_px) + (self.width / 2, self.height / 2))


def shadow_of(points: Floats | Sequence[Point], z: float = 0.0) -> Floats:
    """Where points throw their shadows on the plane at height `z`."""
    points = np.asarray(points, float)
    return np.asarray(points - (points[:, 2:3] - z) / SUN[2] * SUN)


def _cut(local: Floats) -> Floats:
    """A polygon cut at the near plane (Sutherland and Hodgman)."""
    kept: list[Floats] = []
    for here, there in zip(local, np.roll(local, -1, axis=0), strict=True):
        inside, next_inside = here[2] >= NEAR_METRES, there[2] >= NEAR_METRES
        if inside:
            kept.append(here)
        if inside != next_inside:
            kept.append(here + (there - here) * (NEAR_METRES - here[2]) / (there[2] - here[2]))
    return np.array(kept).reshape(-1, 3)
