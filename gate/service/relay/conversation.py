"""The service's side of the sync channel: one device, from its challenge to the end of its connection.

1. The key that SSH has seen names the device; its label must say the same, and its proof over our challenge is what the
   witness counts (gate.signing.witness).
2. A device that belongs to somebody is told its entitlement at once, and again whenever its customer's licences change,
   or when it asks. One that belongs to nobody is told so, and waits for an owner.
"""

import json
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import anyio

from gate.clock import Clock
from gate.licence.rules import Rules
from gate.licence.text import Text
from gate.service.operations.devices import AnnouncedCamera, Announcement, announce
from gate.service.operations.entitlements import Minted, hear, mint, new_challenge
from gate.service.operations.refusals import Refusal, ServiceCode
from gate.service.relay.changes import Changes, Watched
from gate.service.store.engine import Store
from gate.service.store.whole import whole
from gate.signing.device_label import DeviceLabel, label_of
from gate.signing.issuer import Issuer
from gate.signing.witness import Alarm, Report
from gate.uplink.errors import MessageError
from gate.uplink.lines import MessageChannel
from gate.uplink.messages import Ack, Ask, CameraLine, Cameras, Challenge, Farewell, Hello, Standing, Told

HELLO_SECONDS_MAX = 10.0
TELL_SECONDS_MIN = 0.02
"""Changes that come in a burst are told as one."""

_log = logging.getLogger(__name__)

_WRONG_LABEL = Text(ja="機器の鍵とラベルが一致しません。", en="The device's key and its label do not belong together.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What every conversation needs."""

    store: Store
    clock: Clock
    rules: Rules
    issuer: Issuer
    changes: Changes


class Conversation:
    """`run` once."""

    def __init__(
        self, *, device: str, channel: MessageChannel, desk: Desk, on_known: Callable[[], Awaitable[None]]
    ) -> None:
        """`device`: by its key. `on_known`: awaited once the device has proved itself and has said what it is."""
        self._device = device
        self._channel = channel
        self._desk = desk
        self._on_known = on_known
        self._watched = Watched(device)
        self._label: DeviceLabel | None = None
        self._name = ""
        self._telling = anyio.Lock()
        self._standing: bool | None = None

    async def run(self) -> None:
        """Until the connection ends. Raises gate.uplink.errors.UplinkError or TimeoutError."""
        hello = await self._greeting()
        if hello is None:
            return
        await self._on_known()
        self._desk.changes.watch(self._watched)
        try:
            await self._tell(hello.nonce)
            async with anyio.create_task_group() as group:
                group.start_soon(self._follow_changes)
                while True:
                    await self._hear(await self._channel.receive())
        except BaseExceptionGroup as errors:
            raise errors.exceptions[0] from None
        finally:
            self._desk.changes.forget(self._watched)

    async def _greeting(self) -> Hello | None:
        """None: the device was turned away, and told so."""
        challenge = await whole(self._new_challenge())
        await self._channel.send(Challenge(challenge=challenge.hex()))
        async with self._desk.clock.timeout(HELLO_SECONDS_MAX):
            hello = await self._channel.receive()
        if not isinstance(hello, Hello):
            raise MessageError("hello is wanted first")
        label = label_of(hello.label)
        if label is None or label.device != self._device:
            await self._turn_away(ServiceCode.NO_PROOF.value, _WRONG_LABEL)
            return None
        self._label, self._name = label, hello.name
        refused = await self._announce(hello.cameras, hello.places)
        if refused is not None:
            return None
        report = Report(boot_id=hello.boot_id, seq=hello.seq, floor=hello.floor, proof=bytes.fromhex(hello.proof))
        heard = await whole(self._heard(report, challenge))
        if isinstance(heard, Refusal):
            await self._turn_away(heard.code, heard.text)
            return None
        for alarm in heard:
            _log.warning("device %s: %s", self._device, alarm.value)
        return hello

    async def _announce(self, cameras: tuple[CameraLine, ...], places: tuple[str, ...] | None = None) -> Refusal | None:
        assert self._label is not None
        announcement = Announcement(
            label=self._label,
            name=self._name,
            cameras=tuple(AnnouncedCamera(id=camera.id, name=camera.name) for camera in cameras),
            places=places,
        )
        answer = await whole(self._announced(announcement))
        if not isinstance(answer, Refusal):
            return None
        if answer.code == ServiceCode.TAKEN_CODE.value:
            await self._channel.send(Standing(registered=False, code_taken=True))
        else:
            await self._turn_away(answer.code, answer.text)
        return answer

    async def _new_challenge(self) -> bytes:
        async with self._desk.store.begin() as tx:
            return await new_challenge(tx, self._desk.clock.now())

    async def _heard(self, report: Report, challenge: bytes) -> frozenset[Alarm] | Refusal:
        async with self._desk.store.begin() as tx:
            return await hear(tx, self._device, report, challenge, self._desk.clock.now())

    async def _announced(self, announcement: Announcement) -> str | Refusal | None:
        async with self._desk.store.begin() as tx:
            return await announce(tx, announcement, self._desk.clock.now())

    async def _minted(self, nonce: bytes | None) -> Minted | Refusal:
        desk = self._desk
        async with desk.store.begin() as tx:
            return await mint(tx, self._device, desk.issuer, desk.clock.now(), desk.rules, nonce=nonce)

    async def _turn_away(self, code: str, text: Text) -> None:
        _log.warning("device %s: turned away: %s", self._device, code)
        await self._channel.send(Farewell(code=code, ja=text.ja, en=text.en))

    async def _hear(self, message: object) -> None:
        match message:
            case Ask():
                await self._tell(message.nonce)
            case Cameras():
                await self._announce(message.cameras)
            case Ack() if message.refused is not None:
                _log.warning("device %s: refuses what it was told: %s", self._device, message.refused)

    async def _follow_changes(self) -> None:
        while True:
            await self._watched.changed.wait()
            await self._desk.clock.sleep(TELL_SECONDS_MIN)
            await self._tell(None)

    async def _tell(self, nonce: str | None) -> None:
        async with self._telling:
            self._watched.changed.clear()
            minted = await whole(self._minted(bytes.fromhex(nonce) if nonce else None))
            if isinstance(minted, Refusal):
                self._watched.version = None
                await self._stand(False)
                return
            self._watched.version = minted.customer_version
            await self._stand(True)
            time = json.loads(minted.time_answer) if minted.time_answer is not None else None
            await self._channel.send(Told(document=json.loads(minted.document), time=time))

    async def _stand(self, registered: bool) -> None:
        if registered is not self._standing:
            self._standing = registered
            await self._channel.send(Standing(registered=registered))
