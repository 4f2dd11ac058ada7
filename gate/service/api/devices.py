"""Endpoints about devices: a customer's, and what devices themselves ask."""

import json

from pydantic import model_validator

from gate.licence.facts import CameraKey
from gate.service.api.endpoint import Call, Endpoint
from gate.service.api.fields import CameraId, Code, Hex, In, Line, Moment, QrText, Search, Seq
from gate.service.api.licence_models import CameraOut, ChallengeOut, DeviceAnswerOut, DeviceOut, DevicesOut
from gate.service.api.licensing import CustomerQuery
from gate.service.api.people import RenameIn
from gate.service.operations import device_upkeep, devices, entitlements
from gate.service.operations.devices import AnnouncedCamera, Announcement, RegisterDevice
from gate.service.operations.refusals import Refusal, ServiceCode, refusal
from gate.signing.device_label import label_of
from gate.signing.witness import Report

CAMERAS_MAX = 256

CHALLENGES_PER_MINUTE = 120
"""Of one address: a site with some tens of devices behind one connection is served."""


class RegisterIn(In):
    """`code` as it is typed, or `qr`, the text of the device's QR code: one of them. `cameras` null: all announced."""

    code: Code | None = None
    qr: QrText | None = None
    name: Line | None = None
    cameras: list[CameraId] | None = None

    @model_validator(mode="after")
    def _one_way(self) -> "RegisterIn":
        if (self.code is None) == (self.qr is None):
            raise ValueError("code or qr, one of them")
        return self


class CameraIn(In):
    """A camera as its device names it, and what people call it."""

    id: CameraId
    name: Line


class AnnouncedIn(In):
    """A camera that a device has."""

    id: CameraId
    name: Search = ""


class DeviceAskIn(In):
    """What a device says of itself. `proof`: over the challenge, by its key (hex). `nonce`: its own, for the time."""

    label: QrText
    name: Line
    cameras: list[AnnouncedIn]
    challenge: Hex
    proof: Hex
    boot_id: Line
    seq: Seq = 0
    floor: Moment | None = None
    nonce: Hex | None = None

    @model_validator(mode="after")
    def _bounded(self) -> "DeviceAskIn":
        if len(self.cameras) > CAMERAS_MAX:
            raise ValueError(f"{CAMERAS_MAX} cameras are the most")
        if self.nonce is not None and not 32 <= len(self.nonce) <= 128:
            raise ValueError("a nonce of 16 to 64 bytes is wanted")
        return self


async def _devices(call: Call) -> DevicesOut | Refusal:
    found = await devices.devices(call.tx, call.actor, call.query.customer, call.now, call.rules)
    return found if isinstance(found, Refusal) else DevicesOut.model_validate({"devices": found})


async def _device(call: Call) -> DeviceOut | Refusal:
    return DeviceOut.of(await devices.device(call.tx, call.actor, call.path["device"], call.now, call.rules))


async def _register(call: Call) -> DeviceOut | Refusal:
    body = call.body
    request = RegisterDevice(
        code=body.code, qr=body.qr, name=body.name, cameras=None if body.cameras is None else tuple(body.cameras)
    )
    return DeviceOut.of(await devices.register_device(call.tx, call.actor, request, call.now, call.rules))


async def _rename(call: Call) -> Refusal | None:
    return await devices.rename_device(call.tx, call.actor, call.path["device"], call.body.name, call.now)


async def _remove(call: Call) -> Refusal | None:
    return await devices.remove_device(call.tx, call.actor, call.path["device"], call.now)


async def _add_camera(call: Call) -> CameraOut | Refusal:
    key = CameraKey(call.path["device"], call.body.id)
    added = await devices.register_camera(call.tx, call.actor, key, call.body.name, call.now, call.rules)
    return CameraOut.of(added)


async def _remove_camera(call: Call) -> Refusal | None:
    key = CameraKey(call.path["device"], call.path["camera"])
    return await devices.remove_camera(call.tx, call.actor, key, call.now)


async def _rename_camera(call: Call) -> Refusal | None:
    key = CameraKey(call.path["device"], call.path["camera"])
    return await device_upkeep.rename_camera(call.tx, call.actor, key, call.body.name, call.now)


