"""Lines of a page: cells of text beside each other. One drawing a line, so that only lines that change are drawn."""

import re
from dataclasses import dataclass
from enum import Enum

import numpy as np
import segno

from hdmi_out.layout.rect import Rect
from hdmi_out.osd import palette
from hdmi_out.osd.draw import Pen
from hdmi_out.osd.overlay import Overlay, Painter
from hdmi_out.osd.palette import Colour, TypeScale
from hdmi_out.osd.typeface import Typeface

QUIET_MODULES = 4
"""The white border that a reader of QR codes needs (ISO/IEC 18004, section 5.3.8)."""


_PARTS = re.compile(r"(?:[^\s\u3000-\u9fff\uff00-\uffef]+|\S)[\u3001\u3002\u300d\uff09\u30fb\u30fc]*\s*")
"""A word, or a Japanese character with the marks that no line begins with (、。」）・ー)."""


class Ink(Enum):
    """How a cell is written."""

    PLAIN = palette.WHITE
    SOFT = palette.SOFT
    GOOD = palette.GREEN
    WARN = palette.AMBER
    ACCENT = palette.BLUE


class Size(Enum):
    """Of the letters, by name of the type scale."""

    TITLE = "title"
    BODY = "body"
    SMALL = "small"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """Text from `left` to `right`, parts of the line's width; `end`: flush with the right."""

    text: str
    left: float = 0.0
    right: float = 1.0
    ink: Ink = Ink.PLAIN
    end: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """`raised`: on a ground of its own, as rows of a table are; `chosen`: the one the arrows are on."""

    cells: tuple[Cell, ...]
    size: Size = Size.SMALL
    raised: bool = False
    chosen: bool = False


@dataclass(frozen=True, slots=True)
class Code:
    """A QR code of that text."""

    text: str


Piece = Line | Code


def draw_piece(piece: Piece, area: Rect, face: Typeface, scale: TypeScale) -> Overlay:
    """A line or a code in its place."""
    if isinstance(piece, Code):
        return draw_code(piece.text, area)
    ground = palette.BLUE_DEEP if piece.chosen else palette.BAR if piece.raised else palette.BACKGROUND
    painter = Painter(area.width, area.height, ground)
    if piece.chosen:
        painter.rect(Rect(0, 0, max(scale.small // 3, 3), area.height), palette.BLUE)
    size = min(int(getattr(scale, piece.size.value)), round(area.height * 0.72))
    pad = scale.small if piece.raised or piece.chosen else 0
    pen, inner = Pen(painter, face), area.width - 2 * pad
    for cell in piece.cells:
        left, room = pad + round(inner * cell.left), round(inner * (cell.right - cell.left))
        text = face.fitted(cell.text, size, room)
        x = left + room - face.width(text, size) if cell.end else left
        pen.text(x, area.height / 2, text, size, cell.ink.value)
    return painter.finish()


def draw_code(text: str, area: Rect) -> Overlay:
    """A QR code, black on white with its quiet zone, its modules whole pixels."""
    painter = Painter(area.width, area.height, Colour(235, 128, 128))
    modules = np.array([list(row) for row in segno.make_qr(text, error="m").matrix], np.uint8)
    side = modules.shape[0]
    pixels = max(min(area.width, area.height) // (side + 2 * QUIET_MODULES), 1)
    mask = np.kron(modules, np.full((pixels, pixels), 255, np.uint8))
    left, top = (area.width - mask.shape[1]) // 2, (area.height - mask.shape[0]) // 2
    painter.mask(left, top, mask, Colour(16, 128, 128))
    return painter.finish()


def wrapped(text: str, face: Typeface, size: int, width: int, lines_max: int) -> list[str]:
    """A sentence in lines no wider than `width`, at most so many: broken between words, or between Japanese characters
    (not before a closing mark). The last line is cut to fit."""
    parts = _PARTS.findall(text.strip())
    lines: list[str] = []
    line = ""
    while parts:
        if line and len(lines) < lines_max - 1 and face.width((line + parts[0]).rstrip(), size) > width:
            lines.append(line.rstrip())
            line = ""
        line += parts.pop(0)
    return [*lines, face.fitted(line.rstrip(), size, width)] if line else lines
