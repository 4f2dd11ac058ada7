"""What cameras tell of themselves, read from the bodies of answers. Pure; every text is bounded and printable."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import urlsplit

from recorder.ingest.onvif import names
from recorder.ingest.onvif.document import Element, children, find, number, text

PROFILES_MAX = 32
PRESETS_MAX = 256
SERVICES_MAX = 64
_CAPABILITIES = {"Device": names.DEVICE, "Media": names.MEDIA, "Events": names.EVENTS, "PTZ": names.PTZ}


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceInformation:
    manufacturer: str
    model: str
    firmware: str
    serial: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """A media profile with its picture. `codec`: `h264`, `h265`, another name in lower case, or empty."""

    token: str
    name: str
    codec: str = ""
    width: int = 0
    height: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """A place to look at."""

    token: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The address of each service, by namespace."""

    addresses: Mapping[str, str] = field(default_factory=dict)


def device_information(body: Element) -> DeviceInformation:
    """Of GetDeviceInformation."""
    return DeviceInformation(
        manufacturer=text(body, "Manufacturer"),
        model=text(body, "Model"),
        firmware=text(body, "FirmwareVersion"),
        serial=text(body, "SerialNumber"),
    )


def system_time(body: Element) -> datetime | None:
    """UTC of GetSystemDateAndTime, to the second; None if it tells none that there is."""
    utc = find(body, "SystemDateAndTime/UTCDateTime")
    parts = [number(utc, f"Date/{part}") for part in ("Year", "Month", "Day")]
    parts += [number(utc, f"Time/{part}") for part in ("Hour", "Minute", "Second")]
    try:
        return datetime(*parts, tzinfo=UTC)  # type: ignore[misc,arg-type]
    except ValueError:
        return None


def services(body: Element) -> Services:
    """Of GetServices."""
    found = {
        text(service, "Namespace"): text(service, "XAddr") for service in list(children(body, "Service"))[:SERVICES_MAX]
    }
    return Services(addresses={name: address for name, address in found.items() if name and _is_http(address)})


def capabilities(body: Element) -> Services:
    """Of GetCapabilities, for cameras that know no GetServices."""
    found = {namespace: text(body, f"Capabilities/{name}/XAddr") for name, namespace in _CAPABILITIES.items()}
    return Services(addresses={name: address for name, address in found.items() if _is_http(address)})


def profiles(body: Element) -> tuple[Profile, ...]:
    """Of Media's GetProfiles."""
    return tuple(
        _profile(profile, find(profile, "VideoEncoderConfiguration"))
        for profile in list(children(body, "Profiles"))[:PROFILES_MAX]
    )


def profiles2(body: Element) -> tuple[Profile, ...]:
    """Of Media2's GetProfiles."""
    return tuple(
        _profile(profile, find(profile, "Configurations/VideoEncoder"))
        for profile in list(children(body, "Profiles"))[:PROFILES_MAX]
    )


def stream_uri(body: Element) -> str:
    """Of GetStreamUri, either service's; empty if it is no RTSP address."""
    uri = text(body, "MediaUri/Uri") or text(body, "Uri")
    try:
        parts = urlsplit(uri)
    except ValueError:
        return ""
    return uri if parts.scheme == "rtsp" and parts.hostname else ""


def presets(body: Element) -> tuple[Preset, ...]:
    """Of GetPresets."""
    found = [Preset(token=(one.get("token") or "")[:64], name=text(one, "Name")) for one in children(body, "Preset")]
    return tuple(preset for preset in found[:PRESETS_MAX] if preset.token)


def _profile(profile: Element, encoder: Element | None) -> Profile:
    encoding = text(encoder, "Encoding").lower()
    return Profile(
        token=(profile.get("token") or "")[:64],
        name=text(profile, "Name"),
        codec={"hevc": "h265"}.get(encoding, encoding),
        width=number(encoder, "Resolution/Width"),
        height=number(encoder, "Resolution/Height"),
    )


def _is_http(address: str) -> bool:
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)
