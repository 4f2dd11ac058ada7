"""What a loop shows, cut into groups of pictures that lie in the cache."""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Protocol

from camera_sim.codec import Codec
from camera_sim.state import State


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a picture is: `number` counts groups for ever, `gop` within the loop; `at` is its place in the group,
    `left` how many follow it there."""

    number: int
    gop: int
    at: int
    left: int


class Film(Protocol):
    """Equal films share one loop. `uniform`: all groups have the same parameter sets."""

    @property
    def codec(self) -> Codec: ...

    @property
    def state(self) -> State: ...

    @property
    def fps(self) -> Fraction: ...

    @property
    def bitrate(self) -> int: ...

    @property
    def uniform(self) -> bool: ...

    def place(self, n: int) -> Place:
        """The place of picture `n` (absolute)."""

    def length(self, gop: int) -> int:
        """How many pictures a group has."""

    def after(self, gop: int) -> int:
        """The group that follows."""

    def path(self, cache_dir: Path, gop: int) -> Path:
        """The file of one group."""

    def __hash__(self) -> int: ...


def even_place(n: int, gop_pictures: int, gops: int) -> Place:
    """`Film.place` where all groups are equally long."""
    number, at = divmod(n, gop_pictures)
    return Place(number=number, gop=number % gops, at=at, left=gop_pictures - 1 - at)


def starts_of(lengths: Iterable[int]) -> tuple[int, ...]:
    """The first picture of each group, and one past the last."""
    starts = [0]
    for length in lengths:
        starts.append(starts[-1] + length)
    return tuple(starts)
