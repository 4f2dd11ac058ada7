"""How a licence comes to cover a camera: the facts, shared by binding, transfer and automatic assignment.

A binding covers from when the camera needs it, never while another licence covers the camera: no instant is covered
twice. A licence that is taken away lets its follower on the same camera begin earlier; no licence's dates change.
"""

from dataclasses import replace
from datetime import datetime

from gate.licence.counting import count
from gate.licence.facts import By, CameraKey, Fact, LicenceBound, LicenceUnbound, Origin, TermFixed
from gate.licence.rules import Rules
from gate.licence.state import Camera, Licence, State


def starts_on(camera: Camera, at: datetime) -> datetime:
    """When a further licence would begin to cover the camera."""
    return max(at, camera.covered_until or at)


def with_term(
    state: State, by: By, rules: Rules, licence: Licence, starts: datetime, origin: Origin | None = None
) -> tuple[Licence, tuple[Fact, ...]]:
    """The licence with its term, and the fact that fixes it if it had none (`count_starts: binding`)."""
    if licence.term is not None:
        return licence, ()
    previous = state.licences[licence.renews].term if licence.renews else None
    term = count(rules, at=starts, months=licence.months, origin=origin or licence.origin, previous=previous)
    return replace(licence, term=term), (by.fact(TermFixed, licence=licence.id, term=term),)


def release(state: State, by: By, licence: Licence, key: CameraKey) -> tuple[Fact, ...]:
    """Takes a licence off its camera."""
    unbound = by.fact(LicenceUnbound, licence=licence.id, device=key.device, camera=key.camera)
    return (unbound, *pull_forward(state, by, licence, key))


def pull_forward(state: State, by: By, leaving: Licence, key: CameraKey) -> tuple[Fact, ...]:
    """Lets the licence that follows `leaving` on the camera begin when that one leaves, now."""
    coverage = state.cameras[key].coverage
    left = next((one for one in coverage if one.licence == leaving.id and by.at < one.ends), None)
    follower = next((one for one in coverage if left is not None and one.starts == left.ends), None)
    if left is None or follower is None:
        return ()
    term = state.licences[follower.licence].term
    assert term is not None
    starts = max(by.at, left.starts, term.starts)
    if starts >= follower.starts:
        return ()
    names = {"licence": follower.licence, "device": key.device, "camera": key.camera}
    return by.fact(LicenceUnbound, **names), by.fact(LicenceBound, **names, starts=starts)
