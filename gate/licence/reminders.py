"""Which mails are due before a licence ends (R22 to R24; decisions 7 and 8).

"N days before" counts from the last valid day E and goes out at the rules' local hour; "24 hours" is X - 24 h. Each
(licence, E, reminder) is settled exactly once, by a mail or by the finding that none is needed; whoever asks keeps the
set of what is settled. What fell into an outage or a jump of the clock is due at once afterwards, with its own date.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

from gate.licence.counting import is_renewed
from gate.licence.rules import Audience, Reminder, Rules
from gate.licence.state import Licence, State
from gate.licence.term import Term


class ReminderKey(NamedTuple):
    """What is settled once. `reminder` is the reminder's name."""

    licence: str
    last_day: date
    reminder: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DueReminder:
    """One reminder of one licence, since `due_at`. `needed`: send it; else only note that it is settled."""

    key: ReminderKey
    audience: Audience
    due_at: datetime
    customer: str
    partner: str
    needed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ReminderMail:
    """All licences of a customer that end on one day, in one mail to the customer or its partner."""

    audience: Audience
    customer: str
    partner: str
    last_day: date
    reminder: str
    due_at: datetime
    licences: tuple[str, ...]


def moment_of(reminder: Reminder, term: Term, rules: Rules) -> datetime:
    """When that reminder of that term is due."""
    if reminder.hours is not None:
        return term.ends - timedelta(hours=reminder.hours)
    assert reminder.days is not None
    day = term.last_day - timedelta(days=reminder.days)
    return datetime.combine(day, rules.reminders_at, rules.zone).astimezone(UTC)


def due(state: State, settled: Collection[ReminderKey], now: datetime, rules: Rules) -> tuple[DueReminder, ...]:
    """What is to be settled now, the oldest first. `settled` must answer `in` quickly."""
    found = (one for licence in state.licences.values() for one in due_of(state, licence, settled, now, rules))
    return tuple(sorted(found, key=lambda one: (one.due_at, one.key)))


def due_of(
    state: State, licence: Licence, settled: Collection[ReminderKey], now: datetime, rules: Rules
) -> tuple[DueReminder, ...]:
    """The same for one licence. What would have been due before it was allocated is not."""
    term = licence.term
    if term is None or licence.revoked_at is not None or now < term.ends - _distance(rules):
        return ()
    customer = state.customers[licence.customer]
    return tuple(
        DueReminder(
            key=ReminderKey(licence.id, term.last_day, reminder.name),
            audience=reminder.audience,
            due_at=moment,
            customer=customer.id,
            partner=customer.partner,
            needed=not (reminder.unless_renewed and is_renewed(state, licence)),
        )
        for reminder in rules.reminders
        if ReminderKey(licence.id, term.last_day, reminder.name) not in settled
        and term.starts <= (moment := moment_of(reminder, term, rules)) <= now
    )


def next_moment(state: State, now: datetime, rules: Rules) -> datetime | None:
    """The nearest moment after now at which a reminder falls due."""
    moments = (
        moment_of(reminder, licence.term, rules)
        for licence in state.licences.values()
        if licence.term is not None and licence.revoked_at is None
        for reminder in rules.reminders
    )
    return min((moment for moment in moments if moment > now), default=None)


def mails_of(reminders: Iterable[DueReminder]) -> tuple[ReminderMail, ...]:
    """The mails for those that are needed, gathered by (customer, E, reminder), the oldest first."""
    gathered: dict[tuple[datetime, str, date, str], list[DueReminder]] = {}
    for one in reminders:
        if one.needed:
            gathered.setdefault((one.due_at, one.customer, one.key.last_day, one.key.reminder), []).append(one)
    return tuple(
        ReminderMail(
            audience=group[0].audience,
            customer=customer,
            partner=group[0].partner,
            last_day=last_day,
            reminder=reminder,
            due_at=due_at,
            licences=tuple(sorted(one.key.licence for one in group)),
        )
        for (due_at, customer, last_day, reminder), group in sorted(gathered.items())
    )


def _distance(rules: Rules) -> timedelta:
    """No reminder is due earlier before a term's end: its day, the last day itself, and a zone's shift."""
    days = max((reminder.days or 0 for reminder in rules.reminders), default=0)
    hours = max((reminder.hours or 0 for reminder in rules.reminders), default=0)
    return max(timedelta(days=days + 3), timedelta(hours=hours))
