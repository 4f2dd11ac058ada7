"""Small pictures of events: fetched when they are wanted, decoded in a thread, kept with a bound.

1. `wanted` is told each frame which pictures the screen has room for; what is no longer wanted is not fetched.
2. An event that has no picture, or one that cannot be decoded, is not asked for again, but for a young one once more
   when its footage has had time to be written.
"""

import logging
from collections import OrderedDict
from collections.abc import Iterable

import aiohttp
import anyio
import cv2
import numpy as np

from gate.clock import Clock
from hdmi_out.compositor.canvas import Picture
from hdmi_out.layout.rect import Rect, fit

PICTURES_MAX = 128
NONE_MAX = 1024
FETCHES_MAX = 2
BYTES_MAX = 1 << 20
PIXELS_MAX = 1 << 22
ANSWER_SECONDS_MAX = 5.0
AGAIN_SECONDS = 5.0
"""When a picture that is not there yet is asked for again."""
TRIES_MAX = 3

_log = logging.getLogger(__name__)


class Thumbnails:
    """`run` it in a task. All pictures fit into `box`'s size."""

    def __init__(self, session: aiohttp.ClientSession, clock: Clock, box: Rect) -> None:
        self._session = session
        self._clock = clock
        self._box = box
        self._pictures: OrderedDict[int, Picture] = OrderedDict()
        self._none: OrderedDict[int, tuple[int, int]] = OrderedDict()
        self._wanted: dict[str, tuple[int, ...]] = {}
        self._wake = anyio.Event()
        self._fetching: set[int] = set()

    def want(self, who: str, events: Iterable[int]) -> None:
        """What one part of the screen has room for, the most urgent first; empty: nothing."""
        wanted = tuple(events)
        if self._wanted.get(who, ()) != wanted:
            self._wanted[who] = wanted
            self._wake.set()

    def picture(self, event: int) -> Picture | None:
        """If it is here."""
        found = self._pictures.get(event)
        if found is not None:
            self._pictures.move_to_end(event)
        return found

    def forget(self) -> None:
        """The recorder's numbers begin anew."""
        self._pictures.clear()
        self._none.clear()

    async def run(self) -> None:
        """Fetches until cancelled."""
        async with anyio.create_task_group() as group:
            while True:
                self._wake = anyio.Event()
                for event in self._due():
                    if len(self._fetching) < FETCHES_MAX:
                        self._fetching.add(event)
                        group.start_soon(self._fetch, event)
                try:
                    async with self._clock.timeout(1.0):
                        await self._wake.wait()
                except TimeoutError:
                    pass  # one may be due again

    def _due(self) -> list[int]:
        now_ns = self._clock.monotonic_ns()
        wanted = dict.fromkeys(event for events in self._wanted.values() for event in events)
        return [
            event
            for event in wanted
            if event not in self._pictures
            and event not in self._fetching
            and (event not in self._none or self._none[event][1] <= now_ns)
        ]

    async def _fetch(self, event: int) -> None:
        try:
            jpeg = await self._jpeg(event)
            picture = None
            if jpeg is not None:
                picture = await anyio.to_thread.run_sync(decode_jpeg, jpeg, self._box)
            if picture is None:
                self._note_none(event, for_ever=jpeg is not None)
                return
            self._none.pop(event, None)
            self._pictures[event] = picture
            if len(self._pictures) > PICTURES_MAX:
                self._pictures.popitem(last=False)
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            _log.debug("event %d: no picture: %s", event, error)
            self._note_none(event, for_ever=False)
        finally:
            self._fetching.discard(event)
            self._wake.set()

    async def _jpeg(self, event: int) -> bytes | None:
        async with (
            self._clock.timeout(ANSWER_SECONDS_MAX),
            self._session.get(f"/v1/events/{event}/thumbnail.jpg") as answer,
        ):
            if answer.status != 200:
                return None
            data = await answer.content.read(BYTES_MAX + 1)
            while len(data) <= BYTES_MAX and (more := await answer.content.read(BYTES_MAX)):
                data += more
            return data if len(data) <= BYTES_MAX else b""

    def _note_none(self, event: int, *, for_ever: bool) -> None:
        tries = self._none.pop(event, (0, 0))[0] + 1
        again_ns = self._clock.monotonic_ns() + round(AGAIN_SECONDS * 1e9)
        self._none[event] = (tries, 2**62 if for_ever or tries >= TRIES_MAX else again_ns)
        if len(self._none) > NONE_MAX:
            self._none.popitem(last=False)


def decode_jpeg(data: bytes, box: Rect) -> Picture | None:
    """A JPEG fitted into a box, on the canvas' colours; None for what is no picture or too large."""
    try:
        found = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error:
        return None
    if found is None or found.shape[0] * found.shape[1] > PIXELS_MAX:
        return None
    area = fit(found.shape[1], found.shape[0], Rect(0, 0, box.width, box.height))
    scaled = cv2.resize(found, (area.width, area.height), interpolation=cv2.INTER_AREA)
    flat = np.asarray(cv2.cvtColor(scaled, cv2.COLOR_BGR2YUV_I420), np.uint8).reshape(-1)
    luma, chroma = area.width * area.height, area.width * area.height // 4
    half = (area.height // 2, area.width // 2)
    return Picture(
        width=area.width,
        height=area.height,
        planes=(
            flat[:luma].reshape(area.height, area.width),
            flat[luma : luma + chroma].reshape(half),
            flat[luma + chroma :].reshape(half),
        ),
    )
