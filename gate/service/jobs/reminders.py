"""The job of reminders (R22 to R24; gate.licence.reminders), by index instead of by looking at every licence.

1. Each reminder has its own watermark. Its moments follow from the last day (or the end) of a term, so what is due
   after the watermark is a range of last days. Terms last months: none falls due within the transaction that makes it.
2. All licences of a customer that end together are settled in one transaction, with one mail to each recipient.
3. `reminders` has a row for each that is settled; its key is the last word on "once".
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, exists, func, insert, or_, select, text

from gate.licence.counting import Ending, renewed_among
from gate.licence.rules import Reminder, Rules
from gate.service.jobs import watermark
from gate.service.mail import outbox
from gate.service.mail.letters import EndingLicence, Letter, reminder
from gate.service.operations import recipients
from gate.service.store.columns import Instant
from gate.service.store.engine import Store, Transaction
from gate.service.store.schema import cameras, coverage, customers, devices, licences, reminders

LICENCES_PER_TRANSACTION = 4_000
_DAY = timedelta(days=1)
_IN_FORCE = licences.c.revoked_at.is_(None)
_NOTE_ALL = text(
    "INSERT INTO reminders (licence_id, last_day, reminder, due_at, settled_at, mail_id)"
    " SELECT id, day, :reminder, :due_at, :settled_at, mail"
    " FROM unnest(CAST(:ids AS text[]), CAST(:days AS date[]), CAST(:mails AS text[])) AS line(id, day, mail)"
).bindparams(bindparam("due_at", type_=Instant), bindparam("settled_at", type_=Instant))


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """When a reminder of all licences that end alike is due. `chosen`: those licences."""

    reminder: Reminder
    at: datetime
    chosen: ColumnElement[bool]


class ReminderJob:
    """Settles, at an instant, all reminders due by then."""

    name = "reminders"

    def __init__(self, store: Store, rules: Rules) -> None:
        self._store = store
        self._rules = rules

    async def prepare(self, now: datetime) -> None:
        """A reminder that has never run (a new database, a new rule) concerns what has not ended yet."""
        yesterday = now.astimezone(self._rules.zone).date() - _DAY
        async with self._store.begin() as tx:
            for one in self._rules.reminders:
                hours = one.hours
                since = _moment(one, yesterday, self._rules) if hours is None else now - timedelta(hours=hours)
                await watermark.hold(tx, _name(one), since)

    async def next(self, tx: Transaction) -> datetime | None:
        """The next moment of any reminder that has not been looked at."""
        found = [moment.at for one in self._rules.reminders if (moment := await self._next_of(tx, one))]
        return min(found, default=None)

    async def do(self, instant: datetime, now: datetime) -> None:
        """All moments up to the instant, in order."""
        for one in self._rules.reminders:
            while True:
                async with self._store.read() as tx:
                    moment = await self._next_of(tx, one)
                if moment is None or moment.at > instant:
                    break
                await self._settle(moment, now)

    async def _next_of(self, tx: Transaction, one: Reminder) -> Moment | None:
        since = await watermark.reached(tx, _name(one)) or watermark.BEGINNING
        if one.hours is not None:
            distance = timedelta(hours=one.hours)
            nearest = select(func.min(licences.c.ends)).where(licences.c.ends > since + distance, _IN_FORCE)
            ends = await tx.scalar(nearest)
            return ends and Moment(reminder=one, at=ends - distance, chosen=licences.c.ends == ends)
        passed = last_day_reached(one, since, self._rules)
        day = await tx.scalar(select(func.min(licences.c.last_day)).where(licences.c.last_day > passed, _IN_FORCE))
        return day and Moment(reminder=one, at=_moment(one, day, self._rules), chosen=licences.c.last_day == day)

    async def _settle(self, moment: Moment, now: datetime) -> None:
        async with self._store.read() as tx:
            open_ones = await self._customers(tx, moment)
        for some in _batches(open_ones):
            async with self._store.begin() as tx:
                if await watermark.hold(tx, _name(moment.reminder), watermark.BEGINNING) >= moment.at:
                    return
                await self._settle_some(tx, moment, some, now)
        async with self._store.begin() as tx:
            if await watermark.hold(tx, _name(moment.reminder), watermark.BEGINNING) < moment.at:
                await watermark.move(tx, _name(moment.reminder), moment.at)

    async def _customers(self, tx: Transaction, moment: Moment) -> list[tuple[str, int]]:
        """Customers with such licences, and how many each has."""
        rows = await tx.rows(
            select(licences.c.customer_id, func.count())
            .where(moment.chosen, _IN_FORCE)
            .group_by(licences.c.customer_id)
            .order_by(licences.c.customer_id)
        )
        return [(customer, count) for customer, count in rows]

    async def _settle_some(self, tx: Transaction, moment: Moment, ids: Collection[str], now: datetime) -> None:
        rows = await tx.rows(_ending(moment, ids))
        settled = await _settled(tx, moment, [row.id for row in rows])
        due = [row for row in rows if (row.id, row.last_day) not in settled and row.starts <= moment.at]
        if not due:
            return
        renewed = await _renewed(tx, rows, ids)
        needed = [row for row in due if not (moment.reminder.unless_renewed and row.id in renewed)]
        mails = await self._write(tx, moment, needed, renewed, now)
        told = {row.id for row in needed}
        lines = [(row.id, row.last_day, mails.get(row.customer_id) if row.id in told else None) for row in due]
        await _note(tx, moment, lines, now)

    async def _write(
        self, tx: Transaction, moment: Moment, rows: list[Any], renewed: Collection[str], now: datetime
    ) -> dict[str, str]:
        """One letter a customer and recipient; gives each customer's first mail."""
        by_customer: dict[str, list[Any]] = {}
        for row in rows:
            by_customer.setdefault(row.customer_id, []).append(row)
        if moment.reminder.audience == "partner":
            partners = await recipients.of_partners(tx, {row.partner_id for row in rows})
            people = {customer: partners[group[0].partner_id] for customer, group in by_customer.items()}
        else:
            people = await recipients.of_customers(tx, by_customer.keys())
        letters: list[Letter] = []
        owners: list[str] = []
        for customer, group in by_customer.items():
            ending = [_row(row, row.id in renewed) for row in group]
            for to in people.get(customer, ()):
                letters.append(
                    reminder(
                        to,
                        audience=moment.reminder.audience,
                        name=moment.reminder.name,
                        customer=customer,
                        customer_name=group[0].customer_name,
                        partner=group[0].partner_id,
                        last_day=group[0].last_day,
                        ends=group[0].ends,
                        days=moment.reminder.days,
                        hours=moment.reminder.hours,
                        licences=ending,
                    )
                )
                owners.append(customer)
        mails: dict[str, str] = {}
        for customer, mail in zip(owners, await outbox.write_all(tx, letters, now), strict=True):
            if mail is not None:
                mails.setdefault(customer, mail)
        return mails


