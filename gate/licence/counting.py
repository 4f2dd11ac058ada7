"""Which term an allocation gives under the rules: decisions 1, 4 and 5.

The manual's way is `term_of`: free until the end of the next month, whatever was before. The other ways are there to
compare: without a free period a term counts from its own day; `strict60` and `from_expiry` look at the term before.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple

from gate.licence.entitlement import Kind
from gate.licence.facts import Origin
from gate.licence.rules import Rules
from gate.licence.state import Licence, State
from gate.licence.term import Renewal, Term, first_day_without_burn, renewal_of, term_from, term_of

STRICT_DAYS = 60
_DAY = timedelta(days=1)


def count(rules: Rules, *, at: datetime, months: int, origin: Origin, previous: Term | None) -> Term:
    """The term of a licence whose count starts at that instant. `previous`: the term it renews. Raises TermError."""
    zone = rules.zone
    if origin in rules.free_period:
        term = term_of(at, months, zone)
    else:
        term = term_from(at, months, zone, lambda allocated_on: allocated_on)
    if rules.renewal == "calendar" or previous is None or previous.ends <= at:
        return term
    old_end = previous.last_day + _DAY
    if rules.renewal == "from_expiry":
        start: date = old_end
    elif (previous.last_day - term.allocated_on).days <= STRICT_DAYS:
        start = max(term.term_start, old_end)
    else:
        start = term.term_start
    return term_from(at, months, zone, lambda _: start)


def renewable(state: State, customer: str, kind: Kind, at: datetime, rules: Rules) -> tuple[Licence, ...]:
    """The licences that an allocation now would renew, soonest end first: those that end within the renewal window, and
    those whose camera has lapsed; none that something follows already."""
    candidates = [
        (licence.term.ends, licence.camera is None, licence.id, licence)
        for licence in state.pool(customer)
        if licence.kind == kind
        and licence.term is not None
        and licence.revoked_at is None
        and licence.renewed_by is None
        and licence.term.ends - at <= rules.renewal_window
        and (at < licence.term.ends or licence.camera is not None)
        and not _is_followed(state, licence, licence.term)
    ]
    return tuple(licence for *_, licence in sorted(candidates, key=lambda one: one[:3]))


class Ending(NamedTuple):
    """A licence that ends. `bound`: to a camera; `followed`: that camera has another one that ends later."""

    licence: str
    bound: bool
    followed: bool


def is_renewed(state: State, licence: Licence) -> bool:
    """Whether something takes over when the licence ends: another that its camera has, or a spare in the pool that ends
    later. Spares are counted: two licences that end together need two, bound ones before others."""
    term = licence.term
    if term is None or _is_followed(state, licence, term):
        return True
    pool = [one for one in state.pool(licence.customer) if one.kind == licence.kind and one.revoked_at is None]
    ending = (
        Ending(one.id, one.camera is not None, _is_followed(state, one, one.term))
        for one in pool
        if one.term and one.term.ends == term.ends
    )
    spares = sum(one.camera is None and (one.term is None or one.term.ends > term.ends) for one in pool)
    return licence.id in renewed_among(ending, spares)


def renewed_among(ending: Iterable[Ending], spares: int) -> frozenset[str]:
    """Which of a customer's licences of one kind that end together are renewed, if so many spares end later."""
    licences = tuple(ending)
    followed = frozenset(one.licence for one in licences if one.followed)
    waiting = sorted((not one.bound, one.licence) for one in licences if not one.followed)
    return followed | {licence for _, licence in waiting[:spares]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What an allocation would give, shown before the irrevocable step. With no licence to renew the rest is None."""

    term: Term
    renews: Licence | None
    renewal: Renewal | None
    unburnt_from: date | None
    """The earliest day on which the renewal burns nothing under the manual's way of counting (R8)."""


def preview(state: State, customer: str, kind: Kind, months: int, at: datetime, rules: Rules) -> Preview:
    """The first licence that would be allocated then."""
    renews = next(iter(renewable(state, customer, kind, at, rules)), None)
    old = renews.term if renews else None
    term = count(rules, at=at, months=months, origin="renewal" if renews else "first", previous=old)
    return Preview(
        term=term,
        renews=renews,
        renewal=renewal_of(old.last_day, term) if old else None,
        unburnt_from=first_day_without_burn(old.last_day) if old else None,
    )


def _is_followed(state: State, licence: Licence, term: Term) -> bool:
    camera = state.cameras.get(licence.camera) if licence.camera else None
    return camera is not None and any(one.ends > term.ends for one in camera.coverage)
