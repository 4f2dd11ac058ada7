"""What licences a customer has and what its cameras may do: reading only."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from gate.licence.entitlement import Kind
from gate.licence.facts import CameraKey
from gate.licence.rules import Rules
from gate.licence.state import Coverage, Licence
from gate.service.operations.actor import Actor
from gate.service.operations.refusals import Refusal
from gate.service.store.engine import Transaction

LicenceState = Literal["active", "spare", "over", "revoked"]
"""`spare`: in the pool, bound to nothing."""
CameraState = Literal["active", "lapsed", "never"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Camera:
    """A camera at one moment. `licence`: what covers it now; `covered_until`: the end of all that follows without a
    break, None if nothing covers it now; `next_starts`: of the next coverage, if there is a break before it."""

    key: CameraKey
    name: str
    device_name: str
    kind: Kind
    held: bool
    state: CameraState
    licence: str | None
    covered_until: datetime | None
    lapsed_at: datetime | None
    next_starts: datetime | None
    coverage: tuple[Coverage, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LicenceLine:
    """One licence of a customer's. `burns`: it lies in the pool while its term runs."""

    licence: Licence
    state: LicenceState
    burns: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Licensing:
    """Everything about a customer's licences, cameras by device in the order of registration."""

    customer: str
    licences: tuple[LicenceLine, ...]
    cameras: tuple[Camera, ...]


async def licensing(
    tx: Transaction, actor: Actor, customer: str | None, now: datetime, rules: Rules
) -> Licensing | Refusal:
    """`customer` None: the actor's own, or whom it acts as. By its partner or the operator: any of its customers.
    UNKNOWN_CUSTOMER, NOT_BY_PROXY."""
    raise NotImplementedError
