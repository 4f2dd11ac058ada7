"""Colours and the type scale of the wall. Calm at rest; only what has stopped is amber, only what is lost is red."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Colour:
    """A colour of the canvas: Y, Cb, Cr in video range, ITU-R BT.601 (as cameras' sub streams have it)."""

    y: int
    u: int
    v: int


def colour(rgb: str) -> Colour:
    """`#RRGGBB` on the canvas (ITU-R BT.601, section 2.5, 8-bit quantisation)."""
    red, green, blue = (int(rgb[i : i + 2], 16) for i in (1, 3, 5))
    return Colour(
        round(16 + (65.481 * red + 128.553 * green + 24.966 * blue) / 255),
        round(128 + (-37.797 * red - 74.203 * green + 112.0 * blue) / 255),
        round(128 + (112.0 * red - 93.786 * green - 18.214 * blue) / 255),
    )


BACKGROUND = colour("#0B0F13")
LETTERBOX = colour("#000000")
EMPTY = colour("#11171D")
CARD = colour("#171F27")
BAR = colour("#141B22")
BAR_CLOCK = colour("#0F151B")
SHADOW = colour("#0E141A")
WHITE = colour("#F4F7F9")
SOFT = colour("#A9B7C3")
FAINT = colour("#6B7B88")
RED = colour("#F0484E")
AMBER = colour("#FFB638")
AMBER_DEEP = colour("#3A2A10")
GREEN = colour("#7FCFA0")
BLUE = colour("#5AB0F0")
BLUE_DEEP = colour("#10283A")
RED_DEEP = colour("#40161B")


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeScale:
    """Sizes in pixels of an em. On a 24-inch monitor `body` is 9 mm: readable from three metres."""

    time: int
    title: int
    body: int
    small: int


def type_scale(canvas_height: int) -> TypeScale:
    """One scale for the whole wall."""
    return TypeScale(
        time=round(canvas_height * 0.074),
        title=round(canvas_height * 0.042),
        body=round(canvas_height * 0.0305),
        small=round(canvas_height * 0.0245),
    )
