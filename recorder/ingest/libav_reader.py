"""Reads a source with FFmpeg's libraries, in a thread of its own: NAL units out, nothing decoded.

A file is read over and over. The thread is as far ahead as PACKETS_MAX allows, and waits for the network no longer than
READ_SECONDS_MAX; so long it may outlive its reader's `close`.
"""

import asyncio
import logging
import threading
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import av
from av.audio.stream import AudioStream
from av.container import InputContainer

from recorder.ingest.errors import (
    ConnectionLostError,
    IngestError,
    RefusedError,
    StalledError,
    UnauthorizedError,
    UnreachableError,
    UnsupportedError,
)
from recorder.ingest.libav_sound import LibavSound, SoundFound, SoundItem
from recorder.ingest.rtsp.auth import Credentials
from recorder.media.access_unit import TIMESCALE
from recorder.media.errors import ParameterSetError
from recorder.media.formats import parameter_sets_of

PACKETS_MAX = 64
OPEN_SECONDS_MAX = 10.0
READ_SECONDS_MAX = 10.0
SEGMENT_SECONDS_MAX = 60.0
"""How long the next segment of HLS may take to appear."""
NAL_UNITS_MAX = 1024

CODECS = {"h264": "h264", "hevc": "h265"}
_LENGTH_SIZE_AT = {"h264": 4, "h265": 21}  # of avcC and hvcC: where lengthSizeMinusOne stands
_PROTOCOLS = {  # what a playlist or a container may lead to
    "file": "file",
    "http": "http,https,tcp,tls,crypto",
    "https": "https,tcp,tls,crypto",
    "rtsp": "rtsp,rtp,udp,tcp",
}

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """What was found. `paced`: whether packets come faster than they are to go on, or many at a time (a file, HLS);
    `packet_seconds_max`: how long none may come, if that is longer than of other sources. `parameter_sets`: those that
    the container describes."""

    codec: str
    paced: bool
    packet_seconds_max: float
    parameter_sets: tuple[bytes, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NalPacket:
    """One access unit, in decode order. `ticks`: when it is shown, `due_ticks`: when it is decoded, of 1/90000 s since
    the first was."""

    nals: tuple[bytes, ...]
    ticks: int
    due_ticks: int


Item = Opened | NalPacket | SoundFound | SoundItem


class LibavReader:
    """`start`, then `next` until it raises, then `close`. `sound`: whether that is wanted."""

    def __init__(self, url: str, *, credentials: Credentials | None, transport: str, name: str, sound: bool) -> None:
        self._url = url
        self._credentials = credentials
        self._transport = transport
        self._loop = asyncio.get_running_loop()
        self._name = name
        self._wants_sound = sound
        self._items: deque[Item | IngestError] = deque()
        self._ready = asyncio.Event()
        self._room = threading.Semaphore(PACKETS_MAX)
        self._closed = False
        self._thread = threading.Thread(target=self._read, name=f"libav {name}", daemon=True)

    def start(self) -> None:
        """Begins to open the source."""
        self._thread.start()

    async def next(self) -> Item:
        """What was opened, then packet after packet. Raises IngestError when there is no more."""
        while not self._items:
            self._ready.clear()
            await self._ready.wait()
        item = self._items.popleft()
        self._room.release()
        if isinstance(item, IngestError):
            raise item
        return item

    def close(self) -> None:
        """Lets the thread end as soon as it can."""
        self._closed = True
        self._room.release()

    def _put(self, item: Item | IngestError) -> bool:
        """False when nobody listens any more."""
        self._room.acquire()
        if self._closed:
            return False
        try:
            self._loop.call_soon_threadsafe(self._take, item)
        except RuntimeError:  # the loop has been closed
            return False
        return True

    def _take(self, item: Item | IngestError) -> None:
        self._items.append(item)
        self._ready.set()

    def _read(self) -> None:
        try:
            for item in self._all_items():
                if not self._put(item):
                    return
        except av.FFmpegError as error:
            self._put(_error_of(error, self._place))
        except IngestError as error:
            self._put(error)
        except ParameterSetError as error:
            self._put(UnsupportedError(f"{self._place} cannot be read: {error}."))
        except Exception:
            _log.exception("%s: reading ended by a defect", self._thread.name)
            self._put(UnsupportedError("FFmpeg's libraries failed at this source; see the log."))

    @property
    def _place(self) -> str:
        parts = urlsplit(self._url)
        return unquote(parts.path) if parts.scheme == "file" else self._url

    def _all_items(self) -> Iterator[Item]:
        with self._open() as container:
            if not container.streams.video:
                raise UnsupportedError(f"There is no video in {self._place}.")
            stream = container.streams.video[0]
            codec = CODECS.get(stream.codec.name)
            if codec is None:
                raise UnsupportedError(
                    f"The source sends {stream.codec.name}; only H.264 and H.265 are recorded, as they are."
                )
            extradata = stream.codec_context.extradata or b""
            splitter = Splitter(codec, extradata)
            loops = self._url.startswith("file:")
            in_segments = container.format.name == "hls"
            yield Opened(
                codec=codec,
                paced=loops or in_segments,
                packet_seconds_max=SEGMENT_SECONDS_MAX if in_segments else 0,
                parameter_sets=splitter.sets,
            )
            sounds = [stream for stream in container.streams.audio[:1] if self._wants_sound]
            sound = self._sound(sounds[0]) if sounds else None
            due = duration = offset = 0
            first: int | None = None
            while True:
                for packet in container.demux(stream, *sounds):
                    if not packet.size:
                        continue
                    shown, decoded = ticks_of(packet)
                    if packet.stream is not stream:
                        if sound is not None and first is not None:
                            yield from self._sound_items(sound, packet, shown - first + offset)
                        continue
                    first = decoded if first is None else first
                    duration = max(decoded - first + offset - due, 0) or duration
                    due = decoded - first + offset
                    yield NalPacket(nals=splitter.nals(bytes(packet)), ticks=shown - first + offset, due_ticks=due)
                if not loops or first is None:
                    raise ConnectionLostError("The source has ended.")
                offset = due + duration
                first = None
                container.seek(0)

    def _sound(self, stream: AudioStream) -> LibavSound | None:
        sound = LibavSound(stream)
        if sound.supported:
            return sound
        _log.warning("%s: recorded without sound: the source sends %s, not AAC or G.711", self._name, sound.name)
        return None

    def _sound_items(self, sound: LibavSound, packet: "av.Packet[Any]", ticks: int) -> Iterator[SoundFound | SoundItem]:
        if not sound.supported:
            return
        try:
            yield from sound.items(packet, ticks)
        except (ParameterSetError, av.FFmpegError) as error:
            _log.warning("%s: its sound cannot be read (%s); it is recorded without", self._name, error)
            sound.supported = False

    def _open(self) -> InputContainer:
        if self._url.startswith("/dev/"):
            return av.open(
                self._url,
                format="video4linux2,v4l2",
                options={"input_format": "h264"},
                timeout=(OPEN_SECONDS_MAX, READ_SECONDS_MAX),
            )
        parts = urlsplit(self._url)
        options = {"protocol_whitelist": _PROTOCOLS[parts.scheme]}
        if parts.scheme == "file":
            place = unquote(parts.path)
            if not Path(place).is_file():
                raise UnreachableError(f"There is no file {place}.")
        elif self._credentials is None:
            place = self._url
        else:
            login = f"{quote(self._credentials.user, safe='')}:{quote(self._credentials.password, safe='')}"
            place = parts._replace(netloc=f"{login}@{parts.netloc}").geturl()
        if parts.scheme == "rtsp":
            options["rtsp_transport"] = self._transport
        read_seconds_max = SEGMENT_SECONDS_MAX if parts.scheme.startswith("http") else READ_SECONDS_MAX
        return av.open(place, options=options, timeout=(OPEN_SECONDS_MAX, read_seconds_max))


class Splitter:
    """Access units into NAL units, from lengths or start codes, as the container has them."""

    def __init__(self, codec: str, extradata: bytes) -> None:
        self._length_bytes = 0
        self.sets: tuple[bytes, ...] = ()
        at = _LENGTH_SIZE_AT[codec]
        if extradata[:1] == b"\x01" and len(extradata) > at:
            self._length_bytes = (extradata[at] & 3) + 1
            self.sets = parameter_sets_of(codec, extradata)
        else:
            self.sets = _by_start_codes(extradata)

    def nals(self, data: bytes) -> tuple[bytes, ...]:
        return self._by_lengths(data) if self._length_bytes else _by_start_codes(data)

    def _by_lengths(self, data: bytes) -> tuple[bytes, ...]:
        nals: list[bytes] = []
        position, width = 0, self._length_bytes
        while position + width < len(data) and len(nals) < NAL_UNITS_MAX:
            stop = position + width + int.from_bytes(data[position : position + width], "big")
            nals.append(data[position + width : stop])
            position = stop
        return tuple(nal for nal in nals if nal)


def _by_start_codes(data: bytes) -> tuple[bytes, ...]:
    """ITU-T H.264 annex B. Zeros at the end belong to the next start code."""
    parts = data.split(b"\x00\x00\x01", NAL_UNITS_MAX)[1:]
    return tuple(nal for part in parts if (nal := part.rstrip(b"\x00")))


def ticks_of(packet: "av.Packet[Any]") -> tuple[int, int]:
    """When it is shown, and when decoded. Without the one, the other is all there is."""
    decoded = packet.dts if packet.dts is not None else packet.pts or 0
    shown = packet.pts if packet.pts is not None else decoded
    base = packet.time_base or packet.stream.time_base
    if not base:
        return 0, 0
    return (
        shown * base.numerator * TIMESCALE // base.denominator,
        decoded * base.numerator * TIMESCALE // base.denominator,
    )


def _error_of(error: av.FFmpegError, place: str) -> IngestError:
    """The error without its own text, which may hold a password."""
    reason = error.strerror
    match error:
        case av.error.HTTPUnauthorizedError() | av.error.HTTPForbiddenError():
            return UnauthorizedError(f"{place} does not accept user and password.")
        case av.error.FileNotFoundError():
            return UnreachableError(f"There is no {place}.")
        case av.error.PermissionError():
            return UnreachableError(f"{place} may not be opened by this user (for a USB camera: the group video).")
        case av.error.ConnectionRefusedError():
            return RefusedError(f"Nothing accepts connections at {place}.")
        case av.error.HTTPClientError() | av.error.HTTPServerError():
            return RefusedError(f"{place} refuses: {reason}.")
        case av.error.TimeoutError() | av.error.ExitError():
            return StalledError(f"{place} does not answer, or nothing has come from it for {READ_SECONDS_MAX:.0f} s.")
        case av.error.EOFError() | av.error.OSError():
            return ConnectionLostError(f"{place} was lost: {reason}.")
        case _:
            return UnsupportedError(f"FFmpeg's libraries cannot read {place}: {reason}.")
