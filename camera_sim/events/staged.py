"""The pictures of one stream while events come and go: one loop's picker takes over from another's."""

import asyncio
from dataclasses import dataclass, field

from camera_sim.pacer import Tick
from camera_sim.rtsp.picker import FILLER, Choice, Picks


@dataclass(slots=True, kw_only=True)
class Change:
    """A picker that takes over at picture `from_n`, the first of a group, or after `by_ns` (monotonic; the clock may
    have been set). `first` is the tick at which it did."""

    picks: Picks
    from_n: int
    by_ns: int
    first: Tick | None = None
    done: asyncio.Event = field(default_factory=asyncio.Event)


class Staged:
    """`Picks` of the loop that is on."""

    def __init__(self, first: Picks) -> None:
        self._on = first
        self._coming: Change | None = None
        self._resting = True

    def change(self, change: Change) -> None:
        """Takes the place of a change that is still to come."""
        self._coming = change

    def pick(self, tick: Tick) -> Choice | None:
        coming = self._coming
        if coming is not None and (tick.n >= coming.from_n or tick.due_ns >= coming.by_ns):
            choice = coming.picks.pick(tick)
            if self._resting or (choice is not None and choice.picture.key and choice.state != FILLER):
                self._on, self._coming = coming.picks, None
                coming.first = tick
                coming.done.set()
                self._resting = False
                return choice
        self._resting = False
        return self._on.pick(tick)

    def want_key(self) -> None:
        self._on.want_key()

    def rest(self) -> None:
        self._resting = True
        self._on.rest()
        if self._coming is not None:
            self._coming.picks.rest()
