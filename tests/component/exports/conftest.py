"""An exporter at work on two runs of nine and six seconds, with a licence gap between them."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.component.exports.exporting import SECOND, Exporting, new_exporting, running
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
    made = new_exporting(data_dir)
    async with running(made.exporter):
        task = asyncio.create_task(made.gate.run())
        yield made
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
