"""Decode times for pictures that come in decode order and say only when they are shown (B-frames). Pure.

Rules:
1. A picture that is shown before one that came earlier is reordered: its time is a new one, at most REORDER_MAX of the
   last pictures are shown after it, and none by more than REORDER_SECONDS_MAX. Whatever else steps back is a fault.
2. The n-th picture of a run to be decoded gets the time of the n-th to be shown. What is shown is known only `depth`
   pictures later, so that time is the lowest of the last `depth` + 1, moved on by as many frames.
3. Decode times strictly increase, whatever comes. Times of showing are never touched.
"""

from bisect import insort
from collections import deque
from itertools import pairwise

from recorder.media.access_unit import TIMESCALE

REORDER_MAX = 5
"""Pictures that overtake one: pyramids of sixteen have four."""
REORDER_SECONDS_MAX = 2
RECENT_PICTURES = 2 * REORDER_MAX

_REORDER_TICKS_MAX = REORDER_SECONDS_MAX * TIMESCALE


class DecodeTimes:
    """Of the pictures of one connection. `note` each picture's time as it comes; `next` gives the decode time of each
    as it goes, which may be later: by then its run's order is known."""

    __slots__ = ("_depth", "_frame", "_last", "_recent", "_waiting")

    def __init__(self) -> None:
        self._recent: deque[int] = deque(maxlen=RECENT_PICTURES)
        self._depth = self._frame = 0
        self._waiting: list[int] = []
        self._last: int | None = None

    def note(self, ticks: int) -> None:
        """The time of showing of the picture that has come."""
        self._recent.append(ticks)

    def is_reordered(self, ticks: int) -> bool:
        """Whether a time that has not gone on is a B-frame's (rule 1); before `note`."""
        recent = self._recent
        overtaken_by = sum(other > ticks for other in recent)
        if ticks in recent or overtaken_by > REORDER_MAX or max(recent) - ticks > _REORDER_TICKS_MAX:
            return False
        if overtaken_by > self._depth:
            self._depth = overtaken_by
            self._frame = min(after - before for before, after in pairwise(sorted((*recent, ticks))))
        return True

    def forget(self) -> None:
        """Times begin anew."""
        self._recent.clear()

    def begin_run(self) -> None:
        """The next picture of `next` is a run's first."""
        self._waiting.clear()
        self._last = None

    def next(self, pts: int) -> int:
        """The decode time of the picture that is shown then."""
        last, depth = self._last, self._depth
        if not depth:
            decode = pts
        else:
            insort(self._waiting, pts)
            if len(self._waiting) > depth:
                decode = self._waiting.pop(0) + depth * self._frame
            else:
                decode = pts if last is None else last + self._frame
        if last is not None and decode <= last:
            decode = last + 1
        self._last = decode
        return decode
