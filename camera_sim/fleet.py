"""A fleet of simulated cameras: wires clips, streams and the RTSP server, and runs them."""

import asyncio
import itertools
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress

import anyio
from anyio import to_thread

from camera_sim.camera import Camera, loops_of
from camera_sim.clips.library import Library, open_library
from camera_sim.clips.loop import Loop
from camera_sim.clips.rekey import Rekeyer
from camera_sim.clips.repertoire import Repertoire
from camera_sim.config import FleetConfig
from camera_sim.control import Control, listening
from camera_sim.events.agenda import Agenda
from camera_sim.faults.director import Director
from camera_sim.faults.journal import Journal
from camera_sim.onvif.site import OnvifSite
from camera_sim.rtsp.server import RtspServer
from camera_sim.rtsp.stream import LiveStream
from camera_sim.sound.form import FORMS
from camera_sim.sound.track import SoundLibrary
from camera_sim.truth import TruthLog
from gate.clock import Clock

_log = logging.getLogger(__name__)


class Fleet:
    """A running fleet. `cameras` by id, `streams` by path, e.g. `/cam1/main`."""

    def __init__(self, config: FleetConfig, clock: Clock, library: Library) -> None:
        self._config = config
        self._clock = clock
        self._rekeyer = Rekeyer()
        self._sounds = SoundLibrary(config.cache_dir)
        self._repertoire = Repertoire(config.cache_dir, library, clock)
        self.workshop = self._repertoire.workshop
        self.unusable: Mapping[str, str] = library.unusable
        """Why a camera is left out, by its id."""
        self.cameras: Mapping[str, Camera] = self._assemble(library)
        self.streams: Mapping[str, LiveStream] = {
            f"/{camera.id}/{name}": stream
            for camera in self.cameras.values()
            for name, stream in camera.streams.items()
        }
        self._server = RtspServer(self.streams, clock)
        self._cards = {name: camera.card for name, camera in self.cameras.items() if camera.card is not None}
        programmes = {name: camera.programme for name, camera in self.cameras.items() if camera.programme}
        self.agenda = Agenda(programmes, config.planned_events, clock)
        plan = [planned.fault for planned in config.faults]
        self.faults = Director(
            self.streams, self._server, Journal(config.fault_log, clock), plan, programmes, self._cards, clock
        )
        self.control_url: str | None = None
        """Of the control API, if the configuration wants one."""
        self.onvif: OnvifSite | None = None
        """Its cameras' ONVIF services, if the configuration wants them, once they serve."""
        self.over = asyncio.Event()
        """Set when it no longer serves, whatever the reason."""

    def _assemble(self, library: Library) -> dict[str, Camera]:
        seconds, truth, numbers = self._config.loop_seconds, TruthLog(self._config.event_log), itertools.count(1)
        cameras = {}
        for one in self._config.cameras:
            loops = loops_of(one, self._repertoire, library.footage, seconds)
            if loops:
                sound = self._sounds.track(one.scene, FORMS[one.sound]) if one.scene and one.sound else None
                cameras[one.id] = Camera(one, loops, sound, self._rekeyer, self._clock)
        for camera in cameras.values():
            if camera.config.clip is None:
                camera.plan_scenes(self._repertoire, seconds, truth, numbers, self._clock)
        return cameras

    @property
    def port(self) -> int:
        """The port the server listens on."""
        return self._server.port

    @property
    def base_url(self) -> str:
        """The address of the server."""
        return self._rtsp_url(self._config.rtsp.host)

    @property
    def urls(self) -> dict[str, str]:
        """The address of each stream, by path."""
        return {path: f"{self.base_url}{path}" for path in self.streams}

    async def wait_ready(self) -> None:
        """Returns once every stream can be played."""
        for stream in self.streams.values():
            await stream.loop.wait_ready()

    async def wait_sounds(self) -> None:
        """Returns once every camera that has sound can be heard."""
        await self._sounds.wait_ready()

    async def run(self, started: "asyncio.Future[None]") -> None:
        """Serves until cancelled. Resolves `started` when it listens. Raises ListenError."""
        async with anyio.create_task_group() as tasks:
            hosts = (self._config.rtsp.host, *self._config.hosts.values())
            await self._server.start(hosts, self._config.rtsp.port, tasks)
            for card in self._cards.values():
                card.insert()
            try:
                runs = [stream.run for stream in self.streams.values()]
                runs += [stream.sound.run for stream in self.streams.values() if stream.sound]
                for run in (
                    self._repertoire.run,
                    self._sounds.run,
                    *runs,
                    self._server.run,
                    self.agenda.run,
                    self.faults.run,
                ):
                    tasks.start_soon(run)
                async with self._controlled(), self._onvif_served():
                    started.set_result(None)
                    await anyio.sleep_forever()
            finally:
                self.over.set()
                with anyio.CancelScope(shield=True):
                    await self._server.close()
                    await to_thread.run_sync(self._close_cards)
                self._rekeyer.close()

    def _close_cards(self) -> None:
        for card in self._cards.values():
            card.close()

    @asynccontextmanager
    async def _controlled(self) -> AsyncIterator[None]:
        if self._config.control is None:
            yield
            return
        control = Control(self.faults, self.agenda, self.cameras, lambda: self.urls, self.unusable, self._clock)
        async with listening(control, self._config.control.listen) as self.control_url:
            yield

    @asynccontextmanager
    async def _onvif_served(self) -> AsyncIterator[None]:
        if self._config.onvif is None:
            yield
            return
        self.onvif = OnvifSite(
            self._config.onvif, self.cameras, self._config.hosts, self._rtsp_url, self._shown, self.faults, self._clock
        )
        async with self.onvif.serving():
            yield

    def _rtsp_url(self, host: str) -> str:
        return f"rtsp://[{host}]:{self.port}" if ":" in host else f"rtsp://{host}:{self.port}"

    def _shown(self, camera: Camera, stream: str) -> Loop:
        return camera.shown(stream, self._repertoire, self._config.loop_seconds)


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