def last_day_reached(one: Reminder, instant: datetime, rules: Rules) -> date:
    """The latest last day whose reminder (one that counts in days) is due by that instant."""
    assert one.days is not None
    day = instant.astimezone(rules.zone).date() + timedelta(days=one.days)
    return day if _moment(one, day, rules) <= instant else day - _DAY


def _moment(one: Reminder, last_day: date, rules: Rules) -> datetime:
    """gate.licence.reminders.moment_of, for those that count in days."""
    assert one.days is not None
    day = last_day - timedelta(days=one.days)
    return datetime.combine(day, rules.reminders_at, rules.zone).astimezone(UTC)


def _name(one: Reminder) -> str:
    return f"reminder:{one.name}"


def _batches(counted: list[tuple[str, int]]) -> Iterator[list[str]]:
    """Customers together, as many as a transaction should have; one alone if it has more than that."""
    some: list[str] = []
    total = 0
    for customer, count in counted:
        if some and total + count > LICENCES_PER_TRANSACTION:
            yield some
            some, total = [], 0
        some.append(customer)
        total += count
    if some:
        yield some


def _ending(moment: Moment, ids: Collection[str]) -> Any:
    """The licences of these customers that end alike, with all that decides and words their reminder."""
    after = coverage.alias("after")
    followed = exists().where(
        after.c.device_id == licences.c.device_id,
        after.c.camera_id == licences.c.camera_id,
        after.c.ends > licences.c.ends,
    )
    return (
        select(
            licences.c.id,
            licences.c.customer_id,
            licences.c.kind,
            licences.c.months,
            licences.c.last_day,
            licences.c.starts,
            licences.c.ends,
            licences.c.device_id,
            customers.c.partner_id,
            customers.c.name.label("customer_name"),
            cameras.c.name.label("camera_name"),
            devices.c.name.label("device_name"),
            followed.label("followed"),
        )
        .join(customers, customers.c.id == licences.c.customer_id)
        .outerjoin(cameras, and_(cameras.c.device_id == licences.c.device_id, cameras.c.id == licences.c.camera_id))
        .outerjoin(devices, devices.c.id == licences.c.device_id)
        .where(moment.chosen, _IN_FORCE, licences.c.customer_id.in_(ids))
        .order_by(licences.c.customer_id, licences.c.id)
    )


