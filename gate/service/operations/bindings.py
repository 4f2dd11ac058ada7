"""A customer's licences and cameras (decision 1; R9): binding, release, transfer, holds; revocation by the operator.

By the customer itself, or by its partner acting as it (`move_binding`, decision 15): that is told to the customer by
mail."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from gate.licence.facts import CameraKey, Facts
from gate.licence.pool import plan_bind, plan_clear_hold, plan_revoke, plan_set_hold, plan_transfer, plan_unbind
from gate.licence.refusals import Refused
from gate.licence.rules import Rules
from gate.licence.state import State
from gate.service.mail import outbox
from gate.service.mail.letters import licence_moved
from gate.service.operations import recipients
from gate.service.operations.accounts import user_by_id
from gate.service.operations.actor import Actor
from gate.service.operations.audit import record, refuse
from gate.service.operations.licences import Camera, Names, camera_at, names_of
from gate.service.operations.permission import as_customer, as_operator, by_of
from gate.service.operations.refusals import Refusal, refusal_of
from gate.service.store.engine import Transaction
from gate.service.store.ledger import append, load_state


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveBinding:
    """A licence for a camera."""

    licence: str
    camera: CameraKey


async def bind(tx: Transaction, actor: Actor, request: MoveBinding, now: datetime, rules: Rules) -> Camera | Refusal:
    """From now, or from when the camera's present licence ends. UNKNOWN_LICENCE, UNKNOWN_CAMERA, ALREADY_BOUND,
    WRONG_KIND, ADDS_NOTHING, OVER, REVOKED, HELD."""

    def plan(state: State, customer: str) -> Facts | Refused:
        by = by_of(actor, now)
        return plan_bind(state, by, rules, customer=customer, licence=request.licence, camera=request.camera)

    return await _move(tx, actor, "licence.bind", plan, now, rules, licence=request.licence, camera=request.camera)


async def unbind(tx: Transaction, actor: Actor, licence: str, now: datetime, rules: Rules) -> Camera | Refusal:
    """Back to the pool, now; gives the camera that lost it. UNKNOWN_LICENCE, NOT_BOUND, OVER, REVOKED."""

    def plan(state: State, customer: str) -> Facts | Refused:
        return plan_unbind(state, by_of(actor, now), customer=customer, licence=licence)

    return await _move(tx, actor, "licence.unbind", plan, now, rules, licence=licence, camera=None)


async def transfer(
    tx: Transaction, actor: Actor, request: MoveBinding, now: datetime, rules: Rules
) -> Camera | Refusal:
    """To another camera of the same kind, in one step (振替え); gives the camera that has it now. As `bind`, and
    NOT_BOUND."""

    def plan(state: State, customer: str) -> Facts | Refused:
        by = by_of(actor, now)
        return plan_transfer(state, by, rules, customer=customer, licence=request.licence, camera=request.camera)

    return await _move(tx, actor, "licence.transfer", plan, now, rules, licence=request.licence, camera=request.camera)


async def set_hold(
    tx: Transaction, actor: Actor, camera: CameraKey, held: bool, now: datetime, rules: Rules
) -> Camera | Refusal:
    """Leaves a camera unlicensed on purpose, or ends that. UNKNOWN_CAMERA, HELD, NOT_HELD."""
    action = "camera.hold" if held else "camera.release"
    customer = as_customer(actor, "move_binding", now, rules)
    if isinstance(customer, Refusal):
        return await refuse(tx, actor, action, now, customer, str(camera))
    state = await load_state(tx, customers=[customer], lock=True)
    plan = plan_set_hold if held else plan_clear_hold
    facts = plan(state, by_of(actor, now), customer=customer, camera=camera)
    if isinstance(facts, Refused):
        return await refuse(tx, actor, action, now, refusal_of(facts), str(camera))
    after = await append(tx, facts, state)
    await record(tx, actor, action, now, subject=str(camera), customer=customer)
    return camera_at(after.cameras[camera], await names_of(tx, customer), now)


async def revoke(
    tx: Transaction, actor: Actor, customer: str, licence: str, reason: str, now: datetime
) -> Refusal | None:
    """By the operator: ends a licence now. UNKNOWN_LICENCE, REVOKED, OVER, NOT_ALLOWED."""
    problem = as_operator(actor)
    if problem is not None:
        return await refuse(tx, actor, "licence.revoke", now, problem, licence)
    state = await load_state(tx, customers=[customer], lock=True)
    facts = plan_revoke(state, by_of(actor, now), customer=customer, licence=licence, reason=reason)
    if isinstance(facts, Refused):
        return await refuse(tx, actor, "licence.revoke", now, refusal_of(facts), licence)
    after = await append(tx, facts, state)
    partner = after.customers[customer].partner
    await record(tx, actor, "licence.revoke", now, subject=licence, partner=partner, customer=customer, reason=reason)
    return None


async def _move(
    tx: Transaction,
    actor: Actor,
    action: str,
    plan: Callable[[State, str], Facts | Refused],
    now: datetime,
    rules: Rules,
    *,
    licence: str,
    camera: CameraKey | None,
) -> Camera | Refusal:
    customer = as_customer(actor, "move_binding", now, rules)
    if isinstance(customer, Refusal):
        return await refuse(tx, actor, action, now, customer, licence)
    state = await load_state(tx, customers=[customer], lock=True)
    facts = plan(state, customer)
    if isinstance(facts, Refused):
        return await refuse(tx, actor, action, now, refusal_of(facts), licence)
    after = await append(tx, facts, state)
    source = state.licences[licence].camera
    await record(
        tx, actor, action, now, subject=licence, partner=after.customers[customer].partner, customer=customer,
        source=str(source) if source else None, target=str(camera) if camera else None,
    )  # fmt: skip
    names = await names_of(tx, customer)
    if actor.on_behalf_of is not None:
        await _tell(tx, actor, after, names, licence, source, camera, now)
    shown = camera or source
    assert shown is not None
    return camera_at(after.cameras[shown], names, now)


async def _tell(
    tx: Transaction,
    actor: Actor,
    after: State,
    names: Names,
    licence: str,
    source: CameraKey | None,
    target: CameraKey | None,
    now: datetime,
) -> None:
    """R9: nobody's cameras change hands unsaid."""
    moved = after.licences[licence]
    acting = await user_by_id(tx, actor.id)
    if moved.term is None:
        return
    told = await recipients.of_customers(tx, [moved.customer])
    for to in told.get(moved.customer, ()):
        letter = licence_moved(
            to,
            customer=moved.customer,
            partner=moved.partner,
            at=now,
            source=names.cameras.get(source) if source else None,
            target=names.cameras.get(target) if target else None,
            last_day=moved.term.last_day,
            actor_name=acting.name if acting else actor.id,
        )
        await outbox.write(tx, letter, now)
