"""WS-Discovery 1.0 (April 2005): the question for cameras, and what they answer. Pure."""

import re
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from recorder.ingest.errors import ProtocolError
from recorder.ingest.onvif import document, names
from recorder.ingest.onvif.document import children, find, local, text

MATCHES_MAX = 16
"""Of one datagram."""
_SCOPE = re.compile(r"onvif://www\.onvif\.org/(name|hardware|location)/(.+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A camera that has answered. `urn` tells it from all others; `addresses` are those of its device service."""

    urn: str
    addresses: tuple[str, ...]
    name: str
    hardware: str


def probe(message_id: str, types: str = "dn:NetworkVideoTransmitter") -> bytes:
    """The question. Without `types` every device is asked: some cameras answer to nothing else."""
    wanted = f'<d:Types xmlns:dn="{names.NETWORK}">{types}</d:Types>' if types else ""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><s:Envelope xmlns:s="{names.SOAP}" xmlns:a="{names.DISCOVERY_WSA}" '
        f'xmlns:d="{names.DISCOVERY}"><s:Header><a:Action s:mustUnderstand="1">{names.DISCOVERY}/Probe</a:Action>'
        f"<a:MessageID>{message_id}</a:MessageID>"
        '<a:To s:mustUnderstand="1">urn:schemas-xmlsoap-org:ws:2005:04:discovery</a:To></s:Header>'
        f"<s:Body><d:Probe>{wanted}</d:Probe></s:Body></s:Envelope>"
    ).encode()


def matches(datagram: bytes, message_ids: tuple[str, ...]) -> tuple[Found, ...]:
    """The cameras in an answer to one of our questions; nothing for whatever else a datagram is."""
    try:
        root = document.parse(datagram)
    except ProtocolError:
        return ()
    if text(root, "Header/RelatesTo") not in message_ids:
        return ()
    found = find(root, "Body/ProbeMatches")
    answers = (_found(one) for one in list(children(found, "ProbeMatch"))[:MATCHES_MAX])
    return tuple(one for one in answers if one is not None)


def _found(match: document.Element) -> Found | None:
    urn = text(match, "EndpointReference/Address")
    addresses = tuple(one for one in text(match, "XAddrs").split() if _is_http(one))
    scopes: dict[str, str] = {}
    for scope in _all(match, "Scopes").split():
        known = _SCOPE.fullmatch(scope)
        if known:
            value = unquote(known[2], errors="replace")[:64]
            scopes.setdefault(known[1].lower(), "".join(letter for letter in value if letter.isprintable()))
    if not urn or not addresses:
        return None
    return Found(urn=urn, addresses=addresses, name=scopes.get("name", ""), hardware=scopes.get("hardware", ""))


def _all(match: document.Element, name: str) -> str:
    """A text that may be long: lists of scopes are."""
    found = next((child for child in match if local(child) == name), None)
    return (found.text or "") if found is not None else ""


def _is_http(address: str) -> bool:
    try:
        parts = urlsplit(address)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
