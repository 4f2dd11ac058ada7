"""One connection to an MQTT broker: keeps it holding what it is to hold, and tells it events.

What changes is published as a difference to what was; a new connection publishes all. What the broker still holds of
entities that are no more is taken away.
"""

import asyncio
import json
from collections.abc import Callable

from gate.clock import Clock
from recorder.notify.entities import OFFLINE, Topics
from recorder.notify.mqtt_connection import MqttConnection

LOOK_SECONDS = 30.0
"""How often facts are looked at that nobody tells: a licence's days."""
AT_ONCE = 8
"""How many messages are under way to the broker at a time."""


class MqttSession:
    """`run` it while the connection stands. `wanted`: what the broker is to hold now; `changed`: set when that may
    have changed."""

    def __init__(
        self,
        *,
        connection: MqttConnection,
        topics: Topics,
        wanted: Callable[[], dict[str, str]],
        changed: asyncio.Event,
        clock: Clock,
    ) -> None:
        self._connection = connection
        self._topics = topics
        self._wanted = wanted
        self._changed = changed
        self._clock = clock
        self._held: dict[str, str] = {}
        self.settled = asyncio.Event()
        """Set when the broker holds everything for the first time."""

    async def run(self) -> None:
        """Until the connection breaks: raises aiomqtt.MqttError (in a group)."""
        async with asyncio.TaskGroup() as group:
            if self._topics.announced is not None:
                await self._connection.subscribe(self._topics.announced)
            group.create_task(self._clear_leftovers(), name="mqtt leftovers")
            while True:
                self._changed.clear()
                await self._publish_changes()
                self.settled.set()
                try:
                    async with self._clock.timeout(LOOK_SECONDS):
                        await self._changed.wait()
                except TimeoutError:
                    pass

    async def tell(self, topic: str, text: str) -> None:
        """An event, to whoever listens now; returns when the broker has it. Raises aiomqtt.MqttError."""
        await self._connection.publish(topic, text)

    async def say_goodbye(self) -> None:
        """The recorder stops in good order: the broker would not send the will."""
        await self._connection.publish(self._topics.availability, OFFLINE, retain=True)

    async def _publish_changes(self) -> None:
        wanted = self._wanted()
        news = [(topic, text) for topic, text in wanted.items() if self._held.get(topic) != text]
        away = [topic for topic in self._held if topic not in wanted and self._is_gone(topic, wanted)]
        for topic in away:
            del self._held[topic]
        self._held |= wanted
        # Availability is said before and after the rest: only what lies between may overtake each other.
        middle = [entry for entry in news if not entry[0].endswith(("/availability", "/notices"))]
        first = [entry for entry in news if entry not in middle and entry[1] == OFFLINE]
        last = [entry for entry in news if entry not in middle and entry[1] != OFFLINE]
        for batch in (first, middle, last, [(topic, "") for topic in away]):
            for start in range(0, len(batch), AT_ONCE):
                await self._publish(batch[start : start + AT_ONCE])

    async def _publish(self, batch: list[tuple[str, str]]) -> None:
        async with asyncio.TaskGroup() as group:
            for topic, text in batch:
                group.create_task(self._connection.publish(topic, text, retain=True))

    def _is_gone(self, topic: str, wanted: dict[str, str]) -> bool:
        """Whether a topic that is no longer wanted is to be cleared: not the state of what has lapsed only."""
        camera = self._topics.camera_of(topic)
        if camera is None:
            return not topic.startswith(f"{self._topics.device}/")
        return self._topics.camera(camera, "availability") not in wanted

    async def _clear_leftovers(self) -> None:
        async for message in self._connection.messages:
            topic, payload = str(message.topic), message.payload
            if isinstance(payload, bytes) and payload and message.retain and topic not in self._wanted():
                await self._connection.publish(topic, "", retain=True)
                for place in _places(payload):
                    if place.startswith(f"{self._topics.device}/cameras/") and place not in self._wanted():
                        await self._connection.publish(place, "", retain=True)


def _places(payload: bytes) -> list[str]:
    """Where an announced entity has its state and availability."""
    try:
        entity = json.loads(payload)
        places = [entity["state_topic"], *(each["topic"] for each in entity["availability"])]
    except (ValueError, RecursionError, KeyError, TypeError):
        return []
    return [place for place in places if isinstance(place, str)]
