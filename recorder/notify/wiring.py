"""Wires the notices of one recorder from its configuration."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from zoneinfo import ZoneInfo

from gate.client.gate import Gate
from gate.clock import Clock
from gate.licence.features import Feature
from recorder.catalog.database import Catalog
from recorder.catalog.event_queries import event_of, kinds_told
from recorder.config import RecorderConfig
from recorder.events.bus import EventBus
from recorder.events.kept import Event
from recorder.events.thumbnails import Thumbnails, ThumbnailsBusyError
from recorder.hub import Hub
from recorder.notify.letter import Letterhead
from recorder.notify.mail import Mail, PictureOf
from recorder.notify.mqtt import Mqtt
from recorder.notify.mqtt_facts import MqttFacts
from recorder.notify.notice import Notice
from recorder.notify.notices import Addressee, Job, Notices
from recorder.notify.settings import MailSection, MqttSection
from recorder.notify.webhook import Webhook
from recorder.playback.archive import Archive
from recorder.state import StateBoard


async def open_notices(
    config: RecorderConfig, catalog: Catalog, *, gate: Gate, board: StateBoard, bus: EventBus, hub: Hub, clock: Clock
) -> Notices:
    """The notices; `run` them in a task. From now on what happens goes into the outbox."""
    section, addressees, language = config.notify, list[Addressee](), config.device.language
    beside: list[Job] = []
    live: _MqttJobs | None = None
    for webhook in section.webhooks:
        addressees.append(Addressee(channel=Webhook(webhook, clock), section=webhook, ends=True, language=language))
    if section.mqtt is not None:
        facts = MqttFacts(
            section.mqtt,
            config=config,
            board=board,
            gate=gate,
            bus=bus,
            clock=clock,
            kinds=await catalog.read(kinds_told),
        )
        live = _MqttJobs(section.mqtt, config.device.id, facts, board, gate, clock)
        beside += [live.mqtt.run, live.follow]
        addressees.append(Addressee(channel=live.mqtt, section=section.mqtt, ends=True, language=language))
    if section.mail is not None:
        head = letterhead(section.mail, config)
        picture_of = _pictures(config, catalog, gate, board, bus, hub, clock) if section.mail.pictures else None
        mail = Mail(section.mail, head, picture_of, clock)
        addressees.append(Addressee(channel=mail, section=section.mail, ends=False, language=head.language))
    notices = Notices(
        addressees,
        beside=beside,
        on_event=live.note if live is not None else None,
        catalog=catalog,
        gate=gate,
        board=board,
        clock=clock,
        config=config,
    )
    if addressees:
        bus.keep_with(notices.plan)
    return notices


def letterhead(section: MailSection, config: RecorderConfig) -> Letterhead:
    """Who writes to whom."""
    return Letterhead(
        device=config.device.id,
        sender=section.from_address,
        to=section.to,
        language=section.language or config.device.language,
        zone=ZoneInfo(config.device.time_zone),
    )


class _MqttJobs:
    """The broker's side of the facts: has them looked at when they may have changed."""

    def __init__(
        self, section: MqttSection, device: str, facts: MqttFacts, board: StateBoard, gate: Gate, clock: Clock
    ) -> None:
        self.mqtt = Mqtt(section, device=device, wanted=facts.wanted, clock=clock)
        self._section = section
        self._facts = facts
        self._board = board
        self._gate = gate
        self._clock = clock
        self._noted = asyncio.Event()

    def note(self, event: Event, begins: bool) -> None:
        """Of the kinds and cameras that go to the broker."""
        if begins and self._section.wants(event.camera, event.kind):
            self._facts.note(event)
            self._noted.set()
        self.mqtt.changed.set()

    async def follow(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._set_on(self._board.wait_changed, self._board.version))
            group.create_task(self._set_on(self._gate.wait_changed, self._gate.version))
            while True:
                self._noted.clear()
                seconds = self._facts.next_off_seconds
                if seconds is None:
                    await self._noted.wait()
                else:
                    await self._clock.sleep(seconds)
                self.mqtt.changed.set()

    async def _set_on(self, wait_changed: Callable[[int], Awaitable[int]], seen: int) -> None:
        while True:
            seen = await wait_changed(seen)
            self.mqtt.changed.set()


def _pictures(
    config: RecorderConfig,
    catalog: Catalog,
    gate: Gate,
    board: StateBoard,
    bus: EventBus,
    hub: Hub,
    clock: Clock,
) -> PictureOf:
    thumbnails = Thumbnails(
        feature=Feature.REMOTE_EVENTS,
        archive=Archive(data_dir=config.device.data_dir),
        hub=hub,
        board=board,
        gate=gate,
        clock=clock,
    )

    async def picture_of(notice: Notice) -> bytes | None:
        event = bus.recent(notice.event) or await catalog.read(partial(event_of, number=notice.event))
        try:
            return await thumbnails.picture(event) if event is not None else None
        except ThumbnailsBusyError:
            return None

    return picture_of
