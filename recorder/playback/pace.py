"""When pictures of the past are due. Pure."""

LATE_SECONDS_MAX = 1.0
"""Whoever is later begins anew, instead of hurrying after the clock."""


class Pace:
    """Footage at a rate (negative: backward; never 0). Times of footage are microseconds, of now monotonic
    nanoseconds."""

    def __init__(self, rate: float) -> None:
        self.rate = rate
        self._anchor: tuple[int, int] | None = None

    def restart(self) -> None:
        """The next picture is due at once: footage is not continuous there."""
        self._anchor = None

    def due_ns(self, shown_us: int, now_ns: int) -> int:
        """When the picture of that time is due; in the past if it should have been shown."""
        if self._anchor is None:
            self._anchor = (shown_us, now_ns)
        begun_us, begun_ns = self._anchor
        return begun_ns + round((shown_us - begun_us) * 1000 / self.rate)

    def late(self, shown_us: int, now_ns: int) -> bool:
        """Whether that picture can no longer be shown in time."""
        return now_ns - self.due_ns(shown_us, now_ns) > LATE_SECONDS_MAX * 1e9
