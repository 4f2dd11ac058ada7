"""Notices by MQTT: what lasts and how things stand, retained (recorder.notify.entities), and every event once.

A broker that is away is tried again and again; events wait for it in the outbox, states are said anew when it is back.
"""

import asyncio
import logging
import random
from collections.abc import Callable, Sequence

import aiomqtt

from gate.cancelled import raise_if_cancelled
from gate.clock import Clock
from recorder.ingest.backoff import Backoff
from recorder.notify.channel import Failed, Told
from recorder.notify.entities import Topics
from recorder.notify.mqtt_connection import mqtt_connection
from recorder.notify.mqtt_session import MqttSession
from recorder.notify.notice import Notice
from recorder.notify.settings import MqttSection

CONNECT_STEPS = ((1, 2), (2, 1), (5, 1), (15, 1), (60, 1))
GOODBYE_SECONDS_MAX = 1.0

_log = logging.getLogger(__name__)


class Mqtt:
    """One broker (recorder.notify.channel.Channel). `run` it in a task beside its courier; set `changed` when what
    `wanted` gives may have changed."""

    name = "mqtt"
    batch_max = 1
    waiting_max = 10_000
    gather_seconds = every_seconds = 0.0

    def __init__(
        self, section: MqttSection, *, device: str, wanted: Callable[[Topics], dict[str, str]], clock: Clock
    ) -> None:
        self.shown = section.shown
        self.topics = Topics(base=section.topic, discovery=section.discovery, device=device)
        self.changed = asyncio.Event()
        self.trouble = "not connected yet"
        """Why there is no connection; empty while there is one."""
        self._section = section
        self._device = device
        self._wanted = wanted
        self._clock = clock
        self._session: MqttSession | None = None
        self._connected = asyncio.Event()
        self._torn = asyncio.Event()

    async def run(self) -> None:
        """Connects, and again whenever the connection breaks, until cancelled."""
        if self._section.password is not None and not self._section.tls:
            _log.warning("MQTT %s: without tls: true its password goes over the network in clear", self.shown)
        backoff = Backoff(CONNECT_STEPS)
        while True:
            try:
                await self._stay_connected(backoff)
            except* (aiomqtt.MqttError, OSError, ValueError) as errors:
                self._say(_reason(errors))
            raise_if_cancelled()
            await self._clock.sleep(backoff.next_seconds(random.random()))

    async def send(self, notices: Sequence[Notice]) -> Told | Failed:
        """Waits for a connection, then until the broker has the event."""
        (notice,) = notices
        await self._connected.wait()
        session = self._session
        if session is None:
            return Failed(reason="the connection broke")
        place = self.topics.camera(notice.camera, "event") if notice.camera else f"{self.topics.device}/event"
        try:
            await session.tell(place, notice.body)
        except aiomqtt.MqttError as error:
            return Failed(reason=f"the connection broke: {error}")
        except asyncio.CancelledError:
            self._torn.set()  # what waits in its buffers must not go out later
            raise
        return Told()

    async def close(self) -> None:
        """`run` says goodbye when it is cancelled."""

    async def _stay_connected(self, backoff: Backoff) -> None:
        identifier, will = f"edge-recorder-{self._device}", self.topics.availability
        async with mqtt_connection(self._section, identifier=identifier, will=will, clock=self._clock) as connection:
            self._torn.clear()
            session = MqttSession(
                connection=connection,
                topics=self.topics,
                wanted=lambda: self._wanted(self.topics),
                changed=self.changed,
                clock=self._clock,
            )
            try:
                async with asyncio.TaskGroup() as group:
                    group.create_task(session.run(), name="mqtt session")
                    await session.settled.wait()
                    self._session = session
                    self._say("")
                    self._connected.set()
                    backoff.reset()
                    await self._torn.wait()
                    connection.tear()
                    raise aiomqtt.MqttError("torn: a licence ended while an event was under way")
            except asyncio.CancelledError:
                await self._say_goodbye(session)
                raise
            finally:
                self._session = None
                self._connected.clear()

    async def _say_goodbye(self, session: MqttSession) -> None:
        try:
            async with self._clock.timeout(GOODBYE_SECONDS_MAX):
                await session.say_goodbye()
        except (aiomqtt.MqttError, TimeoutError):
            pass

    def _say(self, trouble: str) -> None:
        if trouble and trouble != self.trouble:
            _log.warning("MQTT %s: %s", self.shown, trouble)
        elif self.trouble and not trouble:
            _log.info("MQTT %s: connected", self.shown)
        self.trouble = trouble


def _reason(errors: BaseExceptionGroup[Exception]) -> str:
    error: BaseException = errors
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if isinstance(error, aiomqtt.MqttCodeError) or not isinstance(error, OSError):
        return str(error) or type(error).__name__
    return error.strerror or str(error)
