"""Opens a recorder's access by its configuration."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from gate.client.gate import Gate
from gate.clock import Clock
from recorder.access.access import Access
from recorder.access.database import NAME, AccessDatabase
from recorder.config import RecorderConfig


@contextlib.asynccontextmanager
async def open_access(config: RecorderConfig, gate: Gate, clock: Clock) -> AsyncIterator[Access]:
    """`run` of what it gives must be running. Raises AccessStoreError."""
    database = await asyncio.to_thread(AccessDatabase, config.device.data_dir / NAME)
    access = Access(clock=clock, now=lambda: gate.evidence().now, database=database)
    try:
        yield access
    finally:
        await access.close()
        await asyncio.to_thread(database.close)
