"""Takes the notices of one channel from the outbox to its endpoint, in their order, as long as it takes.

1. A notice is told, then noted as told: if we die in between it is told again, with the same id.
2. Only what its camera's licence allows now is taken (M8), and under a lease: at X what is in flight is broken off. It
   waits then, like all that began before X, and is told when the licence is back, within a day (AGE_MAX).
3. An endpoint that fails is left alone longer and longer; what waits meanwhile is bounded, and given up after a day.
4. A notice that an endpoint refuses REFUSALS_MAX times is given up: it must not hold up those behind it.
"""

import asyncio
import logging
import random
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from gate.client.errors import LeaseDeniedError
from gate.client.gate import Gate
from gate.clock import Clock
from gate.licence.decision import Granted
from gate.licence.features import Feature
from recorder.catalog.database import Catalog
from recorder.catalog.errors import CatalogError
from recorder.catalog.outbox import finish_notices, refuse_notices, take_notices
from recorder.ingest.backoff import Backoff
from recorder.notify.channel import Channel, Failed, Told
from recorder.notify.notice import Notice

RETRY_STEPS = ((1, 1), (2, 1), (5, 1), (15, 1), (60, 5), (300, 1))
REFUSALS_MAX = 5
WAIT_SECONDS_MAX = 3600.0
"""Whatever an endpoint asks for, it is tried again after this."""
INDEX_SECONDS = 5.0
"""How long an index that cannot be read is left alone."""

_log = logging.getLogger(__name__)


@dataclass(slots=True, kw_only=True)
class Standing:
    """How a channel fares, for people. `trouble` is empty while all is well."""

    trouble: str = ""
    since: datetime | None = None
    told_at: datetime | None = None
    cut: int = 0
    """How often a licence's end broke off what was in flight."""


class Courier:
    """`run` it in a task; `wake` it when a notice was put into the outbox."""

    def __init__(
        self, *, channel: Channel, catalog: Catalog, gate: Gate, clock: Clock, cameras: Callable[[], Sequence[str]]
    ) -> None:
        """`cameras`: all there are now."""
        self.channel = channel
        self.standing = Standing()
        self._catalog = catalog
        self._gate = gate
        self._clock = clock
        self._cameras = cameras
        self._backoff = Backoff(RETRY_STEPS)
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """There may be something to tell."""
        self._woken.set()

    async def run(self) -> None:
        """Until cancelled."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._wake_on_change(), name=f"{self.channel.name} licences")
                while True:
                    self._woken.clear()
                    pause_seconds = await self._run_once()
                    if pause_seconds is None:
                        await self._woken.wait()
                        pause_seconds = self.channel.gather_seconds
                    if pause_seconds:
                        await self._clock.sleep(pause_seconds)
        finally:
            await self.channel.close()

    async def _run_once(self) -> float | None:
        """Tells what can be told now at once. How long to leave the endpoint alone; None: nothing waits."""
        try:
            allowed = self._allowed()
            take = partial(take_notices, channel=self.channel.name, cameras=allowed, now=self._clock.now())
            notices = await self._catalog.do(partial(take, count_max=self.channel.batch_max))
            return await self._tell(notices, allowed) if notices else None
        except (sqlite3.Error, CatalogError) as error:
            _log.error("notices for %s: the index cannot be used: %s", self.channel.shown, error)
            return INDEX_SECONDS

    async def _tell(self, notices: Sequence[Notice], allowed: Sequence[str]) -> float:
        outcome = await self._send(notices, allowed)
        if outcome is None:
            return 0
        if isinstance(outcome, Told):
            await self._catalog.do(partial(finish_notices, notices=notices, how="sent"))
            self._mend(outcome)
            return self.channel.every_seconds
        if outcome.refused:
            await self._refused(notices, outcome)
        return self._fail(outcome)

    async def _send(self, notices: Sequence[Notice], allowed: Sequence[str]) -> Told | Failed | None:
        """None: a licence has ended meanwhile."""
        cameras = {notice.camera or allowed[0] for notice in notices}
        leases = []
        outcome: Told | Failed | None = None
        try:
            async with AsyncExitStack() as held:
                for camera in sorted(cameras):
                    leases.append(await held.enter_async_context(self._gate.lease(Feature.REMOTE_EVENTS, camera)))
                outcome = await self.channel.send(notices)
        except LeaseDeniedError:
            return None
        if any(lease.denial is not None for lease in leases) and outcome is None:
            self.standing.cut += 1
            _log.info("notices for %s: %d broken off, the licence has ended", self.channel.shown, len(notices))
        return outcome

    def _allowed(self) -> list[str]:
        return [one for one in self._cameras() if isinstance(self._gate.decide(Feature.REMOTE_EVENTS, one), Granted)]

    async def _wake_on_change(self) -> None:
        seen = self._gate.version
        while True:
            seen = await self._gate.wait_changed(seen)
            self.wake()

    async def _refused(self, notices: Sequence[Notice], outcome: Failed) -> None:
        over = [notice for notice in notices if notice.refusals + 1 >= REFUSALS_MAX]
        await self._catalog.do(partial(refuse_notices, notices=notices))
        if over:
            await self._catalog.do(partial(finish_notices, notices=over, how="given_up"))
            _log.error("notices for %s: %d given up: %s", self.channel.shown, len(over), outcome.reason)

    def _fail(self, outcome: Failed) -> float:
        if self.standing.trouble != outcome.reason:
            _log.warning("notices for %s wait: %s", self.channel.shown, outcome.reason)
        self.standing.since = self.standing.since or self._clock.now()
        self.standing.trouble = outcome.reason
        return max(self._backoff.next_seconds(random.random()), min(outcome.wait_seconds, WAIT_SECONDS_MAX))

    def _mend(self, told: Told) -> None:
        if self.standing.trouble != told.remark:
            _log.warning(
                "notices for %s are taken%s", self.channel.shown, f", but {told.remark}" if told.remark else ""
            )
        self.standing.trouble = told.remark
        self.standing.since = (self.standing.since or self._clock.now()) if told.remark else None
        self.standing.told_at = self._clock.now()
        self._backoff.reset()
