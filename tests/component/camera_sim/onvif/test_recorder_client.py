"""The recorder's own ONVIF against the simulated cameras: found, asked, listened to, turned, restarted."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import aiohttp
import pytest
import pytest_asyncio

from camera_sim.faults.fault import fault_of
from camera_sim.fleet import Fleet
from camera_sim.onvif.camera import OnvifCamera
from gate.clock import SystemClock
from recorder.config import CameraConfig, StreamConfig
from recorder.events.event import CameraEvent
from recorder.ingest.errors import IngestError, UnauthorizedError, UnsupportedError
from recorder.ingest.onvif import camera_services
from recorder.ingest.onvif.client import OnvifClient
from recorder.ingest.onvif.controls import OnvifControls
from recorder.ingest.onvif.discovery import Found
from recorder.ingest.onvif.event_pull import EventPull
from recorder.ingest.onvif.prober import look
from recorder.ingest.onvif.settings import OnvifSettings
from recorder.ingest.rtsp.auth import Credentials
from tests.component.camera_sim.conftest import PASSWORD, READY_SECONDS, USER
from tests.component.camera_sim.onvif.conftest import MAKERS, camera_of, maker_of

RIGHT = Credentials(user=USER, password=PASSWORD)


class Notes:
    """Whoever takes events; `until` waits for one."""

    def __init__(self) -> None:
        self.events: list[CameraEvent] = []
        self._came = asyncio.Event()

    def take(self, event: CameraEvent) -> None:
        self.events.append(event)
        self._came.set()

    async def until(self, wanted: Callable[[CameraEvent], bool], clock: SystemClock) -> CameraEvent:
        async with clock.timeout(READY_SECONDS):
            while True:
                for event in self.events:
                    if wanted(event):
                        return event
                self._came.clear()
                await self._came.wait()


@pytest_asyncio.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
def connect(
    session: aiohttp.ClientSession, clock: SystemClock
) -> Callable[[OnvifCamera, Credentials | None], OnvifClient]:
    return lambda camera, login: OnvifClient(camera.service_url, login, session, clock)


Connect = Callable[[OnvifCamera, Credentials | None], OnvifClient]


@asynccontextmanager
async def pulling(camera: OnvifCamera, clock: SystemClock, login: Credentials | None = None) -> AsyncIterator[Notes]:
    notes = Notes()
    pull = EventPull(
        camera="cam", address=camera.service_url, credentials=login, events=notes, clock=clock, share=lambda: 0.0
    )
    task = asyncio.create_task(pull.run())
    try:
        async with clock.timeout(10):
            while not pull.subscriptions:
                await clock.sleep(0.01)
        yield notes
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def test_every_camera_is_found_with_its_name_and_where_it_is(site: Fleet, clock: SystemClock) -> None:
    assert site.onvif is not None
    wanted = {camera.identity.urn: camera for camera in site.onvif.cameras.values()}
    found: dict[str, Found] = {}
    async for one in look("127.0.0.1", 5.0, clock):
        if one.urn in wanted:  # other fleets of this machine answer, too
            assert one.urn not in found
            found[one.urn] = one
        if len(found) == len(wanted):
            break
    assert {urn: one.addresses for urn, one in found.items()} == {
        urn: (camera.service_url,) for urn, camera in wanted.items()
    }
    assert found[camera_of(site, "cam1").identity.urn].name == "玄関"


@pytest.mark.parametrize("maker", MAKERS)
async def test_every_makers_profiles_and_streams_are_understood(site: Fleet, maker: str, connect: Connect) -> None:
    camera = maker_of(site, maker)
    client = connect(camera, None)
    await client.connect()
    profiles = await camera_services.profiles(client)
    assert [(one.codec, one.width, one.height) for one in profiles] == [("h264", 160, 90), ("h264", 96, 64)]
    uri = await camera_services.stream_uri(client, profiles[1])
    assert uri == f"rtsp://{camera.place.host}:{site.port}/{camera.identity.id}/sub"
    assert await camera_services.presets(client, profiles[0].token) == ()
    with pytest.raises(UnsupportedError, match="cannot be turned"):
        await camera_services.goto_preset(client, profiles[0].token, "1")


async def test_h265_is_seen_through_media2(site: Fleet, connect: Connect) -> None:
    client = connect(camera_of(site, "hevc"), None)
    await client.connect()
    assert [one.codec for one in await camera_services.profiles(client)] == ["h265"]


async def test_a_wrong_password_is_one_sentence_and_asked_with_twice_at_most(
    cam1: OnvifCamera, connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    client = connect(cam1, Credentials(user=USER, password="wrong"))
    await client.connect()
    with pytest.raises(UnauthorizedError, match="does not accept user and password"):
        await camera_services.device_information(client)
    assert caplog.text.count("not let in (wrong)") == 2
    nobody = connect(cam1, None)
    await nobody.connect()
    with pytest.raises(UnauthorizedError, match="asks for user and password"):
        await camera_services.device_information(nobody)
    assert PASSWORD not in caplog.text and "wrong" not in caplog.text.replace("not let in (wrong)", "")


async def test_a_camera_whose_clock_is_set_meanwhile_is_asked_anew(
    site: Fleet, cam1: OnvifCamera, connect: Connect
) -> None:
    client = connect(cam1, RIGHT)
    await client.connect()
    site.faults.begin(fault_of("clock_step", "cam1", params={"seconds": -86_400}))
    assert (await camera_services.device_information(client)).serial == cam1.identity.serial
    assert -86_402 < client.skew.total_seconds() < -86_398


KINDS: dict[str, set[tuple[str, str]]] = {
    "onvif_generic": {("motion", "start"), ("person", "start"), ("line", "pulse")},
    "ipro": {("motion", "start"), ("person", "start"), ("line", "pulse"), ("zone", "start")},
    "reolink": {("motion", "start"), ("person", "start")},
    "tapo": {("motion", "start"), ("person", "start"), ("line", "start")},
}


@pytest.mark.parametrize("maker", MAKERS)
async def test_the_events_of_every_maker_become_the_recorders(site: Fleet, maker: str, clock: SystemClock) -> None:
    camera = maker_of(site, maker)
    programme = site.agenda.programmes[camera.identity.id]
    async with pulling(camera, clock) as notes:
        site.agenda.begin(camera.identity.id, "person", 60)
        started = await notes.until(lambda event: event.kind == "person", clock)
        assert programme.on is not None
        programme.end(programme.on.number)
        ended = await notes.until(lambda event: (event.kind, event.phase) == ("motion", "end"), clock)
        await notes.until(lambda event: (event.kind, event.phase) == ("person", "end"), clock)
    begun = {(event.kind, event.phase) for event in notes.events if event.phase != "end"}
    assert begun == KINDS[maker]
    assert len(notes.events) == len(set(notes.events))
    assert started.camera_utc_ns is not None
    assert abs(started.at_utc_ns - started.camera_utc_ns) < 1_000_000_000  # both clocks are right here
    assert ended.at_utc_ns > started.at_utc_ns


async def test_labels_do_not_follow_a_wrong_clock_of_the_camera(site: Fleet, clock: SystemClock) -> None:
    camera = maker_of(site, "onvif_generic")
    site.faults.begin(fault_of("clock_offset", camera.identity.id, params={"seconds": 7200}))
    async with pulling(camera, clock) as notes:
        site.agenda.begin(camera.identity.id, "vehicle", 60)
        event = await notes.until(lambda event: event.kind == "vehicle", clock)
    assert event.camera_utc_ns is not None
    assert abs(event.at_utc_ns - clock.now_ns()) < 5_000_000_000
    assert 7195 < (event.camera_utc_ns - event.at_utc_ns) / 1e9 < 7205


@pytest.mark.parametrize("maker", ["onvif_generic", "tapo"])  # one tells its state by itself, the other is asked for it
async def test_a_restart_in_the_middle_of_an_event_neither_loses_nor_doubles_it(
    site: Fleet, maker: str, clock: SystemClock
) -> None:
    camera = maker_of(site, maker)
    async with pulling(camera, clock) as notes:
        site.agenda.begin(camera.identity.id, "person", 60)
        await notes.until(lambda event: event.kind == "person", clock)
        camera.reboot()
        async with clock.timeout(10):
            while not site.faults.active:
                await clock.sleep(0.01)
            while not any(one.pulls > 1 for one in camera.subscriptions):  # the first has told, or not told, the state
                await clock.sleep(0.01)
        assert [event.phase for event in notes.events if event.kind == "person"] == ["start"]
        programme = site.agenda.programmes[camera.identity.id]
        assert programme.on is not None
        programme.end(programme.on.number)
        await notes.until(lambda event: (event.kind, event.phase) == ("person", "end"), clock)
    assert [event.phase for event in notes.events if event.kind == "person"] == ["start", "end"]


async def test_what_ended_while_nobody_listened_is_ended_afterwards(site: Fleet, clock: SystemClock) -> None:
    camera = maker_of(site, "tapo")  # tells no state by itself: it is asked for
    async with pulling(camera, clock) as notes:
        site.agenda.begin(camera.identity.id, "person", 60)
        await notes.until(lambda event: event.kind == "person", clock)
        camera.subscriptions.clear()
        programme = site.agenda.programmes[camera.identity.id]
        assert programme.on is not None
        programme.end(programme.on.number)
        await notes.until(lambda event: (event.kind, event.phase) == ("person", "end"), clock)
    assert [event.phase for event in notes.events if event.kind == "person"] == ["start", "end"]


async def test_what_a_camera_does_not_confirm_to_a_new_subscription_is_over(site: Fleet, clock: SystemClock) -> None:
    camera = maker_of(site, "tapo")
    async with pulling(camera, clock) as notes:
        site.agenda.begin(camera.identity.id, "person", 60)
        await notes.until(lambda event: event.kind == "person", clock)
        camera.notifier.tell_state = lambda _subscription, _now: None  # type: ignore[method-assign]
        camera.subscriptions.clear()
        await notes.until(lambda event: (event.kind, event.phase) == ("person", "end"), clock)


async def test_the_end_of_listening_ends_events_and_the_subscription(site: Fleet, clock: SystemClock) -> None:
    camera = maker_of(site, "reolink")
    async with pulling(camera, clock) as notes:
        site.agenda.begin(camera.identity.id, "vehicle", 60)
        await notes.until(lambda event: event.kind == "vehicle", clock)
        assert len(camera.subscriptions) == 1
    assert len(camera.subscriptions) == 0
    assert [event.phase for event in notes.events if event.kind == "vehicle"] == ["start", "end"]


@asynccontextmanager
async def controls_of(camera: OnvifCamera, site: Fleet, clock: SystemClock) -> AsyncIterator[OnvifControls]:
    name = camera.identity.id
    config = CameraConfig(
        id=name,
        main=StreamConfig(url=f"rtsp://192.0.2.1/{name}/main"),
        sub=StreamConfig(url=f"rtsp://192.0.2.1/{name}/sub"),
        onvif=OnvifSettings(address=camera.service_url, user=USER, password=PASSWORD),  # type: ignore[arg-type]
    )
    controls = OnvifControls(clock)
    controls.apply([config])
    task = asyncio.create_task(controls.run())
    await clock.sleep(0)
    try:
        yield controls
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def test_presets_are_listed_gone_to_and_a_wrong_one_is_refused(
    site: Fleet, cam1: OnvifCamera, clock: SystemClock
) -> None:
    async with controls_of(cam1, site, clock) as controls:
        presets = await controls.presets("cam1")
        assert [(one.token, one.name) for one in presets] == [("1", "入口 & <door>"), ("2", "gate")]
        await controls.goto_preset("cam1", "2")
        assert cam1.ptz is not None and cam1.ptz.current.token == "2"
        with pytest.raises(IngestError, match="there is no preset"):
            await controls.goto_preset("cam1", "9")
        with pytest.raises(UnsupportedError, match="no ONVIF address"):
            await controls.presets("cam9")


async def test_a_restart_is_asked_for_and_afterwards_all_is_as_before(
    site: Fleet, cam1: OnvifCamera, clock: SystemClock
) -> None:
    async with controls_of(cam1, site, clock) as controls:
        await controls.reboot("cam1")
        async with clock.timeout(10):
            while not site.faults.active:
                await clock.sleep(0.01)
            with pytest.raises(IngestError):
                await controls.presets("cam1")
            while site.faults.active:
                await clock.sleep(0.01)
        assert len(await controls.presets("cam1")) == 2


async def test_a_wish_for_a_key_frame_reaches_the_stream_it_is_for(site: Fleet, clock: SystemClock) -> None:
    camera = maker_of(site, "onvif_generic")
    wanted: list[str] = []
    camera.want_key = lambda profile: wanted.append(profile.path)
    async with controls_of(camera, site, clock) as controls:
        for _ in range(5):
            controls.request_key(camera.identity.id, "sub")
        controls.request_key("cam9", "main")
        async with clock.timeout(5):
            while not wanted:
                await clock.sleep(0.01)
    assert wanted == [f"/{camera.identity.id}/sub"]


async def test_a_camera_that_lies_about_its_host_leads_nobody_elsewhere(site: Fleet, connect: Connect) -> None:
    client = connect(maker_of(site, "ipro"), None)
    assert client.here("http://198.51.100.7:81/onvif/x?y=1").startswith("http://127.0.61.")
    assert client.here("http://198.51.100.7:81/onvif/x?y=1").endswith(":81/onvif/x?y=1")
    assert client.stream_here("rtsp://user:secret@198.51.100.7:554/live?a=1").endswith(":554/live?a=1")
    assert "secret" not in client.stream_here("rtsp://user:secret@198.51.100.7:554/live?a=1")
