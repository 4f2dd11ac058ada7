"""Who hears of a camera's events: a feed for each listener (ONVIF subscriptions, say), with a bound."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

from camera_sim.events.event import CameraEvent

FEED_EVENTS_MAX = 256
"""What a listener that does not listen is kept; then the oldest go, and are counted."""


class EventFeed:
    """What one listener has not taken yet. `async for` waits for the next, for ever; `take` does not wait."""

    def __init__(self) -> None:
        self._waiting: deque[CameraEvent] = deque()
        self._some = asyncio.Event()
        self.lost = 0
        """Events that went unheard."""

    def put(self, event: CameraEvent) -> None:
        """Adds one."""
        if len(self._waiting) >= FEED_EVENTS_MAX:
            self._waiting.popleft()
            self.lost += 1
        self._waiting.append(event)
        self._some.set()

    def take(self, most: int = FEED_EVENTS_MAX) -> list[CameraEvent]:
        """The oldest ones, `most` at most; may be empty."""
        taken = [self._waiting.popleft() for _ in range(min(most, len(self._waiting)))]
        if not self._waiting:
            self._some.clear()
        return taken

    async def wait(self) -> None:
        """Returns once there is something to take."""
        await self._some.wait()

    async def __aiter__(self) -> AsyncIterator[CameraEvent]:
        while True:
            await self.wait()
            for event in self.take(1):
                yield event


class EventSource(Protocol):
    """What a service that publishes one camera's events asks for. Faults (`event_lost`, `_late`, `_dup`, `_stuck`) lie
    before it: what it tells may differ from what the pictures show, as with a bad camera."""

    @property
    def told(self) -> CameraEvent | None:
        """The event that, as far as was told, is under way; its beginning. For initial values of properties."""

    def listening(self) -> AbstractContextManager[EventFeed]:
        """A feed of everything told while the body runs."""


class Teller:
    """`EventSource` of one camera; `tell` is for its programme. `way`: what becomes of what is told; faults put
    themselves there."""

    def __init__(self) -> None:
        self._feeds: dict[EventFeed, None] = {}
        self.told: CameraEvent | None = None
        self.way: Callable[[CameraEvent], None] = self.deliver

    @contextmanager
    def listening(self) -> Iterator[EventFeed]:
        feed = EventFeed()
        self._feeds[feed] = None
        try:
            yield feed
        finally:
            del self._feeds[feed]

    def tell(self, event: CameraEvent) -> None:
        """An event begins or ends."""
        self.way(event)

    def deliver(self, event: CameraEvent) -> None:
        """Everybody hears it."""
        if event.phase == "began":
            self.told = event
        elif self.told is not None and self.told.number == event.number:
            self.told = None
        for feed in self._feeds:
            feed.put(event)
