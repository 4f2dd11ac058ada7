"""What the recorder wishes of its cameras beside their streams: presets, a restart, a key frame now.

Rules
1. What a camera has told of itself (services, profiles) is remembered until a wish fails or its configuration changes.
2. A wish for a key frame never waits and never fails: one is under way per stream, further ones within KEY_SECONDS are
   dropped.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

import aiohttp

from gate.clock import Clock
from recorder.config import CameraConfig
from recorder.ingest.errors import IngestError, UnsupportedError
from recorder.ingest.onvif import camera_services
from recorder.ingest.onvif.client import OnvifClient
from recorder.ingest.onvif.replies import Preset

KEY_SECONDS = 1.0
PROFILES_ASKED_MAX = 8
"""Of how many profiles the address is asked, to find the one that a stream is."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """`profiles`: the token of each stream's profile."""

    client: OnvifClient
    profiles: Mapping[str, str]


class OnvifControls:
    """Of all cameras of a recorder: `apply` them, `run` it in a task. Wishes raise IngestError, one sentence."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._cameras: dict[str, CameraConfig] = {}
        self._known: dict[str, _Known] = {}
        self._keys_ns: dict[tuple[str, str], int] = {}
        self._session: aiohttp.ClientSession | None = None
        self._group: asyncio.TaskGroup | None = None

    def apply(self, cameras: Sequence[CameraConfig]) -> None:
        """Makes these the cameras; what has been learnt of changed ones is forgotten."""
        wanted = {camera.id: camera for camera in cameras if camera.onvif is not None}
        for name in set(self._known) | set(self._cameras):
            if wanted.get(name) != self._cameras.get(name):
                self._known.pop(name, None)
        self._cameras = wanted

    async def run(self) -> None:
        """Until cancelled."""
        timeout = aiohttp.ClientTimeout(total=None)
        async with (
            aiohttp.ClientSession(timeout=timeout, auto_decompress=False) as self._session,
            asyncio.TaskGroup() as self._group,
        ):
            try:
                await asyncio.Event().wait()
            finally:
                self._session = self._group = None

    async def presets(self, camera: str) -> tuple[Preset, ...]:
        """Where the camera can look."""
        async with self._asking(camera) as known:
            return await camera_services.presets(known.client, known.profiles["main"])

    async def goto_preset(self, camera: str, preset: str) -> None:
        """Turns the camera there."""
        async with self._asking(camera) as known:
            await camera_services.goto_preset(known.client, known.profiles["main"], preset)

    async def reboot(self, camera: str) -> None:
        """Restarts the camera."""
        async with self._asking(camera) as known:
            await camera_services.reboot(known.client)
        self._known.pop(camera, None)

    def request_key(self, camera: str, stream: str) -> None:
        """Rule 2."""
        now_ns = self._clock.monotonic_ns()
        due_ns = self._keys_ns.get((camera, stream), 0)
        if self._group is None or camera not in self._cameras or now_ns < due_ns:
            return
        self._keys_ns[camera, stream] = now_ns + round(KEY_SECONDS * 1e9)
        self._group.create_task(self._request_key(camera, stream), name=f"camera {camera} {stream} key frame")

    async def _request_key(self, camera: str, stream: str) -> None:
        try:
            async with self._asking(camera) as known:
                await camera_services.request_key(known.client, known.profiles[stream])
        except (IngestError, KeyError) as error:
            _log.debug("camera %s: no key frame by ONVIF: %s", camera, error)

    @contextlib.asynccontextmanager
    async def _asking(self, camera: str) -> AsyncIterator[_Known]:
        if camera not in self._known:
            self._known[camera] = await self._learn(camera)
        try:
            yield self._known[camera]
        except IngestError:
            self._known.pop(camera, None)
            raise

    async def _learn(self, camera: str) -> _Known:
        config = self._cameras.get(camera)
        if config is None or config.onvif is None or self._session is None:
            raise UnsupportedError("The camera has no ONVIF address in the configuration.")
        credentials = config.onvif.credentials(config.user, config.password)
        client = OnvifClient(config.onvif.address, credentials, self._session, self._clock)
        await client.connect()
        profiles = await camera_services.profiles(client)
        if not profiles:
            raise UnsupportedError("The camera has no media profile.")
        paths = {}
        for profile in profiles[:PROFILES_ASKED_MAX]:
            paths[_path(await camera_services.stream_uri(client, profile))] = profile.token
        found = {name: paths.get(_path(link.url), "") for name, link in config.streams.items()}
        defaults = dict(zip(("main", "sub"), (profile.token for profile in profiles), strict=False))
        return _Known(client=client, profiles=defaults | {name: token for name, token in found.items() if token})


def _path(url: str) -> str:
    """What two addresses of one stream have in common, whatever host they name."""
    parts = urlsplit(url)
    return f"{parts.path.rstrip('/')}?{parts.query}"
