"""ONVIF of a whole fleet: makes each camera's services from what the fleet has, serves them, and lets them be found."""

import functools
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

import anyio
import anyio.abc

from camera_sim.camera import Camera
from camera_sim.clips.footage import Footage
from camera_sim.clips.loop import Loop
from camera_sim.clips.recipe import Recipe
from camera_sim.config import OnvifConfig
from camera_sim.errors import FaultError
from camera_sim.events.feed import Teller
from camera_sim.faults.director import Director
from camera_sim.faults.fault import Fault, fault_of
from camera_sim.faults.services import ServiceTroubles
from camera_sim.onvif.camera import OnvifCamera, Place, Profile, identity_of
from camera_sim.onvif.personality import PERSONALITIES
from camera_sim.onvif.responder import DiscoveryResponder
from camera_sim.onvif.server import OnvifServer, open_sockets
from camera_sim.onvif.snapshot import Snapshots
from camera_sim.rtsp.stream import LiveStream
from gate.clock import Clock

REBOOT_DELAY_SECONDS = 0.5
"""From the answer to SystemReboot to the darkness."""
_NUMBERS = {"main": 1, "sub": 2}


class OnvifSite:
    """`cameras` and their `hosts` by id; `rtsp_url(host)`: where streams are. `loop_of`: what a stream shows now."""

    def __init__(
        self,
        config: OnvifConfig,
        cameras: Mapping[str, Camera],
        hosts: Mapping[str, str],
        rtsp_url: Callable[[str], str],
        loop_of: Callable[[Camera, str], Loop],
        faults: Director,
        clock: Clock,
    ) -> None:
        self._config = config
        self._fleet = cameras
        self._hosts = hosts
        self._rtsp_url = rtsp_url
        self._loop_of = loop_of
        self._faults = faults
        self._clock = clock
        self._snapshots = Snapshots(clock)
        self._troubles = ServiceTroubles(faults.active)
        self._server = OnvifServer(self._troubles, clock)
        self._responder = None if config.discovery is None else DiscoveryResponder(str(config.discovery), clock)
        self._sizes: dict[str, tuple[int, int]] = {}
        self._tasks: anyio.abc.TaskGroup | None = None
        self._rebooting: set[str] = set()
        self.cameras: dict[str, OnvifCamera] = {}
        """By id, once it serves."""

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        """While the body runs. Raises ListenError."""
        if not self._fleet:
            yield
            return
        sockets = open_sockets([self._hosts[name] for name in self._fleet], self._config.port)
        port = int(sockets[0].getsockname()[1])
        self.cameras = {name: self._camera(camera, port) for name, camera in self._fleet.items()}
        self._server.cameras.update({self._hosts[name]: camera for name, camera in self.cameras.items()})
        self._faults.on_reboot = self._rebooted
        async with self._server.listening(sockets), anyio.create_task_group() as self._tasks:
            for name, camera in self._fleet.items():
                self._tasks.start_soon(self.cameras[name].notifier.run)
                for stream in camera.streams.values():
                    if isinstance(stream.loop.film, Footage):
                        self._tasks.start_soon(self._measure, stream)
            if self._responder is not None:
                self._tasks.start_soon(self._responder.run, tuple(self.cameras.values()), self._is_away)
            try:
                yield
            finally:
                for served in self.cameras.values():  # whoever waits for events would hold up the end
                    served.restart()
                    self._server.reset(served)
                self._tasks.cancel_scope.cancel()

    def _camera(self, camera: Camera, port: int) -> OnvifCamera:
        name, main = camera.id, camera.streams["main"]
        host = self._hosts[name]
        place = Place(host=host, http_port=port, rtsp=self._rtsp_url(host))
        return OnvifCamera(
            identity=identity_of(name, camera.config.name or name, place),
            place=place,
            personality=PERSONALITIES[camera.config.personality],
            shows=functools.partial(self._profiles, camera),
            clock=self._clock,
            camera_ns=lambda: main.camera_ns(),
            account=lambda: main.account,
            set_clock=functools.partial(self._set_clock, name),
            reboot=functools.partial(self._begin_reboot, name),
            want_key=lambda profile: camera.streams[_stream_of(profile)].want_key(),
            snapshot=lambda profile: self._snapshot(camera, profile),
            events=camera.events or Teller(),
            ptz=camera.ptz,
            sound=main.sound.form if main.sound else None,
            card=camera.card,
        )

    def _profiles(self, camera: Camera) -> tuple[Profile, ...]:
        personality = PERSONALITIES[camera.config.personality]
        profiles = []
        for name, stream in camera.streams.items():
            film, number = stream.loop.film, _NUMBERS[name]
            size = (film.width, film.height) if isinstance(film, Recipe) else self._sizes.get(f"{camera.id}/{name}")
            if size is None:
                continue
            profiles.append(
                Profile(
                    number=number,
                    token=personality.profile_tokens[number - 1],
                    name=personality.profile_names[number - 1],
                    path=f"/{camera.id}/{name}",
                    codec=film.codec.name,
                    width=size[0],
                    height=size[1],
                    fps=float(film.fps),
                    bitrate=film.bitrate,
                    gop_pictures=film.length(0),
                )
            )
        return tuple(profiles)

    async def _measure(self, stream: LiveStream) -> None:
        """How large the pictures of footage are is known once one is read."""
        self._sizes[stream.label] = await self._snapshots.size(stream.loop)

    async def _snapshot(self, camera: Camera, profile: Profile) -> bytes | None:
        name = _stream_of(profile)
        return await self._snapshots.jpeg(self._loop_of(camera, name), camera.streams[name].camera_ns())

    def _set_clock(self, camera: str, seconds: float) -> None:
        self._faults.begin(fault_of("clock_step", camera, params={"seconds": seconds}))

    def _begin_reboot(self, camera: str) -> None:
        if camera not in self._rebooting and self._tasks is not None:
            self._rebooting.add(camera)
            self._tasks.start_soon(self._reboot, camera)

    async def _reboot(self, camera: str) -> None:
        await self._clock.sleep(REBOOT_DELAY_SECONDS)
        self._rebooting.discard(camera)
        try:
            self._faults.begin(fault_of("reboot", camera, duration=self._config.reboot_seconds))
        except FaultError:  # as many faults as there can be: it has trouble enough
            return

    def _rebooted(self, fault: Fault, begins: bool) -> None:
        """Also where a fault of the fleet file or the control API takes a camera away."""
        for name, camera in self.cameras.items():
            if not fault.covers(name, "main"):
                continue
            if begins:
                if self._responder is not None:
                    self._responder.bye(camera)
                camera.restart()
                self._server.reset(camera)
            elif self._responder is not None and not self._is_away(camera):
                self._responder.hello(camera)

    def _is_away(self, camera: OnvifCamera) -> bool:
        trouble = self._troubles.of(camera.identity.id)
        return trouble is not None and (trouble.cut or trouble.silent)


def _stream_of(profile: Profile) -> str:
    return next(name for name, number in _NUMBERS.items() if number == profile.number)
