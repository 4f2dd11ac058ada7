"""Requests of the plainest kind, made by hand."""

import base64
import hashlib
import secrets
from datetime import datetime

import aiohttp
from lxml import etree

from camera_sim.onvif.camera import OnvifCamera

SOAP = "http://www.w3.org/2003/05/soap-envelope"
DEVICE = "http://www.onvif.org/ver10/device/wsdl"
EVENTS = "http://www.onvif.org/ver10/events/wsdl"
MEDIA = "http://www.onvif.org/ver10/media/wsdl"
MEDIA2 = "http://www.onvif.org/ver20/media/wsdl"
PTZ = "http://www.onvif.org/ver20/ptz/wsdl"
WSNT = "http://docs.oasis-open.org/wsn/b-2"
TYPE = "application/soap+xml; charset=utf-8"
_WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
_WSU = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
_DIGEST = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#PasswordDigest"


def token(user: str, password: str, created: datetime, nonce: bytes | None = None, kind: str = _DIGEST) -> str:
    """A UsernameToken."""
    nonce = secrets.token_bytes(16) if nonce is None else nonce
    at = created.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    proof = base64.b64encode(hashlib.sha1(nonce + at.encode() + password.encode()).digest()).decode()
    said = proof if kind == _DIGEST else password
    return (
        f'<Security xmlns="{_WSSE}"><UsernameToken><Username>{user}</Username><Password Type="{kind}">{said}</Password>'
        f'<Nonce>{base64.b64encode(nonce).decode()}</Nonce><Created xmlns="{_WSU}">{at}</Created>'
        "</UsernameToken></Security>"
    )


def envelope(body: str, header: str = "") -> bytes:
    return f'<e:Envelope xmlns:e="{SOAP}"><e:Header>{header}</e:Header><e:Body>{body}</e:Body></e:Envelope>'.encode()


async def ask(camera: OnvifCamera, body: bytes, path: str = "/onvif/device_service", **headers: str) -> tuple[int, str]:
    """Status and text of the answer."""
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{camera.place.http}{path}", data=body, headers={"Content-Type": TYPE} | headers) as answer,
    ):
        return answer.status, await answer.text()


def codes(text: str) -> list[str]:
    """The fault's code and subcodes, without prefixes."""
    fault = etree.fromstring(text.encode()).find(f".//{{{SOAP}}}Fault")
    assert fault is not None, text
    values = fault.find(f"{{{SOAP}}}Code")
    assert values is not None
    return [(value.text or "").rpartition(":")[2] for value in values.iter(f"{{{SOAP}}}Value")]
