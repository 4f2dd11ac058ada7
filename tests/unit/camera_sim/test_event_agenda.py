"""Planned events on a clock that is stepped."""

import asyncio
from datetime import UTC, datetime, timedelta

from camera_sim.events.agenda import Agenda
from camera_sim.events.plan import Every, Planned, kind_of
from gate.clock import SimulatedClock

START = datetime(2027, 1, 1, tzinfo=UTC)


class _Diary(Agenda):
    """Notes when events begin."""

    begun: list[datetime]

    def begin(self, camera: str, kind: str, seconds: float) -> dict[str, int]:
        del camera, kind, seconds
        self.begun.append(self._clock.now())
        return {}


class _Clock(SimulatedClock):
    """Tells of no deadlines: a site's clock stops at each, and a year has half a million minutes."""

    async def sleep_until(self, instant: datetime) -> None:
        raise AssertionError(f"a deadline of the site at {instant}")


async def test_a_planned_event_is_no_deadline_and_what_a_step_passed_over_is_begun_once() -> None:
    clock = _Clock(START)
    every = Planned(camera="*", kind=kind_of("person"), seconds=10, when=Every(seconds=60, phase_seconds=10))
    diary = _Diary({}, [every], clock)
    diary.begun = []
    running = asyncio.create_task(diary.run())
    try:
        await clock.settle()
        await clock.advance(125)
        assert [round((at - START).total_seconds()) for at in diary.begun] == [10, 70]
        await clock.jump(START + timedelta(days=400))
        await clock.settle()
        assert len(diary.begun) == 3, "all that was passed over is one"
        await clock.advance(11)
        assert len(diary.begun) == 4
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
