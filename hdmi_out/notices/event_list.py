"""The list of events as far as it has been read: filtered, the newest first, one of them chosen."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

import aiohttp
import anyio

from gate.clock import Clock
from hdmi_out.errors import MediaError
from hdmi_out.notices.event import Event
from hdmi_out.notices.feed import EventFeed

EVENTS_MAX = 1000
"""How far back the list goes; the search by time has the rest."""
FETCH_EVENTS = 100
AHEAD_EVENTS = 40
"""The list is read further when the chosen one comes so near to its end."""
FRESH_SECONDS = 0.3
"""It is looked this often whether something happened."""
RETRY_SECONDS = 1.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Empty: all of them."""

    camera: str = ""
    kind: str = ""

    @property
    def query(self) -> dict[str, str]:
        """For the recorder."""
        return {name: value for name, value in (("camera", self.camera), ("kind", self.kind)) if value}


class EventList:
    """`chosen` is an index of `events`. `failed`: it cannot be read now. `run` it while it is shown."""

    def __init__(self, feed: EventFeed, clock: Clock, filter: Filter) -> None:
        self._feed = feed
        self._clock = clock
        self._before: int | None = None
        self._loaded: Filter | None = None
        self._changed = anyio.Event()
        self.filter = filter
        self.events: Sequence[Event] = ()
        self.chosen = 0
        self.failed = False

    @property
    def loaded(self) -> bool:
        """Whether `events` are those of the filter."""
        return self._loaded == self.filter

    def show(self, filter: Filter) -> None:
        """Others are wanted."""
        if filter != self.filter:
            self.filter, self.events, self._before, self.chosen = filter, (), None, 0
            self._changed.set()

    def choose(self, index: int) -> bool:
        """Chooses an event; whether there is one."""
        if not 0 <= index < len(self.events):
            return False
        self.chosen = index
        if self._wants_more():
            self._changed.set()
        return True

    async def run(self) -> None:
        """Reads the list anew when the filter changes or something happens, and further when it is wanted."""
        seen = -1
        while True:
            self._changed = anyio.Event()
            try:
                if not self.loaded or self._feed.book.version != seen:
                    seen = self._feed.book.version
                    await self._load()
                elif self._wants_more():
                    await self._load_more()
                self.failed = False
            except (aiohttp.ClientError, OSError, TimeoutError, MediaError) as error:
                _log.debug("the list of events cannot be read: %s", error)
                self.failed, seen = True, -1
            try:
                async with self._clock.timeout(RETRY_SECONDS if self.failed else FRESH_SECONDS):
                    await self._changed.wait()
            except TimeoutError:
                pass

    async def _load(self) -> None:
        wanted = self.filter
        page = await self._feed.page({"limit": str(FETCH_EVENTS), **wanted.query})
        if wanted != self.filter:
            return
        chosen = self.events[self.chosen].id if self.chosen else None
        older = [event for event in self.events if page.events and event.id < page.events[-1].id]
        if older and page.before is not None and wanted == self._loaded:
            self.events = (*page.events, *older)[:EVENTS_MAX]
        else:
            self.events, self._before = page.events, page.before
        self._loaded = wanted
        ids = [event.id for event in self.events]
        self.chosen = ids.index(chosen) if chosen in ids else 0  # it stays chosen when the list grows above it

    async def _load_more(self) -> None:
        wanted = self.filter
        page = await self._feed.page({"limit": str(FETCH_EVENTS), "before": str(self._before), **wanted.query})
        if wanted == self.filter:
            self.events = (*self.events, *page.events)[:EVENTS_MAX]
            self._before = page.before if len(self.events) < EVENTS_MAX else None

    def _wants_more(self) -> bool:
        return self._before is not None and self.chosen + AHEAD_EVENTS > len(self.events)