async def _settle_alarms(call: Call) -> Refusal | None:
    return await device_upkeep.settle_alarms(call.tx, call.actor, call.path["device"], call.now)


async def _challenge(call: Call) -> ChallengeOut:
    return ChallengeOut(challenge=(await entitlements.new_challenge(call.tx, call.now)).hex())


async def _ask(call: Call) -> DeviceAnswerOut | Refusal:
    body, label = call.body, label_of(call.body.label)
    if label is None:
        return refusal(ServiceCode.UNREADABLE_QR)
    challenge, proof = bytes.fromhex(body.challenge), bytes.fromhex(body.proof)
    announcement = Announcement(
        label=label, name=body.name, cameras=tuple(AnnouncedCamera(id=one.id, name=one.name) for one in body.cameras)
    )
    report = Report(boot_id=body.boot_id, seq=body.seq, floor=body.floor, proof=proof)
    heard = await entitlements.introduce(call.tx, announcement, report, challenge, call.now)
    if isinstance(heard, Refusal):
        return heard
    nonce = bytes.fromhex(body.nonce) if body.nonce else None
    minted = await entitlements.mint(call.tx, label.device, call.issuer, call.now, call.rules, nonce=nonce)
    told = None if isinstance(minted, Refusal) else minted
    return DeviceAnswerOut(
        device=label.device,
        registered=told is not None,
        alarms=sorted(alarm.value for alarm in heard),
        entitlement=json.loads(told.document) if told else None,
        time=json.loads(told.time_answer) if told and told.time_answer else None,
    )


ENDPOINTS = (
    Endpoint(
        method="GET", path="/devices", name="listDevices", tag="devices", handle=_devices, query=CustomerQuery,
        summary="A customer's devices", answer=DevicesOut, refusals=(403, 404),
    ),
    Endpoint(
        method="POST", path="/devices", name="registerDevice", tag="devices", handle=_register, body=RegisterIn,
        summary="Register a device by its code or QR code", answer=DeviceOut, status=201, refusals=(403, 404, 409),
    ),
    Endpoint(
        method="GET", path="/devices/{device}", name="showDevice", tag="devices", handle=_device,
        summary="One device", answer=DeviceOut, refusals=(403, 404),
    ),
    Endpoint(
        method="PATCH", path="/devices/{device}", name="renameDevice", tag="devices", handle=_rename, body=RenameIn,
        summary="Another name for a device", status=204, refusals=(403, 404),
    ),
    Endpoint(
        method="DELETE", path="/devices/{device}", name="removeDevice", tag="devices", handle=_remove,
        summary="Remove a device; its licences go back to the pool", status=204, refusals=(403, 404, 409),
    ),
    Endpoint(
        method="POST", path="/devices/{device}/cameras", name="registerCamera", tag="devices", handle=_add_camera,
        body=CameraIn, summary="One more camera of a device", answer=CameraOut, status=201, refusals=(403, 404, 409),
    ),
    Endpoint(
        method="DELETE", path="/devices/{device}/cameras/{camera}", name="removeCamera", tag="devices",
        handle=_remove_camera, summary="Remove a camera; its licences go back to the pool", status=204,
        refusals=(403, 404, 409),
    ),
    Endpoint(
        method="PATCH", path="/devices/{device}/cameras/{camera}", name="renameCamera", tag="devices",
        handle=_rename_camera, body=RenameIn, summary="Another name for a camera", status=204, refusals=(403, 404),
    ),
    Endpoint(
        method="POST", path="/devices/{device}/alarms/settle", name="settleAlarms", tag="devices",
        handle=_settle_alarms, summary="What a device gave away has been seen to", status=204, refusals=(403, 404),
    ),
    Endpoint(
        method="POST", path="/device/challenge", name="newChallenge", tag="for devices", handle=_challenge,
        summary="A challenge that a device proves its key over", answer=ChallengeOut, signed_in=False,
        often=CHALLENGES_PER_MINUTE, refusals=(429,),
    ),
    Endpoint(
        method="POST", path="/device/entitlement", name="askEntitlement", tag="for devices", handle=_ask,
        body=DeviceAskIn, summary="A device says what it is, and is told what it may do", answer=DeviceAnswerOut,
        refusals=(409,), signed_in=False,
    ),
)  # fmt: skip
