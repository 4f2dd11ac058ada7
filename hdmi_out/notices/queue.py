"""Which events pop up, when, and for how long. Pure: time is given, monotonic.

1. One pop-up per camera and kind: while it is there or waits, more of the same add to its count.
2. SHOWN_MAX at a time, each in a place of its own that it keeps; the others wait. It stays for SHOWN_SECONDS after the
   latest event in it, but not beyond STAY_SECONDS_MAX, so that others have their turn.
3. Gone, the same camera and kind is quiet for QUIET_SECONDS; what happens meanwhile is counted into the next pop-up.
   So a storm is one pop-up with a count, now and then.
4. Beyond WAITING_MAX the pop-up that waits longest is left out; how many events that were is told for a while.
5. `dismiss` takes everything away, and for HUSH_SECONDS nothing new comes up.
"""

from collections import OrderedDict, deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from hdmi_out.notices.event import Event

SHOWN_MAX = 3
WAITING_MAX = 9
SHOWN_SECONDS = 8.0
STAY_SECONDS_MAX = 30.0
QUIET_SECONDS = 30.0
HUSH_SECONDS = 10.0
TOLD_SECONDS = 8.0
"""How long it is told that some were left out."""
KEYS_MAX = 1024
"""Bound of the cameras and kinds that are quiet at one time."""
_SECOND = 10**9

Key = tuple[str | None, str]


@dataclass(slots=True, eq=False)
class Notice:
    """One pop-up. `first` is the event that brought it up, `newest` the latest, `count` all of them; `several`: of more
    than one camera."""

    first: Event
    newest: Event
    count: int
    since_ns: int | None = None
    until_ns: int = 0
    several: bool = False


@dataclass(slots=True)
class _Quiet:
    until_ns: int
    count: int = 0


@dataclass(slots=True)
class NoticeQueue:
    """`places`: what is shown, by place from the lowest. `left_out`: events whose pop-up never came, as long as that is
    told; `left_out_total` since the start."""

    places: list[Notice | None] = field(default_factory=lambda: [None] * SHOWN_MAX)
    left_out: int = 0
    left_out_total: int = 0
    _waiting: deque[Notice] = field(default_factory=deque)
    _known: dict[Key, Notice] = field(default_factory=dict)
    _quiet: OrderedDict[Key, _Quiet] = field(default_factory=OrderedDict)
    _hushed_until_ns: int = 0
    _told_until_ns: int = 0

    @property
    def shown(self) -> Mapping[int, Notice]:
        """By place."""
        return {place: notice for place, notice in enumerate(self.places) if notice is not None}

    @property
    def waiting(self) -> int:
        """How many pop-ups wait."""
        return len(self._waiting)

    def offer(self, event: Event, now_ns: int) -> None:
        """A new event."""
        key = event.key
        known = self._known.get(key)
        if known is not None:
            known.count += 1
            known.newest = event
            known.several = known.several or event.camera != known.first.camera
            if known.since_ns is not None:
                latest_ns = known.since_ns + round(STAY_SECONDS_MAX * _SECOND)
                known.until_ns = min(now_ns + round(SHOWN_SECONDS * _SECOND), latest_ns)
            return
        quiet = self._quiet.get(key)
        if quiet is not None and now_ns < quiet.until_ns:
            quiet.count += 1
            return
        before = self._quiet.pop(key).count if quiet is not None else 0
        self._known[key] = notice = Notice(event, event, 1 + before)
        self._waiting.append(notice)
        if len(self._waiting) > WAITING_MAX:
            self._leave_out(self._waiting.popleft(), now_ns)

    def step(self, now_ns: int) -> None:
        """Takes away what has been shown long enough, and shows what waits."""
        for place, notice in enumerate(self.places):
            if notice is not None and now_ns >= notice.until_ns:
                self._end(notice, now_ns)
                self.places[place] = None
        if now_ns >= self._told_until_ns:
            self.left_out = 0
        if now_ns < self._hushed_until_ns:
            return
        for place, notice in enumerate(self.places):
            if notice is None and self._waiting:
                shown = self.places[place] = self._waiting.popleft()
                shown.since_ns, shown.until_ns = now_ns, now_ns + round(SHOWN_SECONDS * _SECOND)

    def dismiss(self, now_ns: int) -> None:
        """Takes everything away for a while."""
        for notice in (*self.shown.values(), *self._waiting):
            self._end(notice, now_ns)
        self.places = [None] * SHOWN_MAX
        self._waiting.clear()
        self.left_out = 0
        self._hushed_until_ns = now_ns + round(HUSH_SECONDS * _SECOND)

    def _end(self, notice: Notice, now_ns: int) -> None:
        key = notice.newest.key
        del self._known[key]
        self._quiet[key] = _Quiet(now_ns + round(QUIET_SECONDS * _SECOND))
        self._quiet.move_to_end(key)
        if len(self._quiet) > KEYS_MAX:
            self._quiet.popitem(last=False)

    def _leave_out(self, notice: Notice, now_ns: int) -> None:
        self._end(notice, now_ns)
        self.left_out += notice.count
        self.left_out_total += notice.count
        self._told_until_ns = now_ns + round(TOLD_SECONDS * _SECOND)
