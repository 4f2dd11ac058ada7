"""Automatic assignment (R7, R9, R25; decisions 2 and 3): who gets which licence when others lapse.

At each end of a coverage the customer's uncovered cameras are served: those that lapse at that instant first, then by
registration. A licence must lie in the pool at that instant; the one that ends first is taken, so that the longer ones
stay for others. `forecast` plays the same ahead of time, so that a device knows what will follow before it does; a job
that runs late finds the same answer and records it with the instant at which it took effect.
"""

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from gate.licence.binding import with_term
from gate.licence.counting import count
from gate.licence.facts import (
    By,
    CameraKey,
    Fact,
    Facts,
    LicenceAllocated,
    LicenceAssignedAutomatically,
    Trigger,
)
from gate.licence.fold import fold
from gate.licence.rules import Rules
from gate.licence.state import Camera, Licence, State


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One mail about cameras that were assigned to by nobody's hand: never silent. To the customer and its partner."""

    customer: str
    partner: str
    cameras: tuple[CameraKey, ...]


def plan_assignments(
    state: State, by: By, rules: Rules, *, since: datetime, until: datetime | None = None, customer: str | None = None
) -> Facts:
    """What the ends of coverage in `(since, until]` lead to, in order, as facts of `by.at`. `until`: now, if not given.
    `customer` None: everybody. `since` may lie before the last time this was asked: what is done is not done again."""
    facts: list[Fact] = []
    after, last = since, until or by.at
    while (instant := next_expiry(state, after, customer)) is not None and instant <= last:
        lapsing = {camera.customer for camera in _cameras(state, customer) if _ends_at(camera, instant)}
        done = _serve(state, by, rules, instant, "expiry", sorted(lapsing))
        state, after = fold(done, state), instant
        facts += done
    return tuple(facts)


def plan_restoration(state: State, by: By, rules: Rules, *, customer: str) -> Facts:
    """R25: licences in the pool for the customer's cameras that have lapsed; not for those that never had one, nor for
    those that were released by hand."""
    return tuple(_serve(state, by, rules, by.at, "allocation", [customer]))


def next_expiry(state: State, after: datetime, customer: str | None = None) -> datetime | None:
    """The nearest end of a coverage by expiry after that instant."""
    return min(
        (
            one.ends
            for camera in _cameras(state, customer)
            for one in camera.coverage
            if one.ends > after and not one.cut
        ),
        default=None,
    )


def forecast(
    state: State, now: datetime, rules: Rules, *, customer: str | None = None, since: datetime | None = None
) -> State:
    """The state as it will be at the end of what is shipped ahead, if nobody does anything. `since`: when the job of
    automatic assignment last ran (now, if not given): what it is late with is foreseen, too. Assignments from a
    partner's stock depend on all its customers: there, `customer` is not heeded."""
    numbers = itertools.count(1)
    by = By(at=now, actor="forecast", new_id=lambda: f"forecast-{next(numbers)}")
    scope = customer if rules.auto_assign.source == "customer_pool" else None
    until = now + rules.auto_assign.ship_ahead
    return fold(plan_assignments(state, by, rules, since=since or now, until=until, customer=scope), state)


def notices_of(facts: Iterable[Fact], state: State) -> tuple[Notice, ...]:
    """The mails that these facts call for, one a customer."""
    cameras: dict[str, list[CameraKey]] = {}
    for fact in facts:
        if isinstance(fact, LicenceAssignedAutomatically):
            customer = state.licences[fact.licence].customer
            cameras.setdefault(customer, []).append(CameraKey(fact.device, fact.camera))
    return tuple(
        Notice(customer=customer, partner=state.customers[customer].partner, cameras=tuple(keys))
        for customer, keys in cameras.items()
    )


def _cameras(state: State, customer: str | None) -> Iterator[Camera]:
    if customer is None:
        yield from state.cameras.values()
        return
    for device in state.customers[customer].devices:
        yield from (state.cameras[key] for key in state.devices[device].cameras)


def _ends_at(camera: Camera, instant: datetime) -> bool:
    return any(one.ends == instant and not one.cut for one in camera.coverage)


def _serve(
    state: State, by: By, rules: Rules, instant: datetime, trigger: Trigger, customers: Iterable[str]
) -> list[Fact]:
    every = (camera for customer in customers for camera in _cameras(state, customer))
    waiting = [camera for camera in every if _waits(camera, instant, trigger)]
    if rules.auto_assign.respect_hold:
        waiting = [camera for camera in waiting if not camera.held]
    waiting.sort(key=lambda camera: (camera.covered_until != instant, camera.registered_at, camera.key))
    facts: list[Fact] = []
    for camera in waiting:
        done = _from_pool(state, by, rules, camera, instant, trigger)
        if not done and trigger == "expiry" and rules.auto_assign.source == "partner_stock":
            done = _from_stock(state, by, rules, camera, instant)
        state = fold(done, state)
        facts += done
    return facts


def _waits(camera: Camera, instant: datetime, trigger: Trigger) -> bool:
    if camera.registered_at > instant or (camera.covered_until is not None and camera.covered_until > instant):
        return False
    return trigger == "expiry" or (bool(camera.coverage) and not camera.coverage[-1].cut)


def _from_pool(
    state: State, by: By, rules: Rules, camera: Camera, instant: datetime, trigger: Trigger
) -> tuple[Fact, ...]:
    free = [one for one in state.pool(camera.customer) if one.kind == camera.kind and one.free_at(instant)]
    if not free:
        return ()
    chosen, fixed = with_term(state, by, rules, min(free, key=_soonest_end), instant)
    assigned = by.fact(
        LicenceAssignedAutomatically,
        licence=chosen.id,
        device=camera.key.device,
        camera=camera.key.camera,
        starts=instant,
        source="customer_pool",
        trigger=trigger,
    )
    return (*fixed, assigned)


def _soonest_end(licence: Licence) -> tuple[bool, datetime, str]:
    """Licences whose term runs before those whose term has not begun."""
    return licence.term is None, licence.term.ends if licence.term else licence.free_since, licence.id


def _from_stock(state: State, by: By, rules: Rules, camera: Camera, instant: datetime) -> tuple[Fact, ...]:
    """A new allocation at the instant of expiry, whose local date is the next day: of the term that lapsed if there is
    one in stock, else of the shortest."""
    partner = state.customers[camera.customer].partner
    in_stock = [key.months for key in state.stock if (key.partner, key.kind) == (partner, camera.kind)]
    if not in_stock:
        return ()
    lapsed = state.licences[camera.coverage[-1].licence] if camera.coverage else None
    months = lapsed.months if lapsed and lapsed.months in in_stock else min(in_stock)
    licence = by.new_id()
    renews = lapsed.id if lapsed and lapsed.renewed_by is None and lapsed.camera == camera.key else None
    allocated = by.fact(
        LicenceAllocated,
        licence=licence,
        partner=partner,
        customer=camera.customer,
        kind=camera.kind,
        months=months,
        origin="automatic",
        renews=renews,
        term=count(rules, at=instant, months=months, origin="automatic", previous=None),
    )
    assigned = by.fact(
        LicenceAssignedAutomatically,
        licence=licence,
        device=camera.key.device,
        camera=camera.key.camera,
        starts=instant,
        source="partner_stock",
        trigger="expiry",
    )
    return allocated, assigned