async def _note(tx: Transaction, moment: Moment, lines: list[tuple[str, date, str | None]], now: datetime) -> None:
    """Licence, last day and mail of each that is settled now."""
    same = {"reminder": moment.reminder.name, "due_at": moment.at, "settled_at": now}
    if tx.dialect == "postgresql":  # a statement for each row would take longer than all the rest
        ids, days, mails = map(list, zip(*lines, strict=True))
        await tx.execute(_NOTE_ALL, same | {"ids": ids, "days": days, "mails": mails})
        return
    rows = [same | {"licence_id": key, "last_day": day, "mail_id": mail} for key, day, mail in lines]
    await tx.execute(insert(reminders), rows)


async def _settled(tx: Transaction, moment: Moment, ids: list[str]) -> frozenset[tuple[str, date]]:
    # By itself: in a join PostgreSQL would go by statistics from before this very run, when the table was empty.
    found: set[tuple[str, date]] = set()
    for first in range(0, len(ids), LICENCES_PER_TRANSACTION):
        some = reminders.c.licence_id.in_(ids[first : first + LICENCES_PER_TRANSACTION])
        query = select(reminders.c.licence_id, reminders.c.last_day)
        rows = await tx.rows(query.where(some, reminders.c.reminder == moment.reminder.name))
        found |= {(row.licence_id, row.last_day) for row in rows}
    return frozenset(found)


async def _renewed(tx: Transaction, rows: list[Any], ids: Collection[str]) -> frozenset[str]:
    """Of the licences that end alike, those that something follows."""
    ending: dict[tuple[str, str], list[Ending]] = {}
    ends = {(row.customer_id, row.kind): row.ends for row in rows}
    for row in rows:
        one = Ending(row.id, row.device_id is not None, row.followed)
        ending.setdefault((row.customer_id, row.kind), []).append(one)
    spare_rows = await tx.rows(
        select(licences.c.customer_id, licences.c.kind, licences.c.ends).where(
            licences.c.customer_id.in_(ids),
            licences.c.device_id.is_(None),
            _IN_FORCE,
            or_(licences.c.ends.is_(None), licences.c.ends > min(ends.values())),
        )
    )
    spares: dict[tuple[str, str], int] = {}
    for row in spare_rows:
        key = (row.customer_id, row.kind)
        if key in ends and (row.ends is None or row.ends > ends[key]):
            spares[key] = spares.get(key, 0) + 1
    return frozenset().union(*(renewed_among(group, spares.get(key, 0)) for key, group in ending.items()))


def _row(row: Any, renewed: bool) -> EndingLicence:
    camera = f"{row.camera_name} ({row.device_name})" if row.camera_name is not None else None
    return EndingLicence(licence=row.id, kind=row.kind, months=row.months, camera=camera, renewed=renewed)
