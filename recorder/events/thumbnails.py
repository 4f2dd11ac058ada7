"""A small picture of what an event is about.

1. Of a young event: what the camera's live stream showed as it began, if the cached pictures reach back so far.
2. Else the recorded picture of that moment; where recording began a little later, the first there is.
3. Else, of a young event, the oldest live picture at hand. An older one has no picture: a later one would lie.
4. Live pictures come under the lease of whoever may show events, and are kept in memory only: what a lapsed camera
   sees is never stored.
5. One is made at a time, off the loop; so many wait at most, the rest are refused and counted.
"""

import logging
import sqlite3
from collections import OrderedDict
from collections.abc import Sequence

import anyio

from gate.client.errors import LeaseDeniedError
from gate.client.gate import Gate
from gate.clock import Clock, ns_of
from gate.licence.features import Feature
from recorder.events.kept import Event
from recorder.hub import Hub
from recorder.media.access_unit import AccessUnit
from recorder.media.decoding import UNDECODABLE, jpeg_of, last_picture
from recorder.playback.archive import Archive
from recorder.playback.fragments import Wanted
from recorder.playback.pictures import PictureSource
from recorder.state import StateBoard

WIDTH_MAX = 320
QUALITY = 80
YOUNG_SECONDS = 5.0
"""An event that began longer ago has no live picture any more."""
LATER_SECONDS = 2.0
"""How much later than the event its recorded picture may be."""
LIVE_SECONDS_MAX = 1.0
"""How long the live picture of an event that has just begun is waited for."""
UNITS_MAX = 300
"""How many pictures are decoded for one: the group up to the event; of longer ones the picture is a little earlier."""
CACHE_BYTES_MAX = 16 << 20
WAITING_MAX = 64

_log = logging.getLogger(__name__)


class ThumbnailsBusyError(Exception):
    """Too many wait already; ask again in a moment."""


class Thumbnails:
    """Pictures of the events that `feature` (HDMI_EVENTS or REMOTE_EVENTS) shows. Use it on the loop's thread."""

    def __init__(
        self, *, feature: Feature, archive: Archive, hub: Hub, board: StateBoard, gate: Gate, clock: Clock
    ) -> None:
        self._feature = feature
        self._archive = archive
        self._hub = hub
        self._board = board
        self._gate = gate
        self._clock = clock
        self._turn = anyio.CapacityLimiter(1)
        self._waiting = 0
        self._cache: OrderedDict[int, bytes] = OrderedDict()
        self._cached_bytes = 0
        self.refused = 0

    async def picture(self, event: Event) -> bytes | None:
        """A JPEG; None where there is none, or none that could be decoded. Raises ThumbnailsBusyError."""
        known = self._cache.get(event.number)
        if known is not None:
            self._cache.move_to_end(event.number)
            return known
        if event.camera is None or event.source == "system":  # nothing was seen
            return None
        if self._waiting >= WAITING_MAX:
            self._refuse()
        self._waiting += 1
        try:
            return await self._made(event, event.camera)
        finally:
            self._waiting -= 1

    async def _made(self, event: Event, camera: str) -> bytes | None:
        live: Sequence[AccessUnit] = ()
        start_ns = ns_of(event.start)
        if self._clock.now_ns() - start_ns < YOUNG_SECONDS * 1e9:
            live = await self._live(camera, start_ns)
        async with self._turn:
            if (known := self._cache.get(event.number)) is not None:  # somebody else asked, too
                return known
            jpeg = await anyio.to_thread.run_sync(self._made_in_thread, event, camera, live)
            if jpeg is not None:
                self._keep(event.number, jpeg)
            return jpeg

    def _made_in_thread(self, event: Event, camera: str, live: Sequence[AccessUnit]) -> bytes | None:
        start_ns = ns_of(event.start)
        reaches_back = bool(live) and live[0].utc_ns <= start_ns
        for units in (live if reaches_back else (), self._recorded(event, camera), live[:1]):
            try:
                if units:
                    return jpeg_of(last_picture(units), width_max=WIDTH_MAX, quality=QUALITY)
            except UNDECODABLE as error:
                _log.warning("camera %s: event %d: no thumbnail: %s", camera, event.number, error)
        return None

    def _recorded(self, event: Event, camera: str) -> Sequence[AccessUnit]:
        start_ns = ns_of(event.start)
        end_ns = start_ns + round(LATER_SECONDS * 1e9)
        try:
            db = self._archive.connect()
            try:
                roots = self._archive.roots(db)
            except sqlite3.Error:
                db.close()
                raise
            source = PictureSource(db, roots, Wanted(camera=camera, start_utc_ns=start_ns, end_utc_ns=end_ns))
            try:
                return up_to(source.next_units() or (), start_ns)
            finally:
                source.close()
        except sqlite3.Error as error:
            _log.warning("camera %s: event %d: its footage cannot be looked up: %s", camera, event.number, error)
            return ()

    async def _live(self, camera: str, start_ns: int) -> Sequence[AccessUnit]:
        """From the cached group of pictures on up to the event's beginning; as many as come in time."""
        if camera not in self._board.cameras:
            return ()
        stream = "sub" if "sub" in self._board.cameras[camera].streams else "main"
        units: list[AccessUnit] = []
        try:
            async with (
                self._gate.lease(self._feature, camera) as lease,
                self._clock.timeout(LIVE_SECONDS_MAX),
            ):
                feed = self._hub.feed(camera, stream)
                with feed.subscribe(lease, now_ns=self._clock.monotonic_ns(), units_max=UNITS_MAX) as subscription:
                    async for item in subscription:
                        if not isinstance(item, AccessUnit) or (units and item.run != units[0].run):
                            units.clear()
                        if isinstance(item, AccessUnit) and (item.key or units):
                            units.append(item)
                            if item.utc_ns >= start_ns:
                                break
        except LeaseDeniedError:
            return ()
        except TimeoutError:
            pass
        return units

    def _keep(self, number: int, jpeg: bytes) -> None:
        self._cache[number] = jpeg
        self._cached_bytes += len(jpeg)
        while self._cached_bytes > CACHE_BYTES_MAX:
            self._cached_bytes -= len(self._cache.popitem(last=False)[1])

    def _refuse(self) -> None:
        self.refused += 1
        if self.refused & (self.refused - 1) == 0:  # 1, 2, 4, 8, …: repeats collapsed
            _log.warning("thumbnails: %d wait already, %d refused so far", WAITING_MAX, self.refused)
        raise ThumbnailsBusyError


def up_to(units: Sequence[AccessUnit], utc_ns: int) -> Sequence[AccessUnit]:
    """Of a group of pictures those up to the first that is not before that instant, UNITS_MAX at the most."""
    first = next((number for number, unit in enumerate(units) if unit.utc_ns >= utc_ns), len(units))
    return units[: min(first + 1, UNITS_MAX)]
