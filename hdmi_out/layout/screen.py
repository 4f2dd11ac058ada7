"""The plan of the screen: the body, where a view is, over a bar with the time and the licence band.

The bar is always there and always of the same size: when a licence lapses not a pixel of any picture moves.
"""

from dataclasses import dataclass

from hdmi_out.layout.rect import Rect, even

CANVAS_MIN, CANVAS_MAX = (640, 360), (1920, 1080)
_BAR_SHARE = 0.142
_CLOCK_SHARE = 0.235


@dataclass(frozen=True, slots=True, kw_only=True)
class ScreenLayout:
    """`body` is the view's; `clock` and `message` are the two parts of `bar`."""

    width: int
    height: int
    body: Rect
    bar: Rect
    clock: Rect
    message: Rect


def canvas_size(width: int, height: int) -> tuple[int, int]:
    """The canvas for a screen of that many pixels: in its shape, with 1920×1080 pixels at most; and at least wide
    enough for the bar, with a border on screens of odd shapes."""
    scale = min(CANVAS_MAX[0] / width, CANVAS_MAX[1] / height, 1.0)
    fitted = even(width * scale), even(height * scale)
    return max(fitted[0], CANVAS_MIN[0]), max(fitted[1], CANVAS_MIN[1])


def scale_height(width: int, height: int) -> int:
    """The height that sizes of type and bar go by: of the 16:9 part of the screen, so that they fit tall ones, too."""
    return min(height, even(width * 9 / 16))


def plan_screen(width: int, height: int) -> ScreenLayout:
    """The plan for a canvas of even `width` and `height` (at least 320×180). Every rectangle is even, none overlap."""
    bar_height = even(scale_height(width, height) * _BAR_SHARE)
    bar = Rect(0, height - bar_height, width, bar_height)
    clock = Rect(0, bar.y, even(width * _CLOCK_SHARE), bar_height)
    message = Rect(clock.right, bar.y, width - clock.width, bar_height)
    return ScreenLayout(
        width=width, height=height, body=Rect(0, 0, width, bar.y), bar=bar, clock=clock, message=message
    )
