"""Listens to one camera's events for ever: subscribes, pulls, renews, and begins anew when that breaks.

Rules
1. One request at a time: a pull that waits WAIT_SECONDS at most, and between two pulls a renewal when half of the
   subscription's time is over. A camera that cannot renew is subscribed to anew.
2. A new subscription begins with the state of things (SetSynchronizationPoint; cameras that refuse it may tell it
   anyway). What the camera does not confirm then is over.
3. A camera that stays out of sight for LOST_SECONDS ends its events. So does the end of listening.
4. Retries as for streams: soon for a camera that is away, rarely for a wrong password.
"""

import logging
import random
from collections.abc import Callable, Iterable

import aiohttp
import anyio

from gate.clock import Clock
from recorder.events.event import CameraEvent, CameraEvents
from recorder.ingest.backoff import GOOD_SECONDS, HUMAN_STEPS, Backoff
from recorder.ingest.errors import IngestError, OnvifFaultError, ProtocolError, UnauthorizedError, UnsupportedError
from recorder.ingest.onvif import names, soap
from recorder.ingest.onvif.client import ANSWER_SECONDS_MAX, OnvifClient
from recorder.ingest.onvif.document import text
from recorder.ingest.onvif.notifications import EventStates, notifications
from recorder.ingest.rtsp.auth import Credentials

WAIT_SECONDS = 20
SUBSCRIPTION_SECONDS = 120
MESSAGES = 100
LOST_SECONDS = 30.0
FAREWELL_SECONDS = 0.5
_EVENT_PORT = f"{names.EVENTS}/EventPortType"
_PULL_PORT = f"{names.EVENTS}/PullPointSubscription"
_MANAGER = "http://docs.oasis-open.org/wsn/bw-2/SubscriptionManager"

_log = logging.getLogger(__name__)


