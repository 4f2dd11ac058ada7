"""The frame number in the picture itself: docs/protocols.md, "Picture marks of the simulator"."""

import numpy as np
from numpy.typing import NDArray

SQUARES_ACROSS = 40
"""A square is 1/40 of the picture's width."""
_BITS = 12
_CELLS = 18
_CONTRAST_MIN = 60.0
_MARGIN = 0.25


def cells(value: int) -> tuple[bool, ...]:
    """The 18 squares of `value` (0 to 4095), left to right; True is white."""
    if not 0 <= value < 1 << _BITS:
        raise ValueError(f"barcode value {value} is not 0 to {(1 << _BITS) - 1}")
    bits = [bool(value >> shift & 1) for shift in reversed(range(_BITS))]
    return (True, False, *bits, sum(bits[:6]) % 2 == 1, sum(bits[6:]) % 2 == 1, False, True)


def box(width: int, height: int) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of the whole row in a picture of that size."""
    square = width / SQUARES_ACROSS
    return round(square), round(height - 2 * square), round(square * (1 + _CELLS)), round(height - square)


def draw(luma: NDArray[np.uint8], value: int, *, black: int = 16, white: int = 235) -> None:
    """Paints the row into a luma plane (height, width). The caller greys the colour planes under `box`."""
    height, width = luma.shape
    _, top, _, bottom = box(width, height)
    for cell, is_white in enumerate(cells(value)):
        left, right = (round(width / SQUARES_ACROSS * (1 + cell + side)) for side in (0, 1))
        luma[top:bottom, left:right] = white if is_white else black


def read(gray: NDArray[np.uint8]) -> int | None:
    """The value shown in a grey picture (height, width) of any size, or None if there is no whole barcode in it."""
    height, width = gray.shape
    square = width / SQUARES_ACROSS
    if height < 2 * square or square < 2:
        return None
    margin = square * _MARGIN
    top, bottom = height - 2 * square + margin, height - square - margin
    means = []
    for cell in range(_CELLS):
        left = square * (1 + cell) + margin
        part = gray[int(top) : max(int(bottom), int(top) + 1), int(left) : max(int(left + square / 2), int(left) + 1)]
        means.append(float(part.mean()))
    white, black = (means[0] + means[-1]) / 2, (means[1] + means[-2]) / 2
    if white - black < _CONTRAST_MIN:
        return None
    seen = tuple(mean > (white + black) / 2 for mean in means)
    value = sum(bit << shift for bit, shift in zip(seen[2:14], reversed(range(_BITS)), strict=True))
    return value if seen == cells(value) else None
