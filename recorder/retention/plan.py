"""What has to go so that there is room: the oldest closed segments first, protected ones last. Pure.

1. `free_bytes_min` is the one floor: retention keeps room above it, recording stops below it.
2. Above the floor there is room for ROOM_SECONDS of what the cameras send now, where the disk allows: at most
   ROOM_SHARE_MAX of what footage may have. Below `bytes_max` there is room for a segment of every stream.
3. Recording that was stopped goes on once RESUME_BYTES are free beyond the limits. Retention then frees at least so
   much: neither waits for the other.
4. A disk that says again and again that it is full, whatever it says of its free space (inodes, quotas), is given up to
   FULL_BYTES each time.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from recorder.catalog.rows import SegmentId

ROOM_SECONDS = 3600.0
ROOM_SHARE_MAX = 0.1
RESUME_BYTES = 64 << 20
FULL_BYTES = 256 << 20
FULL_ERRORS_MIN = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """`bytes_max`: for all footage on the volume. `free_bytes_min`: the floor of the file system."""

    bytes_max: int
    free_bytes_min: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Of the volume now. `rate_bytes_per_second`: what all streams write to it together."""

    used_bytes: int
    free_bytes: int
    rate_bytes_per_second: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """What is kept free below the cap and above the floor."""

    below_cap: int
    above_floor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A segment that may be deleted."""

    id: SegmentId
    start_utc_ns: int
    bytes: int


def plan_room(limits: Limits, usage: Usage, segment_seconds: float, *, stopped: bool) -> Room:
    """What retention is to keep free (rules 2 and 3)."""
    share = ROOM_SHARE_MAX * limits.bytes_max
    reachable = max(usage.used_bytes + usage.free_bytes - limits.free_bytes_min, 0)
    room = Room(
        below_cap=int(min(usage.rate_bytes_per_second * segment_seconds, share)),
        above_floor=int(min(usage.rate_bytes_per_second * ROOM_SECONDS, share, ROOM_SHARE_MAX * reachable)),
    )
    if not stopped:
        return room
    resume = room_to_resume(limits)
    return Room(below_cap=max(room.below_cap, resume.below_cap), above_floor=max(room.above_floor, resume.above_floor))


def room_to_resume(limits: Limits) -> Room:
    """What must be free before recording goes on (rule 3)."""
    return Room(below_cap=min(RESUME_BYTES, limits.bytes_max // 4), above_floor=RESUME_BYTES)


def plan_bytes_to_free(limits: Limits, usage: Usage, room: Room) -> int:
    """How much must be deleted so that so much room is left; 0 if nothing."""
    over_cap = usage.used_bytes + room.below_cap - limits.bytes_max
    under_floor = limits.free_bytes_min + room.above_floor - usage.free_bytes
    return max(over_cap, under_floor, 0)


def plan_bytes_for_full_disk(usage: Usage, errors: int) -> int:
    """Rule 4; `errors`: since the last time this was done."""
    return min(FULL_BYTES, max(int(usage.used_bytes * ROOM_SHARE_MAX), 1)) if errors >= FULL_ERRORS_MIN else 0


def plan_camera_bytes_to_free(used_bytes: int, bytes_max: int, newest_segment_bytes: int) -> int:
    """The same for one camera's share: room for one more segment like the newest."""
    return max(used_bytes + min(newest_segment_bytes, bytes_max // 4) - bytes_max, 0)


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