class EventPull:
    """`run` never ends by itself and never raises for anything a camera does. `wait_seconds`: how long a pull waits."""

    def __init__(
        self,
        *,
        camera: str,
        address: str,
        credentials: Credentials | None,
        events: CameraEvents,
        clock: Clock,
        wait_seconds: int = WAIT_SECONDS,
        share: Callable[[], float] = random.random,
    ) -> None:
        self._camera = camera
        self._address = address
        self._credentials = credentials
        self._events = events
        self._clock = clock
        self._wait_seconds = wait_seconds
        self._share = share
        self._states = EventStates(camera)
        self._said = ""
        self.subscriptions = 0
        """How often it has subscribed."""

    async def run(self) -> None:
        """Until cancelled; the camera is then told, within a second."""
        retries, human_retries = Backoff(), Backoff(HUMAN_STEPS)
        lost_ns: int | None = None
        try:
            while True:
                began_ns = self._clock.monotonic_ns()
                subscribed = self.subscriptions
                error = await self._listen()
                now_ns = self._clock.monotonic_ns()
                if self.subscriptions != subscribed:
                    lost_ns = None
                    if now_ns - began_ns >= GOOD_SECONDS * 1e9:
                        retries.reset()
                        human_retries.reset()
                lost_ns = now_ns if lost_ns is None else lost_ns
                needs_human = isinstance(error, UnauthorizedError | UnsupportedError)
                seconds = (human_retries if needs_human else retries).next_seconds(self._share())
                self._say(str(error), "%s The next try is in %.0f s.", error, seconds)
                await self._rest(seconds, lost_ns)
        finally:
            self._tell(self._states.end_all(self._clock.now_ns()))

    async def _rest(self, seconds: float, lost_ns: int) -> None:
        """Waits; meanwhile rule 3."""
        left = LOST_SECONDS - (self._clock.monotonic_ns() - lost_ns) / 1e9
        if 0 < left <= seconds:
            await self._clock.sleep(left)
            seconds -= left
            left = 0
        if left <= 0:
            self._tell(self._states.end_all(self._clock.now_ns()))
        await self._clock.sleep(seconds)

    async def _listen(self) -> IngestError:
        """One connection: why it ended."""
        timeout = aiohttp.ClientTimeout(total=None)
        async with aiohttp.ClientSession(timeout=timeout, auto_decompress=False) as session:
            client = OnvifClient(self._address, self._credentials, session, self._clock)
            try:
                await client.connect()
                while True:
                    await self._subscribe_and_pull(client)
            except IngestError as error:
                return error

    async def _subscribe_and_pull(self, client: OnvifClient) -> None:
        """One subscription; returns when it cannot be renewed."""
        point = await self._subscribe(client)
        self.subscriptions += 1
        self._say("", "events are listened to")
        try:
            await self._synchronize(client, point)
            await self._pull(client, point, unconfirmed=True)
            renewed_ns = self._clock.monotonic_ns()
            while True:
                await self._pull(client, point)
                if self._clock.monotonic_ns() - renewed_ns >= SUBSCRIPTION_SECONDS / 2 * 1e9:
                    if not await self._renew(client, point):
                        return
                    renewed_ns = self._clock.monotonic_ns()
        finally:
            await self._unsubscribe(client, point)

    async def _subscribe(self, client: OnvifClient) -> str:
        body = await client.ask_at(
            client.service(names.EVENTS),
            soap.operation(
                names.EVENTS,
                "CreatePullPointSubscription",
                soap.given("InitialTerminationTime", f"PT{SUBSCRIPTION_SECONDS}S"),
            ),
            action=f"{_EVENT_PORT}/CreatePullPointSubscriptionRequest",
        )
        address = text(body, "SubscriptionReference/Address")
        if not address:
            raise ProtocolError("The camera has no address for its events.")
        self._states.doubt()
        return client.here(address)

    async def _synchronize(self, client: OnvifClient, point: str) -> None:
        try:
            await client.ask_at(
                point,
                soap.operation(names.EVENTS, "SetSynchronizationPoint"),
                action=f"{_PULL_PORT}/SetSynchronizationPointRequest",
            )
        except OnvifFaultError as error:
            _log.debug("camera %s: no state of events on request: %s", self._camera, error)

    async def _pull(self, client: OnvifClient, point: str, *, unconfirmed: bool = False) -> None:
        """Tells what there is. `unconfirmed`: the first pulls of a subscription, until they bring nothing more."""
        wait_seconds = 1 if unconfirmed else self._wait_seconds
        while True:
            wish = soap.given("Timeout", f"PT{wait_seconds}S") + soap.given("MessageLimit", str(MESSAGES))
            body = await client.ask_at(
                point,
                soap.operation(names.EVENTS, "PullMessages", wish),
                action=f"{_PULL_PORT}/PullMessagesRequest",
                seconds=wait_seconds + ANSWER_SECONDS_MAX,
            )
            told = notifications(body)
            self._tell(self._states.take(told, self._clock.now_ns()))
            if len(told) < MESSAGES:
                break
        if unconfirmed:
            self._tell(self._states.end_unconfirmed(self._clock.now_ns()))

    async def _renew(self, client: OnvifClient, point: str) -> bool:
        wish = soap.given("TerminationTime", f"PT{SUBSCRIPTION_SECONDS}S")
        try:
            await client.ask_at(point, soap.operation(names.WSNT, "Renew", wish), action=f"{_MANAGER}/RenewRequest")
        except OnvifFaultError as error:
            _log.info("camera %s: its subscription is not renewed (%s); subscribing anew", self._camera, error)
            return False
        return True

    async def _unsubscribe(self, client: OnvifClient, point: str) -> None:
        with anyio.CancelScope(shield=True):
            try:
                await client.ask_at(
                    point,
                    soap.operation(names.WSNT, "Unsubscribe"),
                    action=f"{_MANAGER}/UnsubscribeRequest",
                    seconds=FAREWELL_SECONDS,
                )
            except IngestError as error:
                _log.debug("camera %s: not unsubscribed: %s", self._camera, error)

    def _tell(self, events: Iterable[CameraEvent]) -> None:
        for event in events:
            self._events.take(event)

    def _say(self, what: str, message: str, *values: object) -> None:
        """Logs what is new: a camera that stays away is said once."""
        if what != self._said or not what:
            level = logging.WARNING if what else logging.INFO
            _log.log(level, "camera %s: " + message, self._camera, *values)
        self._said = what
