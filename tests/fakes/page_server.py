"""A remote side in a thread of its own, its cameras playing: for a browser driven by blocking code."""

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple, TypeVar

import uvloop

from gate.clock import SystemClock
from recorder.remote.app import serve_remote
from recorder.segments.mode import RecordingMode
from recorder.web.served import Served
from tests.fakes.footage import make_footage
from tests.fakes.remote_site import FakeStream, RemoteSite, config_of

ResultT = TypeVar("ResultT")
START_SECONDS_MAX = 30.0
HUES = (100, 20, 60, 140, 0, 80)


class Preset(NamedTuple):
    token: str
    name: str


class Turning:
    """Cameras that can be turned, and do as they are told."""

    async def presets(self, camera: str) -> tuple[Preset, ...]:
        return Preset("1", "入口"), Preset("2", "gate")

    async def goto_preset(self, camera: str, preset: str) -> None:
        assert preset in ("1", "2")

    async def reboot(self, camera: str) -> None:
        pass


class Recorded:
    """A camera's recording that does as it is told."""

    def set_mode(self, mode: RecordingMode) -> None:
        pass

    def trigger(self) -> bool:
        return True


class PageServer:
    """`site` belongs to the server's loop: touch it through `call`."""

    def __init__(self, folder: Path, cameras: int, port: int) -> None:
        self._folder = folder
        self._cameras = cameras
        self.port = port
        self._loop: asyncio.AbstractEventLoop
        self._ended: asyncio.Event
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="page server")
        self.site: RemoteSite
        self.address = ""
        self.streams: dict[tuple[str, str], FakeStream] = {}
        self._players: dict[tuple[str, str], asyncio.Task[None]] = {}

    def call(self, function: Callable[[], ResultT]) -> ResultT:
        """Runs a function on the server's loop and gives its result back."""

        async def run() -> ResultT:
            return function()

        return asyncio.run_coroutine_threadsafe(run(), self._loop).result(START_SECONDS_MAX)

    def entitle(self, seconds: float, cameras: list[str] | None = None) -> None:
        """A licence for that long from now, in force at once."""
        self.call(lambda: self.site.entitle(self.site.clock.now() + timedelta(seconds=seconds), cameras))

    def stop_camera(self, camera: str) -> None:
        """The camera's streams fall silent; their state does not say so yet."""
        for name in ("main", "sub"):
            self.call(self._players[camera, name].cancel)

    def play_camera(self, camera: str) -> None:
        """The camera comes back, with a new run; one that plays is left alone."""

        def play() -> None:
            for name in ("main", "sub"):
                if not self._players[camera, name].done():
                    continue
                self.site.board.cameras[camera].streams[name].phase = "streaming"
                self._players[camera, name] = asyncio.create_task(self.streams[camera, name].play())
            self.site.board.changed()

        self.call(play)

    def start(self) -> None:
        self._thread.start()
        assert self._ready.wait(START_SECONDS_MAX), "the page server did not start"

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._ended.set)
        self._thread.join(START_SECONDS_MAX)

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        self._loop, self._ended = asyncio.get_running_loop(), asyncio.Event()
        clock = SystemClock()
        self.site = RemoteSite(clock=clock, config=config_of(self._folder, self._cameras, self.port))
        self.site.entitle(clock.now() + timedelta(days=400))
        for state in self.site.board.cameras.values():
            state.recording.phase = "recording"
        self.site.config.device.data_dir.mkdir(exist_ok=True)
        for camera in self.site.config.cameras:
            self.site.recordings.mode_of(camera.id, camera.record)
            self.site.recordings.add(camera.id, Recorded())
        gate = asyncio.create_task(self.site.gate.run())
        self._play()
        async with serve_remote(self._served()) as front:
            assert front.address is not None
            self.port, self.address = front.address[1], front.url
            self._ready.set()
            await self._ended.wait()
        for task in (gate, *self._players.values()):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        clock.close()

    def _served(self) -> Served:
        """What the remote side is given."""
        return replace(self.site.parts, controls=Turning())

    def _play(self) -> None:
        for number in range(self._cameras):
            for name, (width, height) in {"main": (960, 540), "sub": (480, 270)}.items():
                footage = make_footage(width=width, height=height, hue=HUES[number % len(HUES)])
                stream = self.site.stream(f"cam{number + 1}", name, footage)
                self.streams[stream.camera, name] = stream
                self._players[stream.camera, name] = asyncio.create_task(stream.play())


@contextlib.contextmanager
def page_server(folder: Path, cameras: int = 4, port: int = 0) -> Iterator[PageServer]:
    """A running server; its end is waited for."""
    server = PageServer(folder, cameras, port)
    server.start()
    try:
        yield server
    finally:
        server.close()
