"""What has to go so that there is room: the oldest closed segments first, over all cameras. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from recorder.catalog.rows import SegmentId

HEADROOM_SHARE_MAX = 0.1
"""Of `bytes_max`: more is not kept free ahead of time, however fast the cameras send."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """`bytes_max`: for all footage. `free_bytes_min`: the floor of the file system."""

    bytes_max: int
    free_bytes_min: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Of the volume now. `rate_bytes_per_second`: what all streams write together."""

    used_bytes: int
    free_bytes: int
    rate_bytes_per_second: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A segment that may be deleted."""

    id: SegmentId
    start_utc_ns: int
    bytes: int


def headroom_bytes(limits: Limits, usage: Usage, segment_seconds: float) -> int:
    """Room for one more segment of every stream."""
    return min(int(usage.rate_bytes_per_second * segment_seconds), int(limits.bytes_max * HEADROOM_SHARE_MAX))


def plan_bytes_to_free(limits: Limits, usage: Usage, headroom: int) -> int:
    """How much must be deleted so that neither limit is met before `headroom` more bytes are written; 0 if nothing."""
    over_cap = usage.used_bytes + headroom - limits.bytes_max
    under_floor = limits.free_bytes_min + headroom - usage.free_bytes
    return max(over_cap, under_floor, 0)


def plan_deletions(candidates: Sequence[Candidate], bytes_to_free: int) -> list[Candidate]:
    """The oldest candidates that together free so much; all, if that is not enough."""
    chosen: list[Candidate] = []
    freed = 0
    for candidate in sorted(candidates, key=lambda candidate: (candidate.start_utc_ns, candidate.id)):
        if freed >= bytes_to_free:
            break
        chosen.append(candidate)
        freed += candidate.bytes
    return chosen
