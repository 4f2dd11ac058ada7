"""Every answer is valid by ONVIF's own schemas (those that onvif-zeep-async brings along), for every maker's camera."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import onvif
import pytest
from lxml import etree

from camera_sim.events.event import CameraEvent
from camera_sim.fleet import Fleet
from camera_sim.onvif.camera import OnvifCamera
from camera_sim.onvif.dispatcher import _SERVICES, Request, answer
from gate.clock import SystemClock
from tests.component.camera_sim.onvif.asking import DEVICE, EVENTS, MEDIA, MEDIA2, PTZ, SOAP, WSNT, envelope
from tests.component.camera_sim.onvif.conftest import MAKERS, camera_of, maker_of

WSDL = Path(onvif.__file__).parent / "wsdl"
FILES = {DEVICE: "devicemgmt.wsdl", MEDIA: "media.wsdl", EVENTS: "events.wsdl", PTZ: "ptz.wsdl"}
TT = "http://www.onvif.org/ver10/schema"
_XS = "{http://www.w3.org/2001/XMLSchema}schema"


@cache
def schema(namespace: str) -> etree.XMLSchema:
    if namespace == WSNT:
        return etree.XMLSchema(etree.parse(str(WSDL / "b-2.xsd")))
    path = str(WSDL / FILES[namespace])
    (inside,) = etree.parse(path).iter(_XS)
    return etree.XMLSchema(etree.fromstring(etree.tostring(inside), base_url=path))


def arguments(camera: OnvifCamera, operation: str) -> str:
    """What the operation needs."""
    profile = camera.profiles[0]
    token = f"<ProfileToken>{profile.token}</ProfileToken>"
    setup = (
        f'<StreamSetup><Stream xmlns="{TT}">RTP-Unicast</Stream><Transport xmlns="{TT}"><Protocol>RTSP</Protocol>'
        "</Transport></StreamSetup>"
    )
    return {
        "GetServices": "<IncludeCapability>true</IncludeCapability>",
        "GetCapabilities": "<Category>All</Category>",
        "GetProfile": token,
        "GetStreamUri": setup + "<Protocol>RtspUnicast</Protocol>" + token,
        "GetSnapshotUri": token,
        "SetSynchronizationPoint": token,
        "GetVideoEncoderConfiguration": f"<ConfigurationToken>{profile.encoder_token}</ConfigurationToken>",
        "GetNode": "<NodeToken>PTZNode_1</NodeToken>",
        "GetConfiguration": "<PTZConfigurationToken>PTZConfig_1</PTZConfigurationToken>",
        "GetPresets": token,
        "GotoPreset": f"{token}<PresetToken>1</PresetToken>",
        "GetStatus": token,
        "PullMessages": "<Timeout>PT0S</Timeout><MessageLimit>50</MessageLimit>",
        "SetSystemDateAndTime": "<DateTimeType>NTP</DateTimeType>",
        "Renew": "<TerminationTime>PT60S</TerminationTime>",
    }.get(operation, "")


def operations(camera: OnvifCamera) -> Iterator[tuple[str, str]]:
    order = ["CreatePullPointSubscription"]  # the others of the event service need it
    for namespace, service in _SERVICES.items():
        if service.has(camera):
            names = [name for name in service.answers if name not in (*order, "SystemReboot", "Unsubscribe")]
            yield from ((namespace, name) for name in (*[o for o in order if o in service.answers], *names))


async def body_of(camera: OnvifCamera, namespace: str, operation: str, token: str | None) -> etree._Element:
    said = f'<{operation} xmlns="{namespace}">{arguments(camera, operation)}</{operation}>'
    asked = Request(path="/onvif/x", token=token, authorization=None, body=envelope(said))
    response = await answer(camera, asked)
    assert response.status == 200, (operation, response.body)
    found = etree.fromstring(response.body).find(f"{{{SOAP}}}Body")
    assert found is not None
    return etree.fromstring(etree.tostring(found[0]))


@pytest.mark.parametrize("maker", [*MAKERS, "cam1"])
async def test_every_answer_is_valid(site: Fleet, maker: str, clock: SystemClock) -> None:
    camera = camera_of(site, "cam1") if maker == "cam1" else maker_of(site, maker)
    camera.account = lambda: None
    token, seen = None, set()
    for namespace, operation in operations(camera):
        body = await body_of(camera, namespace, operation, token)
        if operation == "CreatePullPointSubscription":
            address = body.findtext(".//{http://www.w3.org/2005/08/addressing}Address") or ""
            token = address.rpartition("/")[2]
            told = CameraEvent(camera="x", number=1, kind="person", phase="began", at=clock.now())
            camera.subscriptions.tell(camera.notifier.changes(told))
        if namespace == MEDIA2:
            assert etree.QName(body).localname == f"{operation}Response"
            continue
        seen.add(operation)
        schema(namespace).assertValid(body)
    assert {"GetProfiles", "PullMessages", "GetEventProperties", "GetServices", "Renew"} <= seen
    assert ("GetPresets" in seen) == (maker == "cam1")


def test_a_changed_answer_would_be_noticed() -> None:
    wrong = etree.fromstring(f'<x:GetHostnameResponse xmlns:x="{DEVICE}"><x:Name/></x:GetHostnameResponse>')
    assert not schema(DEVICE).validate(wrong)
