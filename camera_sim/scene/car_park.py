"""Draft."""

import cv2
import numpy as np

from camera_sim.scene.site import Image


class CarPark:
    def __init__(self, view: int, width: int, height: int) -> None:
        ramp = np.linspace(60, 200, height).astype(np.uint8)
        self._back = np.repeat(np.repeat(ramp[:, None, None], width, 1), 3, 2)

    def draw(self, seconds: float, number: int) -> Image:
        image = self._back.copy()
        h, w = image.shape[:2]
        cv2.circle(image, (int(w * (seconds % 10) / 10), h // 2), h // 6, (60, 120, 220), -1, cv2.LINE_AA)
        return image
