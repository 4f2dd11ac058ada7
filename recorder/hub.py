"""Fan-out of access units: one `Feed` per camera and stream, from ingest to whoever holds a lease.

Two ways to listen. `attach` calls a function synchronously for each unit (the recording path: no task switch per
picture). `subscribe` gives an async iterator behind a bounded queue; who falls behind skips to the next key frame and
is told how many pictures it lost. Both take a lease, which only a gate gives, and pass a unit only if it covers the
label and the arrival.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from gate.client.lease import Lease
from recorder.media.access_unit import AccessUnit

Sink = Callable[[AccessUnit], None]

CACHED_SECONDS_MAX = 10.0
"""Who begins to watch is not shown what came longer ago: the camera may have been gone for hours."""
GOP_BYTES_MAX = 8 << 20
"""Bound of the cached group of pictures of one stream; a longer group is not cached to its end."""


@dataclass(frozen=True, slots=True)
class Dropped:
    """In place of pictures that a slow subscriber lost."""

    units: int


class Subscription:
    """A bounded queue of units. Iterate it in one task only; it never ends by itself (the lease's scope ends it)."""

    def __init__(self, lease: Lease, units_max: int, bytes_max: int) -> None:
        self._lease = lease
        self._units_max = units_max
        self._bytes_max = bytes_max
        self._queue: deque[AccessUnit | Dropped] = deque()
        self._queued_bytes = 0
        self._lost = 0
        self._ready = asyncio.Event()
        self.dropped_units = 0

    def put(self, unit: AccessUnit) -> None:
        """Queues a unit; a full queue is emptied and filled again from the next key frame on."""
        if not _covered(self._lease, unit):
            return
        if len(self._queue) >= self._units_max or self._queued_bytes + len(unit.data) > self._bytes_max:
            self._lost += sum(item.units if isinstance(item, Dropped) else 1 for item in self._queue)
            self._queue.clear()
            self._queued_bytes = 0
            self._lost += 1
            return
        if self._lost:
            if not unit.key:
                self._lost += 1
                return
            self.dropped_units += self._lost
            self._queue.append(Dropped(self._lost))
            self._lost = 0
        self._queue.append(unit)
        self._queued_bytes += len(unit.data)
        self._ready.set()

    async def __aiter__(self) -> AsyncIterator[AccessUnit | Dropped]:
        while True:
            while not self._queue:
                self._ready.clear()
                await self._ready.wait()
            item = self._queue.popleft()
            if isinstance(item, AccessUnit):
                self._queued_bytes -= len(item.data)
                if not _covered(self._lease, item):
                    continue
            yield item


class Feed:
    """The units of one stream. `on_watch` is called when live watchers come and go; `on_key_wanted` asks the camera
    for a key frame; both are set by ingest."""

    def __init__(self) -> None:
        self._sinks: list[tuple[Lease, Sink]] = []
        self._subscriptions: set[Subscription] = set()
        self._gop: list[AccessUnit] = []
        self._gop_bytes = 0
        self._dropped_before = 0
        self.on_watch: Callable[[bool], None] | None = None
        self.on_key_wanted: Callable[[], None] | None = None

    @property
    def watched(self) -> bool:
        """Whether somebody watches live: latency then matters more than batching."""
        return bool(self._subscriptions)

    @property
    def watchers(self) -> int:
        """How many watch live."""
        return len(self._subscriptions)

    @property
    def dropped_units(self) -> int:
        """What slow watchers have lost since the start; only grows."""
        return self._dropped_before + sum(one.dropped_units for one in self._subscriptions)

    @property
    def attached(self) -> int:
        """How many sinks listen."""
        return len(self._sinks)

    def publish(self, unit: AccessUnit) -> None:
        """Passes a unit to everyone. Never blocks."""
        self._cache(unit)
        for lease, sink in self._sinks:
            if _covered(lease, unit):
                sink(unit)
        for subscription in self._subscriptions:
            subscription.put(unit)

    def want_key(self) -> None:
        """Asks the camera for a key frame soon, where it can be asked."""
        if self.on_key_wanted is not None:
            self.on_key_wanted()

    @contextmanager
    def attach(self, lease: Lease, sink: Sink) -> Iterator[None]:
        """Calls `sink` for each unit that the lease covers, beginning with the next one published."""
        entry = (lease, sink)
        self._sinks = [*self._sinks, entry]
        try:
            yield
        finally:
            self._sinks = [other for other in self._sinks if other is not entry]

    @contextmanager
    def subscribe(
        self, lease: Lease, *, now_ns: int, units_max: int = 120, bytes_max: int = 8 << 20
    ) -> Iterator[Subscription]:
        """A subscription that begins with the cached group of pictures, so that there is something to show at once,
        unless that is old by now. `now_ns`: monotonic."""
        subscription = Subscription(lease, units_max, bytes_max)
        for unit in self._licensed_gop(lease, now_ns):
            subscription.put(unit)
        self._subscriptions = {*self._subscriptions, subscription}
        self._tell_watched()
        try:
            yield subscription
        finally:
            self._subscriptions = self._subscriptions - {subscription}
            self._dropped_before += subscription.dropped_units
            self._tell_watched()

    def _licensed_gop(self, lease: Lease, now_ns: int) -> Iterable[AccessUnit]:
        gop = self._gop
        if not gop or now_ns - gop[-1].arrival_ns > CACHED_SECONDS_MAX * 1e9:
            return ()
        return gop if _covered(lease, gop[0]) else ()

    def _cache(self, unit: AccessUnit) -> None:
        if unit.key or (self._gop and unit.run != self._gop[-1].run):
            self._gop, self._gop_bytes = [], 0  # across a clock step labels cannot tell what was licensed
        if not self._gop and not unit.key:
            return
        self._gop_bytes += len(unit.data)
        if self._gop_bytes > GOP_BYTES_MAX:
            self._gop = []  # a torn group is no use to a decoder
        else:
            self._gop.append(unit)

    def _tell_watched(self) -> None:
        if self.on_watch is not None:
            self.on_watch(self.watched)


def _covered(lease: Lease, unit: AccessUnit) -> bool:
    return lease.covers_arrival(unit.utc_ns, unit.arrival_ns)


class Hub:
    """All feeds of a recorder, by camera and stream."""

    def __init__(self) -> None:
        self._feeds: dict[tuple[str, str], Feed] = {}

    def feed(self, camera: str, stream: str) -> Feed:
        """The feed of a stream (`main` or `sub`); made on first use."""
        return self._feeds.setdefault((camera, stream), Feed())

    def remove(self, camera: str) -> None:
        """Forgets a camera that is no longer there, with its cached pictures."""
        for key in [key for key in self._feeds if key[0] == camera]:
            del self._feeds[key]
