"""The last seconds of a stream, in memory, for events that nobody knew of beforehand. Pure.

It holds whole groups of pictures: whatever comes out of it begins with a key frame. Only what may be recorded is ever
put in; whoever loses the permission clears it.
"""

import logging
from collections import deque

from recorder.media.access_unit import AccessUnit

_log = logging.getLogger(__name__)

PRE_EVENT_BYTES_MAX = 32 << 20
"""Bound of the pictures of one stream; the oldest groups go first, a group that is larger by itself is dropped."""


class PreEventRing:
    """Reaches back `seconds`, and to the key frame before; at least to the newest key frame. By labels: clear it when
    wall time jumps."""

    def __init__(self, camera: str, seconds: float) -> None:
        self._camera = camera
        self._ns = round(seconds * 1e9)
        self._groups: deque[list[AccessUnit]] = deque()
        self._group_bytes: deque[int] = deque()
        self.bytes = 0
        self.overflows = 0
        """How often the bound in bytes took what time would have left."""

    def push(self, unit: AccessUnit) -> None:
        """Keeps a unit; without a key frame before it in its run it is of no use."""
        groups = self._groups
        if unit.key:
            groups.append([])
            self._group_bytes.append(0)
        elif not groups or groups[-1][-1].run != unit.run:
            return
        groups[-1].append(unit)
        self._group_bytes[-1] += len(unit.data)
        self.bytes += len(unit.data)
        while len(groups) > 1 and groups[1][0].utc_ns <= unit.utc_ns - self._ns:
            self._drop_oldest()
        if self.bytes > PRE_EVENT_BYTES_MAX:
            self._overflow()

    def drain(self) -> list[AccessUnit]:
        """Everything, oldest first; empties the ring."""
        units = [unit for group in self._groups for unit in group]
        self.clear()
        return units

    def clear(self) -> None:
        """Forgets everything."""
        self._groups.clear()
        self._group_bytes.clear()
        self.bytes = 0

    def _overflow(self) -> None:
        while self.bytes > PRE_EVENT_BYTES_MAX:
            self._drop_oldest()
        self.overflows += 1
        if self.overflows.bit_count() == 1:  # the 1st, 2nd, 4th, 8th, … time
            _log.warning(
                "camera %s: pre-event pictures take more than %s MiB, the oldest are dropped (%s times so far)",
                self._camera, PRE_EVENT_BYTES_MAX >> 20, self.overflows,
            )  # fmt: skip

    def _drop_oldest(self) -> None:
        self._groups.popleft()
        self.bytes -= self._group_bytes.popleft()
