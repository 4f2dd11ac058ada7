"""How fast the output goes when the machine cannot keep up: fewer frames first, then key pictures only. Pure.

Recording never waits for the monitor, but both share the machine; a monitor that is always late shows old pictures, one
that goes slower shows new ones.
"""

from collections.abc import Sequence
from dataclasses import dataclass

SLOWER_SHARE, FASTER_SHARE = 0.85, 0.5
"""Of a frame's time: beyond the first it goes slower; faster again where a faster frame would need less than the
second."""
SLOWER_SECONDS, FASTER_SECONDS = 2.0, 10.0
"""For how long it must have been so."""
_SMOOTHING_SECONDS = 1.0
_STEPS = (15, 10, 5, 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """`fps`: frames a second. `keys_only`: only key pictures are decoded."""

    fps: int
    keys_only: bool = False


def paces(fps: int) -> tuple[Pace, ...]:
    """From the one that is wanted to the slowest."""
    return (Pace(fps=fps), *(Pace(fps=step) for step in _STEPS if step < fps), Pace(fps=1, keys_only=True))


class PaceKeeper:
    """Chooses among `paces` by what frames take."""

    def __init__(self, paces: Sequence[Pace]) -> None:
        self._paces = paces
        self._at = 0
        self._share = 0.0
        self._slow_seconds = self._fast_seconds = 0.0

    @property
    def pace(self) -> Pace:
        """The one to keep now."""
        return self._paces[self._at]

    @property
    def reduced(self) -> bool:
        """Whether it is slower than what is wanted."""
        return self._at > 0

    def add(self, spent_seconds: float, *, behind: bool) -> bool:
        """A frame took so long of its time; `behind`: not everything that was due was decoded. Returns whether the pace
        has changed."""
        period = 1 / self.pace.fps
        share = 1.0 if behind else min(spent_seconds / period, 1.0)
        weight = min(period / _SMOOTHING_SECONDS, 1.0)
        self._share += (share - self._share) * weight
        self._slow_seconds = self._slow_seconds + period if self._share > SLOWER_SHARE else 0.0
        faster = self._paces[self._at - 1].fps / self.pace.fps if self._at else 1.0
        self._fast_seconds = self._fast_seconds + period if self._share * faster < FASTER_SHARE else 0.0
        if self._slow_seconds >= SLOWER_SECONDS and self._at + 1 < len(self._paces):
            self._go(self._at + 1)
        elif self._fast_seconds >= FASTER_SECONDS and self._at:
            self._go(self._at - 1)
        else:
            return False
        return True

    def _go(self, at: int) -> None:
        self._at = at
        self._share = (SLOWER_SHARE + FASTER_SHARE) / 2
        self._slow_seconds = self._fast_seconds = 0.0
