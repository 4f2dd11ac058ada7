"""Automatic assignment as a job does it (R7; gate.licence.assignment): customer by customer, in the order of ends."""

from datetime import datetime

from gate.licence.facts import Facts
from gate.licence.rules import Rules
from gate.service.store.engine import Transaction


async def next_coverage_end(tx: Transaction, after: datetime) -> datetime | None:
    """The nearest end by expiry after that instant, of any camera."""
    raise NotImplementedError


async def customers_with_ends(tx: Transaction, since: datetime, until: datetime, *, limit: int = 1000) -> list[str]:
    """Whose cameras' coverage ends in `(since, until]`, the earliest end first."""
    raise NotImplementedError


async def assign_automatically(
    tx: Transaction, customer: str, since: datetime, until: datetime, now: datetime, rules: Rules
) -> Facts:
    """What the ends in `(since, until]` lead to for that customer, appended and audited, with the mails to it and its
    partner queued in the same transaction. What is done already is not done again."""
    raise NotImplementedError
