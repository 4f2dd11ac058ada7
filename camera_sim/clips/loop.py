"""One stream's loop while it is played: the groups near the present, read from the cache by a thread and made into
packets."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from anyio import to_thread

from camera_sim.clips import gop_file
from camera_sim.clips.film import Film
from camera_sim.clips.gop_file import Gop, Picture
from camera_sim.codec import Codec
from camera_sim.errors import ClipError
from camera_sim.rtsp.packetizer import Packets, packetize

_log = logging.getLogger(__name__)

HELD_GOPS_MAX = 4
"""Groups in memory per loop and place: the present one, the next, and what a step of the clock leaves behind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SendablePicture:
    """`head`: packets of the parameter sets (key pictures only); `body`: of the slices. The mark goes between them.
    `nals` are the slices as they were encoded."""

    parameter_sets: tuple[bytes, ...]
    nals: tuple[bytes, ...]
    crc32: int
    shift: int
    head: Packets
    body: Packets

    @property
    def key(self) -> bool:
        """Whether decoding can begin with it."""
        return bool(self.parameter_sets)


def sendable(picture: Picture, parameter_sets: tuple[bytes, ...], codec: Codec) -> SendablePicture:
    """Packets of a picture; `parameter_sets` is empty but for a key picture."""
    return SendablePicture(
        parameter_sets=parameter_sets,
        nals=picture.slices,
        crc32=picture.crc32,
        shift=picture.shift,
        head=packetize(parameter_sets, codec, last=False),
        body=packetize(picture.slices, codec, last=True),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldGop:
    """A group in memory, as it was encoded and as it is sent."""

    gop: Gop
    pictures: tuple[SendablePicture, ...]


class Loop:
    """`on_torn(gop)` is called when a file of the cache proves unusable: it has to be made again."""

    def __init__(self, film: Film, cache_dir: Path, on_torn: Callable[[Film, int], None]) -> None:
        self.film = film
        self.parameter_sets: tuple[bytes, ...] = ()
        self.places = 1
        """At how many times of the loop there are streams: cameras whose clock is wrong have a place of their own."""
        self._cache_dir = cache_dir
        self._on_torn = on_torn
        self._cached: set[int] = set()
        self._newest = 0
        self._held: dict[int, HeldGop] = {}
        self._wanted: list[int] = []
        self._wake = asyncio.Event()
        self._ready = asyncio.Event()

    @property
    def ready(self) -> bool:
        """Whether the parameter sets are known: the stream can be described."""
        return self._ready.is_set()

    async def wait_ready(self) -> None:
        """Returns once it is ready."""
        await self._ready.wait()

    def add(self, gop: int) -> None:
        """Tells that a group's file is in the cache."""
        self._cached.add(gop)
        self._newest = gop
        if not self.ready:
            self.want(gop)
        self._wake.set()

    def want(self, *gops: int) -> None:
        """Asks for groups to be held in memory soon; the last ones asked for stay."""
        missing = False
        for gop in gops:
            held = self._held.pop(gop, None)
            if held is not None:
                self._held[gop] = held
            elif gop not in self._wanted:
                self._wanted = [*self._wanted[1 - HELD_GOPS_MAX * self.places :], gop]
                missing = True
        if missing:
            self._wake.set()

    def held(self, gop: int) -> HeldGop | None:
        """A group, if it is in memory."""
        return self._held.get(gop)

    def cached(self, gop: int) -> bool:
        """Whether it is on disk, so that it will be held soon after it is asked for."""
        return gop in self._cached

    def newest(self) -> HeldGop | None:
        """The newest group of the cache, or until it is read the one read last."""
        self.want(self._newest)
        return self._held.get(self._newest) or next(reversed(self._held.values()), None)

    async def run(self) -> None:
        """Reads what is wanted, for ever."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            for gop in [gop for gop in self._wanted if gop in self._cached]:
                await self._load(gop)

    async def _load(self, gop: int) -> None:
        try:
            held = await to_thread.run_sync(self._read, gop, abandon_on_cancel=True)
        except ClipError as error:
            _log.warning("clip cache: %s; it is made again", error)
            self._cached.discard(gop)
            self._on_torn(self.film, gop)
            return
        self._wanted = [other for other in self._wanted if other != gop]
        if not self.ready:
            self.parameter_sets = held.gop.parameter_sets
            self._ready.set()
        self._held[gop] = held
        while len(self._held) > HELD_GOPS_MAX * self.places:
            del self._held[next(iter(self._held))]

    def _read(self, number: int) -> HeldGop:
        path = self.film.path(self._cache_dir, number)
        gop = gop_file.read(path)
        if len(gop.pictures) != self.film.length(number):
            raise ClipError(f"{path}: {len(gop.pictures)} pictures, {self.film.length(number)} are due")
        if self.film.uniform and self.parameter_sets and gop.parameter_sets != self.parameter_sets:
            raise ClipError(f"{path}: other parameter sets than its neighbours have")
        codec = self.film.codec
        pictures = tuple(
            sendable(picture, () if at else gop.parameter_sets, codec) for at, picture in enumerate(gop.pictures)
        )
        return HeldGop(gop=gop, pictures=pictures)
