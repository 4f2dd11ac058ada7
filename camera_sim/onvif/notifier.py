"""From what happens before a camera to what its subscribers are told, by its personality's topics."""

from collections.abc import Iterator
from datetime import datetime

from camera_sim.events.event import CameraEvent, EventKind
from camera_sim.events.feed import EventSource
from camera_sim.onvif.personality import Personality, Topic
from camera_sim.onvif.subscriptions import Notification, Subscription, Subscriptions


class Notifier:
    """Of one camera. `run` listens for ever."""

    def __init__(self, personality: Personality, events: EventSource, subscriptions: Subscriptions) -> None:
        self._personality = personality
        self._events = events
        self._subscribers = subscriptions

    async def run(self) -> None:
        """Tells every subscriber what happens."""
        with self._events.listening() as feed:
            async for event in feed:
                self._subscribers.tell(self.changes(event))

    def changes(self, event: CameraEvent) -> Iterator[Notification]:
        """What is told when an event begins or ends."""
        for topic in self._personality.topics:
            if event.kind not in topic.values or (event.phase == "ended" and not topic.is_property):
                continue
            kind = event.kind if event.phase == "began" else None
            yield _notification(topic, "Changed" if topic.is_property else None, kind, event.at)

    def tell_state(self, subscription: Subscription, now: datetime) -> None:
        """Puts the present state of all properties before one subscriber."""
        told = self._events.told
        kind = None if told is None else told.kind
        for topic in self._personality.topics:
            if topic.is_property:
                subscription.put(_notification(topic, "Initialized", kind, now))


def _notification(topic: Topic, operation: str | None, kind: EventKind | None, at: datetime) -> Notification:
    value = topic.otherwise if kind is None else topic.values.get(kind, topic.otherwise)
    return Notification(
        topic=topic.name,
        operation=operation,
        at=at,
        sources=tuple((name, value) for name, _, value in topic.sources),
        data=((topic.item, value),),
    )
