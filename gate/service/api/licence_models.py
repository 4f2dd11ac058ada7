"""Licences, cameras and devices, in JSON: views of the operations' values."""

from datetime import date, datetime
from typing import Any

from gate.licence.entitlement import Kind
from gate.licence.facts import Origin
from gate.service.api.fields import Out
from gate.service.operations.licences import CameraState, LicenceState


class TermOut(Out):
    """Days in the service's time zone; `ends` is exclusive."""

    allocated_on: date
    free_until: date
    term_start: date
    last_day: date
    starts: datetime
    ends: datetime
    free_days: int


class CameraKeyOut(Out):
    """A camera's name across all devices."""

    device: str
    camera: str


class LicenceOut(Out):
    """One seat. `term` null: its count starts at the binding. `camera` null: it lies in the pool."""

    id: str
    partner: str
    customer: str
    kind: Kind
    months: int
    origin: Origin
    renews: str | None
    renewed_by: str | None
    term: TermOut | None
    camera: CameraKeyOut | None
    free_since: datetime
    revoked_at: datetime | None


class AllocatedOut(Out):
    """New licences, the cameras that came back by them, and what is left in stock."""

    licences: list[LicenceOut]
    restored: list[CameraKeyOut]
    stock_left: int


class RenewalOut(Out):
    """What the day of a renewal costs or gains, in days."""

    burnt_days: int
    extra_free_days: int
    dark_full_days: int


class PreviewOut(Out):
    """What an allocation then would give. `unburnt_from`: the earliest day on which it burns nothing."""

    at: datetime
    stock_left: int
    term: TermOut
    renews: LicenceOut | None
    renewal: RenewalOut | None
    unburnt_from: date | None


class CoverageOut(Out):
    """`[starts, ends)` of a camera by one licence. `cut`: ended by hand."""

    licence: str
    starts: datetime
    ends: datetime
    cut: bool


class CameraOut(Out):
    """A camera now. `covered_until`: the end of all that follows without a break."""

    key: CameraKeyOut
    name: str
    device_name: str
    kind: Kind
    held: bool
    state: CameraState
    licence: str | None
    covered_until: datetime | None
    lapsed_at: datetime | None
    next_starts: datetime | None
    coverage: list[CoverageOut]


class LicenceLineOut(Out):
    """`burns`: it lies in the pool while its term runs."""

    licence: LicenceOut
    state: LicenceState
    burns: bool


class LicensingOut(Out):
    """A customer's licences and cameras."""

    customer: str
    licences: list[LicenceLineOut]
    cameras: list[CameraOut]


class AnnouncedCameraOut(Out):
    """As the device names it."""

    id: str
    name: str


class DeviceOut(Out):
    """A registered device. `unregistered_cameras`: announced by it, registered by nobody."""

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
    alarms: list[str]
    cameras: list[CameraOut]
    unregistered_cameras: list[AnnouncedCameraOut]


class DevicesOut(Out):
    """In the order of registration."""

    devices: list[DeviceOut]


class ChallengeOut(Out):
    """To be signed with the device's key (`edge-device-proof/v1`), in hex."""

    challenge: str


class DeviceAnswerOut(Out):
    """`registered` false: nobody's yet. `entitlement` and `time` are sealed documents."""

    device: str
    registered: bool
    alarms: list[str]
    entitlement: dict[str, Any] | None
    time: dict[str, Any] | None
