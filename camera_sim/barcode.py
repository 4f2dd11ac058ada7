"""The frame number in the picture itself: docs/protocols.md, "Picture marks of the simulator"."""

import numpy as np
from numpy.typing import NDArray

_BITS = 12
_CELLS = 18
_CONTRAST_MIN = 60.0


def cells(value: int) -> tuple[bool, ...]:
    """The 18 squares of `value` (0 to 4095), left to right; True is white."""
    if not 0 <= value < 1 << _BITS:
        raise ValueError(f"barcode value {value} is not 0 to {(1 << _BITS) - 1}")
    bits = [bool(value >> shift & 1) for shift in reversed(range(_BITS))]
    return (True, False, *bits, sum(bits[:6]) % 2 == 1, sum(bits[6:]) % 2 == 1, False, True)


def square(width: int) -> int:
    """The side of a square in pixels: even, about 1/64 of the picture's width, 4 at least."""
    return max(4, 2 * ((width + 64) // 128))


def box(width: int, height: int) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of the whole row in a picture of that size."""
    side = square(width)
    return side, height - 2 * side, side * (1 + _CELLS), height - side


def draw(luma: NDArray[np.uint8], value: int, *, black: int = 16, white: int = 235) -> None:
    """Paints the row into a luma plane (height, width). The caller greys the colour planes under `box`."""
    height, width = luma.shape
    left, top, right, bottom = box(width, height)
    row = np.array([white if is_white else black for is_white in cells(value)], np.uint8)
    luma[top:bottom, left:right] = row.repeat(square(width))


def read(gray: NDArray[np.uint8]) -> int | None:
    """The value shown in a grey picture (height, width) of the size that was sent; None if there is no barcode."""
    height, width = gray.shape
    left, top, right, bottom = box(width, height)
    if top < 0 or right > width:
        return None
    margin = square(width) // 4
    rows = gray[top + margin : bottom - margin, left:right]
    means = rows.mean(axis=0).reshape(_CELLS, -1)[:, margin:-margin].mean(axis=1)
    white, black = (means[0] + means[-1]) / 2, (means[1] + means[-2]) / 2
    if white - black < _CONTRAST_MIN:
        return None
    seen = tuple(mean > (white + black) / 2 for mean in means)
    value = sum(bit << shift for bit, shift in zip(seen[2:14], reversed(range(_BITS)), strict=True))
    return value if seen == cells(value) else None
