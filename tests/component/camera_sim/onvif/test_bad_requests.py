"""Whatever comes in: a clear fault, and nobody else is disturbed."""

import asyncio
from datetime import timedelta

import aiohttp
import pytest
from lxml import etree

from camera_sim.events.event import CameraEvent
from camera_sim.fleet import Fleet
from camera_sim.onvif.camera import OnvifCamera
from camera_sim.onvif.server import REQUESTS_MAX
from camera_sim.onvif.soap import BODY_BYTES_MAX
from camera_sim.onvif.subscriptions import WAITING_MAX
from gate.clock import SystemClock
from tests.component.camera_sim.conftest import PASSWORD, USER
from tests.component.camera_sim.onvif.asking import DEVICE, EVENTS, MEDIA, PTZ, SOAP, WSNT, ask, codes, envelope, token
from tests.component.camera_sim.onvif.conftest import maker_of

TIME = f'<GetSystemDateAndTime xmlns="{DEVICE}"/>'
INFORMATION = f'<GetDeviceInformation xmlns="{DEVICE}"/>'
LAUGHS = b'<!DOCTYPE a [<!ENTITY b "ha"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]>'
FILE = b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        (b"", ["Sender", "WellFormed"]),
        (b"no xml", ["Sender", "WellFormed"]),
        (b"<a><b></a>", ["Sender", "WellFormed"]),
        (b"<a/>", ["Sender", "WellFormed"]),
        ("<a/>".encode("utf-16"), ["Sender", "WellFormed"]),
        (LAUGHS + envelope("<x>&c;</x>"), ["Sender", "WellFormed"]),
        (FILE + envelope("<x>&b;</x>"), ["Sender", "WellFormed"]),
        (b"<a>" * 200 + b"</a>" * 200, ["Sender", "WellFormed"]),
        (envelope("<a/>" * 3), ["Sender", "WellFormed"]),
        (envelope("<a>" + "<b/>" * 3000 + "</a>"), ["Sender", "WellFormed"]),
        (envelope(TIME).replace(SOAP.encode(), b"http://schemas.xmlsoap.org/soap/envelope/"), ["VersionMismatch"]),
        (envelope(TIME, f'<x xmlns="urn:x" e:mustUnderstand="1" xmlns:e="{SOAP}"/>'), ["MustUnderstand"]),
        (envelope('<GetColour xmlns="urn:x"/>'), ["Receiver", "ActionNotSupported", "NoSuchService"]),
        (envelope(f'<GetColour xmlns="{DEVICE}"/>'), ["Receiver", "ActionNotSupported"]),
        (envelope(f'<GetCapabilities xmlns="{DEVICE}"><Category>X</Category></GetCapabilities>'), None),
        (envelope(f'<GetNodes xmlns="{PTZ}"/>'), ["Receiver", "ActionNotSupported", "NoSuchService"]),
        (envelope(f'<GetProfile xmlns="{MEDIA}"/>'), ["Sender", "InvalidArgVal", "NoProfile"]),
        (envelope(f'<GetStreamUri xmlns="{MEDIA}"><ProfileToken>x</ProfileToken></GetStreamUri>'), None),
        (envelope(f'<PullMessages xmlns="{EVENTS}"/>'), ["Sender", "ResourceUnknownFault"]),
        (envelope(f'<Renew xmlns="{WSNT}"/>'), ["Sender", "ResourceUnknownFault"]),
        (
            envelope(
                f'<SetSystemDateAndTime xmlns="{DEVICE}"><DateTimeType>Manual</DateTimeType></SetSystemDateAndTime>'
            ),
            ["Sender", "InvalidArgVal", "InvalidDateTime"],
        ),
    ],
)
async def test_what_is_wrong_is_one_fault(site: Fleet, body: bytes, wanted: list[str] | None) -> None:
    camera = maker_of(site, "onvif_generic")
    status, text = await ask(camera, body)
    found = codes(text)
    assert found == (wanted or [*found[:1], "InvalidArgVal", *found[2:]])
    assert status == (400 if found[0] == "Sender" else 500)
    assert (await ask(camera, envelope(TIME)))[0] == 200


async def test_huge_and_endless_bodies_and_other_types_are_refused(site: Fleet) -> None:
    camera = maker_of(site, "onvif_generic")
    assert (await ask(camera, b" " * (BODY_BYTES_MAX + 1)))[0] == 413
    assert (await ask(camera, envelope(TIME), **{"Content-Type": "text/plain"}))[0] == 415
    assert (await ask(camera, envelope(TIME), "/elsewhere"))[0] == 404
    assert (await ask(camera, envelope(TIME), Host="evil.example"))[0] == 421
    async with aiohttp.ClientSession() as session, session.get(f"{camera.place.http}/onvif/device_service") as answer:
        assert answer.status == 405


