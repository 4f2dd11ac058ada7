"""What is done to a camera itself: a covered lens, a lens out of focus."""

import functools

import cv2
import numpy as np
from numpy.typing import NDArray

from camera_sim.scene.site import Image
from camera_sim.state import State

_BLUR_SHARE = 1 / 38
"""Of the picture's height: nothing smaller is told apart."""
_COVER_LIGHT = 0.10
"""What comes round the edge of whatever covers the lens."""


def finish(picture: Image, state: State) -> Image:
    """The picture as the camera sees it in that state."""
    if state == "dark":
        return np.asarray((cv2.blur(picture, (15, 15)) * _cover(*picture.shape[:2])[..., None]).astype(np.uint8))
    if state == "blurred":
        return _defocused(picture)
    return picture


def _defocused(picture: Image) -> Image:
    height, width = picture.shape[:2]
    # Small first: a wide blur of a large picture is slow, and looks the same.
    small = cv2.resize(picture, (max(2, width // 4), max(2, height // 4)), interpolation=cv2.INTER_AREA)
    soft = cv2.GaussianBlur(small, (0, 0), max(1.0, height * _BLUR_SHARE / 4))
    return np.asarray(cv2.resize(soft, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)


@functools.lru_cache(4)
def _cover(height: int, width: int) -> NDArray[np.float32]:
    """How much light each pixel still gets: some from the upper right, where the cover does not quite fit."""
    across, down = np.linspace(0, 1, width, dtype=np.float32), np.linspace(0, 1, height, dtype=np.float32)
    gap = np.hypot(1 - across[None, :], down[:, None] * 1.4)
    return np.asarray(0.012 + _COVER_LIGHT * np.exp(-((gap / 0.34) ** 2)), np.float32)
