"""A fleet of simulated cameras: wires clips, streams and the RTSP server, and runs them."""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress

import anyio
from anyio import to_thread

from camera_sim.clips.film import Film
from camera_sim.clips.library import Library, open_library
from camera_sim.clips.loop import Loop
from camera_sim.clips.recipe import Recipe, recipe_of
from camera_sim.clips.rekey import Rekeyer
from camera_sim.clips.workshop import Workshop
from camera_sim.config import CameraConfig, FleetConfig
from camera_sim.control import Control, listening
from camera_sim.faults.director import Director
from camera_sim.faults.journal import Journal
from camera_sim.rtsp.server import RtspServer
from camera_sim.rtsp.stream import LiveStream
from gate.clock import Clock

_log = logging.getLogger(__name__)

_READ_AGAIN_SECONDS = 10.0
"""A clip whose cache is torn again and again is not read all the time."""


class Fleet:
    """A running fleet. `streams` by path, e.g. `/cam1/main`."""

    def __init__(self, config: FleetConfig, clock: Clock, library: Library) -> None:
        self._config = config
        self._clock = clock
        self._rekeyer = Rekeyer()
        self._library = library
        self._torn = asyncio.Event()
        self.unusable: Mapping[str, str] = library.unusable
        """Why a camera is left out, by its id."""
        films: dict[tuple[str, str], Film] = {
            (camera.id, name): recipe_of(config, camera, name) for camera in config.cameras for name in camera.streams
        } | dict(library.footage)
        self._loops: dict[Film, Loop] = {
            film: Loop(film, config.cache_dir, self._make_again) for film in films.values()
        }
        scenes = {film: loop for film, loop in self._loops.items() if isinstance(film, Recipe)}
        self.workshop = Workshop(config.cache_dir, scenes, clock)
        self.streams: Mapping[str, LiveStream] = {
            f"/{camera.id}/{name}": self._stream(camera, name, films[camera.id, name])
            for camera in config.cameras
            for name in ("main", "sub")
            if (camera.id, name) in films
        }
        self._server = RtspServer(self.streams, clock)
        plan = [planned.fault for planned in config.faults]
        self.faults = Director(self.streams, self._server, Journal(config.fault_log, clock), plan, clock)
        self.control_url: str | None = None
        """Of the control API, if the configuration wants one."""
        self.over = asyncio.Event()
        """Set when it no longer serves, whatever the reason."""

    @property
    def port(self) -> int:
        """The port the server listens on."""
        return self._server.port

    @property
    def base_url(self) -> str:
        """The address of the server."""
        host = self._config.rtsp.host
        return f"rtsp://[{host}]:{self.port}" if ":" in host else f"rtsp://{host}:{self.port}"

    @property
    def urls(self) -> dict[str, str]:
        """The address of each stream, by path."""
        return {path: f"{self.base_url}{path}" for path in self.streams}

    async def wait_ready(self) -> None:
        """Returns once every stream can be played."""
        for loop in self._loops.values():
            await loop.wait_ready()

    async def run(self, started: "asyncio.Future[None]") -> None:
        """Serves until cancelled. Resolves `started` when it listens. Raises ListenError."""
        async with anyio.create_task_group() as tasks:
            await self._server.start(self._config.rtsp.host, self._config.rtsp.port, tasks)
            try:
                self.workshop.scan()
                for footage in self._library.footage.values():
                    for gop in range(len(footage.starts) - 1):
                        self._loops[footage].add(gop)
                for share in self.workshop.shares:
                    tasks.start_soon(self.workshop.work, share)
                runs = [loop.run for loop in self._loops.values()] + [stream.run for stream in self.streams.values()]
                for run in (*runs, self._server.run, self._read_again, self.faults.run):
                    tasks.start_soon(run)
                async with self._controlled():
                    started.set_result(None)
                    await anyio.sleep_forever()
            finally:
                self.over.set()
                with anyio.CancelScope(shield=True):
                    await self._server.close()
                self._rekeyer.close()

    @asynccontextmanager
    async def _controlled(self) -> AsyncIterator[None]:
        if self._config.control is None:
            yield
            return
        control = Control(self.faults, self.streams, lambda: self.urls, self.unusable, self._clock)
        async with listening(control, self._config.control.listen) as self.control_url:
            yield

    def _stream(self, camera: CameraConfig, name: str, film: Film) -> LiveStream:
        return LiveStream(
            camera.id,
            name,
            self._loops[film],
            self._rekeyer,
            self._clock,
            title=camera.name or camera.id,
            account=camera.account,
            transports=camera.transports,
        )

    def _make_again(self, film: Film, gop: int) -> None:
        if isinstance(film, Recipe):
            self.workshop.make_again(film, gop)
        else:
            self._torn.set()

    async def _read_again(self) -> None:
        """Reads clips anew of which a file in the cache has proved unusable, for ever."""
        while True:
            await self._torn.wait()
            self._torn.clear()
            await to_thread.run_sync(self._library.read_again, abandon_on_cancel=True)
            for footage in self._library.footage.values():
                for gop in range(len(footage.starts) - 1):
                    self._loops[footage].add(gop)
            await self._clock.sleep(_READ_AGAIN_SECONDS)


@asynccontextmanager
async def serve(config: FleetConfig, clock: Clock) -> AsyncIterator[Fleet]:
    """Runs a fleet while the body runs. Raises ListenError. The body may be in another task at its end than at its
    beginning, as in test fixtures: the fleet lives in a task of its own."""
    library = await to_thread.run_sync(open_library, config)
    fleet = Fleet(config, clock, library)
    started: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(fleet.run(started), name="fleet")
    await asyncio.wait((task, started), return_when=asyncio.FIRST_COMPLETED)
    if not started.done():
        _raise_plain(task)
    try:
        yield fleet
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def _raise_plain(task: "asyncio.Task[None]") -> None:
    """Raises the error that ended a task, out of its group if it is alone there."""
    error = task.exception()
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    assert error is not None
    raise error
