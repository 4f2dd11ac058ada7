"""Pull points: who has subscribed to a camera's events, and what waits for each (WS-BaseNotification 1.3; ONVIF Core
Specification, event handling).

Rules
1. A subscription ends at its termination time, or when it is unsubscribed. Its time is monotonic: no step of the
   camera's clock makes it longer or shorter.
2. Without an initial termination time each pull makes it last anew; with one only Renew does.
3. WAITING_MAX notifications wait for a subscriber; then the oldest go, and are counted.
4. A second pull takes the place of the first, which is answered with nothing.
"""

import asyncio
import itertools
import secrets
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from camera_sim.onvif.topic_filter import TopicFilter
from gate.clock import Clock

WAITING_MAX = 256
DEFAULT_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """One message. `operation`: `Initialized` or `Changed` of a property; None for what is none."""

    topic: str
    operation: str | None
    at: datetime
    sources: tuple[tuple[str, str], ...]
    data: tuple[tuple[str, str], ...]


class Subscription:
    """One pull point. `lasts`: seconds that each pull grants (rule 2); None: Renew only."""

    def __init__(self, number: int, wanted: TopicFilter, lasts: float | None) -> None:
        self.token = f"{number}-{secrets.token_hex(4)}"
        self.wanted = wanted
        self.lasts = lasts
        self.ends_ns = 0
        self.lost = 0
        """Notifications that nobody pulled in time."""
        self._waiting: deque[Notification] = deque()
        self._changed = asyncio.Event()
        self.pulls = 0
        """How often it has been pulled."""
        self.over = False

    def put(self, notification: Notification) -> None:
        """Keeps it for the next pull, if it is wanted."""
        if not self.wanted.covers(notification.topic):
            return
        if len(self._waiting) >= WAITING_MAX:
            self._waiting.popleft()
            self.lost += 1
        self._waiting.append(notification)
        self._changed.set()

    def end(self) -> None:
        """Whoever pulls is answered at once."""
        self.over = True
        self._changed.set()

    async def pull(self, most: int, seconds: float, clock: Clock) -> list[Notification]:
        """The oldest notifications, as soon as there are any; none after that time, or if the subscription ends."""
        self.pulls += 1
        mine = self.pulls
        self._changed.set()  # rule 4
        try:
            async with clock.timeout(seconds):
                while not self.over and mine == self.pulls and not self._waiting:
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            pass
        if mine != self.pulls:
            return []
        return [self._waiting.popleft() for _ in range(min(most, len(self._waiting)))]


class Subscriptions:
    """All of one camera, `most` at a time."""

    def __init__(self, clock: Clock, most: int) -> None:
        self._clock = clock
        self._most = most
        self._numbers = itertools.count(1)
        self._all: dict[str, Subscription] = {}

    def __len__(self) -> int:
        self._sweep()
        return len(self._all)

    def __iter__(self) -> Iterator[Subscription]:
        self._sweep()
        return iter(tuple(self._all.values()))

    def open(self, wanted: TopicFilter, seconds: float | None) -> Subscription | None:
        """A new one; None: there are too many."""
        self._sweep()
        if len(self._all) >= self._most:
            return None
        subscription = Subscription(next(self._numbers), wanted, DEFAULT_SECONDS if seconds is None else None)
        self.renew(subscription, DEFAULT_SECONDS if seconds is None else seconds)
        self._all[subscription.token] = subscription
        return subscription

    def find(self, token: str) -> Subscription | None:
        """One that has not ended."""
        self._sweep()
        return self._all.get(token)

    def renew(self, subscription: Subscription, seconds: float) -> None:
        """Lets it last that long from now."""
        subscription.ends_ns = self._clock.monotonic_ns() + round(seconds * 1e9)

    def close(self, subscription: Subscription) -> None:
        """Ends one."""
        if self._all.pop(subscription.token, None) is not None:
            subscription.end()

    def clear(self) -> None:
        """Ends all: the camera has restarted."""
        for subscription in tuple(self._all.values()):
            self.close(subscription)

    def tell(self, notifications: Iterable[Notification]) -> None:
        """Puts them before every subscriber."""
        self._sweep()
        for notification in notifications:
            for subscription in self._all.values():
                subscription.put(notification)

    def seconds_left(self, subscription: Subscription) -> float:
        """Until its termination time."""
        return max(subscription.ends_ns - self._clock.monotonic_ns(), 0) / 1e9

    def _sweep(self) -> None:
        now_ns = self._clock.monotonic_ns()
        for subscription in [one for one in self._all.values() if one.ends_ns <= now_ns]:
            self.close(subscription)
