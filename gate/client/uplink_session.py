"""One conversation of a device with its licence service, from the challenge to the end of the connection.

1. Nothing the service says counts but what is signed for this device (gate.signing.trust, gate.signing.trusted_time) or
   said on this channel, whose host key the issuer has signed.
2. A time that contradicts the device's own by more than SURPRISE is asked for a second time before it is believed: one
   of the two may be in the middle of a step of its clock.
3. An entitlement whose time of issue has not come here yet is tried again until it has; it never interrupts another.
4. It is asked for anew half-way between its issue and its end of freshness.
"""

import asyncio
import json
import logging
import secrets
from collections.abc import Callable, Sequence

import anyio

from gate.client.acceptance import Acceptance
from gate.client.gate import Gate
from gate.client.registration import Registration
from gate.client.timekeeper import Timekeeper
from gate.clock import Clock
from gate.licence.text import Text
from gate.signing.errors import EnvelopeError
from gate.signing.identity import DeviceIdentity
from gate.signing.time_answer import TIME_TYPE, open_time
from gate.signing.trust import Refusal
from gate.signing.trusted_time import CORRECTION, Question
from gate.uplink.errors import ChannelLostError, UplinkError
from gate.uplink.lines import MessageChannel
from gate.uplink.messages import Ack, Ask, CameraLine, Cameras, Challenge, Farewell, Hello, Standing, Told

NONCE_BYTES = 32
QUESTIONS_MAX = 8
GREETING_SECONDS_MAX = 10.0
SURPRISE = CORRECTION
CONFIRM_SECONDS = 0.5
ANSWER_SECONDS = 1.5
"""How long a renewal waits for its answer before it sleeps again (a stepped clock waits for that)."""
FUTURE_SECONDS = 0.1
FUTURE_TRIES_MAX = 50

_log = logging.getLogger(__name__)


class FarewellError(UplinkError):
    """The service ended it; `text` says why."""

    def __init__(self, farewell: Farewell) -> None:
        super().__init__(f"{farewell.code}: {farewell.en}")
        self.text = Text(ja=farewell.ja, en=farewell.en)


