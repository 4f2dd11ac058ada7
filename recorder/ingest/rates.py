"""Frame rate and bitrate of a stream, measured over the last few ticks. Pure."""

from collections import deque
from dataclasses import dataclass

MEASURE_TICKS = 4
"""Rates are measured over so many ticks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """Measured over the last two seconds or so."""

    fps: float
    bitrate_bps: int


class RateMeter:
    """Counts what comes: add to `bytes` and `pictures`, then `measure` at each tick."""

    __slots__ = ("_samples", "bytes", "pictures")

    def __init__(self) -> None:
        self.bytes = self.pictures = 0
        self._samples: deque[tuple[int, int, int]] = deque(maxlen=MEASURE_TICKS + 1)

    def measure(self, now_ns: int) -> Rates | None:
        """The rates, None before there are enough samples."""
        samples = self._samples
        samples.append((now_ns, self.bytes, self.pictures))
        first_ns, first_bytes, first_pictures = samples[0]
        seconds = (now_ns - first_ns) / 1e9
        if len(samples) <= MEASURE_TICKS or seconds <= 0:
            return None
        return Rates(
            fps=(self.pictures - first_pictures) / seconds,
            bitrate_bps=round((self.bytes - first_bytes) * 8 / seconds),
        )
