"""A site: what a camera looks at."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]


class Site(Protocol):
    """A site seen from one place, in one size."""

    def draw(self, seconds: float) -> Image:
        """The picture (height, width, 3; BGR) at `seconds` of a loop of 60."""


def open_site(scene: str, view: int, width: int, height: int) -> Site:
    """Builds what stands still; takes a second or so."""
    from camera_sim.scene.car_park import CarPark
    from camera_sim.scene.shop_entrance import ShopEntrance

    return (CarPark if scene == "car_park" else ShopEntrance)(view, width, height)
