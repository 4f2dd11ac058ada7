"""Plans for devices and their cameras (R1, R19, R20, R21; decisions 12 and 13)."""

from datetime import date

from gate.licence.binding import release
from gate.licence.entitlement import Kind
from gate.licence.facts import By, CameraKey, CameraRegistered, CameraRemoved, DeviceRegistered, DeviceRemoved, Facts
from gate.licence.refusals import RefusalCode, Refused, refused
from gate.licence.rules import Rules
from gate.licence.state import Device, State


def plan_register_device(
    state: State,
    by: By,
    rules: Rules,
    *,
    customer: str,
    device: str,
    kind: Kind,
    made_on: date | None = None,
    by_qr: bool = False,
) -> Facts | Refused:
    """A device of a customer's. R19: after allocation. R20: by QR code only what was made late enough (`made_on`)."""
    owner = state.customers.get(customer)
    if owner is None:
        return refused(RefusalCode.UNKNOWN_CUSTOMER, customer=customer)
    if device in state.devices:
        return refused(RefusalCode.ALREADY_THERE, what=device)
    if rules.registration_needs_allocation and not owner.licences:
        return refused(RefusalCode.NEEDS_ALLOCATION, customer=customer)
    if by_qr and kind == "edge" and (made_on is None or made_on < rules.qr_serials_from):
        return refused(RefusalCode.NO_QR, made_on=made_on or "?", since=rules.qr_serials_from)
    return (by.fact(DeviceRegistered, device=device, customer=customer, kind=kind),)


def plan_register_camera(state: State, by: By, rules: Rules, *, customer: str, camera: CameraKey) -> Facts | Refused:
    """A camera of a device. R21: direct cameras are few."""
    device = state.devices.get(camera.device)
    if device is None or device.customer != customer:
        return refused(RefusalCode.UNKNOWN_DEVICE, device=camera.device)
    if camera in state.cameras:
        return refused(RefusalCode.ALREADY_THERE, what=camera)
    if device.kind == "direct" and _direct_cameras(state, device, rules) >= rules.direct_cap:
        return refused(RefusalCode.DIRECT_CAP, cap=rules.direct_cap)
    return (by.fact(CameraRegistered, device=camera.device, camera=camera.camera),)


def plan_remove_camera(state: State, by: By, *, customer: str, camera: CameraKey) -> Facts | Refused:
    """Its licences go back to the pool."""
    target = state.cameras.get(camera)
    if target is None or target.customer != customer:
        return refused(RefusalCode.UNKNOWN_CAMERA, camera=camera)
    bound = dict.fromkeys(one.licence for one in target.coverage if state.licences[one.licence].camera == camera)
    freed = tuple(release(state, by, state.licences[licence], camera)[0] for licence in bound)
    return (*freed, by.fact(CameraRemoved, device=camera.device, camera=camera.camera))


def plan_remove_device(state: State, by: By, *, customer: str, device: str) -> Facts | Refused:
    """A device without cameras."""
    target = state.devices.get(device)
    if target is None or target.customer != customer:
        return refused(RefusalCode.UNKNOWN_DEVICE, device=device)
    if target.cameras:
        return refused(RefusalCode.HAS_CAMERAS, device=device)
    return (by.fact(DeviceRemoved, device=device),)


def _direct_cameras(state: State, device: Device, rules: Rules) -> int:
    """How many count against the cap."""
    if rules.direct_cap_scope == "none":
        return 0
    if rules.direct_cap_scope == "device":
        return len(device.cameras)
    devices = (state.devices[one] for one in state.customers[device.customer].devices)
    return sum(len(one.cameras) for one in devices if one.kind == "direct")
