"""Where all events meet: told by sources, numbered, kept, and passed on to who listens and to the recording.

1. One event lasts per (camera, kind, source, rule): a start that is told twice is one event, an end without a start is
   nothing. A pulse is an event of its own.
2. An event is kept and told whether or not its camera is licensed (the monitor shows it, M7); whether it may ever be
   told remotely (M8) is decided once, when it begins.
3. A source that runs wild is cut off: EVENTS_PER_MINUTE_MAX new events a camera; what is left out is counted and said.
4. A listener that does not listen loses the oldest, and is told how many.
"""

import asyncio
import logging
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any, Literal, NamedTuple, Protocol

from gate.clock import Clock, instant_of
from recorder.catalog.database import Change
from recorder.catalog.event_changes import end_event, insert_event, with_outbox
from recorder.events.event import CameraEvent, EventKind, EventSource
from recorder.events.kept import Event, SystemKind

EVENTS_PER_MINUTE_MAX = 120
OPEN_MAX = 4096
"""Bound of the events that last at one time, over all cameras."""
QUEUE_MAX = 256
RECENT_MAX = 256
"""The newest events are kept at hand: the index may not have them yet."""
DETAIL_CHARACTERS_MAX = 200
_MINUTE_NS = 60 * 10**9

_log = logging.getLogger(__name__)


class _Key(NamedTuple):
    camera: str | None
    kind: EventKind | SystemKind
    source: EventSource | Literal["system"]
    detail: str


class EventStore(Protocol):
    """The part of the catalogue that keeps events."""

    def post(self, change: Change[Any]) -> None:
        """Has a change made soon, in the order of the calls."""


Outbox = Callable[[Event, bool], Change[None] | None]
"""What is to be written together with an event, as it begins (True) or ends."""


@dataclass(frozen=True, slots=True)
class Missed:
    """In place of events that a slow listener lost; the index has them."""

    events: int


class EventListener:
    """A bounded queue of events, each told when it begins and again when it ends. Iterate it in one task only."""

    def __init__(self) -> None:
        self._queue: deque[Event] = deque()
        self._missed = 0
        self._ready = asyncio.Event()

    def put(self, event: Event) -> None:
        """Queues an event; beyond the bound the oldest is lost."""
        if len(self._queue) >= QUEUE_MAX:
            self._queue.popleft()
            self._missed += 1
        self._queue.append(event)
        self._ready.set()

    async def __aiter__(self) -> AsyncIterator[Event | Missed]:
        while True:
            while not self._queue:
                self._ready.clear()
                await self._ready.wait()
            if self._missed:
                missed, self._missed = self._missed, 0
                yield Missed(missed)
            yield self._queue.popleft()


