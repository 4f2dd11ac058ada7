"""WS-Discovery 1.0 (April 2005), as ONVIF cameras speak it: who is looked for, and what is answered. Pure.

Rules
1. A Probe is for a camera if all its types are the camera's and each of its scopes is the beginning of one of the
   camera's, segment by segment (WS-Discovery section 5.1), or equal to one where it says so.
2. What does not parse is nobody's business: it is dropped without a word.
"""

from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from lxml import etree

from camera_sim.errors import SoapFaultError
from camera_sim.onvif import names
from camera_sim.onvif.answers import say_discovery
from camera_sim.onvif.camera import OnvifCamera
from camera_sim.onvif.soap import parse_xml

GROUP = "239.255.255.250"
PORT = 3702
TYPES = {(names.NETWORK, "NetworkVideoTransmitter"), (names.DEVICE, "Device")}
_WORDS_MAX = 32
_RULES = f"{names.DISCOVERY}/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """Somebody looks for cameras. `types` as (namespace, name); `exact`: scopes are compared as a whole."""

    message_id: str
    types: frozenset[tuple[str, str]]
    scopes: tuple[str, ...]
    exact: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolve:
    """Somebody wants to know where a camera is."""

    message_id: str
    urn: str


def parse(datagram: bytes) -> Probe | Resolve | None:
    """What a datagram asks; None: nothing (rule 2)."""
    try:
        root = parse_xml(datagram)
    except SoapFaultError:
        return None
    message_id = (root.findtext(f"{{{names.SOAP}}}Header/{{{names.DISCOVERY_WSA}}}MessageID") or "").strip()
    body = root.find(f"{{{names.SOAP}}}Body")
    asked = body[0] if body is not None and len(body) else None
    if asked is None or not message_id or len(message_id) > 256:
        return None
    if asked.tag == f"{{{names.DISCOVERY}}}Probe":
        return _probe(message_id, asked)
    if asked.tag == f"{{{names.DISCOVERY}}}Resolve":
        path = f"{{{names.DISCOVERY_WSA}}}EndpointReference/{{{names.DISCOVERY_WSA}}}Address"
        return Resolve(message_id=message_id, urn=(asked.findtext(path) or "").strip())
    return None


def concerns(question: Probe | Resolve, camera: OnvifCamera) -> bool:
    """Whether that camera is meant (rule 1)."""
    if isinstance(question, Resolve):
        return question.urn == camera.identity.urn
    if not question.types <= TYPES:
        return False
    return all(
        any(scope == own if question.exact else _begins(scope, own) for own in camera.scopes)
        for scope in question.scopes
    )


def answer(question: Probe | Resolve, camera: OnvifCamera, message_id: str) -> bytes:
    """The datagram that says where the camera is; `message_id`: a new one."""
    kind = "ProbeMatches" if isinstance(question, Probe) else "ResolveMatches"
    return say_discovery(kind, camera, message_id, question.message_id)


def hello(camera: OnvifCamera, message_id: str) -> bytes:
    """The datagram with which a camera says that it is there."""
    return say_discovery("Hello", camera, message_id, None)


def bye(camera: OnvifCamera, message_id: str) -> bytes:
    """The datagram with which a camera leaves."""
    return say_discovery("Bye", camera, message_id, None)


def _probe(message_id: str, asked: etree._Element) -> Probe | None:
    types = asked.find(f"{{{names.DISCOVERY}}}Types")
    scopes = asked.find(f"{{{names.DISCOVERY}}}Scopes")
    rule = _RULES + "rfc3986" if scopes is None else scopes.get("MatchBy", _RULES + "rfc3986")
    if rule not in (_RULES + "rfc3986", _RULES + "rfc2396", _RULES + "strcmp0"):
        return None
    wanted = set()
    for word in ((types.text if types is not None else None) or "").split()[:_WORDS_MAX]:
        prefix, _, name = word.rpartition(":")
        wanted.add(((types.nsmap if types is not None else {}).get(prefix or None, ""), name))
    return Probe(
        message_id=message_id,
        types=frozenset(wanted),
        scopes=tuple(((scopes.text if scopes is not None else None) or "").split()[:_WORDS_MAX]),
        exact=rule.endswith("strcmp0"),
    )


def _begins(scope: str, own: str) -> bool:
    try:
        one, other = urlsplit(scope), urlsplit(own)
    except ValueError:
        return False
    if (one.scheme.lower(), one.netloc.lower()) != (other.scheme.lower(), other.netloc.lower()):
        return False
    segments = [unquote(part) for part in one.path.rstrip("/").split("/")]
    return segments == [unquote(part) for part in other.path.split("/")][: len(segments)]
