"""Faults of the picture picker: pickers put in place of a stream's own."""

from collections.abc import Callable

from camera_sim.pacer import Tick
from camera_sim.rtsp.picker import Choice, Picks


class Switching:
    """Sends one picker's pictures until another one gives a key frame; then `switched` is called, once."""

    def __init__(self, sooner: Picks, later: Picks, switched: Callable[[Picks], None]) -> None:
        self.later = later
        self.sooner, self._switched = sooner, switched
        later.rest()
        later.want_key()

    def pick(self, tick: Tick) -> Choice | None:
        choice = self.later.pick(tick)
        if choice is not None and choice.picture.key:
            self._switched(self.later)
            return choice
        return self.sooner.pick(tick)

    def want_key(self) -> None:
        self.sooner.want_key()
        self.later.want_key()

    def rest(self) -> None:
        self.sooner.rest()
        self.later.rest()


class Frozen:
    """The first key frame of a picker, again and again."""

    def __init__(self, own: Picks) -> None:
        self._own = own
        self._kept: Choice | None = None

    @property
    def complete(self) -> bool:
        """Whether it has its picture, and asks the other picker no more."""
        return self._kept is not None

    def pick(self, tick: Tick) -> Choice | None:
        if self._kept is not None:
            return self._kept
        choice = self._own.pick(tick)
        if choice is not None and choice.picture.key:
            self._kept = choice
        return choice

    def want_key(self) -> None:
        if self._kept is None:
            self._own.want_key()

    def rest(self) -> None:
        self._own.rest()
