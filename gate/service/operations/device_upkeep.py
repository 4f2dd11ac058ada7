"""What a customer does about its devices later on: names of cameras, alarms that were seen to."""

from datetime import datetime

from sqlalchemy import update

from gate.licence.facts import CameraKey
from gate.licence.refusals import RefusalCode, refused
from gate.service.operations.actor import Actor
from gate.service.operations.audit import record, refuse
from gate.service.operations.devices import owner_of
from gate.service.operations.permission import as_customer_itself
from gate.service.operations.refusals import Refusal, refusal_of
from gate.service.store import schema
from gate.service.store.engine import Transaction


async def rename_camera(tx: Transaction, actor: Actor, camera: CameraKey, name: str, now: datetime) -> Refusal | None:
    """What people call it. UNKNOWN_CAMERA, NOT_BY_PROXY."""
    customer = as_customer_itself(actor)
    if isinstance(customer, Refusal):
        return await refuse(tx, actor, "camera.rename", now, customer, str(camera))
    table = schema.cameras
    one = (table.c.device_id == camera.device) & (table.c.id == camera.camera) & (table.c.customer_id == customer)
    if not (await tx.execute(update(table).where(one).values(name=name))).rowcount:
        why = refusal_of(refused(RefusalCode.UNKNOWN_CAMERA, camera=camera))
        return await refuse(tx, actor, "camera.rename", now, why, str(camera))
    await record(tx, actor, "camera.rename", now, subject=str(camera), customer=customer, name=name)
    return None


async def settle_alarms(tx: Transaction, actor: Actor, device: str, now: datetime) -> Refusal | None:
    """The customer has seen to what its device gave away (gate.signing.witness): the alarms are shown no more.
    UNKNOWN_DEVICE, NOT_BY_PROXY."""
    customer = as_customer_itself(actor)
    if isinstance(customer, Refusal):
        return await refuse(tx, actor, "device.settle_alarms", now, customer, device)
    if await owner_of(tx, device) != customer:
        return await refuse(
            tx,
            actor,
            "device.settle_alarms",
            now,
            refusal_of(refused(RefusalCode.UNKNOWN_DEVICE, device=device)),
            device,
        )
    table = schema.alarms
    unsettled = update(table).where(table.c.device_id == device, table.c.settled_at.is_(None))
    await tx.execute(unsettled.values(settled_at=now))
    await record(tx, actor, "device.settle_alarms", now, subject=device, customer=customer)
    return None
