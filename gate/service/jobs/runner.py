"""All jobs of a service process, on one alarm: whatever is due is done in the order of its instants, then it sleeps
until the next.

After an outage or a jump of the clock the same happens late: instant by instant, each with what was known by then.
Several processes on one PostgreSQL each run this; what one does the others find done.
"""

import logging
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Protocol

import anyio

from gate.clock import Clock
from gate.licence.rules import Rules
from gate.service.jobs.alarm import Alarm
from gate.service.jobs.assignment import AssignmentJob
from gate.service.jobs.passwords import PasswordJob
from gate.service.jobs.reminders import ReminderJob
from gate.service.jobs.tidying import tidy
from gate.service.mail.delivery import Delivery
from gate.service.store.engine import Store, Transaction

LOOK_SECONDS = 15.0
"""How often we look whether another process left us something: its work when it dies, mails that it wrote."""
TIDY_SECONDS = 3600.0
MAILS_SECONDS_MAX = 1.2
"""How long the jobs of an instant wait for its mails before the next, so that mails leave in the order of their dates
even while a shared clock is stepped."""

_log = logging.getLogger(__name__)


class Job(Protocol):
    """Something to be done at instants that follow from the database."""

    name: str

    async def next(self, tx: Transaction) -> datetime | None:
        """The first instant that is not done yet; it may be past."""

    async def do(self, instant: datetime, now: datetime) -> None:
        """All up to that instant."""


class Jobs:
    """Runs the jobs and the delivery of mails."""

    def __init__(self, *, store: Store, clock: Clock, rules: Rules, delivery: Delivery) -> None:
        self._store = store
        self._clock = clock
        self._delivery = delivery
        self._reminders = ReminderJob(store, rules)
        self._jobs: tuple[Job, ...] = (AssignmentJob(store, rules), PasswordJob(store), self._reminders)
        self._prepared = False
        self.work = Alarm("licence service jobs", clock, self._work)
        self.mails = Alarm("licence service mails", clock, delivery.deliver)

    async def run(self) -> None:
        """For ever."""
        stop_changes = self._store.listen(lambda _: self.work.ring())
        stop_mails = self._store.listen_for_mail(self.mails.ring)
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self.work.run)
                tasks.start_soon(self.mails.run)
                tasks.start_soon(self._look)
                tasks.start_soon(self._tidy)
        finally:
            stop_changes()
            stop_mails()

    async def do_due(self, after_each: Callable[[], Awaitable[object]]) -> datetime | None:
        """Does all that is due, instant by instant. Gives the next one."""
        if not self._prepared:
            await self._reminders.prepare(self._clock.now())
            self._prepared = True
        while True:
            async with self._store.read() as tx:
                coming = [(await job.next(tx), order) for order, job in enumerate(self._jobs)]
            instant, first = min(((at, order) for at, order in coming if at is not None), default=(None, 0))
            now = self._clock.now()
            if instant is None or instant > now:
                return instant
            await self._jobs[first].do(instant, now)
            await after_each()

    async def _work(self) -> datetime | None:
        return await self.do_due(self._let_mails_leave)

    async def _let_mails_leave(self) -> None:
        if not await self.mails.done(MAILS_SECONDS_MAX):
            _log.info("the mails of this instant are still on their way")

    async def _look(self) -> None:
        while True:
            await self._clock.sleep(min(LOOK_SECONDS, self._delivery.paused_seconds or LOOK_SECONDS))
            self.work.ring()
            self.mails.ring()

    async def _tidy(self) -> None:
        while True:
            await tidy(self._store, self._clock.now())
            await self._clock.sleep(TIDY_SECONDS)
