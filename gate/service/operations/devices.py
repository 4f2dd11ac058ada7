"""Devices and their cameras (R19 to R21; decision 12): what announces itself with its key, and who owns it.

A device's id is the name of its public key (`gate.signing.keys.kid_of`), so nobody can take another's. It is known to
the service once it has announced itself; it belongs to the customer who first gives its registration code, typed or
read from its QR code (`gate.signing.device_label`).
"""

from dataclasses import dataclass
from datetime import date, datetime

from gate.licence.entitlement import Kind
from gate.licence.facts import CameraKey
from gate.licence.rules import Rules
from gate.service.operations.actor import Actor
from gate.service.operations.licences import Camera
from gate.service.operations.refusals import Refusal
from gate.service.store.engine import Transaction
from gate.signing.device_label import DeviceLabel


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnouncedCamera:
    """A camera as its device names it."""

    id: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """What a device says of itself; whoever hands it on has seen the proof of its key. `name`: what its owner's
    configuration calls it."""

    label: DeviceLabel
    name: str
    cameras: tuple[AnnouncedCamera, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A registered device. `connected`: it has its uplink now."""

    id: str
    customer: str
    kind: Kind
    serial: str
    model: str
    name: str
    made_on: date | None
    registered_at: datetime
    seen_at: datetime | None
    connected: bool
    stale_after: datetime | None
    alarms: tuple[str, ...]
    cameras: tuple[Camera, ...]
    unregistered_cameras: tuple[AnnouncedCamera, ...]
    """What it has announced, and nobody has registered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterDevice:
    """Either `code` as typed (spaces, dashes and case do not matter) or `qr`, the text of its QR code."""

    code: str | None = None
    qr: str | None = None
    name: str | None = None
    cameras: tuple[str, ...] | None = None
    """Which announced cameras come along; None: all."""


async def announce(tx: Transaction, announcement: Announcement, now: datetime) -> str | Refusal | None:
    """Remembers the device, or what has changed about it; gives the customer it belongs to, or None. Cameras that a
    registered device announces anew are not registered by that. TAKEN_CODE."""
    raise NotImplementedError


async def register_device(
    tx: Transaction, actor: Actor, request: RegisterDevice, now: datetime, rules: Rules
) -> Device | Refusal:
    """For the actor's own customer, never by proxy. UNKNOWN_CODE, UNREADABLE_QR, REGISTERED_ELSEWHERE,
    NEEDS_ALLOCATION, NO_QR, DIRECT_CAP (then nothing is registered), TERMS_NOT_ACCEPTED."""
    raise NotImplementedError


async def remove_device(tx: Transaction, actor: Actor, device: str, now: datetime) -> Refusal | None:
    """With its cameras; their licences go back to the pool. UNKNOWN_DEVICE, NOT_BY_PROXY."""
    raise NotImplementedError


async def rename_device(tx: Transaction, actor: Actor, device: str, name: str, now: datetime) -> Refusal | None:
    """UNKNOWN_DEVICE, NOT_BY_PROXY."""
    raise NotImplementedError


async def register_camera(
    tx: Transaction, actor: Actor, camera: CameraKey, name: str, now: datetime, rules: Rules
) -> Camera | Refusal:
    """One more camera of a registered device. UNKNOWN_DEVICE, ALREADY_THERE, DIRECT_CAP, NOT_BY_PROXY."""
    raise NotImplementedError


async def remove_camera(tx: Transaction, actor: Actor, camera: CameraKey, now: datetime) -> Refusal | None:
    """Its licences go back to the pool. UNKNOWN_CAMERA, NOT_BY_PROXY."""
    raise NotImplementedError


async def devices(
    tx: Transaction, actor: Actor, customer: str | None, now: datetime, rules: Rules
) -> list[Device] | Refusal:
    """A customer's (None: the actor's own, or whom it acts as), in the order of registration. UNKNOWN_CUSTOMER,
    NOT_BY_PROXY where the rules forbid `view_devices`."""
    raise NotImplementedError


async def device(tx: Transaction, actor: Actor, device: str, now: datetime, rules: Rules) -> Device | Refusal:
    """One of the devices that the actor may see. UNKNOWN_DEVICE for every other, there or not."""
    raise NotImplementedError


async def owner_of(tx: Transaction, device: str) -> str | None:
    """The customer a device belongs to; None: nobody's, or unknown. For devices themselves, which have no actor."""
    raise NotImplementedError
