"""Whether a series of measurements grows (pure): a slope that neither outliers nor the saw-teeth of rounds bend."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

POINTS_MAX = 400
"""Longer series are thinned out evenly: the slope looks at every pair."""
WARM_UP_SHARE = 0.2
"""The first fifth does not count: caches fill, and allocators find their size."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """How much a measure may grow in one run: a share of its own size, or an amount, whichever is more."""

    share: float
    amount: float


ALLOWED: Mapping[str, Allowance] = {
    "rss_mb": Allowance(share=0.12, amount=16),
    "own_mb": Allowance(share=0.12, amount=16),
    "fds": Allowance(share=0.05, amount=3),
    "sockets": Allowance(share=0.05, amount=3),
    "threads": Allowance(share=0.05, amount=2),
    "disk_mb": Allowance(share=0.25, amount=60),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """`grown`: over the whole series, by the slope; `per_hour` the same for an hour."""

    median: float
    least: float
    most: float
    per_hour: float
    grown: float
    allowed: float

    @property
    def too_much(self) -> bool:
        """Whether it is a leak."""
        return self.grown > self.allowed


def slope(points: Sequence[tuple[float, float]]) -> float:
    """Theil and Sen's: the median of the slopes between all pairs of (time, value); 0 with fewer than two."""
    slopes = [
        (value - earlier_value) / (at - earlier)
        for index, (at, value) in enumerate(points)
        for earlier, earlier_value in points[:index]
        if at > earlier
    ]
    return median(slopes) if slopes else 0.0


def growth_of(measure: str, series: Sequence[tuple[float, float]]) -> Growth:
    """Of (seconds, value), in order of time."""
    warm = [point for point in series if point[0] >= series[0][0] + WARM_UP_SHARE * (series[-1][0] - series[0][0])]
    step = max(1, len(warm) // POINTS_MAX)
    thin = warm[::step]
    values = [value for _, value in warm]
    per_second = slope(thin)
    middle, allowance = median(values), ALLOWED[measure]
    return Growth(
        median=middle,
        least=min(values),
        most=max(values),
        per_hour=per_second * 3600,
        grown=per_second * (thin[-1][0] - thin[0][0]),
        allowed=max(allowance.share * middle, allowance.amount),
    )
