"""When each picture of a stream is due, and which one it is. Pure.

Rules
1. Pictures are due evenly on monotonic time; RTP time follows it, whatever wall time does.
2. The picture's number is floor(wall time × fps) at the moment it is due. It counts up by one; a step of wall time
   makes it jump, once.
3. The moments are kept on the frame boundaries of wall time: drift, or the fraction left by a step, is worked off in
   small steps of at most PULL_NS a picture, and only beyond DEAD_BAND_NS.
4. A stream that is late by more than LATE_NS_MAX leaves pictures out instead of sending a burst.
"""

from dataclasses import dataclass
from fractions import Fraction

RTP_HZ = 90_000
"""RTP's video clock (RFC 6184 section 8.2.1)."""
PULL_NS = 500_000
DEAD_BAND_NS = 2_000_000
LATE_NS_MAX = 500_000_000
_SECOND_NS = 1_000_000_000
_EARLY_SHARE = 4
"""A picture may be due up to 1/4 frame before its wall boundary (drift) and still count as the next one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """One picture: due at `due_ns` (monotonic); `rtp` counts 90 kHz ticks from the stream's start, not wrapped."""

    due_ns: int
    n: int
    counter: int
    rtp: int
    utc_us: int


class Pacer:
    """The ticks of one stream, from its start on. All arguments are nanoseconds of the same clock."""

    def __init__(self, fps: Fraction | int, monotonic_ns: int, wall_ns: int) -> None:
        # A picture lasts _period_ns / _rate: whole numbers, as Fractions are slow.
        self._rate, self._period_ns = Fraction(fps).numerator, _SECOND_NS * Fraction(fps).denominator
        self._frame_ns = self._period_ns // self._rate
        self._origin_ns = monotonic_ns
        self._anchor_ns = monotonic_ns + self._to_boundary_ns(wall_ns)
        self._counter = 0
        self._n: int | None = None

    def next(self, monotonic_ns: int, wall_ns: int) -> Tick:
        """The next tick, given both times of one moment. It may already be due."""
        late = monotonic_ns - self._due_ns() - LATE_NS_MAX
        if late > 0:
            self._skip((late + LATE_NS_MAX) * self._rate // self._period_ns)
        offset_ns = wall_ns - monotonic_ns
        due_ns = self._due_ns()
        n, error_ns = self._number(due_ns + offset_ns)
        tick = Tick(
            due_ns=due_ns,
            n=n,
            counter=self._counter,
            rtp=self.rtp_at(due_ns),
            utc_us=self._camera_us(n, due_ns + offset_ns),
        )
        self._n = n
        self._counter += 1
        if abs(error_ns) > DEAD_BAND_NS:
            self._anchor_ns -= max(-PULL_NS, min(PULL_NS, error_ns))
        return tick

    def resume(self, monotonic_ns: int) -> None:
        """Leaves out whatever is due already, after nobody has asked for a while."""
        late = monotonic_ns - self._due_ns()
        if late > 0:
            self._skip(late * self._rate // self._period_ns + 1)

    def rtp_at(self, monotonic_ns: int) -> int:
        """The stream's RTP time at a moment, not wrapped."""
        return (monotonic_ns - self._origin_ns) * RTP_HZ // _SECOND_NS

    def _skip(self, pictures: int) -> None:
        self._counter += pictures
        self._n = None if self._n is None else self._n + pictures

    def _due_ns(self) -> int:
        return self._anchor_ns + self._counter * self._period_ns // self._rate

    def _to_boundary_ns(self, wall_ns: int) -> int:
        return -(-wall_ns * self._rate // self._period_ns) * self._period_ns // self._rate - wall_ns

    def _number(self, wall_ns: int) -> tuple[int, int]:
        """The number of the picture due at that wall time, and how far it is behind that picture's boundary."""
        if self._n is not None:
            error_ns = wall_ns - (self._n + 1) * self._period_ns // self._rate
            if -self._frame_ns // _EARLY_SHARE <= error_ns < self._frame_ns:
                return self._n + 1, error_ns
        early_ns = DEAD_BAND_NS if self._n is None else 0
        n = (wall_ns + early_ns) * self._rate // self._period_ns
        return n, wall_ns - n * self._period_ns // self._rate

    def _camera_us(self, n: int, wall_ns: int) -> int:
        """Wall time in µs, such that floor(it × fps) is `n`."""
        period_us = self._period_ns // 1000
        first_us = -(-n * period_us // self._rate)
        last_us = -(-(n + 1) * period_us // self._rate) - 1
        return max(first_us, min(last_us, wall_ns // 1000))
