"""A site: what a camera looks at."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from camera_sim.state import Activity

Image = NDArray[np.uint8]


class Site(Protocol):
    """A site seen from one place, in one size and light."""

    def draw(self, seconds: float, activity: Activity) -> Image:
        """The picture (height, width, 3; BGR) at `seconds` of a loop of 60, with those who move."""