class UplinkSession:
    """`run` once."""

    def __init__(
        self,
        *,
        channel: MessageChannel,
        identity: DeviceIdentity,
        registration: Registration,
        name: str,
        cameras: Callable[[], Sequence[CameraLine]],
        cameras_changed: asyncio.Event,
        places: Callable[[], Sequence[str]],
        acceptance: Acceptance,
        timekeeper: Timekeeper,
        gate: Gate,
        clock: Clock,
        on_standing: Callable[[bool], None],
    ) -> None:
        """`cameras_changed` is cleared when the service has been told. `on_standing`: called whenever it says whether
        the device is registered."""
        self._channel = channel
        self._identity = identity
        self._registration = registration
        self._name = name
        self._cameras = cameras
        self._cameras_changed = cameras_changed
        self._places = places
        self._acceptance = acceptance
        self._timekeeper = timekeeper
        self._gate = gate
        self._clock = clock
        self._on_standing = on_standing
        self._questions: dict[bytes, Question] = {}
        self._confirming = self._had_no_owner = False
        self._told = 0
        self._answered = asyncio.Event()
        self._renewal: anyio.CancelScope | None = None

    async def run(self) -> None:
        """Ends by raising: UplinkError or TimeoutError."""
        async with self._clock.timeout(GREETING_SECONDS_MAX):
            challenge = await self._channel.receive()
        if not isinstance(challenge, Challenge):
            raise ChannelLostError("the service did not begin with a challenge")
        await self._channel.send(self._hello(bytes.fromhex(challenge.challenge)))
        try:
            async with anyio.create_task_group() as group:
                group.start_soon(self._renew, name="licence renewal")
                group.start_soon(self._tell_cameras)
                while True:
                    await self._take(await self._channel.receive(), group)
        except BaseExceptionGroup as errors:
            raise errors.exceptions[0] from None

    async def ask(self) -> bool:
        """Asks for the licence and the time; whether an answer came within ANSWER_SECONDS. Raises as sending does."""
        self._answered.clear()
        await self._channel.send(Ask(nonce=self._new_nonce()))
        try:
            async with self._clock.timeout(ANSWER_SECONDS):
                await self._answered.wait()
        except TimeoutError:
            return False
        return True

    def _hello(self, challenge: bytes) -> Hello:
        entitlement = self._acceptance.trusted.entitlement if self._gate.entitlement is not None else None
        return Hello(
            label=self._registration.text,
            name=self._name,
            cameras=tuple(self._cameras()),
            boot_id=self._timekeeper.boot_id,
            seq=entitlement.seq if entitlement else 0,
            floor=self._timekeeper.evidence().floor,
            proof=self._identity.prove(challenge).hex(),
            nonce=self._new_nonce(),
            places=tuple(self._places()),
        )

    def _new_nonce(self) -> str:
        nonce = secrets.token_bytes(NONCE_BYTES)
        while len(self._questions) >= QUESTIONS_MAX:
            del self._questions[next(iter(self._questions))]
        self._questions[nonce] = self._timekeeper.question(nonce)
        return nonce.hex()

    async def _take(self, message: object, group: anyio.abc.TaskGroup) -> None:
        match message:
            case Farewell():
                raise FarewellError(message)
            case Standing():
                await self._take_standing(message)
            case Told():
                self._told += 1
                if message.time is not None:
                    await self._take_time(json.dumps(message.time).encode(), group)
                content = json.dumps(message.document).encode()
                if await self._take_entitlement(content) == "FUTURE":
                    group.start_soon(self._take_later, content, self._told)
                self._answered.set()
                if self._renewal is not None:
                    self._renewal.cancel()

    async def _take_standing(self, standing: Standing) -> None:
        if standing.code_taken:
            await anyio.to_thread.run_sync(self._registration.renew_code)
            raise ChannelLostError("the registration code is another device's; there is a new one now")
        if not standing.registered and self._gate.entitlement is not None:
            _log.warning("LICENCE_REVOKED the service has registered this device for nobody")
            await self._acceptance.forget()
        self._on_standing(standing.registered)
        if standing.registered and self._had_no_owner:
            await self._channel.send(Ask(nonce=self._new_nonce()))  # the first nonce was spent on no answer
        self._had_no_owner = not standing.registered

    async def _take_time(self, content: bytes, group: anyio.abc.TaskGroup) -> None:
        refused = self._acceptance.take_keys(content, TIME_TYPE)
        if refused is not None:
            _log.warning("TIME_REFUSED %s", refused.code)
            return
        try:
            answer = open_time(content, self._registration.device, self._acceptance.trusted.keys.keys)
        except EnvelopeError as error:
            _log.warning("TIME_REFUSED %s", error)
            return
        question = self._questions.pop(answer.nonce, None)
        if question is None:
            _log.warning("TIME_REFUSED it answers no question of this connection")
            return
        ahead = answer.time - self._timekeeper.evidence().now
        if abs(ahead) > SURPRISE and not self._confirming:
            self._confirming = True
            group.start_soon(self._confirm)
            return
        self._confirming = False
        if self._timekeeper.take_signed_time(answer, question) is None:
            self._gate.look_again()
            await anyio.to_thread.run_sync(self._timekeeper.keep)

    async def _confirm(self) -> None:
        await self._clock.sleep(CONFIRM_SECONDS)
        await self._channel.send(Ask(nonce=self._new_nonce()))

    async def _take_entitlement(self, content: bytes) -> str | None:
        """The code of its refusal; None: it is in force."""
        judged = await self._acceptance.consider(content)
        if not isinstance(judged, Refusal):
            await self._channel.send(Ack(seq=judged.seq))
            return None
        if judged.code != "FUTURE":
            _log.warning("LICENCE_REFUSED code=%s: %s", judged.code, judged.problem.en)
            await self._channel.send(Ack(seq=0, refused=judged.code))
        return judged.code

    async def _take_later(self, content: bytes, told: int) -> None:
        for _ in range(FUTURE_TRIES_MAX):
            await self._clock.sleep(FUTURE_SECONDS)
            if told != self._told or await self._take_entitlement(content) != "FUTURE":
                return
        await self._channel.send(Ask(nonce=self._new_nonce()))

    async def _tell_cameras(self) -> None:
        while True:
            await self._cameras_changed.wait()
            self._cameras_changed.clear()
            await self._channel.send(Cameras(cameras=tuple(self._cameras())))

    async def _renew(self) -> None:
        while True:
            entitlement = self._gate.entitlement
            with anyio.CancelScope() as self._renewal:
                if entitlement is None or entitlement.stale_after is None:
                    await anyio.sleep_forever()
                else:
                    middle = entitlement.issued_at + (entitlement.stale_after - entitlement.issued_at) / 2
                    await self._clock.sleep_until(middle + self._timekeeper.evidence().wall_ahead)
            if self._renewal.cancelled_caught:
                continue
            if not await self.ask() or self._gate.entitlement is entitlement:
                await self._clock.sleep(GREETING_SECONDS_MAX)
