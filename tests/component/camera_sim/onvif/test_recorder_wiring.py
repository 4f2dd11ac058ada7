"""In a recorder: a camera with `onvif` in its configuration is listened to, as that configuration says."""

import asyncio
from contextlib import suppress
from pathlib import Path

import pytest
from pydantic import SecretStr

from camera_sim.fleet import Fleet
from camera_sim.onvif.camera import OnvifCamera
from gate.clock import SystemClock
from recorder.events.bus import EventBus
from recorder.events.event import CameraEvent
from recorder.events.sources import EventSources
from recorder.ingest.onvif.settings import OnvifSettings
from tests.component.camera_sim.conftest import PASSWORD, READY_SECONDS, USER
from tests.component.camera_sim.onvif.test_recorder_client import Notes
from tests.fakes.remote_site import RemoteSite, config_of


class Forgetful:
    """An index that keeps nothing."""

    def post(self, change: object) -> None:
        del change


class Bus(EventBus):
    """The real one; `notes` has what cameras' sources say."""

    def __init__(self, clock: SystemClock) -> None:
        super().__init__(
            store=Forgetful(),
            clock=clock,
            last_number=0,
            may_tell_remotely=lambda camera: True,
            trigger=lambda camera: False,
        )
        self.notes = Notes()

    def take(self, event: CameraEvent) -> None:
        self.notes.take(event)
        super().take(event)


@pytest.mark.parametrize("login", ["of the camera", "of its own"])
async def test_events_of_a_configured_camera_reach_the_bus_until_it_is_told_otherwise(
    site: Fleet, cam1: OnvifCamera, tmp_path: Path, clock: SystemClock, login: str
) -> None:
    camera = cam1
    remote = RemoteSite(clock=clock, config=config_of(tmp_path, cameras=1))
    bus = Bus(clock)
    sources = EventSources(bus=bus, hub=remote.hub, gate=remote.gate, board=remote.board, clock=clock)
    right = {"user": USER, "password": SecretStr(PASSWORD)}
    address = {"address": f"{camera.place.host}:{camera.place.http_port}"}
    onvif = OnvifSettings.model_validate(address | (right if login == "of its own" else {}))
    beside = {"onvif": onvif} | (right if login == "of the camera" else {})
    config = remote.config.cameras[0].model_copy(update=beside)
    await sources.apply([config])
    task = asyncio.create_task(sources.run())
    try:
        async with clock.timeout(READY_SECONDS):
            while not len(camera.subscriptions):
                await clock.sleep(0.01)
        site.agenda.begin(camera.identity.id, "vehicle", 60)
        event = await bus.notes.until(lambda event: event.kind == "vehicle", clock)
        assert (event.camera, event.source, event.phase) == ("cam1", "onvif", "start")
        await sources.apply([config.model_copy(update={"name": "another name"})])
        assert len(camera.subscriptions) == 1 and not [one for one in bus.notes.events if one.phase == "end"]
        deaf = onvif.model_copy(update={"events": False})
        await sources.apply([config.model_copy(update={"onvif": deaf})])
        assert len(camera.subscriptions) == 0
        assert [one for one in bus.notes.events if (one.kind, one.phase) == ("vehicle", "end")]
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
