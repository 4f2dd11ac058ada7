"""How long to wait before trying a camera again. Pure; randomness is passed in."""

from collections.abc import Sequence

RETRY_STEPS: tuple[tuple[float, int], ...] = ((1, 5), (5, 5), (10, 10), (60, 1))
"""Seconds, and how many times; the last stays. For cameras that are away or busy."""
HUMAN_STEPS: tuple[tuple[float, int], ...] = ((60, 3), (300, 1))
"""For what only a person can mend: a wrong password (cameras lock an account after a few tries), a wrong codec."""
JITTER = 0.2
"""A wait is up to this share longer, so that cameras behind one switch do not come back in step."""
GOOD_SECONDS = 60.0
"""A stream that has lasted this long starts the steps anew."""


class Backoff:
    """Counts failures in a row."""

    def __init__(self, steps: Sequence[tuple[float, int]] = RETRY_STEPS) -> None:
        self._delays = [seconds for seconds, times in steps for _ in range(times)]
        self._failures = 0

    def next_seconds(self, share: float) -> float:
        """The wait after one more failure. `share`: random, 0 to 1."""
        delay = self._delays[min(self._failures, len(self._delays) - 1)]
        self._failures += 1
        return delay * (1 + JITTER * share)

    def reset(self) -> None:
        """All is well again."""
        self._failures = 0
