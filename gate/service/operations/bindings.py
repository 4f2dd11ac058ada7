"""A customer's licences and cameras (decision 1; R9): binding, release, transfer, holds; revocation by the operator.

By the customer itself, or by its partner acting as it (`move_binding`, decision 15)."""

from dataclasses import dataclass
from datetime import datetime

from gate.licence.facts import CameraKey
from gate.licence.rules import Rules
from gate.service.operations.actor import Actor
from gate.service.operations.licences import Camera
from gate.service.operations.refusals import Refusal
from gate.service.store.engine import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveBinding:
    """A licence for a camera."""

    licence: str
    camera: CameraKey


async def bind(tx: Transaction, actor: Actor, request: MoveBinding, now: datetime, rules: Rules) -> Camera | Refusal:
    """From now, or from when the camera's present licence ends. UNKNOWN_LICENCE, UNKNOWN_CAMERA, ALREADY_BOUND,
    WRONG_KIND, ADDS_NOTHING, OVER, REVOKED, HELD."""
    raise NotImplementedError


async def unbind(tx: Transaction, actor: Actor, licence: str, now: datetime, rules: Rules) -> Camera | Refusal:
    """Back to the pool, now; gives the camera that lost it. UNKNOWN_LICENCE, NOT_BOUND, OVER, REVOKED."""
    raise NotImplementedError


async def transfer(
    tx: Transaction, actor: Actor, request: MoveBinding, now: datetime, rules: Rules
) -> Camera | Refusal:
    """To another camera of the same kind, in one step (振替え); gives the camera that has it now. As `bind`, and
    NOT_BOUND."""
    raise NotImplementedError


async def set_hold(
    tx: Transaction, actor: Actor, camera: CameraKey, held: bool, now: datetime, rules: Rules
) -> Camera | Refusal:
    """Leaves a camera unlicensed on purpose, or ends that. UNKNOWN_CAMERA, HELD, NOT_HELD."""
    raise NotImplementedError


async def revoke(
    tx: Transaction, actor: Actor, customer: str, licence: str, reason: str, now: datetime
) -> Refusal | None:
    """By the operator: ends a licence now. UNKNOWN_LICENCE, REVOKED, OVER, NOT_ALLOWED."""
    raise NotImplementedError
