"""A fleet of simulated cameras: wires clips, streams and the RTSP server, and runs them."""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress

import anyio

from camera_sim.clips.loop import Loop
from camera_sim.clips.recipe import Recipe, recipe_of
from camera_sim.clips.rekey import Rekeyer
from camera_sim.clips.workshop import Workshop
from camera_sim.config import FleetConfig
from camera_sim.rtsp.server import RtspServer
from camera_sim.rtsp.stream import LiveStream
from gate.clock import Clock

_log = logging.getLogger(__name__)


class Fleet:
    """A running fleet. `streams` by path, e.g. `/cam1/main`."""

    def __init__(self, config: FleetConfig, clock: Clock) -> None:
        self._config = config
        self._clock = clock
        self._rekeyer = Rekeyer()
        self._titles = {camera.id: camera.name or camera.id for camera in config.cameras}
        recipes = {
            f"/{camera.id}/{name}": recipe_of(config, camera, name)
            for camera in config.cameras
            for name in camera.streams
        }
        self._loops: dict[Recipe, Loop] = {
            recipe: Loop(recipe, config.cache_dir, self._make_again) for recipe in recipes.values()
        }
        self.workshop = Workshop(config.cache_dir, self._loops.values(), clock)
        self.streams: Mapping[str, LiveStream] = {path: self._stream(path, recipe) for path, recipe in recipes.items()}
        self._server = RtspServer(self.streams, clock)
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
                for share in self.workshop.shares:
                    tasks.start_soon(self.workshop.work, share)
                runs = [loop.run for loop in self._loops.values()] + [stream.run for stream in self.streams.values()]
                for run in (*runs, self._server.run):
                    tasks.start_soon(run)
                started.set_result(None)
                await anyio.sleep_forever()
            finally:
                self.over.set()
                with anyio.CancelScope(shield=True):
                    await self._server.close()
                self._rekeyer.close()

    def _stream(self, path: str, recipe: Recipe) -> LiveStream:
        _, camera, name = path.split("/")
        return LiveStream(camera, name, self._titles[camera], self._loops[recipe], self._rekeyer, self._clock)

    def _make_again(self, recipe: Recipe, gop: int) -> None:
        self.workshop.make_again(recipe, gop)


@asynccontextmanager
async def serve(config: FleetConfig, clock: Clock) -> AsyncIterator[Fleet]:
    """Runs a fleet while the body runs. Raises ListenError. The body may be in another task at its end than at its
    beginning, as in test fixtures: the fleet lives in a task of its own."""
    fleet = Fleet(config, clock)
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
