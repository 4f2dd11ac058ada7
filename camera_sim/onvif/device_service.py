"""The device service: who the camera is, what it can do, its clock, its restart."""

from datetime import UTC, datetime

from camera_sim.errors import FaultError, SoapFaultError
from camera_sim.onvif import names
from camera_sim.onvif.answers import say
from camera_sim.onvif.camera import OnvifCamera
from camera_sim.onvif.service import Asked, Service, plain
from camera_sim.onvif.soap import bad_argument

_CATEGORIES = {"Device", "Events", "Media", "PTZ"}
_ALL = ("All", "Device", "Events", "Media", "PTZ", "Analytics", "Imaging")
_TIME = ("Date/Year", "Date/Month", "Date/Day", "Time/Hour", "Time/Minute", "Time/Second")


def device_service(services: "tuple[Service, ...]") -> Service:
    """`services`: the others, which it tells of beside itself."""

    def offered(camera: OnvifCamera) -> list[Service]:
        return [service, *(other for other in services if other.has(camera))]

    def get_services(asked: Asked) -> str:
        told = asked.call.text("IncludeCapability") in ("true", "1")
        return say("device", "GetServices", asked.camera, offered(asked.camera), told)

    answers = {
        operation: plain("device", operation)
        for operation in (
            "GetSystemDateAndTime",
            "GetDeviceInformation",
            "GetServiceCapabilities",
            "GetScopes",
            "GetHostname",
            "GetNetworkInterfaces",
            "GetNetworkProtocols",
            "GetEndpointReference",
            "GetDiscoveryMode",
            "GetNTP",
            "GetWsdlUrl",
        )
    }
    service = Service(
        name="device",
        namespace=names.DEVICE,
        path="/onvif/device_service",
        version=(2, 60),
        answers=answers
        | {
            "GetServices": get_services,
            "GetCapabilities": _get_capabilities,
            "GetUsers": _get_users,
            "SetSystemDateAndTime": _set_date_and_time,
            "SystemReboot": _reboot,
        },
        open=frozenset(
            {
                "GetServices",
                "GetServiceCapabilities",
                "GetCapabilities",
                "GetSystemDateAndTime",
                "GetHostname",
                "GetEndpointReference",
                "GetWsdlUrl",
            }
        ),
    )
    return service


def _get_capabilities(asked: Asked) -> str:
    asked_for = [(one.text or "").strip() for one in asked.call.body if isinstance(one.tag, str)] or ["All"]
    if any(category not in _ALL for category in asked_for):
        raise bad_argument("ter:InvalidArgs", "there is no such category")
    has = _CATEGORIES - (set() if asked.camera.ptz else {"PTZ"})
    wanted = has if "All" in asked_for else has & set(asked_for)
    if not wanted:
        raise SoapFaultError("Receiver", ("ter:ActionNotSupported", "ter:NoSuchService"), "there is no such service")
    return say("device", "GetCapabilities", asked.camera, wanted)


def _get_users(asked: Asked) -> str:
    account = asked.camera.account()
    return say("device", "GetUsers", asked.camera, account.user if account else None)


def _set_date_and_time(asked: Asked) -> str:
    camera, kind = asked.camera, asked.call.text("DateTimeType")
    if kind == "NTP":
        seconds = (camera.clock.now() - camera.now).total_seconds()
    elif kind == "Manual":
        seconds = (_given_time(asked) - camera.now).total_seconds()
    else:
        raise bad_argument("ter:InvalidArgs", "DateTimeType is Manual or NTP")
    try:
        camera.set_clock(seconds)
    except FaultError:
        raise bad_argument("ter:InvalidDateTime", "this time is too far off") from None
    camera.ntp = kind == "NTP"
    return say("device", "SetSystemDateAndTime", camera)


def _given_time(asked: Asked) -> datetime:
    parts = [asked.call.text(f"UTCDateTime/{part}") or "" for part in _TIME]
    if not all(part.isdecimal() and len(part) <= 4 for part in parts):
        raise bad_argument("ter:InvalidDateTime", "a whole UTCDateTime is wanted")
    try:
        return datetime(*map(int, parts), tzinfo=UTC)  # type: ignore[misc,arg-type]
    except ValueError:
        raise bad_argument("ter:InvalidDateTime", "there is no such time") from None


def _reboot(asked: Asked) -> str:
    asked.camera.reboot()
    return say("device", "SystemReboot", asked.camera)
