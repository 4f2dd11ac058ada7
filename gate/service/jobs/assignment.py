"""The job of automatic assignment (R7, R9): at each end of a coverage, and late for those that were missed."""

import itertools
from collections.abc import Iterator
from datetime import datetime

from gate.licence.rules import Rules
from gate.service.jobs import watermark
from gate.service.operations import assignment
from gate.service.store.engine import Store, Transaction

NAME = "assignment"
CUSTOMERS_PER_TRANSACTION = 50


class AssignmentJob:
    """Serves, at an instant, the customers whose cameras lapse at it."""

    name = NAME

    def __init__(self, store: Store, rules: Rules) -> None:
        self._store = store
        self._rules = rules

    async def next(self, tx: Transaction) -> datetime | None:
        """The next end of a coverage that has not been looked at."""
        done = await watermark.reached(tx, NAME)
        return await assignment.next_coverage_end(tx, done or watermark.BEGINNING)

    async def do(self, instant: datetime, now: datetime) -> None:
        """Looks at all ends up to the instant."""
        async with self._store.read() as tx:
            since = await watermark.reached(tx, NAME) or watermark.BEGINNING
            ids = await assignment.customers_with_ends(tx, since, instant)
            partners = await assignment.partners_of(tx, ids)
        for some in self._batches(ids, partners):
            async with self._store.begin() as tx:
                if await watermark.hold(tx, NAME, watermark.BEGINNING) >= instant:
                    return
                await assignment.assign_automatically(tx, some, since, instant, now, self._rules)
        async with self._store.begin() as tx:
            if await watermark.hold(tx, NAME, watermark.BEGINNING) < instant:
                await watermark.move(tx, NAME, instant)

    def _batches(self, ids: list[str], partners: dict[str, str]) -> Iterator[list[str]]:
        """From a partner's stock its customers are served together, as one may leave nothing for the next."""
        if self._rules.auto_assign.source == "partner_stock":
            for _, group in itertools.groupby(ids, key=lambda customer: partners[customer]):
                yield list(group)
        else:
            for first in range(0, len(ids), CUSTOMERS_PER_TRANSACTION):
                yield ids[first : first + CUSTOMERS_PER_TRANSACTION]
