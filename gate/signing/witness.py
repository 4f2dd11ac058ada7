"""What whoever issues to devices sees and they do not: a device that was copied, or put back in time. Pure.

1. A report counts only with the device's proof over a challenge made for this very report (IMPOSTOR).
2. A device never goes back to an entitlement before one it had, nor to a time before one it knew (DATA_RESTORED): its
   data were replaced by older ones.
3. A device never goes back to a boot before its present one, and has one recorder at a time (TWO_DEVICES): a report of
   a boot that another boot has followed comes from a copy with the same key.
"""

import enum
from dataclasses import dataclass, replace
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from gate.signing.identity import proves

BOOTS_MAX = 64
"""How many former boots are remembered; a copy that lies still for longer is told by its older data (rule 2)."""


class Alarm(enum.Enum):
    """What a report gives away. Values are stable."""

    IMPOSTOR = "IMPOSTOR"
    DATA_RESTORED = "DATA_RESTORED"
    TWO_DEVICES = "TWO_DEVICES"


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a device says of itself, with its proof over the challenge."""

    boot_id: str
    seq: int
    floor: datetime | None
    proof: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What is known of a device. `former_boots`: oldest first."""

    public_key: Ed25519PublicKey
    boot_id: str = ""
    former_boots: tuple[str, ...] = ()
    seq: int = 0
    floor: datetime | None = None


def heard(record: Record, report: Report, challenge: bytes) -> tuple[Record, frozenset[Alarm]]:
    """What is known after the report, and what it gives away. Nothing is learned from an impostor."""
    if not proves(report.proof, challenge, record.public_key):
        return record, frozenset({Alarm.IMPOSTOR})
    alarms = set()
    if report.seq < record.seq or _behind(report.floor, record.floor):
        alarms.add(Alarm.DATA_RESTORED)
    if report.boot_id in record.former_boots:
        return record, frozenset(alarms | {Alarm.TWO_DEVICES})
    former = record.former_boots
    if record.boot_id and report.boot_id != record.boot_id:
        former = (*former, record.boot_id)[-BOOTS_MAX:]
    floors = [floor for floor in (record.floor, report.floor) if floor is not None]
    after = replace(
        record,
        boot_id=report.boot_id,
        former_boots=former,
        seq=max(record.seq, report.seq),
        floor=max(floors, default=None),
    )
    return after, frozenset(alarms)


def _behind(floor: datetime | None, known: datetime | None) -> bool:
    return known is not None and (floor is None or floor < known)
