import asyncio
from datetime import UTC, datetime, timedelta

from gate.clock import SimulatedClock
from recorder.ingest.precision import LEAD, run_precision

START = datetime(2026, 6, 1, tzinfo=UTC)


class Stream:
    batching: bool | None = None

    def set_batching(self, allowed: bool) -> None:
        self.batching = allowed


class Gate:
    """Two cameras that expire a day apart."""

    version = 0

    def __init__(self) -> None:
        self.ends = {"cam1": START + timedelta(days=1), "cam2": START + timedelta(days=2)}
        self.changed = asyncio.Event()

    async def wait_changed(self, seen: int) -> int:
        await self.changed.wait()
        self.changed.clear()
        return self.version

    def expiries(self) -> dict[str, datetime]:
        return dict(self.ends)


async def test_batching_is_off_from_a_quarter_second_before_the_camera_expires() -> None:
    clock, gate = SimulatedClock(START), Gate()
    streams = {"cam1": [Stream(), Stream()], "cam2": [Stream()]}
    job = asyncio.create_task(run_precision(gate, streams, clock))
    await clock.advance(86_400 - LEAD.total_seconds() - 0.001)
    assert [s.batching for s in streams["cam1"]] == [True, True]
    await clock.advance(0.002)
    assert [s.batching for s in streams["cam1"]] == [False, False]
    assert streams["cam2"][0].batching is True

    gate.ends = {"cam2": gate.ends["cam2"]}
    gate.changed.set()
    await clock.settle()
    assert [s.batching for s in streams["cam1"]] == [True, True]
    await clock.advance(86_400)
    assert streams["cam2"][0].batching is False
    job.cancel()
    await asyncio.gather(job, return_exceptions=True)
