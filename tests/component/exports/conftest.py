"""An exporter at work on two runs of nine and six seconds, with a licence gap between them."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from gate.client.gate import Gate
from gate.clock import SimulatedClock
from recorder.config import ExportsConfig
from tests.component.exports.exporting import SECOND, Exporting, new_exporter, no_floor, running
from tests.fakes.entitlements import at
from tests.fakes.recorded import Recorded
from tests.fakes.video import EPOCH_NS, FPS, access_units, shifted


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    recorded = Recorded(tmp_path / "data", segment_seconds=3)
    recorded.write(access_units(9 * FPS))
    recorded.gap(EPOCH_NS + 9 * SECOND, EPOCH_NS + 20 * SECOND, "licence")
    recorded.write(shifted(access_units(6 * FPS), 20, run=2))
    recorded.close()
    return tmp_path / "data"


@pytest_asyncio.fixture
async def exporting(data_dir: Path) -> AsyncIterator[Exporting]:
    clock = SimulatedClock(at(100))
    gate = Gate(clock=clock, device_id="rec-1", cameras=["cam1", "cam2"])
    config = ExportsConfig()
    made = Exporting(
        data_dir=data_dir,
        clock=clock,
        gate=gate,
        config=config,
        free=no_floor,
        exporter=new_exporter(data_dir, gate, clock, config),
    )
    made.entitle(10_000)
    async with running(made.exporter):
        task = asyncio.create_task(gate.run())
        yield made
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
