"""Endpoints about licences: allocation with its preview, bindings, holds."""

from gate.licence.entitlement import Kind
from gate.licence.facts import CameraKey
from gate.service.api.endpoint import Call, Endpoint
from gate.service.api.fields import CameraId, Day, Id, In, Line, Months, Quantity
from gate.service.api.licence_models import AllocatedOut, CameraOut, LicensingOut, PreviewOut
from gate.service.operations import allocation, bindings, licences
from gate.service.operations.allocation import Allocate
from gate.service.operations.bindings import MoveBinding
from gate.service.operations.refusals import Refusal


class CustomerQuery(In):
    """Left out: the actor's own, or whom it acts as."""

    customer: Id | None = None


class PreviewQuery(In):
    """`on`: the local day of the allocation; left out: now."""

    customer: Id
    kind: Kind = "edge"
    months: Months
    on: Day | None = None


class AllocateIn(In):
    """No camera is named (R12)."""

    customer: Id
    kind: Kind
    months: Months
    quantity: Quantity = 1


class TargetIn(In):
    """The camera that is to have the licence."""

    device: Id
    camera: CameraId


class RevokeIn(In):
    """Whose licence, and why it ends."""

    customer: Id
    reason: Line


class HoldIn(In):
    """Whether the camera is left without a licence on purpose."""

    held: bool


async def _licensing(call: Call) -> LicensingOut | Refusal:
    found = await licences.licensing(call.tx, call.actor, call.query.customer, call.now, call.rules)
    return LicensingOut.of(found)


async def _preview(call: Call) -> PreviewOut | Refusal:
    query = call.query
    request = Allocate(customer=query.customer, kind=query.kind, months=query.months)
    found = await allocation.preview_allocation(call.tx, call.actor, request, query.on, call.now, call.rules)
    if isinstance(found, Refusal):
        return found
    shown = found.preview
    return PreviewOut.model_validate(
        {
            "at": found.at,
            "stock_left": found.stock_left,
            "term": shown.term,
            "renews": shown.renews,
            "renewal": shown.renewal,
            "unburnt_from": shown.unburnt_from,
        }
    )


async def _allocate(call: Call) -> AllocatedOut | Refusal:
    request = Allocate(**call.body.model_dump())
    return AllocatedOut.of(await allocation.allocate(call.tx, call.actor, request, call.now, call.rules))


async def _bind(call: Call) -> CameraOut | Refusal:
    return CameraOut.of(await bindings.bind(call.tx, call.actor, _move(call), call.now, call.rules))


async def _transfer(call: Call) -> CameraOut | Refusal:
    return CameraOut.of(await bindings.transfer(call.tx, call.actor, _move(call), call.now, call.rules))


async def _unbind(call: Call) -> CameraOut | Refusal:
    return CameraOut.of(await bindings.unbind(call.tx, call.actor, call.path["licence"], call.now, call.rules))


async def _revoke(call: Call) -> Refusal | None:
    body = call.body
    return await bindings.revoke(call.tx, call.actor, body.customer, call.path["licence"], body.reason, call.now)


async def _hold(call: Call) -> CameraOut | Refusal:
    key = CameraKey(call.path["device"], call.path["camera"])
    return CameraOut.of(await bindings.set_hold(call.tx, call.actor, key, call.body.held, call.now, call.rules))


def _move(call: Call) -> MoveBinding:
    return MoveBinding(licence=call.path["licence"], camera=CameraKey(call.body.device, call.body.camera))


ENDPOINTS = (
    Endpoint(
        method="GET", path="/licences", name="showLicences", tag="licences", handle=_licensing, query=CustomerQuery,
        summary="A customer's licences and cameras", answer=LicensingOut, refusals=(403, 404),
    ),
    Endpoint(
        method="GET", path="/allocations/preview", name="previewAllocation", tag="licences", handle=_preview,
        query=PreviewQuery, summary="What an allocation today or on a day would give", answer=PreviewOut,
        refusals=(403, 404),
    ),
    Endpoint(
        method="POST", path="/allocations", name="allocate", tag="licences", handle=_allocate, body=AllocateIn,
        summary="Allocate licences from stock to a customer, irrevocably", answer=AllocatedOut, status=201,
        refusals=(403, 404, 409), once=True,
    ),
    Endpoint(
        method="POST", path="/licences/{licence}/bind", name="bindLicence", tag="licences", handle=_bind,
        body=TargetIn, summary="Give a licence of the pool to a camera", answer=CameraOut, refusals=(403, 404, 409),
    ),
    Endpoint(
        method="POST", path="/licences/{licence}/transfer", name="transferLicence", tag="licences", handle=_transfer,
        body=TargetIn, summary="Move a licence to another camera", answer=CameraOut, refusals=(403, 404, 409),
    ),
    Endpoint(
        method="POST", path="/licences/{licence}/unbind", name="unbindLicence", tag="licences", handle=_unbind,
        summary="Put a licence back into the pool", answer=CameraOut, refusals=(403, 404, 409),
    ),
    Endpoint(
        method="POST", path="/licences/{licence}/revoke", name="revokeLicence", tag="licences", handle=_revoke,
        body=RevokeIn, summary="End a licence now: the operator's", status=204, refusals=(403, 404, 409),
    ),
    Endpoint(
        method="PUT", path="/devices/{device}/cameras/{camera}/hold", name="holdCamera", tag="licences",
        handle=_hold, body=HoldIn, summary="Leave a camera without a licence on purpose, or not", answer=CameraOut,
        refusals=(403, 404, 409),
    ),
)  # fmt: skip
