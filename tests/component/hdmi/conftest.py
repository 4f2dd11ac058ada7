"""A wall of its own over a fake recorder, on the machine's clock."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
import pytest
import pytest_asyncio

from gate.clock import SystemClock
from hdmi_out.compositor.canvas import Canvas
from hdmi_out.decoding import Decoding
from hdmi_out.live import Source
from hdmi_out.monitor import make_screen
from hdmi_out.osd.typeface import Typeface, open_typeface
from hdmi_out.output import Output
from hdmi_out.sinks.sink import Sink
from hdmi_out.site import Site, open_session
from hdmi_out.stream import CameraStream
from hdmi_out.views.choices import Choices
from hdmi_out.views.screen import Screen
from tests.fakes.local_site import FakeCamera, LocalSite, make_loop

LOOK_SECONDS = 0.02
FRAMES_PER_SECOND = 30


class CountingSink:
    """A sink that only counts."""

    name = "counting"
    state = "open"

    def __init__(self) -> None:
        self.presented = 0

    def present(self, canvas: Canvas) -> None:
        self.presented += 1


@dataclass
class RunningWall:
    """The parts of a running wall, and the recorder it shows."""

    clock: SystemClock
    socket: Path
    recorder: LocalSite
    canvas: Canvas
    screen: Screen
    choices: Choices
    sinks: list[Sink]
    site: Site
    output: Output
    recorder_up: contextlib.AsyncExitStack = field(default_factory=contextlib.AsyncExitStack)

    async def start_recorder(self) -> None:
        await self.recorder_up.enter_async_context(self.recorder.serving(self.socket))

    async def stop_recorder(self) -> None:
        await self.recorder_up.aclose()

    def camera(self, name: str) -> dict[str, Any]:
        cameras = self.output.status()["cameras"]
        assert isinstance(cameras, dict)
        found: dict[str, Any] = cameras.get(name, {"pictures": 0, "pause_ms_max": 0, "state": "no_signal"})
        return found

    def camera_ids(self) -> list[str]:
        cameras = self.output.status()["cameras"]
        assert isinstance(cameras, dict)
        return list(cameras)

    async def until(self, what: Callable[[], object], seconds: float = 15.0) -> None:
        """Waits for a condition."""
        await until(self.clock, what, seconds)

    async def pictures(self, name: str, count: int) -> None:
        """Waits for that many more pictures of a camera."""
        before = self.camera(name)["pictures"]
        await self.until(lambda: self.camera(name)["pictures"] >= before + count)

    def stream(self, name: str, stream: str = "sub") -> CameraStream:
        """A camera's stream on the screen."""
        return self.site.streams[Source(name, stream)]

    def luma(self, name: str, stream: str = "sub") -> int:
        """The middle of a camera's tile."""
        area = self.stream(name, stream).box
        plane = self.canvas.planes[0]
        return int(plane[area.y + area.height * 3 // 4, area.x + 8 : area.x + 40].mean())


async def until(clock: SystemClock, what: Callable[[], object], seconds: float = 15.0) -> None:
    """Waits for a condition, at most that long."""
    async with clock.timeout(seconds):
        while not what():
            await clock.sleep(LOOK_SECONDS)


@pytest.fixture(scope="session")
def face() -> Typeface:
    return open_typeface()


@pytest_asyncio.fixture
async def clock() -> AsyncIterator[SystemClock]:
    made = SystemClock()
    yield made
    made.close()


@pytest.fixture
def cameras() -> list[FakeCamera]:
    loop = make_loop()
    return [FakeCamera(id=f"cam{number}", name=name, loop=loop) for number, name in enumerate(("玄関", "駐車場"), 1)]


@pytest_asyncio.fixture
async def running(tmp_path: Path, face: Typeface, cameras: list[FakeCamera]) -> AsyncIterator[RunningWall]:
    """The wall runs; the recorder is up."""
    clock = SystemClock()
    canvas, choices = Canvas(640, 360), Choices()
    workers = ThreadPoolExecutor(2)
    socket = tmp_path / "rec.sock"
    session = open_session(socket)
    screen = make_screen(canvas, choices, face, session, clock)
    site = Site(session, clock, CameraStream, language=None)
    decoding = Decoding(workers, 2, clock)
    sinks: list[Sink] = [CountingSink()]
    output = Output(site, screen, canvas, sinks, clock, choices, decoding, fps=FRAMES_PER_SECOND, time_zone=None)
    made = RunningWall(clock, socket, LocalSite(cameras, clock), canvas, screen, choices, sinks, site, output)

    async def run() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(site.run)
            group.start_soon(output.run)
            group.start_soon(screen.run)

    await made.start_recorder()
    task = asyncio.create_task(run())
    yield made
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    await session.close()
    await made.stop_recorder()
    workers.shutdown()
    clock.close()
