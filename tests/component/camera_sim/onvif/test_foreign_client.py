"""A client that is not ours (onvif-zeep-async, which Home Assistant uses, and onvif-parsers) finds everything it asks
for."""

import asyncio
import datetime as dt
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import cv2
import numpy as np
import onvif_parsers
import pytest
from onvif import ONVIFCamera
from zeep.exceptions import Fault

from camera_sim import barcode
from camera_sim.faults.fault import fault_of
from camera_sim.fleet import Fleet
from camera_sim.onvif.camera import OnvifCamera
from gate.clock import SystemClock
from tests.component.camera_sim.conftest import FPS, GOP, LOOP_PICTURES, PASSWORD, READY_SECONDS, USER
from tests.component.camera_sim.onvif.conftest import MAKERS, REBOOT_SECONDS, camera_of, maker_of
from tests.component.camera_sim.raw_client import connected

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:zeep", "ignore::DeprecationWarning:onvif")
UNICAST = {"Stream": "RTP-Unicast", "Transport": {"Protocol": "RTSP"}}


@asynccontextmanager
async def client_of(camera: OnvifCamera, password: str = PASSWORD, *, adjust: bool = False) -> AsyncIterator[Any]:
    client = ONVIFCamera(camera.place.host, camera.place.http_port, USER, password, no_cache=True, adjust_time=adjust)
    try:
        await client.update_xaddrs()
        yield client
    finally:
        await client.close()


async def test_it_learns_who_the_camera_is_and_what_it_has(cam1: OnvifCamera) -> None:
    async with client_of(cam1) as client:
        device = await client.create_devicemgmt_service()
        told = await device.GetDeviceInformation()
        assert (told.Model, told.SerialNumber) == ("Generic IP Camera", cam1.identity.serial)
        scopes = [scope.ScopeItem for scope in await device.GetScopes()]
        assert "onvif://www.onvif.org/name/%E7%8E%84%E9%96%A2" in scopes
        interfaces = await device.GetNetworkInterfaces()
        assert interfaces[0].IPv4.Config.Manual[0].Address == cam1.place.host
        capabilities = await client.get_capabilities()
        assert capabilities["Events"]["WSPullPointSupport"] is True
        assert {name.rsplit("/", 2)[-2] for name in client.xaddrs} == {"device", "media", "events", "ptz"}
        assert [user.Username for user in await device.GetUsers()] == [USER]


async def test_its_profiles_lead_to_streams_at_the_cameras_own_address(cam1: OnvifCamera, site: Fleet) -> None:
    async with client_of(cam1) as client:
        media = await client.create_media_service()
        profiles = await media.GetProfiles()
        sizes = [profile.VideoEncoderConfiguration.Resolution for profile in profiles]
        assert [(size.Width, size.Height) for size in sizes] == [(160, 90), (96, 64)]
        uris = [
            (await media.GetStreamUri({"StreamSetup": UNICAST, "ProfileToken": profile.token})).Uri
            for profile in profiles
        ]
    assert uris == [f"rtsp://{cam1.place.host}:{site.port}/cam1/{name}" for name in ("main", "sub")]
    assert (await asyncio.open_connection(cam1.place.host, site.port))[1].close() is None


async def test_sound_is_told_where_there_is_some(cam1: OnvifCamera, site: Fleet) -> None:
    async with client_of(cam1) as client:
        media = await client.create_media_service()
        (sound,) = {str(profile.AudioEncoderConfiguration.Encoding) for profile in await media.GetProfiles()}
        assert (sound, len(await media.GetAudioSources())) == ("AAC", 1)
    async with client_of(maker_of(site, "ipro")) as client:
        media = await client.create_media_service()
        assert [profile.AudioEncoderConfiguration for profile in await media.GetProfiles()] == [None, None]
        assert not await media.GetAudioSources()


async def test_h265_is_told_by_media2_only(site: Fleet) -> None:
    async with client_of(camera_of(site, "hevc")) as client:
        media = await client.create_media_service()
        profiles = await media.GetProfiles()
        assert [profile.VideoEncoderConfiguration for profile in profiles] == [None]
        with pytest.raises(Fault, match="Media2"):
            await media.GetVideoEncoderConfiguration({"ConfigurationToken": "VideoEncoder_1"})


