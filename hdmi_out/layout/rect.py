"""Rectangles in pixels, y downwards. All that reach a 4:2:0 canvas have even sides and corners."""

from dataclasses import dataclass

_SNAP = 4


@dataclass(frozen=True, slots=True)
class Rect:
    """A rectangle: left, top, width and height in pixels."""

    x: int
    y: int
    width: int
    height: int

    @property
    def right(self) -> int:
        """The first column to the right of it."""
        return self.x + self.width

    @property
    def bottom(self) -> int:
        """The first row below it."""
        return self.y + self.height

    @property
    def even(self) -> bool:
        """Whether chroma samples line up with it."""
        return not (self.x | self.y | self.width | self.height) & 1

    def overlaps(self, other: "Rect") -> bool:
        """Whether they share a pixel."""
        return self.x < other.right and other.x < self.right and self.y < other.bottom and other.y < self.bottom

    def holds(self, x: int, y: int) -> bool:
        """Whether that pixel is in it."""
        return self.x <= x < self.right and self.y <= y < self.bottom

    def frame(self, thickness: int) -> tuple["Rect", "Rect", "Rect", "Rect"]:
        """The four sides of a frame around it, outside of it."""
        width, t = self.width + 2 * thickness, thickness
        return (
            Rect(self.x - t, self.y - t, width, t),
            Rect(self.x - t, self.bottom, width, t),
            Rect(self.x - t, self.y, t, self.height),
            Rect(self.right, self.y, t, self.height),
        )

    def contains(self, other: "Rect") -> bool:
        """Whether every pixel of `other` is in it."""
        return self.x <= other.x and self.y <= other.y and other.right <= self.right and other.bottom <= self.bottom


def even(value: float) -> int:
    """The largest even number not above `value`."""
    return int(value) // 2 * 2


def fit(width: int, height: int, box: Rect) -> Rect:
    """The largest even rectangle of the aspect `width`:`height` in the middle of `box` (at least 2×2). A border of
    up to `_SNAP` pixels is not worth having: the rectangle then fills the box."""
    scale = min(box.width / width, box.height / height)
    inner_width, inner_height = max(even(width * scale + 1), 2), max(even(height * scale + 1), 2)
    if box.width - inner_width <= _SNAP:
        inner_width = box.width
    if box.height - inner_height <= _SNAP:
        inner_height = box.height
    x = box.x + even((box.width - inner_width) / 2)
    y = box.y + even((box.height - inner_height) / 2)
    return Rect(x, y, inner_width, inner_height)
