"""A stream under test: on a simulated clock, against a camera over a real socket."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from gate.clock import SimulatedClock
from recorder.config import CameraConfig
from recorder.hub import Feed
from recorder.ingest.camera import CameraStream
from recorder.ingest.collector import Collector
from recorder.media.access_unit import AccessUnit
from recorder.state import StateBoard, StreamState
from tests.fakes.h264_rtp import idr, inter
from tests.fakes.rtsp_camera import FakeCamera

START = datetime(2026, 11, 1, tzinfo=UTC)
FRAME_SECONDS = 0.1
SETTLES_MAX = 100


class Always:
    """A lease without end."""

    def covers_arrival(self, utc_ns: int, arrival_ns: int) -> bool:
        return True


@dataclass
class Site:
    """One stream with all it touches. `units`: what the recording side gets."""

    clock: SimulatedClock
    feed: Feed
    state: StreamState
    board: StateBoard
    stream: CameraStream
    task: "asyncio.Task[None]"
    units: list[AccessUnit] = field(default_factory=list)
    frame: int = 0
    ticks: int = 0

    async def until(self, condition: Callable[[], bool]) -> None:
        """Waits for what sockets bring; simulated time stands still."""
        for _ in range(SETTLES_MAX):
            if condition():
                return
            await self.clock.settle()
        assert condition(), f"not reached; {self.state}"

    async def send(self, camera: FakeCamera, count: int, *, gop: int = 10, seconds: float = FRAME_SECONDS) -> None:
        """Pictures of a camera that takes one every `seconds`, each arriving when it is taken."""
        for _ in range(count):
            slices = [idr(self.frame)] if self.frame % gop == 0 else [inter(self.frame)]
            camera.send(slices, self.ticks)
            self.frame += 1
            self.ticks += round(seconds * 90_000)
            await self.clock.advance(seconds)

    async def phase(self, phase: str) -> None:
        await self.until(lambda: self.state.phase == phase)

    async def playing(self, camera: FakeCamera) -> None:
        await self.until(lambda: "PLAY" in camera.methods)
        await self.send(camera, 10)
        await self.phase("streaming")


OpenSite = Callable[..., contextlib.AbstractAsyncContextManager[Site]]


@pytest.fixture
def open_site() -> OpenSite:
    @contextlib.asynccontextmanager
    async def opened(
        url: str, *, source: str = "native", transport: str = "tcp", batching: bool = True, **fields: str
    ) -> AsyncIterator[Site]:
        clock, feed, board = SimulatedClock(START), Feed(), StateBoard({})
        collector = Collector(clock)
        state = StreamState(since=START)
        main = {"url": url, "source": source, "transport": transport}
        camera = CameraConfig.model_validate({"id": "cam1", "main": main, **fields})
        stream = CameraStream(
            camera=camera,
            stream="main",
            feed=feed,
            state=state,
            board=board,
            clock=clock,
            collector=collector,
            share=lambda: 0.0,
            batching_allowed=batching,
        )
        collecting = asyncio.create_task(collector.run())
        task = asyncio.create_task(stream.run())
        site = Site(clock, feed, state, board, stream, task)
        with feed.attach(Always(), site.units.append):
            try:
                yield site
            finally:
                task.cancel()
                for _ in range(20):
                    await clock.advance(0.1)  # TEARDOWN may have to time out
                collecting.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task

    return opened
