"""Faults at the seam of the services: a camera in trouble answers late, not at all, or says no."""

import aiohttp
import pytest

from camera_sim.faults.fault import fault_of
from camera_sim.fleet import Fleet
from camera_sim.onvif.camera import OnvifCamera
from gate.clock import SystemClock
from tests.component.camera_sim.conftest import PASSWORD, USER
from tests.component.camera_sim.onvif.asking import DEVICE, ask, codes, envelope, token
from tests.component.camera_sim.onvif.conftest import maker_of

TIME = envelope(f'<GetSystemDateAndTime xmlns="{DEVICE}"/>')
INFORMATION = f'<GetDeviceInformation xmlns="{DEVICE}"/>'


async def test_onvif_slow_answers_late_and_streams_go_on(site: Fleet, cam1: OnvifCamera, clock: SystemClock) -> None:
    site.faults.begin(fault_of("onvif_slow", "cam1", params={"seconds": 0.2}))
    began_ns = clock.monotonic_ns()
    assert (await ask(cam1, TIME))[0] == 200
    assert clock.monotonic_ns() - began_ns >= 200_000_000
    began_ns = clock.monotonic_ns()
    assert (await ask(maker_of(site, "ipro"), TIME))[0] == 200
    assert clock.monotonic_ns() - began_ns < 200_000_000


@pytest.mark.parametrize("kind", ["onvif_dropped", "refused", "reboot"])
async def test_no_answer_is_a_reset_until_the_fault_is_over(site: Fleet, cam1: OnvifCamera, kind: str) -> None:
    params = {"share": 1} if kind == "onvif_dropped" else {}
    active = site.faults.begin(fault_of(kind, "cam1", params=params))
    with pytest.raises((aiohttp.ClientError, ConnectionError)):
        await ask(cam1, TIME)
    assert (await ask(maker_of(site, "ipro"), TIME))[0] == 200
    if kind == "onvif_dropped":
        assert active.counts() == {"requests": 1}


async def test_half_open_says_nothing(site: Fleet, cam1: OnvifCamera, clock: SystemClock) -> None:
    site.faults.begin(fault_of("half_open", "cam1"))
    with pytest.raises(TimeoutError):
        async with clock.timeout(0.2):
            await ask(cam1, TIME)


async def test_wrong_password_concerns_the_services_too(site: Fleet, cam1: OnvifCamera) -> None:
    site.faults.begin(fault_of("wrong_password", "cam1"))
    status, text = await ask(cam1, envelope(INFORMATION, token(USER, PASSWORD, cam1.now)))
    assert (status, codes(text)) == (400, ["Sender", "NotAuthorized"])


async def test_stale_nonce_is_a_nonce_for_one_request(site: Fleet, cam1: OnvifCamera) -> None:
    site.faults.begin(fault_of("stale_nonce", "cam1"))
    statuses = []

    async def watch(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
        answer = await handler(request)
        statuses.append((answer.status, "stale=true" in answer.headers.get("WWW-Authenticate", "")))
        return answer

    login = aiohttp.DigestAuthMiddleware(USER, PASSWORD)
    async with aiohttp.ClientSession(middlewares=(login, watch)) as session:
        for _ in range(2):
            headers = {"Content-Type": "application/soap+xml"}
            url = f"{cam1.place.http}/onvif/device_service"
            async with session.post(url, data=envelope(INFORMATION), headers=headers) as answer:
                assert answer.status == 200
    assert statuses == [(401, False), (200, False), (401, True), (200, False)]