async def test_a_token_is_good_once_and_not_for_long(cam1: OnvifCamera) -> None:
    good = envelope(INFORMATION, token(USER, PASSWORD, cam1.now))
    assert (await ask(cam1, good))[0] == 200
    for header in (
        "",
        token(USER, "wrong", cam1.now),
        token("someone", PASSWORD, cam1.now),
        token(USER, PASSWORD, cam1.now - timedelta(seconds=400)),
        token(USER, PASSWORD, cam1.now + timedelta(seconds=400)),
        token(USER, PASSWORD, cam1.now, kind="#PasswordText"),
        token(USER, PASSWORD, cam1.now, nonce=b""),
        "<Security/>",
    ):
        status, text = await ask(cam1, envelope(INFORMATION, header))
        assert status in (400, 401)
        assert codes(text) == ["Sender", "NotAuthorized"]
        assert PASSWORD not in text
    status, text = await ask(cam1, good)  # the very same again
    assert (status, codes(text)) == (400, ["Sender", "NotAuthorized"])


async def test_http_digest_opens_the_door_too(cam1: OnvifCamera) -> None:
    url = f"{cam1.place.http}/onvif/device_service"
    for password, wanted in ((PASSWORD, 200), ("wrong", 401)):
        login = aiohttp.DigestAuthMiddleware(USER, password)
        headers = {"Content-Type": "application/soap+xml"}
        async with (
            aiohttp.ClientSession(middlewares=(login,)) as session,
            session.post(url, data=envelope(INFORMATION), headers=headers) as answer,
        ):
            assert answer.status == wanted


async def test_subscriptions_are_bounded_in_number_in_time_and_in_what_waits(site: Fleet, clock: SystemClock) -> None:
    camera = maker_of(site, "tapo")

    def create(seconds: str, inside: str = "") -> bytes:
        return envelope(
            f'<CreatePullPointSubscription xmlns="{EVENTS}">{inside}<InitialTerminationTime>{seconds}'
            "</InitialTerminationTime></CreatePullPointSubscription>"
        )

    for seconds in ("PT0S", "-PT5S", "2001-01-01T00:00:00Z", "soon"):
        status, text = await ask(camera, create(seconds))
        assert (status, codes(text)) == (400, ["Sender", "UnacceptableInitialTerminationTimeFault"])
    status, text = await ask(camera, create("PT60S", "<Filter><x/></Filter>"))
    assert codes(text) == ["Sender", "InvalidMessageContentExpressionFault"]
    made = [await ask(camera, create("PT60S")) for _ in range(3)]
    assert [status for status, _ in made] == [200, 200, 500]
    assert codes(made[2][1]) == ["Receiver", "SubscribeCreationFailedFault"]
    path = address_of(made[0][1]).removeprefix(camera.place.http)
    for number in range(WAITING_MAX + 10):
        camera.subscriptions.tell(camera.notifier.changes(event(camera, number, clock)))
    pulled = envelope(
        f'<PullMessages xmlns="{EVENTS}"><Timeout>PT0S</Timeout><MessageLimit>9999</MessageLimit></PullMessages>'
    )
    status, text = await ask(camera, pulled, path)
    assert (status, text.count("<wsnt:NotificationMessage>")) == (200, 100)
    assert [one.lost for one in camera.subscriptions] == [10, 10]
    unsubscribe = envelope(f'<Unsubscribe xmlns="{WSNT}"/>')
    assert (await ask(camera, unsubscribe, path))[0] == 200
    assert codes((await ask(camera, pulled, path))[1]) == ["Sender", "ResourceUnknownFault"]
    short = address_of((await ask(camera, create("PT0.2S")))[1]).removeprefix(camera.place.http)
    await clock.sleep(0.25)
    assert codes((await ask(camera, pulled, short))[1]) == ["Sender", "ResourceUnknownFault"]


async def test_many_who_wait_do_not_keep_another_camera_from_answering(site: Fleet, clock: SystemClock) -> None:
    camera, other = maker_of(site, "onvif_generic"), maker_of(site, "ipro")
    created = await ask(camera, envelope(f'<CreatePullPointSubscription xmlns="{EVENTS}"/>'))
    path = address_of(created[1]).removeprefix(camera.place.http)
    drain = "<MessageLimit>99</MessageLimit></PullMessages>"
    await ask(camera, envelope(f'<PullMessages xmlns="{EVENTS}"><Timeout>PT0S</Timeout>{drain}'), path)
    wait = envelope(f'<PullMessages xmlns="{EVENTS}"><Timeout>PT30S</Timeout>{drain}')
    waiting = [asyncio.create_task(ask(camera, wait, path)) for _ in range(5)]
    done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    assert all(task.result()[0] == 200 for task in done)  # a newer pull takes the place of an older one
    assert (await ask(other, envelope(TIME)))[0] == 200
    assert len(waiting) <= REQUESTS_MAX
    for task in waiting:
        task.cancel()
    await asyncio.wait(waiting)


def address_of(text: str) -> str:
    found = etree.fromstring(text.encode()).findtext(".//{http://www.w3.org/2005/08/addressing}Address")
    assert found is not None
    return found


def event(camera: OnvifCamera, number: int, clock: SystemClock) -> CameraEvent:
    return CameraEvent(
        camera=camera.identity.id,
        number=number,
        kind="dark",
        phase="began" if number % 2 == 0 else "ended",
        at=clock.now(),
    )