class EventBus:
    """All events of a recorder. Use it on the event loop's thread only."""

    def __init__(
        self,
        *,
        store: EventStore,
        clock: Clock,
        last_number: int,
        may_tell_remotely: Callable[[str | None], bool],
        trigger: Callable[[str], bool],
    ) -> None:
        """`last_number`: the highest number given so far. `trigger`: told of what happens at a camera; whether that is
        recorded for it."""
        self._store = store
        self._clock = clock
        self._number = last_number
        self._may_tell_remotely = may_tell_remotely
        self._trigger = trigger
        self._open: dict[_Key, Event] = {}
        self._listeners: set[EventListener] = set()
        self._recent: dict[str | None, deque[int]] = {}
        self._newest: OrderedDict[int, Event] = OrderedDict()
        self._outbox: Outbox | None = None
        self.refused = 0

    def take(self, event: CameraEvent) -> None:
        """Takes what a camera's source says (recorder.events.event.CameraEvents)."""
        self.tell(event)

    def tell(self, event: CameraEvent) -> bool:
        """The same; whether the recorder records for it (mode `event`)."""
        at = instant_of(event.at_utc_ns)
        key = _Key(event.camera, event.kind, event.source, event.rule[:DETAIL_CHARACTERS_MAX])
        if event.phase == "end":
            self._end(key, at)
            return False
        begun = self._begin(key, at, end=at if event.phase == "pulse" else None)
        return begun and self._trigger(event.camera)

    def begin_system(self, camera: str | None, kind: SystemKind, detail: str) -> None:
        """A condition of the recorder (or of one camera's) begins now."""
        self._begin(_Key(camera, kind, "system", detail[:DETAIL_CHARACTERS_MAX]), self._clock.now(), end=None)

    def end_system(self, camera: str | None, kind: SystemKind, detail: str) -> None:
        """It ends now."""
        self._end(_Key(camera, kind, "system", detail[:DETAIL_CHARACTERS_MAX]), self._clock.now())

    def end_camera(self, camera: str, source: EventSource | None = None) -> None:
        """Ends what lasts at a camera, of one source or all: nobody will tell its end."""
        now = self._clock.now()
        for key in [key for key in self._open if key.camera == camera and source in (None, key.source)]:
            self._end(key, now)

    def forget(self, camera: str) -> None:
        """A camera is taken out."""
        self.end_camera(camera)
        self._recent.pop(camera, None)

    def close(self) -> None:
        """The recorder stops: what lasts ends."""
        now = self._clock.now()
        for key in list(self._open):
            self._end(key, now)

    @property
    def lasting(self) -> list[Event]:
        """The events that last, in the order they began."""
        return list(self._open.values())

    def recent(self, number: int) -> Event | None:
        """One of the newest events, as it is now."""
        return self._newest.get(number)

    def keep_with(self, outbox: Outbox) -> None:
        """From now on what it plans is written in the same transaction as the event."""
        self._outbox = outbox

    @contextmanager
    def listen(self) -> Iterator[EventListener]:
        """All events from now on."""
        listener = EventListener()
        self._listeners.add(listener)
        try:
            yield listener
        finally:
            self._listeners.discard(listener)

    def _begin(self, key: _Key, at: datetime, *, end: datetime | None) -> bool:
        if (end is None and key in self._open) or not self._has_room(key):
            return False
        self._number += 1
        event = Event(
            number=self._number,
            camera=key.camera,
            kind=key.kind,
            source=key.source,
            start=at,
            end=end,
            detail=key.detail,
            licensed=self._may_tell_remotely(key.camera),
        )
        if end is None:
            self._open[key] = event
        self._keep(event, partial(insert_event, event=event), begins=True)
        self._tell(event)
        return True

    def _end(self, key: _Key, at: datetime) -> None:
        event = self._open.pop(key, None)
        if event is not None:
            event = replace(event, end=max(at, event.start))
            self._keep(event, partial(end_event, number=event.number, end=at), begins=False)
            self._tell(event)

    def _keep(self, event: Event, change: Change[None], *, begins: bool) -> None:
        beside = self._outbox(event, begins) if self._outbox is not None else None
        self._store.post(change if beside is None else partial(with_outbox, change=change, beside=beside))

    def _tell(self, event: Event) -> None:
        self._newest[event.number] = event
        if len(self._newest) > RECENT_MAX:
            self._newest.popitem(last=False)
        for listener in self._listeners:
            listener.put(event)

    def _has_room(self, key: _Key) -> bool:
        now_ns = self._clock.monotonic_ns()
        recent = self._recent.setdefault(key.camera, deque(maxlen=EVENTS_PER_MINUTE_MAX))
        if len(self._open) < OPEN_MAX and (len(recent) < EVENTS_PER_MINUTE_MAX or now_ns - recent[0] >= _MINUTE_NS):
            recent.append(now_ns)
            return True
        self.refused += 1
        if self.refused & (self.refused - 1) == 0:  # 1, 2, 4, 8, …: repeats collapsed
            _log.warning(
                "camera %s: too many events by %s, %d left out so far; check its detection settings",
                key.camera,
                key.source,
                self.refused,
            )
        return False
