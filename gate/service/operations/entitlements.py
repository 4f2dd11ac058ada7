"""What devices are told: challenges, reports, entitlements and signed time (gate.signing).

A session of a device: `new_challenge` → the device proves its key over it and reports (`hear`) → `mint` with the
device's own nonce, and again after each change of its customer's licences, before `stale_after`, or with a new nonce.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import bindparam, delete, insert, select, update

from gate.licence.entitlement import parse_payload, payload_of
from gate.licence.grants import entitlement_for
from gate.licence.refusals import RefusalCode, refused
from gate.licence.rules import Rules
from gate.licence.state import State
from gate.service.jobs import assignment, watermark
from gate.service.operations.actor import Actor
from gate.service.operations.audit import record
from gate.service.operations.devices import Announcement, announce
from gate.service.operations.refusals import Refusal, ServiceCode, refusal, refusal_of
from gate.service.store import schema
from gate.service.store.engine import Transaction
from gate.service.store.ledger import load_state
from gate.signing.envelope import seal
from gate.signing.identity import proves, sha256_of
from gate.signing.issuer import Issuer
from gate.signing.keys import kid_of
from gate.signing.time_answer import seal_time
from gate.signing.witness import Alarm, Record, Report, heard

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
    challenge = secrets.token_bytes(32)
    row = {"challenge": challenge.hex(), "expires_at": now + CHALLENGE_LASTS}
    await tx.execute(insert(schema.challenges).values(**row))
    return challenge


async def take_challenge(tx: Transaction, challenge: bytes, now: datetime) -> Refusal | None:
    """Uses it up. STALE_CHALLENGE."""
    table = schema.challenges
    taken = await tx.execute(delete(table).where(table.c.challenge == challenge.hex(), table.c.expires_at > now))
    return None if taken.rowcount == 1 else refusal(ServiceCode.STALE_CHALLENGE)


async def hear(
    tx: Transaction, device: str, report: Report, challenge: bytes, now: datetime
) -> frozenset[Alarm] | Refusal:
    """Uses up the challenge, remembers what the device says, and gives the alarms it raised (they are kept, and
    shown to the customer). UNKNOWN_DEVICE, STALE_CHALLENGE, NO_PROOF (for an impostor; the alarm is kept)."""
    stale = await take_challenge(tx, challenge, now)
    return stale if stale is not None else await _heard(tx, device, report, challenge, now)


async def introduce(
    tx: Transaction, announcement: Announcement, report: Report, challenge: bytes, now: datetime
) -> frozenset[Alarm] | Refusal:
    """`announce` and `hear` for a device that has nothing but its proof: believed only with it. STALE_CHALLENGE,
    NO_PROOF, TAKEN_CODE, STRANGE_ID."""
    stale = await take_challenge(tx, challenge, now)
    if stale is not None:
        return stale
    known = await tx.row(select(schema.devices.c.id).where(schema.devices.c.id == announcement.label.device))
    if known is None and not proves(report.proof, challenge, announcement.label.public_key):
        return refusal(ServiceCode.NO_PROOF)
    heard_of = frozenset[Alarm]()
    if known is not None:
        outcome = await _heard(tx, announcement.label.device, report, challenge, now)
        if isinstance(outcome, Refusal):
            return outcome
        heard_of = outcome
    answer = await announce(tx, announcement, now)
    if isinstance(answer, Refusal):
        return answer
    if known is not None:
        return heard_of
    return await _heard(tx, announcement.label.device, report, challenge, now)


async def _heard(
    tx: Transaction, device: str, report: Report, challenge: bytes, now: datetime
) -> frozenset[Alarm] | Refusal:
    row = await tx.row(select(schema.devices).where(schema.devices.c.id == device).with_for_update())
    if row is None:
        return refusal_of(refused(RefusalCode.UNKNOWN_DEVICE, device=device))
    known = Record(
        public_key=Ed25519PublicKey.from_public_bytes(row.public_key),
        boot_id=row.boot_id,
        former_boots=tuple(row.former_boots),
        seq=row.seq,
        floor=row.floor,
    )
    after, alarms = heard(known, report, challenge)
    for alarm in sorted(alarms, key=lambda one: one.value):
        await _raise_alarm(tx, row, alarm, report.boot_id, now)
    if Alarm.IMPOSTOR in alarms:
        return refusal(ServiceCode.NO_PROOF)
    learned = {
        "boot_id": after.boot_id,
        "former_boots": list(after.former_boots),
        "seq": after.seq,
        "floor": after.floor,
        "seen_at": now,
    }
    await tx.execute(update(schema.devices).where(schema.devices.c.id == device).values(**learned))
    return alarms


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
    nonces = {} if nonce is None else {device: nonce}
    minted = await mint_all(tx, [device], issuer, now, rules, nonces=nonces, stale_after=stale_after)
    return minted.get(device) or refusal(ServiceCode.NOT_REGISTERED)


async def mint_all(
    tx: Transaction,
    devices: Sequence[str],
    issuer: Issuer,
    now: datetime,
    rules: Rules,
    *,
    nonces: Mapping[str, bytes],
    stale_after: timedelta = STALE_AFTER,
) -> dict[str, Minted]:
    """The same for many devices at once; those that are registered for nobody are left out."""
    table, owners = schema.devices, schema.customers
    query = (
        select(table, owners.c.version, owners.c.partner_id)
        .join(owners, owners.c.id == table.c.customer_id)
        .where(table.c.id.in_(devices))
        .order_by(table.c.id)
        .with_for_update(of=table)
    )
    rows = await tx.rows(query)
    if not rows:
        return {}
    state = await _state_behind(tx, rows, rules)
    since = await watermark.reached(tx, assignment.NAME)
    minted: dict[str, Minted] = {}
    payloads: list[dict[str, Any]] = []
    kid = kid_of(issuer.key.public_key())
    for row in rows:
        entitlement = entitlement_for(
            state if rules.auto_assign.source == "partner_stock" else _part_of(state, row.customer_id),
            row.id,
            now,
            rules,
            kid=kid,
            seq=max(row.issued_seq, row.seq) + 1,
            since=min(since, now) if since else None,
            stale_after=now + stale_after,
            device_pubkey_sha256=sha256_of(Ed25519PublicKey.from_public_bytes(row.public_key)),
        )
        payload = payload_of(entitlement)
        parse_payload(payload)  # what a device would refuse is not signed
        nonce = nonces.get(row.id)
        minted[row.id] = Minted(
            device=row.id,
            seq=entitlement.seq,
            issued_at=now,
            stale_after=now + stale_after,
            document=seal(payload, issuer.key, key_sets=issuer.documents),
            time_answer=nonce and seal_time(row.id, now, nonce, issuer.key, key_sets=issuer.documents),
            customer_version=row.version,
        )
        payloads.append({"device_id": row.id, "payload": payload})
    await _remember(tx, minted, payloads)
    return minted


async def customer_versions(tx: Transaction, devices: frozenset[str]) -> dict[str, int]:
    """The version of each registered device's customer, to be compared with what was minted; for what another service
    process changed."""
    table, owners = schema.devices, schema.customers
    query = select(table.c.id, owners.c.version).join(owners, owners.c.id == table.c.customer_id)
    return {row.id: row.version for row in await tx.rows(query.where(table.c.id.in_(sorted(devices))))}


async def _state_behind(tx: Transaction, rows: Sequence[Any], rules: Rules) -> State:
    """What the devices' future depends on: their customers', and where licences come from a partner's stock all of its
    customers', who are served from it in order."""
    if rules.auto_assign.source == "customer_pool":
        return await load_state(tx, customers={row.customer_id for row in rows}, lock=False)
    partners = {row.partner_id for row in rows}
    everybody = await tx.rows(select(schema.customers.c.id).where(schema.customers.c.partner_id.in_(sorted(partners))))
    return await load_state(tx, partners=partners, customers={row.id for row in everybody}, lock=False)


