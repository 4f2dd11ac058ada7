"""A recorder in a process of its own, for killing: `python -m tests.component.segments.recording_process DATA_DIR`.

Publishes an endless stream faster than real time and prints, after each group, how many of this run's pictures have
been written.
"""

import asyncio
import sys
from dataclasses import replace
from itertools import count
from pathlib import Path

from gate.client.gate import Gate
from gate.clock import SystemClock
from recorder.hub import Feed
from recorder.storage import open_storage
from tests.component.segments.conftest import EVER, board_of, storage_config
from tests.fakes.entitlements import entitlement, span
from tests.fakes.video import FPS, TICKS, access_units, ns_after


async def record(data_dir: Path) -> None:
    clock = SystemClock()
    gate = Gate(clock=clock, device_id="rec-1", cameras=["cam1"])
    gate.install(entitlement({"cam1": (span(0, EVER),)}))
    group = access_units(2 * FPS)
    feed = Feed()
    config = storage_config(segment_seconds=4, sync_seconds=0.2)
    opening = open_storage(config, data_dir=data_dir, camera_ids=["cam1"], clock=clock, board=board_of(["cam1"]))
    async with opening as storage, asyncio.TaskGroup() as tasks:
        recorder = storage.recorder("cam1", feed, gate)
        for job in (gate.run, storage.run, recorder.run):
            tasks.create_task(job())
        await clock.sleep(0)
        start_utc_ns = clock.now_ns()
        for number in count():
            unit = group[number % len(group)]
            feed.publish(
                replace(
                    unit,
                    pts_90k=number * TICKS,
                    utc_ns=start_utc_ns + ns_after(number),
                    arrival_ns=clock.monotonic_ns(),
                )
            )
            if unit.key:
                while storage.volumes.disks.shelves[0].writer.queued_bytes:
                    await clock.sleep(0.001)
                print(number, flush=True)
                await clock.sleep(0.003)


if __name__ == "__main__":
    asyncio.run(record(Path(sys.argv[1])))
