"""Recorded pictures by the time at which they are shown. Pure.

With B-frames pictures are decoded in another order than they are shown in; labels are those of decoding. A position in
footage is the time at which a picture is shown, in whole microseconds, as media headers and instants carry it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from recorder.media.access_unit import AccessUnit
from recorder.segments.cutter import ns_of_ticks

SLACK_NS = 1_000
"""A time that is looked up again in the index must not miss by what rounding took; a tick has 11 µs."""


class Placed(NamedTuple):
    """A picture and when it is shown."""

    unit: AccessUnit
    shown_us: int


def placed(units: Iterable[AccessUnit]) -> list[Placed]:
    """The units of one fragment, each with its time; always the same for the same fragment."""
    out: list[Placed] = []
    latest_90k: int | None = None
    for unit in units:
        latest_90k = unit.pts_90k if latest_90k is None else max(latest_90k, unit.pts_90k)
        out.append(Placed(unit, (unit.utc_ns - ns_of_ticks(latest_90k - unit.pts_90k)) // 1000))
    return out


def decode_utc_ns(unit: AccessUnit) -> int:
    """When the first unit of a fragment is decoded, by the index, and a little more."""
    return unit.utc_ns - ns_of_ticks(unit.composition_90k) + SLACK_NS


class Key(NamedTuple):
    """Where decoding can begin: a run, and a time in it that the index finds a key picture by."""

    run: int
    decode_utc_ns: int


@dataclass(slots=True, kw_only=True)
class Group:
    """The pictures from a key picture to the next, in the order they are decoded in. `following`: the next key picture,
    None while there is none. `whole`: whether nothing of it was left out, or is still to come."""

    key: Key
    pictures: list[Placed] = field(default_factory=list)
    following: Key | None = None
    whole: bool = False

    @property
    def first_us(self) -> int:
        """When its key picture is shown."""
        return self.pictures[0].shown_us

    @property
    def reorders(self) -> bool:
        """Whether pictures are decoded in another order than they are shown in."""
        return any(picture.unit.composition_90k for picture in self.pictures)

    @property
    def leading(self) -> list[Placed]:
        """What is shown before its key picture: it needs the group before to be decoded."""
        return [picture for picture in self.pictures if picture.shown_us < self.first_us]

    def index_at_or_before(self, at_us: int) -> int | None:
        """Its last picture shown at that time or before, in decode order; its leading ones left out."""
        fitting = [(p.shown_us, i) for i, p in enumerate(self.pictures) if self.first_us <= p.shown_us <= at_us]
        return max(fitting)[1] if fitting else None

    def index_after(self, at_us: int) -> int | None:
        """Its first picture shown after that time, its leading ones left out."""
        fitting = [(p.shown_us, i) for i, p in enumerate(self.pictures) if max(self.first_us, at_us + 1) <= p.shown_us]
        return min(fitting)[1] if fitting else None
