"""A crossing of X as a timeline: what happened how many milliseconds before or after it, stream by stream. Pure.

Moments are read from the evidence of checks, by the names of its fields: a check that gives one of them has a lane.
"""

from collections.abc import Iterator, Sequence
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
_REACH_MIN_MS = 100.0
_ROUND = (1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)
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
    """Lanes around one origin. `at`: its instant, where it is known; `reach_ms` to either side is drawn."""

    origin: Origin
    at: str | None
    lanes: tuple[Lane, ...]

    @property
    def reach_ms(self) -> float:
        furthest = max(abs(moment.ms) for lane in self.lanes for moment in lane.moments)
        return _rounded(max(furthest * 1.3, _REACH_MIN_MS))

    @property
    def begin_ms(self) -> float:
        """What is drawn at the left edge: after a licence there is little to see before it."""
        return -self.reach_ms if self.origin == "expiry" else -self.reach_ms / 4

    def percent(self, ms: float) -> float:
        """Where that is drawn, of the whole width."""
        return round(100 * (ms - self.begin_ms) / (self.reach_ms - self.begin_ms), 3)

    @property
    def ticks_ms(self) -> list[float]:
        step = self.reach_ms / 2
        return [at * step for at in range(-2, 3) if at * step >= self.begin_ms]


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


def _rounded(ms: float) -> float:
    """The next round number."""
    scale = 1.0
    while scale * 10 < ms:
        scale *= 10
    return next(scale * step for step in _ROUND if scale * step >= ms)
