"""Automatic assignment as a job does it (R7; gate.licence.assignment): instant by instant, for whose cameras lapse
then. Nothing is done silently: facts, audit and mails are one transaction."""

from collections.abc import Collection
from datetime import datetime
from uuid import uuid4

from sqlalchemy import func, select

from gate.licence.assignment import plan_assignments
from gate.licence.facts import By, CameraKey, Facts, LicenceAssignedAutomatically
from gate.licence.rules import Audience, Rules
from gate.licence.state import State
from gate.service.mail import outbox
from gate.service.mail.letters import AssignedLicence, Letter, Recipient, licences_assigned
from gate.service.operations import audit, recipients
from gate.service.operations.actor import SYSTEM
from gate.service.store.engine import Transaction
from gate.service.store.ledger import append, load_state
from gate.service.store.schema import coverage, customers


async def next_coverage_end(tx: Transaction, after: datetime) -> datetime | None:
    """The nearest end by expiry after that instant, of any camera."""
    ends: datetime | None = await tx.scalar(
        select(func.min(coverage.c.ends)).where(coverage.c.cut.is_(False), coverage.c.ends > after)
    )
    return ends


async def customers_with_ends(tx: Transaction, since: datetime, until: datetime) -> list[str]:
    """Whose cameras' coverage ends in `(since, until]`, in order of their partners and ids."""
    ending = select(coverage.c.customer_id).where(
        coverage.c.cut.is_(False), coverage.c.ends > since, coverage.c.ends <= until
    )
    rows = await tx.rows(
        select(customers.c.id).where(customers.c.id.in_(ending)).order_by(customers.c.partner_id, customers.c.id)
    )
    return [row.id for row in rows]


async def partners_of(tx: Transaction, ids: Collection[str]) -> dict[str, str]:
    """Each customer's partner."""
    rows = await tx.rows(select(customers.c.id, customers.c.partner_id).where(customers.c.id.in_(ids)))
    return {row.id: row.partner_id for row in rows}


async def assign_automatically(
    tx: Transaction, ids: Collection[str], since: datetime, until: datetime, now: datetime, rules: Rules
) -> Facts:
    """What the ends in `(since, until]` lead to for these customers: appended and audited, with the mails to them and
    their partners. What is done already is not done again. From partners' stock, all customers of a partner with ends
    there must be among them: they are served in order."""
    by_partner = await partners_of(tx, ids)
    stocked = set(by_partner.values()) if rules.auto_assign.source == "partner_stock" else set()
    state = await load_state(tx, partners=stocked, customers=ids, lock=True)
    by = By(at=now, actor=SYSTEM.id, new_id=lambda: uuid4().hex)
    facts = plan_assignments(state, by, rules, since=since, until=until)
    if not facts:
        return facts
    after = await append(tx, facts, state)
    done: dict[tuple[str, datetime], list[LicenceAssignedAutomatically]] = {}
    for fact in facts:
        if isinstance(fact, LicenceAssignedAutomatically):
            done.setdefault((after.licences[fact.licence].customer, fact.starts), []).append(fact)
    for (customer, starts), assigned in done.items():
        await audit.record(
            tx,
            SYSTEM,
            "licence.assign_automatically",
            now,
            partner=by_partner[customer],
            customer=customer,
            starts=starts.isoformat(),
            licences={fact.licence: str(CameraKey(fact.device, fact.camera)) for fact in assigned},
        )
    await outbox.write_all(tx, await _letters(tx, after, done, by_partner), now)
    return facts


async def _letters(
    tx: Transaction,
    state: State,
    done: dict[tuple[str, datetime], list[LicenceAssignedAutomatically]],
    by_partner: dict[str, str],
) -> list[Letter]:
    ids = {customer for customer, _ in done}
    cameras = await recipients.camera_names(tx, ids)
    names = await recipients.customer_names(tx, ids)
    to_customers = await recipients.of_customers(tx, ids)
    to_partners = await recipients.of_partners(tx, {by_partner[customer] for customer in ids})
    letters: list[Letter] = []
    for (customer, starts), facts in done.items():
        partner = by_partner[customer]
        rows = [_row(state, cameras, fact) for fact in facts]
        audiences: tuple[tuple[Audience, tuple[Recipient, ...]], ...] = (
            ("customer", to_customers.get(customer, ())),
            ("partner", to_partners[partner]),
        )
        letters += (
            licences_assigned(
                to,
                audience=audience,
                customer=customer,
                customer_name=names[customer],
                partner=partner,
                at=starts,
                licences=rows,
            )
            for audience, people in audiences
            for to in people
        )
    return letters


def _row(state: State, cameras: dict[CameraKey, str], fact: LicenceAssignedAutomatically) -> AssignedLicence:
    licence = state.licences[fact.licence]
    assert licence.term is not None
    key = CameraKey(fact.device, fact.camera)
    return AssignedLicence(
        licence=licence.id,
        kind=licence.kind,
        camera=cameras.get(key, str(key)),
        last_day=licence.term.last_day,
        from_stock=fact.source == "partner_stock",
    )
