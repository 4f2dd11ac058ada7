"""SOAP 1.2 messages to and from a camera (SOAP 1.2 part 1; WSS UsernameToken Profile 1.1; WS-Addressing 1.0). Pure."""

import base64
import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from xml.sax.saxutils import escape

from recorder.ingest.errors import OnvifFaultError, ProtocolError, UnauthorizedError
from recorder.ingest.onvif import document, names
from recorder.ingest.onvif.document import Element
from recorder.ingest.rtsp.auth import Credentials

_SUBCODES_MAX = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A proof of who we are, good once: `created` is by the camera's clock."""

    credentials: Credentials
    nonce: bytes
    created: datetime

    def element(self) -> str:
        """The header that carries it."""
        created = self.created.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        secret = self.nonce + created.encode() + self.credentials.password.encode()
        digest = base64.b64encode(hashlib.sha1(secret, usedforsecurity=False).digest()).decode()
        return (
            f'<w:Security xmlns:w="{names.WSSE}" s:mustUnderstand="1"><w:UsernameToken>'
            f"<w:Username>{escape(self.credentials.user)}</w:Username>"
            f'<w:Password Type="{names.PASSWORD_DIGEST}">{digest}</w:Password>'
            f"<w:Nonce>{base64.b64encode(self.nonce).decode()}</w:Nonce>"
            f'<u:Created xmlns:u="{names.WSU}">{created}</u:Created>'
            "</w:UsernameToken></w:Security>"
        )


def envelope(body: str, *, token: Token | None = None, action: str = "", to: str = "", message_id: str = "") -> bytes:
    """A whole request. `action`, `to` and `message_id` for what WS-Addressing carries (events); else empty."""
    header = token.element() if token else ""
    if action:
        header += (
            f'<a:Action xmlns:a="{names.WSA}">{escape(action)}</a:Action>'
            f'<a:MessageID xmlns:a="{names.WSA}">{escape(message_id)}</a:MessageID>'
            f'<a:To xmlns:a="{names.WSA}">{escape(to)}</a:To>'
        )
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><s:Envelope xmlns:s="{names.SOAP}">'
        f"<s:Header>{header}</s:Header><s:Body>{body}</s:Body></s:Envelope>"
    ).encode()


def operation(namespace: str, name: str, inside: str = "") -> str:
    """The element that asks for an operation; `inside` is XML in that namespace, its values escaped."""
    return f'<{name} xmlns="{namespace}">{inside}</{name}>'


def given(name: str, value: str) -> str:
    """A simple argument."""
    return f"<{name}>{escape(value)}</{name}>"


def answer(data: bytes) -> Element:
    """The element in the body of an answer. Raises ProtocolError, or OnvifFaultError or UnauthorizedError
    for a fault."""
    root = document.parse(data)
    body = document.find(root, "Body") if document.local(root) == "Envelope" else None
    if body is None or len(body) == 0:
        raise ProtocolError("The camera's answer is no SOAP message.")
    if document.local(body[0]) == "Fault":
        raise _fault(body[0])
    return body[0]


def _fault(element: Element) -> Exception:
    subcodes: list[str] = []
    code = document.find(element, "Code")
    while (code := document.find(code, "Subcode")) is not None and len(subcodes) < _SUBCODES_MAX:
        subcodes.append(document.text(code, "Value").rpartition(":")[2])
    if "NotAuthorized" in subcodes:
        return UnauthorizedError("The camera does not accept user and password.")
    reason = document.text(element, "Reason/Text") or document.text(element, "faultstring")
    said = reason[:120] or ", ".join(subcodes) or "without a reason"
    return OnvifFaultError(f"The camera refuses: {said}.", tuple(subcodes))
