"""What a recorder receives of a camera, on the machine's clock."""

import asyncio

from gate.clock import SystemClock
from recorder.config import CameraConfig
from recorder.hub import Feed
from recorder.ingest.camera import CameraStream
from recorder.ingest.collector import Collector
from recorder.media.access_unit import AccessUnit
from recorder.state import StateBoard, StreamState
from tests.component.ingest.conftest import Always


async def received(
    url: str, pictures: int, *, seconds_max: float, transport: str = "tcp", audio: bool = True
) -> tuple[list[AccessUnit], StreamState]:
    """The first pictures of its main stream, and how that stands then."""
    clock, feed, units = SystemClock(), Feed(), list[AccessUnit]()
    state, complete = StreamState(since=clock.now()), asyncio.Event()

    def take(unit: AccessUnit) -> None:
        units.append(unit)
        if len(units) == pictures:
            complete.set()

    main = {"url": url, "transport": transport}
    stream = CameraStream(
        camera=CameraConfig.model_validate({"id": "cam1", "main": main, "audio": audio}),
        stream="main",
        feed=feed,
        state=state,
        board=StateBoard({}),
        clock=clock,
        collector=Collector(clock),
    )
    with feed.attach(Always(), take):
        task = asyncio.create_task(stream.run())
        async with clock.timeout(seconds_max):
            await complete.wait()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    clock.close()
    return units[:pictures], state