async def test_a_snapshot_is_the_picture_of_the_moment(cam1: OnvifCamera, clock: SystemClock) -> None:
    async with client_of(cam1) as client:
        before = clock.now_ns() * FPS // 10**9
        jpeg = await client.get_snapshot(cam1.profiles[0].token)
        after = clock.now_ns() * FPS // 10**9
    picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_GRAYSCALE)
    assert picture is not None and picture.shape == (90, 160)
    assert barcode.read(picture) in [n % LOOP_PICTURES for n in range(before, after + 1)]


async def test_a_snapshot_wants_the_password(cam1: OnvifCamera) -> None:
    url = f"{cam1.place.http}/onvif/snapshot/{cam1.profiles[0].token}.jpg"
    async with aiohttp.ClientSession() as session:
        async with session.get(url) as answer:
            assert answer.status == 401
            assert answer.headers["WWW-Authenticate"].startswith('Digest realm="camera", nonce="')
        wrong = aiohttp.DigestAuthMiddleware(USER, "wrong")
        async with session.get(url, middlewares=(wrong,)) as answer:
            assert answer.status == 401


async def test_a_key_frame_comes_when_one_is_asked_for(site: Fleet, clock: SystemClock) -> None:
    camera = maker_of(site, "onvif_generic")
    async with client_of(camera) as client, connected(site.port, clock) as player:
        media = await client.create_media_service()
        await player.play(f"/{camera.identity.id}/main")
        async with clock.timeout(10):
            assert (await player.picture()).key
            while True:  # until one comes that is not the beginning of a group
                await media.SetSynchronizationPoint({"ProfileToken": camera.profiles[0].token})
                pictures = [await player.picture()]
                while not pictures[-1].key:
                    pictures.append(await player.picture())
                if pictures[-1].mark.n % GOP:
                    break


async def test_presets_are_listed_and_gone_to(cam1: OnvifCamera, clock: SystemClock) -> None:
    token = cam1.profiles[0].token
    async with client_of(cam1) as client:
        ptz = await client.create_ptz_service()
        presets = await ptz.GetPresets({"ProfileToken": token})
        assert [(one.token, one.Name) for one in presets] == [("1", "入口 & <door>"), ("2", "gate")]
        await ptz.GotoPreset({"ProfileToken": token, "PresetToken": "2"})
        assert cam1.ptz is not None and cam1.ptz.current.name == "gate"
        async with clock.timeout(READY_SECONDS):
            while (await ptz.GetStatus({"ProfileToken": token})).MoveStatus.PanTilt == "MOVING":
                await clock.sleep(0.02)
        with pytest.raises(Fault) as refused:
            await ptz.GotoPreset({"ProfileToken": token, "PresetToken": "9"})
        assert subcodes(refused.value) == ["InvalidArgVal", "NoToken"]
        assert (await ptz.GetNodes())[0].MaximumNumberOfPresets == 2


async def test_a_wrong_password_is_refused_what_needs_none_is_answered(cam1: OnvifCamera) -> None:
    async with client_of(cam1, "wrong") as client:
        device = await client.create_devicemgmt_service()
        assert await device.GetSystemDateAndTime()
        assert await device.GetServices({"IncludeCapability": True})
        with pytest.raises(Fault) as refused:
            await device.GetDeviceInformation()
        assert subcodes(refused.value) == ["NotAuthorized"]


async def test_a_client_goes_by_the_cameras_clock_however_wrong_it_is(site: Fleet, cam1: OnvifCamera) -> None:
    site.faults.begin(fault_of("clock_offset", "cam1", params={"seconds": 86_400}))
    async with client_of(cam1) as client:
        with pytest.raises(Fault):
            await (await client.create_devicemgmt_service()).GetDeviceInformation()
    async with client_of(cam1, adjust=True) as client:
        assert await (await client.create_devicemgmt_service()).GetDeviceInformation()


