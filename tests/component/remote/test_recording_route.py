"""Changing a camera's recording mode: over the API as remote maintenance, and at the recorder itself."""

import json
import logging
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio
from aiohttp import ClientSession, UnixConnector

from recorder.local.app import serve_local
from recorder.record_settings import RecordSettings
from recorder.recording_control import RecordingControl
from recorder.segments.mode import RecordingMode
from tests.fakes.remote_site import RemoteSite

PATH = "/api/v1/cameras/cam1/recording"


class ModalCamera:
    """Stands for a camera's recorder."""

    def __init__(self) -> None:
        self.mode: RecordingMode | None = None
        self.events = 0

    def set_mode(self, mode: RecordingMode) -> None:
        self.mode = mode

    def trigger(self) -> bool:
        self.events += 1
        return self.mode is not None and self.mode.name == "event"


@pytest.fixture
def camera(site: RemoteSite) -> ModalCamera:
    made = ModalCamera()
    site.config.device.data_dir.mkdir()
    site.recordings.mode_of("cam1", RecordSettings(schedule=("mon-fri 08:00-18:00",)))
    site.recordings.add("cam1", made)
    return made


@pytest_asyncio.fixture
async def local(site: RemoteSite) -> AsyncIterator[ClientSession]:
    async with (
        serve_local(site.parts) as path,
        ClientSession("http://site", connector=UnixConnector(path=str(path))) as session,
    ):
        yield session


async def test_a_mode_is_changed_and_what_was_not_given_stays(client: ClientSession, camera: ModalCamera) -> None:
    async with client.post(PATH, json={"mode": "event", "post_event_seconds": 5}) as answer:
        assert answer.status == 200
        assert (await answer.json())["mode"] == "event"
    assert camera.mode is not None and (camera.mode.pre_event_seconds, camera.mode.post_event_seconds) == (10, 5)
    async with client.post(PATH, json="schedule") as answer:
        settings = await answer.json()
    assert settings["schedule"] == ["mon-fri 08:00-18:00"] and settings["post_event_seconds"] == 5
    assert camera.mode.name == "schedule" and camera.mode.schedule is not None
    async with client.get(PATH) as answer:
        assert await answer.json() == settings


@pytest.mark.parametrize(
    ("body", "word"),
    [
        (b"never", "no JSON"),
        (b'"never"', "not 'never'"),
        (b'{"mode": "event", "pre_event_seconds": 1e9}', "pre_event_seconds"),
        (b'{"mode": "event", "past": 1}', "past: there is no such field"),
        (b'{"schedule": ["someday 08:00-09:00"]}', "'someday' is no day"),
        (b'{"mode": "schedule", "schedule": []}', "needs a schedule"),
        (b"[" * 60_000, "no JSON"),
        (b"\xff\xfe", "no JSON"),
        (b"[1]", "mode"),
    ],
)
async def test_other_settings_are_refused_with_the_field_and_what_is_wanted(
    client: ClientSession, camera: ModalCamera, body: bytes, word: str
) -> None:
    async with client.post(PATH, data=body, params={"lang": "en"}) as answer:
        assert (answer.status, answer.content_type) == (400, "application/problem+json")
        problem: dict[str, Any] = await answer.json()
    assert problem["code"] == "recording_malformed" and problem["camera"] == "cam1" and problem["remedy"]
    assert word in problem["detail"]
    assert camera.mode is None


async def test_a_camera_that_is_not_there_is_told_as_such(client: ClientSession, camera: ModalCamera) -> None:
    async with client.post("/api/v1/cameras/cam9/recording", json="off") as answer:
        assert (answer.status, (await answer.json())["code"]) == (404, "camera_unknown")


async def test_it_is_remote_maintenance_and_stops_with_the_licence_but_not_at_the_recorder(
    client: ClientSession, local: ClientSession, site: RemoteSite, camera: ModalCamera
) -> None:
    site.entitle(site.clock.now() - timedelta(seconds=1))
    for answer in (await client.post(PATH, json="off"), await client.get(PATH)):
        problem = await answer.json()
        assert answer.status == 403 and problem["feature"] == "remote_maintenance"
    assert camera.mode is None
    async with local.post("/v1/cameras/cam1/recording", json="off") as answer:
        assert answer.status == 200
    assert camera.mode is not None


async def test_another_sites_page_cannot_change_it(client: ClientSession, camera: ModalCamera) -> None:
    async with client.post(PATH, json="off", headers={"Origin": "http://evil.example"}) as answer:
        assert (answer.status, (await answer.json())["code"]) == (403, "origin_refused")
    assert camera.mode is None


def control_of(site: RemoteSite) -> RecordingControl:
    made = RecordingControl(
        folder=site.config.device.data_dir, zone=ZoneInfo("Asia/Tokyo"), pre_event_seconds=10, board=site.board
    )
    made.load()
    return made


async def test_a_change_survives_a_restart_until_the_configuration_is_changed(
    client: ClientSession, site: RemoteSite, camera: ModalCamera
) -> None:
    configured = RecordSettings(schedule=("mon-fri 08:00-18:00",))
    await client.post(PATH, json={"mode": "event", "pre_event_seconds": 2})
    again = control_of(site)
    assert again.mode_of("cam1", configured) == camera.mode
    assert again.mode_of("cam1", RecordSettings(mode="off")).name == "off", "the last word counts"
    assert again.mode_of("cam2", RecordSettings()).name == "continuous"


@pytest.mark.parametrize("content", [b"{", b'{"cam1": 3}', b"\xff", None], ids=["torn", "other", "no text", "folder"])
async def test_a_damaged_memory_of_changes_is_said_and_the_configuration_counts(
    site: RemoteSite, caplog: pytest.LogCaptureFixture, content: bytes | None
) -> None:
    file = site.config.device.data_dir / "recording.json"
    file.parent.mkdir()
    file.mkdir() if content is None else file.write_bytes(content)
    with caplog.at_level(logging.ERROR):
        assert control_of(site).mode_of("cam1", RecordSettings(mode="off")).name == "off"
    assert "recording.json: cannot be read" in caplog.text


async def test_a_change_that_cannot_be_saved_is_in_force_and_said(
    client: ClientSession, site: RemoteSite, camera: ModalCamera
) -> None:
    site.config.device.data_dir.rmdir()
    async with client.post(PATH, json="off") as answer:
        assert (answer.status, (await answer.json())["code"]) == (503, "recording_not_kept")
    assert camera.mode is not None and camera.mode.name == "off"
    assert not Path(site.config.device.data_dir).exists()
    assert json.loads(await (await client.get(PATH)).text())["mode"] == "off"
