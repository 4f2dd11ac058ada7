"""One try at a stream, by the very ways that recording goes: whether a picture comes, and if not, why exactly."""

import asyncio
import contextlib
import socket
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from gate.clock import Clock
from recorder.config import CameraConfig
from recorder.ingest.approach import Approach, Way
from recorder.ingest.camera import PACKET_SECONDS_MAX, credentials_of
from recorder.ingest.collector import Collector
from recorder.ingest.errors import (
    ConnectionLostError,
    ProtocolError,
    RefusedError,
    StalledError,
    UnauthorizedError,
    UnreachableError,
    UnsupportedError,
    UnsupportedTransportError,
)
from recorder.ingest.libav import LibavReception
from recorder.ingest.publisher import UnitPublisher
from recorder.ingest.reception import Reception, Source
from recorder.state import StreamState

RATE_SECONDS = 2.0
"""So long a stream that comes is looked at, to know its rate."""

Failure = Literal[
    "name_unknown",
    "unreachable",
    "refused",
    "no_login",
    "wrong_login",
    "not_found",
    "busy",
    "rejected",
    "transport",
    "unsupported",
    "silent",
    "lost",
    "odd",
    "defect",
]
_STATUSES: dict[int, Failure] = {403: "rejected", 404: "not_found", 453: "busy", 503: "busy"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """`place`: host and port, or the file. `failure` None: pictures have come, `way` says how. `message`: what was
    said, a sentence without credentials.
    `bytes_per_second`: None where it was not seen."""

    place: str
    way: str
    failure: Failure | None = None
    message: str = ""
    codec: str = ""
    width: int = 0
    height: int = 0
    bytes_per_second: float | None = None


async def try_stream(camera: CameraConfig, stream: str, clock: Clock, seconds_max: float) -> Tried:
    """Asks for the stream, as a recorder would, and ends it (TEARDOWN) once its rate is known."""
    link = camera.streams[stream]
    approach = Approach(rtsp=link.is_rtsp, source=link.source, transport=link.transport)
    host = urlsplit(link.url).hostname
    place = urlsplit(link.url).netloc or link.url
    try:
        async with clock.timeout(seconds_max):
            if host is not None and not await _is_known(host):
                return Tried(
                    place=place, way=str(approach.way), failure="name_unknown", message=f"The name {host} is not known."
                )
            while True:
                way = approach.way
                state = StreamState(since=clock.now())
                error = await _receive(camera, stream, way, state, clock)
                if error is None:
                    return Tried(
                        place=place,
                        way=str(way),
                        codec=state.codec,
                        width=state.width,
                        height=state.height,
                        bytes_per_second=state.bitrate_bps / 8 or None,
                    )
                if not approach.failed(error):
                    told = approach.reason(error)
                    return Tried(place=place, way=str(way), failure=failure_of(told, camera), message=str(told))
    except TimeoutError:
        return Tried(
            place=place,
            way=str(approach.way),
            failure="silent",
            message=f"No picture has come within {seconds_max:.0f} s.",
        )


def failure_of(error: Exception, camera: CameraConfig) -> Failure:
    """Which kind of no it is."""
    match error:
        case UnauthorizedError():
            return "wrong_login" if camera.user else "no_login"
        case UnsupportedTransportError():
            return "transport"
        case UnsupportedError():
            return "unsupported"
        case RefusedError(status=None):
            return "refused"
        case RefusedError(status=int(status)):
            return _STATUSES.get(status, "rejected")
        case UnreachableError():
            return "unreachable"
        case StalledError():
            return "silent"
        case ConnectionLostError():
            return "lost"
        case ProtocolError():
            return "odd"
        case _:
            return "defect"


async def _is_known(host: str) -> bool:
    try:
        return bool(await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM))
    except (OSError, UnicodeError):
        return False


async def _receive(camera: CameraConfig, stream: str, way: Way, state: StreamState, clock: Clock) -> Exception | None:
    """One connection: why it ended before a picture; None if one came."""
    came = asyncio.Event()
    source = Source(
        name=f"{camera.id}/{stream}",
        url=camera.streams[stream].url,
        credentials=credentials_of(camera),
        packet_seconds_max=PACKET_SECONDS_MAX,
        sound=False,
    )
    publisher = UnitPublisher(
        name=source.name, state=state, clock=clock, run_before=0, publish=lambda _: None, on_first_unit=came.set
    )
    reception: Reception | LibavReception
    if way.source == "native":
        reception = Reception(
            source,
            publisher=publisher,
            transport=way.transport,
            state=state,
            clock=clock,
            collector=Collector(clock),
        )
    else:
        reception = LibavReception(source, publisher=publisher, transport=way.transport, state=state, clock=clock)
    receiving = asyncio.create_task(reception.run(), name=f"try {source.name}")
    waiting = asyncio.create_task(came.wait(), name=f"first picture of {source.name}")
    rate_bps = 0
    try:
        await asyncio.wait((receiving, waiting), return_when=asyncio.FIRST_COMPLETED)
        if came.is_set() and not receiving.done():
            await clock.sleep(RATE_SECONDS)
            rate_bps = state.bitrate_bps
    finally:
        for task in (receiving, waiting):
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(receiving, waiting, return_exceptions=True)
    state.bitrate_bps = rate_bps  # the end of a reception clears it
    if came.is_set():
        return None
    error = receiving.exception() if not receiving.cancelled() else None
    return error if isinstance(error, Exception) else ConnectionLostError("The try was broken off.")
