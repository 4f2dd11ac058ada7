"""One connection to an MQTT broker: keeps it holding what it is to hold, and tells it events.

What changes is published as a difference to what was; a new connection publishes all. What the broker still holds of
entities that are no more is taken away.
"""

import asyncio
import json
import ssl
from collections.abc import Callable

import aiomqtt

from gate.clock import Clock
from recorder.notify.entities import OFFLINE, Topics
from recorder.notify.settings import MqttSection, secret_of
from recorder.notify.webhook import tls_context

ANSWER_SECONDS_MAX = 10.0
KEEPALIVE_SECONDS = 30
LOOK_SECONDS = 30.0
"""How often facts are looked at that nobody tells: a licence's days."""
AT_ONCE = 8
"""How many messages are under way to the broker at a time."""
INCOMING_MAX = 4096


async def mqtt_client(section: MqttSection, *, identifier: str | None, will: str | None) -> aiomqtt.Client:
    """A client, not connected yet. Raises ValueError or OSError where a file cannot be read."""
    context: ssl.SSLContext | None = None
    if section.tls:
        context = await asyncio.to_thread(tls_context, section.ca_file)
    password = await asyncio.to_thread(secret_of, section.password, section.password_file)
    return aiomqtt.Client(
        section.host,
        section.port_used,
        username=section.user,
        password=password,
        identifier=identifier,
        tls_context=context,
        keepalive=KEEPALIVE_SECONDS,
        timeout=ANSWER_SECONDS_MAX,
        max_queued_incoming_messages=INCOMING_MAX,
        will=aiomqtt.Will(will, OFFLINE, qos=1, retain=True) if will is not None else None,
    )


class MqttSession:
    """`run` it while the client is connected. `wanted`: what the broker is to hold now; `changed`: set when that may
    have changed."""

    def __init__(
        self,
        *,
        client: aiomqtt.Client,
        topics: Topics,
        wanted: Callable[[], dict[str, str]],
        changed: asyncio.Event,
        clock: Clock,
    ) -> None:
        self._client = client
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
                await self._client.subscribe(self._topics.announced, qos=1)
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
        await self._client.publish(topic, text, qos=1)

    async def say_goodbye(self) -> None:
        """The recorder stops in good order: the broker would not send the will."""
        await self._client.publish(self._topics.availability, OFFLINE, qos=1, retain=True)

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
                group.create_task(self._client.publish(topic, text, qos=1, retain=True))

    def _is_gone(self, topic: str, wanted: dict[str, str]) -> bool:
        """Whether a topic that is no longer wanted is to be cleared: not the state of what has lapsed only."""
        camera = self._topics.camera_of(topic)
        if camera is None:
            return not topic.startswith(f"{self._topics.device}/")
        return self._topics.camera(camera, "availability") not in wanted

    async def _clear_leftovers(self) -> None:
        async for message in self._client.messages:
            topic, payload = str(message.topic), message.payload
            if isinstance(payload, bytes) and payload and message.retain and topic not in self._wanted():
                await self._client.publish(topic, "", qos=1, retain=True)
                for place in _places(payload):
                    if place.startswith(f"{self._topics.device}/cameras/") and place not in self._wanted():
                        await self._client.publish(place, "", qos=1, retain=True)


def _places(payload: bytes) -> list[str]:
    """Where an announced entity has its state and availability."""
    try:
        entity = json.loads(payload)
        places = [entity["state_topic"], *(each["topic"] for each in entity["availability"])]
    except (ValueError, RecursionError, KeyError, TypeError):
        return []
    return [place for place in places if isinstance(place, str)]
