"""What the simulated cameras write into each picture, read back: docs/protocols.md, "Picture marks". Pure.

Its own reading, shared with nobody: a mistake in the simulator's is not repeated here.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_UUID = bytes.fromhex("9a2b4c6d5e7f4a1b8c3ded9e5eca3e1a")
_FIELDS = struct.Struct(">B16sBQQQ16sI")
_SQUARES = 18
_SIDE_MIN, _SIDE_MAX = 4.0, 40.0
_ROW_STEP = 2
_LIGHT_MIN, _DARK_MAX = 160, 95
"""Of a square's pixels, after coding and scaling."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """One picture of a camera: its absolute number, its place in the simulator's count, the camera's time."""

    camera: str
    number: int
    counter: int
    utc_us: int
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Barcode:
    """A number seen in a picture; where its row of squares begins, and how wide it is, in pixels."""

    value: int
    x: int
    y: int
    width: int


def marks_in(data: bytes) -> Iterator[Mark]:
    """Every mark in a stretch of H.264 or H.265, in a file or not, in its order there, but one that breaks off."""
    at = data.find(_UUID)
    while at >= 0:
        begin = at + len(_UUID)
        body = _unescaped(data[begin : begin + 2 * _FIELDS.size])[: _FIELDS.size]
        if len(body) == _FIELDS.size and body[0] == 1:
            _, camera, _, number, counter, utc_us, state, _ = _FIELDS.unpack(body)
            yield Mark(camera=_text(camera), number=number, counter=counter, utc_us=utc_us, state=_text(state))
        at = data.find(_UUID, begin)


def _text(field: bytes) -> str:
    return field.rstrip(b"\0").decode("ascii", "replace")


def _unescaped(data: bytes) -> bytes:
    """Without emulation prevention (H.264, 7.4.1): the third byte of 00 00 03."""
    out, zeros = bytearray(), 0
    for byte in data:
        if zeros >= 2 and byte == 3:
            zeros = 0
            continue
        out.append(byte)
        zeros = zeros + 1 if byte == 0 else 0
    return bytes(out)


def barcodes_in(gray: NDArray[np.uint8]) -> list[Barcode]:
    """Every barcode in a grey picture (height, width), of whatever size and wherever it stands, from above."""
    found: list[tuple[Barcode, int]] = []  # with the last row that has shown it
    for y in range(0, gray.shape[0], _ROW_STEP):
        for seen in _in_row(gray[y], y):
            for at, (known, last) in enumerate(found):
                near = abs(known.x - seen.x) <= 3 and abs(known.width - seen.width) <= 6
                if near and known.value == seen.value and y - last <= 2 * _ROW_STEP:
                    found[at] = (known, y)
                    break
            else:
                found.append((seen, y))
    tall = [one for one, last in found if last - one.y >= max(_ROW_STEP, one.width / _SQUARES / 2 - _ROW_STEP)]
    return [one for one in tall if not any(_lies_in(one, other) for other in tall)]


def _lies_in(one: Barcode, other: Barcode) -> bool:
    """Whether `one` is but a stretch of a wider one."""
    apart = one.x + one.width <= other.x or other.x + other.width <= one.x
    return one.width < other.width and abs(one.y - other.y) < other.width / _SQUARES and not apart


def _in_row(row: NDArray[np.uint8], y: int) -> Iterator[Barcode]:
    """Light pavement may touch the outer squares, so the black ones beside them are looked for: 16 squares apart."""
    steps = np.diff((row > 127).astype(np.int8))
    falls, rises = np.flatnonzero(steps == -1) + 1, np.flatnonzero(steps == 1) + 1
    begins, ends = (grid.ravel() for grid in np.meshgrid(falls, rises, indexing="ij"))
    sides = (ends - begins) / (_SQUARES - 2)
    fits = (sides >= _SIDE_MIN) & (sides <= _SIDE_MAX) & (begins >= sides) & (ends + sides <= row.size)
    begins, sides = begins[fits], sides[fits]
    offsets = (np.arange(_SQUARES)[:, None] + np.array([0.25, 0.5, 0.75])).ravel()  # three looks into each square
    levels = row[(begins[:, None] + (offsets - 1) * sides[:, None]).astype(int)].reshape(-1, _SQUARES, 3)
    light, dark = (levels >= _LIGHT_MIN).all(axis=2), (levels <= _DARK_MAX).all(axis=2)
    clear = (light | dark).all(axis=1) & light[:, 0] & dark[:, 1] & dark[:, -2] & light[:, -1]
    for begin, side, bits in zip(begins[clear], sides[clear], light[clear].astype(int), strict=True):
        if bits[14] == sum(bits[2:8]) % 2 and bits[15] == sum(bits[8:14]) % 2:
            value = int("".join(map(str, bits[2:14])), 2)
            yield Barcode(value=value, x=round(begin - side), y=y, width=round(side * _SQUARES))
