"""Remote event notices of one recorder (M8): from the events, by way of the outbox, to all that is configured.

1. An event goes into the outbox in the same transaction as into the index, once for each channel that wants it: what
   is kept is told, and told once more rather than not at all.
2. What began while its camera was lapsed never goes in. The end of an event that began before does not either while
   the camera is lapsed: it happened unseen.
3. What waits at X waits for the licence: a day at most (recorder.notify.courier, rule 2).
4. An endpoint's failure is its own: recording, the index and the other endpoints do not notice.
"""

import asyncio
import logging
import sqlite3
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from gate.cancelled import raise_if_cancelled
from gate.client.gate import Gate
from gate.clock import Clock
from gate.licence.decision import Granted
from gate.licence.features import Feature
from gate.licence.text import Language
from recorder.catalog.database import Catalog, Change
from recorder.catalog.outbox import NoticeCounts, forget_other_channels, notice_counts, put_notice
from recorder.config import RecorderConfig
from recorder.events.kept import Event
from recorder.notify.channel import Channel
from recorder.notify.courier import Courier, Standing
from recorder.notify.notice import Notice, notice_body, notice_id, phase_of
from recorder.notify.settings import ChannelSection
from recorder.state import StateBoard

DEFECT_SECONDS = 5.0
"""A part that ended by a defect begins again after this."""

Job = Callable[[], Coroutine[Any, Any, None]]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Addressee:
    """A channel, which events it wants, whether it wants their ends, too, and in which language."""

    channel: Channel
    section: ChannelSection
    ends: bool
    language: Language


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelReport:
    """How a channel fares."""

    channel: str
    shown: str
    counts: NoticeCounts
    standing: Standing


class Notices:
    """`plan` what an event brings with it, `run` in a task."""

    def __init__(
        self,
        addressees: Sequence[Addressee],
        *,
        beside: Sequence[Job] = (),
        on_event: Callable[[Event, bool], None] | None = None,
        catalog: Catalog,
        gate: Gate,
        board: StateBoard,
        clock: Clock,
        config: RecorderConfig,
    ) -> None:
        """`beside`: what else runs. `on_event`: told of each event that may be told, and whether it begins."""
        self._addressees = addressees
        self._beside = beside
        self._on_event = on_event
        self._catalog = catalog
        self._gate = gate
        self._board = board
        self._clock = clock
        self._device = config.device
        self._couriers = [
            Courier(channel=one.channel, catalog=catalog, gate=gate, clock=clock, cameras=lambda: list(board.cameras))
            for one in addressees
        ]

    def plan(self, event: Event, begins: bool) -> Change[None] | None:
        """What is to be put into the outbox together with the event; None: nothing. (recorder.events.bus.Outbox)"""
        if not event.licensed or not self._may_tell(event.camera):
            return None
        if self._on_event is not None:
            self._on_event(event, begins)
        phase = phase_of(event, begins=begins)
        wanting = [
            one
            for one in self._addressees
            if one.section.wants(event.camera, event.kind) and (one.ends or phase != "end")
        ]
        if not wanting:
            return None
        name = self._board.cameras[event.camera].name if event.camera in self._board.cameras else ""
        notices = [
            (
                Notice(
                    channel=one.channel.name,
                    id=notice_id(self._device.id, event.number, phase, event.start),
                    event=event.number,
                    phase=phase,
                    camera=event.camera,
                    created=self._clock.now(),
                    body=notice_body(self._device.id, event, phase, name, one.language),
                ),
                one.channel.waiting_max,
            )
            for one in wanting
        ]
        for courier in self._couriers:
            courier.wake()
        return partial(_put, notices=notices)

    async def run(self) -> None:
        """Until cancelled."""
        if not self._couriers:
            return
        gone = await self._catalog.do(
            partial(forget_other_channels, channels=[one.channel.name for one in self._addressees])
        )
        if gone:
            _log.warning("notices: %d dropped, their channels are no longer configured", gone)
        async with asyncio.TaskGroup() as group:
            for job in (*self._beside, *(courier.run for courier in self._couriers)):
                group.create_task(self._keep(job), name="notices")

    async def reports(self) -> list[ChannelReport]:
        """How all channels fare."""
        counts = await self._catalog.read(notice_counts)
        return [
            ChannelReport(
                channel=courier.channel.name,
                shown=courier.channel.shown,
                counts=counts.get(courier.channel.name, NoticeCounts()),
                standing=courier.standing,
            )
            for courier in self._couriers
        ]

    def _may_tell(self, camera: str | None) -> bool:
        cameras = [camera] if camera is not None else list(self._board.cameras)
        return any(isinstance(self._gate.decide(Feature.REMOTE_EVENTS, one), Granted) for one in cameras)

    async def _keep(self, job: Job) -> None:
        while True:
            try:
                await job()
            except Exception:
                _log.exception("notices: a part ended by a defect; it begins again")
            raise_if_cancelled()
            await self._clock.sleep(DEFECT_SECONDS)


def _put(db: sqlite3.Connection, notices: Sequence[tuple[Notice, int]]) -> None:
    for notice, waiting_max in notices:
        put_notice(db, notice, waiting_max)