async def test_the_clock_can_be_set_and_follows_a_server_again(cam1: OnvifCamera, clock: SystemClock) -> None:
    def at(instant: dt.datetime) -> dict[str, Any]:
        date = {"Year": instant.year, "Month": instant.month, "Day": instant.day}
        time = {"Hour": instant.hour, "Minute": instant.minute, "Second": instant.second}
        return {"Date": date, "Time": time}

    wanted = clock.now() + dt.timedelta(days=400)
    async with client_of(cam1) as client:
        device = await client.create_devicemgmt_service()
        wish = {"DateTimeType": "Manual", "DaylightSavings": False, "UTCDateTime": at(wanted)}
        await device.SetSystemDateAndTime(wish)
        assert abs((cam1.now - wanted).total_seconds()) < 5
    async with client_of(cam1, adjust=True) as client:
        device = await client.create_devicemgmt_service()
        told = await device.GetSystemDateAndTime()
        assert (told.DateTimeType, told.UTCDateTime.Date.Year) == ("Manual", wanted.year)
        await device.SetSystemDateAndTime({"DateTimeType": "NTP", "DaylightSavings": False})
    assert abs((cam1.now - clock.now()).total_seconds()) < 0.1


async def test_a_restart_takes_the_camera_away_and_it_comes_back_knowing_nobody(
    site: Fleet, clock: SystemClock
) -> None:
    camera = maker_of(site, "onvif_generic")
    async with client_of(camera) as client, connected(site.port, clock) as player:
        await (await client.create_events_service()).CreatePullPointSubscription()
        device = await client.create_devicemgmt_service()
        await player.play(f"/{camera.identity.id}/main")
        await device.SystemReboot()
        async with clock.timeout(10):
            with pytest.raises((ConnectionError, EOFError)):
                while True:
                    await player.packet()
            assert len(camera.subscriptions) == 0
            with pytest.raises((aiohttp.ClientError, ConnectionError)):
                await device.GetSystemDateAndTime()
            while site.faults.active:
                await clock.sleep(REBOOT_SECONDS / 10)
        assert await device.GetDeviceInformation()


def subcodes(fault: Fault) -> list[str]:
    return [str(code).rpartition("}")[2].rpartition(":")[2] for code in fault.subcodes]


ENTITIES: dict[str, dict[str, list[str]]] = {
    "onvif_generic": {"person": ["Motion Alarm", "Cell Motion Detection", "Person Detection"]},
    "ipro": {"vehicle": ["Motion Alarm", "Vehicle Detection"]},
    "reolink": {"person": ["Motion Alarm", "Cell Motion Detection", "Person Detection"]},
    "tapo": {"dark": ["Tamper Detection"]},
}


@pytest.mark.parametrize("maker", MAKERS)
async def test_its_parsers_understand_the_events_of_every_maker(site: Fleet, maker: str, clock: SystemClock) -> None:
    camera = maker_of(site, maker)
    kind, wanted = next(iter(ENTITIES[maker].items()))
    async with client_of(camera) as client:
        manager = await client.create_pullpoint_manager(dt.timedelta(seconds=60), lambda: None)
        service = manager.get_service()
        await site_is_quiet(service)
        site.agenda.begin(camera.identity.id, kind, 60)
        seen: dict[str, Any] = {}
        async with clock.timeout(READY_SECONDS):
            while not set(wanted) <= {name for name, value in seen.items() if value is True}:
                for message in await pulled(service, seconds=5):
                    parser = onvif_parsers.parse(message.Topic._value_1, "cam", message)
                    for entity in await parser:
                        seen[entity.name] = entity.value
        await manager.stop()


async def pulled(service: Any, seconds: float) -> list[Any]:
    wish = {"Timeout": dt.timedelta(seconds=seconds), "MessageLimit": 100}
    return list((await service.PullMessages(wish)).NotificationMessage)


async def site_is_quiet(service: Any) -> None:
    """The state of properties, which some cameras tell first, is taken away."""
    await pulled(service, 0)
