"""What devices are told: challenges, reports, entitlements and signed time (gate.signing).

A session of a device: `new_challenge` → the device proves its key over it and reports (`hear`) → `mint` with the
device's own nonce, and again after each change of its customer's licences, before `stale_after`, or with a new nonce.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from gate.licence.rules import Rules
from gate.service.operations.refusals import Refusal
from gate.service.store.engine import Transaction
from gate.signing.issuer import Issuer
from gate.signing.witness import Alarm, Report

CHALLENGE_LASTS = timedelta(minutes=2)
STALE_AFTER = timedelta(days=7)
"""How long a device goes on remotely without hearing from the service."""
ENTITLEMENTS_KEPT = 20
"""Of each device, the newest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Minted:
    """`document`: the sealed entitlement (type `edge-entitlement/v1`), as a licence file holds it. `time_answer`: the
    sealed time with the device's nonce (gate.signing.time_answer), None where no nonce was given. `customer_version`:
    of the licences it tells; another one means that it is out of date."""

    device: str
    seq: int
    issued_at: datetime
    stale_after: datetime
    document: bytes
    time_answer: bytes | None
    customer_version: int


async def new_challenge(tx: Transaction, now: datetime) -> bytes:
    """32 random bytes, good once and for CHALLENGE_LASTS, with any service process."""
    raise NotImplementedError


async def take_challenge(tx: Transaction, challenge: bytes, now: datetime) -> Refusal | None:
    """Uses it up. STALE_CHALLENGE."""
    raise NotImplementedError


async def hear(
    tx: Transaction, device: str, report: Report, challenge: bytes, now: datetime
) -> frozenset[Alarm] | Refusal:
    """Uses up the challenge, remembers what the device says, and gives the alarms it raised (they are kept, and
    shown to the customer). UNKNOWN_DEVICE, STALE_CHALLENGE, NO_PROOF (for an impostor; the alarm is kept)."""
    raise NotImplementedError


async def mint(
    tx: Transaction,
    device: str,
    issuer: Issuer,
    now: datetime,
    rules: Rules,
    *,
    nonce: bytes | None = None,
    stale_after: timedelta = STALE_AFTER,
) -> Minted | Refusal:
    """The entitlement of a device now, with what is known of the future, automatic assignments included. The same
    content as last time is signed again under a new number: times have moved. NOT_REGISTERED."""
    raise NotImplementedError


async def customer_versions(tx: Transaction, devices: frozenset[str]) -> dict[str, int]:
    """The version of each registered device's customer, to be compared with what was minted; for what another service
    process changed."""
    raise NotImplementedError
