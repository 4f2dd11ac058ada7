"""Asks cameras that were found who they are and what they show. One that does not tell is told of with the reason."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

import aiohttp

from gate.clock import Clock
from recorder.ingest.errors import IngestError, OnvifFaultError, UnreachableError, UnsupportedError
from recorder.ingest.onvif import camera_services, names
from recorder.ingest.onvif.client import OnvifClient
from recorder.ingest.onvif.discovery import Found
from recorder.ingest.onvif.prober import look
from recorder.ingest.onvif.replies import Profile
from recorder.ingest.rtsp.auth import Credentials

AT_ONCE_MAX = 8
STREAMS_MAX = 2
"""Main and sub; further profiles are not used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SurveyedStream:
    """`url`: without a login."""

    url: str
    profile: Profile


@dataclass(frozen=True, slots=True, kw_only=True)
class Surveyed:
    """One camera. `address`: of its device service; `streams`: the largest first; `problem`: why it told no more."""

    urn: str
    address: str
    name: str
    model: str
    serial: str = ""
    streams: tuple[SurveyedStream, ...] = ()
    presets: int = 0
    events: bool = False
    problem: str = ""

    @property
    def host(self) -> str:
        """Where it is, for people."""
        return urlsplit(self.address).netloc


async def survey(
    interface: str | None, seconds: float, credentials: Credentials | None, clock: Clock
) -> AsyncIterator[Surveyed]:
    """Every camera that answers within that time, in the order in which they have told all. Raises UnreachableError if
    nothing can be asked there."""
    done: asyncio.Queue[Surveyed | None] = asyncio.Queue()
    at_once = asyncio.Semaphore(AT_ONCE_MAX)

    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None), auto_decompress=False) as session:

        async def ask_one(found: Found) -> None:
            async with at_once:
                done.put_nowait(await ask(found, credentials, session, clock))

        async def ask_all() -> IngestError | None:
            try:
                async with asyncio.TaskGroup() as group:
                    try:
                        async for found in look(interface, seconds, clock):
                            group.create_task(ask_one(found), name=f"survey {found.urn}")
                    except UnreachableError as error:
                        return error
            finally:
                done.put_nowait(None)
            return None

        asking = asyncio.create_task(ask_all(), name="survey")
        try:
            while (one := await done.get()) is not None:
                yield one
            error = await asking
        finally:
            asking.cancel()
            await asyncio.wait([asking])
        if error is not None:
            raise error


async def ask(found: Found, credentials: Credentials | None, session: aiohttp.ClientSession, clock: Clock) -> Surveyed:
    """One camera; never raises for what it does."""
    bare = Surveyed(urn=found.urn, address=found.addresses[0], name=found.name, model=found.hardware)
    client = OnvifClient(bare.address, credentials, session, clock)
    try:
        await client.connect()
        told = await camera_services.device_information(client)
        streams = await _streams(client)
        presets = 0
        if streams and client.has(names.PTZ):
            with suppress(OnvifFaultError, UnsupportedError):
                presets = len(await camera_services.presets(client, streams[0].profile.token))
    except IngestError as error:
        return Surveyed(urn=bare.urn, address=bare.address, name=bare.name, model=bare.model, problem=_reason(error))
    return Surveyed(
        urn=bare.urn,
        address=bare.address,
        name=bare.name,
        model=told.model or bare.model,
        serial=told.serial,
        streams=streams,
        presets=presets,
        events=client.has(names.EVENTS),
        problem="" if streams else "It tells no RTSP stream.",
    )


async def _streams(client: OnvifClient) -> tuple[SurveyedStream, ...]:
    profiles = sorted(await camera_services.profiles(client), key=lambda one: one.width * one.height, reverse=True)
    streams: list[SurveyedStream] = []
    for profile in profiles:
        with suppress(OnvifFaultError):
            url = await camera_services.stream_uri(client, profile)
            if url and url not in [stream.url for stream in streams]:
                streams.append(SurveyedStream(url=url, profile=profile))
    return tuple(streams[:1] + streams[1:][-(STREAMS_MAX - 1) :])


def _reason(error: IngestError) -> str:
    text = str(error)
    return "It wants user and password." if "asks for user and password" in text else text
