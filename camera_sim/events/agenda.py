"""The events of a whole fleet: as planned, and as asked for."""

import contextlib
import logging
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import anyio

from camera_sim.errors import EventError
from camera_sim.events.plan import Once, Planned, kind_of, next_due
from camera_sim.events.programme import EARLY_SECONDS, Programme
from camera_sim.faults.fault import EVERYTHING
from gate.clock import Clock

_log = logging.getLogger(__name__)

_EARLY = timedelta(seconds=EARLY_SECONDS)


class Agenda:
    """`programmes` by camera; cameras that show a clip have none."""

    def __init__(self, programmes: Mapping[str, Programme], plan: Sequence[Planned], clock: Clock) -> None:
        self.programmes = programmes
        self._plan = plan
        self._clock = clock

    def begin(self, camera: str, kind: str, seconds: float) -> dict[str, int]:
        """Makes an event happen before a camera, or before all (`*`). Gives the numbers by camera. Raises
        EventError; then nothing happens."""
        known = kind_of(kind)
        return {programme.camera: programme.begin(known, seconds) for programme in self._concerned(camera)}

    async def run(self) -> None:
        """For ever."""
        async with anyio.create_task_group() as tasks:
            for programme in self.programmes.values():
                tasks.start_soon(programme.run)
            for planned in self._plan:
                for programme in self._concerned(planned.camera):
                    programme.switchboard.prepare(planned.kind, programme.view)
                tasks.start_soon(self._play, planned)

    async def _play(self, planned: Planned) -> None:
        when = planned.when
        if isinstance(when, Once):
            await self._clock.sleep(when.after_seconds)
            self.begin(planned.camera, planned.kind, planned.seconds)
            return
        due = self._clock.now()
        while True:
            # Timers may end a moment early: what has come once must not be due again.
            due = next_due(when, max(due, self._clock.now() + _EARLY))
            await self._wait_until(due - _EARLY)
            self.begin(planned.camera, planned.kind, planned.seconds)

    async def _wait_until(self, instant: datetime) -> None:
        """No deadline of the site: a year is not stepped from one planned event to the next (plan.py, rule 4)."""
        while (seconds := (instant - self._clock.now()).total_seconds()) > 0:
            seen = self._clock.discontinuities
            with contextlib.suppress(TimeoutError):
                async with self._clock.timeout(seconds):
                    await self._clock.wait_discontinuity(seen)

    def _concerned(self, camera: str) -> list[Programme]:
        if camera == EVERYTHING:
            return list(self.programmes.values())
        if camera not in self.programmes:
            raise EventError(f"no camera that shows a scene is {camera!r}; there are: {', '.join(self.programmes)}")
        return [self.programmes[camera]]
