"""Counts of what reached the output: pictures a camera, the longest pause between two, output frames a second."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

RATE_SECONDS = 2.0
"""The output's rate is measured over this long."""


@dataclass(slots=True)
class CameraCount:
    """One camera. `last_ns` is monotonic; None before the first picture."""

    pictures: int = 0
    last_ns: int | None = None
    pause_ns_max: int = 0

    def add(self, now_ns: int) -> None:
        """A new picture of the camera is on the output."""
        self.pictures += 1
        self.pause_ns_max = self.pause_ns(now_ns)
        self.last_ns = now_ns

    def pause_ns(self, now_ns: int) -> int:
        """The longest pause since the last reset; one that still goes on counts."""
        return self.pause_ns_max if self.last_ns is None else max(self.pause_ns_max, now_ns - self.last_ns)


@dataclass(slots=True)
class OutputCount:
    """The whole output."""

    frames: int = 0
    late_frames: int = 0
    cameras: dict[str, CameraCount] = field(default_factory=dict)
    _times_ns: deque[int] = field(default_factory=deque)

    def keep(self, cameras: Iterable[str]) -> None:
        """Counts these cameras, in this order, and forgets the others."""
        self.cameras = {camera: self.cameras.get(camera) or CameraCount() for camera in cameras}

    def add_frame(self, now_ns: int) -> None:
        """An output frame is composed."""
        self.frames += 1
        self._times_ns.append(now_ns)
        while now_ns - self._times_ns[0] > RATE_SECONDS * 1e9:
            self._times_ns.popleft()

    def rate(self) -> float:
        """Output frames a second, lately."""
        times = self._times_ns
        return (len(times) - 1) * 1e9 / (times[-1] - times[0]) if len(times) > 1 else 0.0

    def reset_pauses(self) -> None:
        """Begins to look for the longest pause anew."""
        for count in self.cameras.values():
            count.pause_ns_max = 0
