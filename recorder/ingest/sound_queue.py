"""Sound on its way to the pictures that it rides on. Pure.

A frame goes with the first picture whose label is not before the frame's end. So what a permission covers of pictures
it covers of their sound, and nothing captured later slips through.
"""

from collections import deque
from typing import Protocol

from recorder.media.access_unit import SoundFrame

FRAMES_MAX = 512
BYTES_MAX = 512 << 10
"""Bounds of what waits for pictures; the oldest frames go first."""


class PictureTimes(Protocol):
    """What a Labeller knows."""

    def place_of(self, timestamp: int) -> tuple[int, int] | None:
        """Media time in the run, and label, of an RTP time of the pictures; None before the first."""


class SoundQueue:
    """`add` frames as they come, `until` for each picture."""

    def __init__(self, times: PictureTimes) -> None:
        self._times = times
        self._frames: deque[tuple[bytes, int, int]] = deque()
        self._bytes = 0

    def __bool__(self) -> bool:
        return bool(self._frames)

    def add(self, data: bytes, begin: int, end: int) -> None:
        """A frame, and when it begins and ends in RTP time of the pictures."""
        self._frames.append((data, begin, end))
        self._bytes += len(data)
        while len(self._frames) > FRAMES_MAX or self._bytes > BYTES_MAX:
            self._drop_oldest()

    def clear(self) -> None:
        """Forgets all that waits."""
        self._frames.clear()
        self._bytes = 0

    def until(self, utc_ns: int) -> tuple[SoundFrame, ...]:
        """What goes with a picture of this label."""
        found: list[SoundFrame] = []
        while self._frames:
            data, begin, end = self._frames[0]
            ended, begun = self._times.place_of(end), self._times.place_of(begin)
            if ended is None or begun is None or ended[1] > utc_ns:
                break
            found.append(SoundFrame(data, begun[0]))
            self._drop_oldest()
        return tuple(found)

    def _drop_oldest(self) -> None:
        self._bytes -= len(self._frames.popleft()[0])