def _part_of(state: State, customer: str) -> State:
    """That customer alone: looking ahead copies what it changes, which is too much with everybody's."""
    owner = state.customers[customer]
    devices = {device: state.devices[device] for device in owner.devices}
    return replace(
        state,
        customers={customer: owner},
        devices=devices,
        cameras={key: state.cameras[key] for device in devices.values() for key in device.cameras},
        licences={licence: state.licences[licence] for licence in owner.licences},
    )


async def _remember(tx: Transaction, minted: Mapping[str, Minted], payloads: Sequence[dict[str, Any]]) -> None:
    kept = schema.entitlements
    rows = [
        one
        | {
            "seq": minted[one["device_id"]].seq,
            "issued_at": minted[one["device_id"]].issued_at,
            "stale_after": minted[one["device_id"]].stale_after,
        }
        for one in payloads
    ]
    await tx.execute(insert(kept), rows)
    told = [
        {"one": row["device_id"], "number": row["seq"], "at": row["issued_at"], "stale": row["stale_after"]}
        for row in rows
    ]
    await tx.execute(
        update(schema.devices)
        .where(schema.devices.c.id == bindparam("one"))
        .values(issued_seq=bindparam("number"), issued_at=bindparam("at"), stale_after=bindparam("stale")),
        told,
    )
    old = delete(kept).where(kept.c.device_id == bindparam("one"), kept.c.seq <= bindparam("last"))
    await tx.execute(old, [{"one": row["one"], "last": row["number"] - ENTITLEMENTS_KEPT} for row in told])


async def _raise_alarm(tx: Transaction, row: Any, alarm: Alarm, boot_id: str, now: datetime) -> None:
    """Once for each boot, until it is settled; an impostor's once, as its boots are what it likes."""
    table = schema.alarms
    same = (table.c.device_id == row.id) & (table.c.alarm == alarm.value) & table.c.settled_at.is_(None)
    if alarm is not Alarm.IMPOSTOR:
        same &= table.c.boot_id == boot_id
    if await tx.row(select(table.c.id).where(same).limit(1)) is not None:
        return
    raised = {"device_id": row.id, "customer_id": row.customer_id, "alarm": alarm.value, "at": now, "boot_id": boot_id}
    await tx.execute(insert(table).values(**raised))
    actor = Actor(id=f"device:{row.id}", role="device")
    await record(tx, actor, "device.alarm", now, subject=row.id, customer=row.customer_id, alarm=alarm.value)
