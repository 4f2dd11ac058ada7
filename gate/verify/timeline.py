"""A crossing of X as a timeline: what happened how many milliseconds before or after it, stream by stream. Pure.

Moments are read from the evidence of checks, by the names of its fields: a check that gives one of them has a lane.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from gate.verify.matrix import Row
from gate.verify.report_schema import ReportedCheck, ReportedScenario

Mark = Literal["picture", "media", "close", "disk", "refused", "back"]
REFUSED = "a refusal"
"""How the evidence of a stream says that it is cut by its next request being refused."""
Origin = Literal["expiry", "licence"]
MOMENTS: dict[str, tuple[Origin, Mark, str]] = {
    "newest_picture_ms": ("expiry", "picture", "last picture, by the camera's clock"),
    "last_media_ms": ("expiry", "media", "last media received"),
    "last_picture_ms": ("expiry", "disk", "last picture on the disk"),
    "closed_ms": ("expiry", "close", "closed"),
    "after_ms": ("licence", "back", "first picture after the licence"),
}
"""Fields of evidence: from what they count, how they are drawn, what they are."""
HEADS: Mapping[Mark, str] = {
    "picture": "last picture, by the camera's clock",
    "media": "last media received",
    "disk": "last picture on the disk",
    "close": "closed or ended",
    "refused": "first byte refused",
    "back": "first picture after the licence",
}
"""What a mark says, in general."""
_REACH_MIN_MS, _BEFORE_MIN_MS = 100.0, 10.0
_MARGIN = 2.0
_EVEN_MS = 20.0
"""About so far from 0 the scale is even; beyond, each tenfold takes the same room."""
_TICK_PERCENT_MIN = 11.0
"""Room for a tick's words beside the origin's, on a phone."""
_TICKS_MS = (10.0, 100.0, 1000.0, 10_000.0)
LANES_MAX = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """`ms` after the axis' origin; `code`: what a stream was closed with."""

    mark: Mark
    text: str
    ms: float
    code: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """One check's moments, in their order."""

    name: str
    row: Row | None
    moments: tuple[Moment, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """Lanes around one origin, drawn from `begin_ms` to `reach_ms`. `at`: its instant, where it is known."""

    origin: Origin
    at: str | None
    lanes: tuple[Lane, ...]

    @property
    def reach_ms(self) -> float:
        furthest = max(abs(moment.ms) for lane in self.lanes for moment in lane.moments)
        return max(furthest * _MARGIN, _REACH_MIN_MS)

    @property
    def begin_ms(self) -> float:
        """The left edge: as far from X as the right one, but after a licence there is little to see before it."""
        if self.origin == "expiry":
            return -self.reach_ms
        return min(_MARGIN * min(moment.ms for lane in self.lanes for moment in lane.moments), -_BEFORE_MIN_MS)

    def percent(self, ms: float) -> float:
        """Where that is drawn, of the whole width."""
        begin, end = math.asinh(self.begin_ms / _EVEN_MS), math.asinh(self.reach_ms / _EVEN_MS)
        return round(100 * (math.asinh(ms / _EVEN_MS) - begin) / (end - begin), 3)

    @property
    def ticks_ms(self) -> list[float]:
        """What stands below the axis."""
        ticks = (*(-tick for tick in reversed(_TICKS_MS)), 0.0, *_TICKS_MS)
        within = (tick for tick in ticks if self.begin_ms <= tick <= self.reach_ms)
        return [tick for tick in within if not tick or abs(self.percent(tick) - self.percent(0)) >= _TICK_PERCENT_MIN]

    @property
    def marks(self) -> list[Mark]:
        """Those that it has."""
        there = {moment.mark for lane in self.lanes for moment in lane.moments}
        return [mark for mark in HEADS if mark in there]


def axes_of(scenario: ReportedScenario) -> list[Axis]:
    """Two for each crossing: around X, and around the licence that came after it, as far as anything is known of
    them."""
    crossed = [step.number for step in scenario.steps if step.kind == "cross"]
    axes = []
    for at, number in enumerate(crossed):
        until = crossed[at + 1] if at + 1 < len(crossed) else None
        checks = [one for one in scenario.checks if one.step >= number and (until is None or one.step < until)]
        origins: Sequence[tuple[Origin, str | None]] = (
            ("expiry", scenario.crossings[at] if at < len(scenario.crossings) else None),
            ("licence", None),
        )
        for origin, instant in origins:
            lanes = tuple(lane for check in checks if (lane := _lane(check, origin)).moments)[:LANES_MAX]
            if lanes:
                axes.append(Axis(origin=origin, at=instant, lanes=lanes))
    return axes


def _lane(check: ReportedCheck, origin: Origin) -> Lane:
    moments = sorted(_moments(check, origin), key=lambda one: one.ms)
    return Lane(name=check.name, row=check.row, moments=tuple(moments))


def _moments(check: ReportedCheck, origin: Origin) -> Iterator[Moment]:
    for field, (of, mark, text) in MOMENTS.items():
        value = check.evidence.get(field)
        if of == origin and isinstance(value, (int, float)) and not isinstance(value, bool):
            code = check.evidence.get("close") if mark == "close" else None
            if mark == "close" and check.evidence.get("ends_by") == REFUSED:
                mark, text = "refused", "first byte refused"
            elif mark == "close" and not code:
                text = "ended"
            yield Moment(mark=mark, text=text, ms=float(value), code=code if isinstance(code, int) else None)
