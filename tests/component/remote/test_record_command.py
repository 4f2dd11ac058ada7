"""`edge-recorder record` against a recorder's local site, as a process."""

import asyncio
import json
import sys
from pathlib import Path

import pytest
import yaml

from gate.clock import SystemClock
from recorder.local.app import serve_local
from recorder.record_settings import RecordSettings
from tests.component.remote.test_recording_route import ModalCamera
from tests.fakes.remote_site import RemoteSite


async def record(site: RemoteSite, *words: str) -> tuple[int, str, str]:
    """Status, stdout, stderr."""
    config = site.config.local.socket.parent / "recorder.yaml"
    content = {
        "device": {"id": "rec-1", "data_dir": "data"},
        "licence": {"path": "licence.json", "root_key": "root.pub"},
        "local": {"socket": site.config.local.socket.name},
        "cameras": [{"id": "cam1", "main": {"url": "rtsp://192.0.2.1/main"}}],
    }
    config.write_text(yaml.safe_dump(content))
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "recorder.cli", "record", *words, "--config", str(config),
        cwd=Path(__file__).parents[3], stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    async with SystemClock().timeout(20):
        out, err = await process.communicate()
    return process.returncode or 0, out.decode(), err.decode()


@pytest.fixture
def camera(site: RemoteSite) -> ModalCamera:
    made = ModalCamera()
    site.config.device.data_dir.mkdir()
    site.recordings.mode_of("cam1", RecordSettings())
    site.recordings.add("cam1", made)
    return made


async def test_a_mode_is_changed_and_shown_from_the_terminal(site: RemoteSite, camera: ModalCamera) -> None:
    async with serve_local(site.parts):
        status, out, _ = await record(site, "cam1", "event", "--pre", "2", "--post", "9")
        assert status == 0 and out.startswith("cam1: event (from 2 s before to 9 s after); now ")
        assert camera.mode is not None and camera.mode.post_event_seconds == 9
        status, out, _ = await record(site, "cam1", "schedule", "--schedule", "mon 08:00-09:00", "tue 10:00-11:00")
        assert status == 0 and camera.mode.schedule is not None and len(camera.mode.schedule.spans) == 2
        status, out, _ = await record(site, "cam1", "--json")
        assert json.loads(out)["schedule"] == ["mon 08:00-09:00", "tue 10:00-11:00"]


async def test_what_it_cannot_do_it_says_in_one_sentence(site: RemoteSite, camera: ModalCamera) -> None:
    async with serve_local(site.parts):
        for words, part in ((("cam9", "off"), "cam9"), (("cam1", "sometimes"), "'sometimes'")):
            status, out, err = await record(site, *words)
            assert (status, out) == (2, "")
            assert err.startswith("edge-recorder record: ") and part in err and err.count("\n") == 1
    status, _, err = await record(site, "cam1")
    assert status == 2 and "no recorder answers" in err
