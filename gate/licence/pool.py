"""Plans for a customer's pool: binding to cameras, releasing, transfer, revocation, holds (decision 1; R9).

A binding never changes a licence's dates: what lies unbound in the pool burns.
"""

from gate.licence.binding import pull_forward, release, starts_on, with_term
from gate.licence.facts import (
    By,
    CameraKey,
    Facts,
    HoldCleared,
    HoldSet,
    LicenceBound,
    LicenceRevoked,
    LicenceTransferred,
)
from gate.licence.refusals import RefusalCode, Refused, refused
from gate.licence.rules import Rules
from gate.licence.state import Camera, Licence, State


def plan_bind(state: State, by: By, rules: Rules, *, customer: str, licence: str, camera: CameraKey) -> Facts | Refused:
    """A licence of the pool for a camera: at once, or from when the camera's present licence ends."""
    seat, target = _seat(state, by, customer, licence), _target(state, customer, camera)
    if isinstance(seat, Refused):
        return seat
    if seat.camera is not None:
        return refused(RefusalCode.ALREADY_BOUND, licence=licence, camera=seat.camera)
    if isinstance(target, Refused):
        return target
    starts = starts_on(target, by.at)
    seat, fixed = with_term(state, by, rules, seat, starts)
    problem = _misfit(rules, seat, target)
    if problem is not None:
        return problem
    return (
        *fixed,
        by.fact(LicenceBound, licence=licence, device=camera.device, camera=camera.camera, starts=starts),
    )


def plan_unbind(state: State, by: By, *, customer: str, licence: str) -> Facts | Refused:
    """Back to the pool, now. A licence that follows it on the camera takes over at once."""
    seat = _seat(state, by, customer, licence)
    if isinstance(seat, Refused):
        return seat
    if seat.camera is None:
        return refused(RefusalCode.NOT_BOUND, licence=licence)
    return release(state, by, seat, seat.camera)


def plan_transfer(
    state: State, by: By, rules: Rules, *, customer: str, licence: str, camera: CameraKey
) -> Facts | Refused:
    """R9: to another camera of the customer's, of the same kind, in one step (振替え)."""
    seat, target = _seat(state, by, customer, licence), _target(state, customer, camera)
    if isinstance(seat, Refused):
        return seat
    if seat.camera is None:
        return refused(RefusalCode.NOT_BOUND, licence=licence)
    if seat.camera == camera:
        return refused(RefusalCode.ALREADY_BOUND, licence=licence, camera=camera)
    if isinstance(target, Refused):
        return target
    problem = _misfit(rules, seat, target)
    if problem is not None:
        return problem
    moved = by.fact(
        LicenceTransferred,
        licence=licence,
        device=seat.camera.device,
        camera=seat.camera.camera,
        to_device=camera.device,
        to_camera=camera.camera,
        starts=max(starts_on(target, by.at), seat.term.starts if seat.term else by.at),
    )
    return moved, *pull_forward(state, by, seat, seat.camera)


def plan_revoke(state: State, by: By, *, customer: str, licence: str, reason: str) -> Facts | Refused:
    """Ends a licence before its term, now."""
    seat = _seat(state, by, customer, licence)
    if isinstance(seat, Refused):
        return seat
    revoked = by.fact(LicenceRevoked, licence=licence, reason=reason)
    return revoked, *(pull_forward(state, by, seat, seat.camera) if seat.camera else ())


def plan_set_hold(state: State, by: By, *, customer: str, camera: CameraKey) -> Facts | Refused:
    """Leaves a camera unlicensed on purpose. What it has stays until its end."""
    target = _target(state, customer, camera)
    if isinstance(target, Refused):
        return target
    return (by.fact(HoldSet, device=camera.device, camera=camera.camera),)


def plan_clear_hold(state: State, by: By, *, customer: str, camera: CameraKey) -> Facts | Refused:
    """Ends that."""
    target = state.cameras.get(camera)
    if target is None or target.customer != customer:
        return refused(RefusalCode.UNKNOWN_CAMERA, camera=camera)
    if not target.held:
        return refused(RefusalCode.NOT_HELD, camera=camera)
    return (by.fact(HoldCleared, device=camera.device, camera=camera.camera),)


def _seat(state: State, by: By, customer: str, licence: str) -> Licence | Refused:
    seat = state.licences.get(licence)
    if seat is None or seat.customer != customer:
        return refused(RefusalCode.UNKNOWN_LICENCE, licence=licence)
    if seat.revoked_at is not None:
        return refused(RefusalCode.REVOKED, licence=licence)
    if seat.term is not None and seat.term.ends <= by.at:
        return refused(RefusalCode.OVER, licence=licence)
    return seat


def _target(state: State, customer: str, camera: CameraKey) -> Camera | Refused:
    target = state.cameras.get(camera)
    if target is None or target.customer != customer:
        return refused(RefusalCode.UNKNOWN_CAMERA, camera=camera)
    if target.held:
        return refused(RefusalCode.HELD, camera=camera)
    return target


def _misfit(rules: Rules, seat: Licence, target: Camera) -> Refused | None:
    if seat.kind != target.kind:
        return refused(RefusalCode.WRONG_KIND, licence=seat.id, kind=seat.kind, camera=target.key, wanted=target.kind)
    until = target.covered_until
    if until is not None and seat.term is not None and seat.term.ends <= until:
        shown = f"{until.astimezone(rules.zone):%Y-%m-%d %H:%M}"
        return refused(RefusalCode.ADDS_NOTHING, licence=seat.id, camera=target.key, until=shown)
    return None
