"""The pace at which packets go on that come as fast as they can be had, or a segment at a time. Pure.

Each goes when it is due by its own time, counted from the first. Who is late by more than LATE_SECONDS has been waited
for: from then on all is so much later. Of a jump of their time JUMP_SECONDS are waited out at most.
"""

LATE_SECONDS = 0.5
JUMP_SECONDS = 5.0

_LATE_NS = round(LATE_SECONDS * 1e9)
_JUMP_NS = round(JUMP_SECONDS * 1e9)


class Pace:
    """`due_ns` of each packet in turn, in decode order."""

    def __init__(self) -> None:
        self._base_ns: int | None = None
        self._last_ns = 0

    def due_ns(self, media_ns: int, now_ns: int) -> int:
        """When a packet of this time of its own is to go on; monotonic, like `now_ns`."""
        step_ns, self._last_ns = media_ns - self._last_ns, media_ns
        if self._base_ns is None or step_ns < -_JUMP_NS:
            self._base_ns = now_ns - media_ns
        elif step_ns > _JUMP_NS:
            self._base_ns -= step_ns - _JUMP_NS
        if now_ns - self._base_ns - media_ns > _LATE_NS:
            self._base_ns = now_ns - media_ns
        return self._base_ns + media_ns
