"""Tries every stream and every ONVIF service of a configuration, several at once, in bounded time."""

import asyncio
from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

import aiohttp

from gate.clock import Clock
from recorder.config import CameraConfig
from recorder.doctor.rules.camera import OnvifFacts, StreamFacts
from recorder.ingest.errors import IngestError
from recorder.ingest.onvif import camera_services
from recorder.ingest.onvif.client import OnvifClient
from recorder.ingest.trial import Tried, failure_of, try_stream

AT_ONCE_MAX = 16
"""Streams; one after another of one camera, as some serve a single session."""
STREAM_SECONDS_MAX = 7.0
ONVIF_SECONDS_MAX = 6.0


async def look_at_streams(
    cameras: Sequence[CameraConfig], clock: Clock, seconds_max: float, on_done: Callable[[], None]
) -> list[StreamFacts]:
    """Every stream, in the order of the configuration. `on_done`: called after each."""
    tried: dict[tuple[str, str], Tried] = {}
    at_once = asyncio.Semaphore(AT_ONCE_MAX)

    async def look(camera: CameraConfig) -> None:
        for stream in camera.streams:
            async with at_once:
                tried[camera.id, stream] = await try_stream(camera, stream, clock, STREAM_SECONDS_MAX)
            on_done()

    try:
        async with clock.timeout(seconds_max), asyncio.TaskGroup() as group:
            for camera in cameras:
                group.create_task(look(camera))
    except TimeoutError:  # those that are left are told as not tried
        pass
    return [
        StreamFacts(camera=camera.id, stream=stream, tried=tried.get((camera.id, stream)))
        for camera in cameras
        for stream in camera.streams
    ]


async def look_at_onvif(cameras: Sequence[CameraConfig], clock: Clock) -> list[OnvifFacts]:
    """Of every camera that is configured with ONVIF: its services, its clock, and whether it takes the login."""
    at_once = asyncio.Semaphore(AT_ONCE_MAX)
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None), auto_decompress=False) as session:

        async def look(camera: CameraConfig) -> OnvifFacts:
            async with at_once:
                return await _ask(camera, session, clock)

        return list(await asyncio.gather(*(look(camera) for camera in cameras if camera.onvif is not None)))


async def _ask(camera: CameraConfig, session: aiohttp.ClientSession, clock: Clock) -> OnvifFacts:
    assert camera.onvif is not None
    credentials = camera.onvif.credentials(camera.user, camera.password)
    place = urlsplit(camera.onvif.address).netloc
    client = OnvifClient(camera.onvif.address, credentials, session, clock)
    try:
        async with clock.timeout(ONVIF_SECONDS_MAX):
            await client.connect()
            await camera_services.device_information(client)
    except TimeoutError:
        return OnvifFacts(camera=camera.id, place=place, failure="silent")
    except IngestError as error:
        return OnvifFacts(camera=camera.id, place=place, failure=failure_of(error, camera), message=str(error))
    return OnvifFacts(camera=camera.id, skew_seconds=client.skew.total_seconds())
