"""What happens before one camera: one event after the other, and where it looks meanwhile."""

import asyncio
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from camera_sim.events.event import CameraEvent, EventKind
from camera_sim.events.feed import Teller
from camera_sim.events.plan import lasting
from camera_sim.events.switchboard import LEAD_SECONDS, Shown, Switchboard
from camera_sim.state import Activity, State
from camera_sim.truth import TruthLog
from gate.clock import Clock, instant_of

_log = logging.getLogger(__name__)

EARLY_SECONDS = LEAD_SECONDS + 0.02
"""What is due is prepared so long before, that it comes at the very group it should."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One event, before or while it lasts."""

    number: int
    kind: EventKind
    seconds: float


class Programme:
    """`begin` and `look` say what is wanted; `run` makes it so. `numbers`: those of events, one series a fleet."""

    def __init__(
        self,
        camera: str,
        resting: Activity,
        view: int,
        switchboard: Switchboard,
        teller: Teller,
        truth: TruthLog,
        numbers: Iterator[int],
        clock: Clock,
    ) -> None:
        self.camera = camera
        self.switchboard = switchboard
        self.teller = teller
        self._resting = resting
        self._truth = truth
        self._numbers = numbers
        self._clock = clock
        self._wanted: Event | None = None
        self.on: Event | None = None
        """What the pictures show now."""
        self._until_ns = 0
        self.view = view
        """Where it shall look."""
        self._shown_view = view
        self._changed = asyncio.Event()

    @property
    def state(self) -> State:
        """What the pictures show now."""
        return self.on.kind if self.on else self._resting

    @property
    def settled(self) -> bool:
        """Whether the pictures show what is wanted."""
        return self._wanted is self.on and self.view == self._shown_view

    def begin(self, kind: EventKind, seconds: float) -> int:
        """Makes an event happen as soon as its pictures can be shown, in place of the one under way. Gives its number.
        Raises EventError."""
        event = Event(number=next(self._numbers), kind=kind, seconds=lasting(seconds))
        if self._wanted is not None and self._wanted is not self.on:
            _log.info("%s: event %s gives way to event %s before it began", self.camera, self._wanted.number, event)
        self._wanted = event
        self._changed.set()
        return event.number

    def end(self, number: int) -> bool:
        """Ends an event early; False if it is neither under way nor about to begin."""
        if self._wanted is None or self._wanted.number != number:
            return False
        self._wanted = None
        self._changed.set()
        return True

    def look(self, view: int) -> None:
        """Turns the camera."""
        self.view = view
        self._changed.set()

    async def run(self) -> None:
        """For ever."""
        while True:
            await self._wait_unsettled()
            wanted, view = self._wanted, self.view
            shown = await self.switchboard.show(wanted.kind if wanted else self._resting, view)
            self._shown_view = view
            if wanted is not self.on:
                if self.on is not None:
                    self._say("ended", self.on, shown)
                if wanted is not None:
                    self._say("began", wanted, shown)
                    lasts_ns = round(wanted.seconds * 1e9) + shown.at_ns - self.switchboard.now_ns()
                    self._until_ns = self._clock.monotonic_ns() + lasts_ns
                self.on = wanted

    async def _wait_unsettled(self) -> None:
        """Until something else is wanted, or the event under way has lasted long enough."""
        while self.settled:
            self._changed.clear()
            if self.on is None:
                await self._changed.wait()
                continue
            left = (self._until_ns - self._clock.monotonic_ns()) / 1e9 - EARLY_SECONDS
            try:
                async with self._clock.timeout(max(0.0, left)):
                    await self._changed.wait()
            except TimeoutError:
                self.end(self.on.number)

    def _say(self, phase: Literal["began", "ended"], event: Event, shown: Shown) -> None:
        at = instant_of(shown.at_ns)
        _log.info("%s: %s (event %s) %s", self.camera, event.kind, event.number, phase)
        line = {"utc": at.isoformat(), "event": phase, "id": event.number, "camera": self.camera, "kind": event.kind}
        self._truth.write(line | {"pictures": dict(shown.pictures)})
        self.teller.tell(CameraEvent(camera=self.camera, number=event.number, kind=event.kind, phase=phase, at=at))
