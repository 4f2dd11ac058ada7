"""Remote maintenance: what the machine says, what may be done with it, the log bundle without a secret, the check as a
job, the configuration edited as text; all of it gone with the licence, and noted."""

import asyncio
import contextlib
import io
import logging
import tarfile
import threading
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from recorder.cameras import CameraChanges
from recorder.config import load_config
from recorder.maintenance.log_ring import LogRing
from recorder.maintenance.opening import open_upkeep
from recorder.maintenance.upkeep import Host, Stop
from recorder.reload import ConfigReload
from recorder.remote.app import serve_remote
from tests.fakes.recorded import Recorded
from tests.fakes.remote_site import RemoteSite
from tests.fakes.video import FPS, access_units

BASE = "/api/v1/maintenance"
SECRETS = ("camera-pass-1", "camera-pass-2", "old-password-3")
CONFIG = """# The shop's recorder.
device: {id: rec-1, data_dir: data}
licence: {path: licence.json, root_key: root.pub}
local: {socket: rec.sock}
cameras:
  # The door. password: old-password-3
  - id: cam1
    name: 玄関          # seen from the street
    main: {url: "rtsp://127.0.0.1:1/cam1"}
    user: admin
    password: camera-pass-1
  - {id: cam2, main: {url: "rtsp://127.0.0.1:1/cam2"}, user: admin, password: 'camera-pass-2'}
"""


@dataclass
class Service:
    """A licence service that answers, or does not."""

    answers: bool = True

    async def ask(self) -> bool:
        return self.answers


@dataclass
class Maintained:
    """A recorder with its host."""

    site: RemoteSite
    client: aiohttp.ClientSession
    config: Path
    stop: Stop
    log: LogRing
    service: Service
    applied: list[int] = field(default_factory=list)

    async def ask(self, method: str, path: str, content: Any = None) -> tuple[int, dict[str, Any]]:
        async with self.client.request(method, path, json=content) as answer:
            return answer.status, await answer.json(content_type=None)

    def actions(self) -> list[str]:
        return [entry.action for entry in self.site.access.audit._waiting]


@pytest_asyncio.fixture
async def maintained(site: RemoteSite, tmp_path: Path) -> AsyncIterator[Maintained]:
    config = tmp_path / "recorder.yaml"
    config.write_text(CONFIG)
    config.chmod(0o640)
    recorded = Recorded(site.config.device.data_dir, segment_seconds=3)
    recorded.write(access_units(9 * FPS))
    recorded.close()
    stop, log, service = Stop(asyncio.Event()), LogRing(), Service()
    host = Host(config_path=config, log=log, stop=stop)
    upkeep = open_upkeep(site.config, site.gate, site.clock, host, service)
    applied: list[int] = []

    async def apply(cameras: Any) -> CameraChanges:
        applied.append(len(cameras))
        return CameraChanges(added=(), changed=("cam1",), removed=())

    running = load_config(config)
    reload = ConfigReload(load=lambda: load_config(config), running=running, apply=apply)
    task = asyncio.create_task(upkeep.check.run())
    async with (
        serve_remote(replace(site.parts, upkeep=upkeep, reload=reload)) as front,
        aiohttp.ClientSession(front.url) as client,
    ):
        yield Maintained(site, client, config, stop, log, service, applied)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def until(wanted: Callable[[], bool]) -> None:
    for _ in range(2000):
        if wanted():
            return
        await asyncio.to_thread(threading.Event().wait, 0.005)
    raise AssertionError


async def test_without_a_licence_nothing_of_it_can_be_had(maintained: Maintained) -> None:
    maintained.site.entitle(maintained.site.clock.now() - timedelta(seconds=1))
    for method, path in (
        ("GET", BASE),
        ("POST", f"{BASE}/restart"),
        ("POST", f"{BASE}/identify"),
        ("POST", f"{BASE}/time"),
        ("GET", f"{BASE}/logs.tar.gz"),
        ("GET", f"{BASE}/check"),
        ("POST", f"{BASE}/check"),
        ("DELETE", f"{BASE}/check"),
        ("GET", "/api/v1/config"),
        ("PUT", "/api/v1/config"),
        ("GET", "/api/v1/config/versions"),
        ("GET", "/api/v1/config/versions/1"),
        ("POST", "/api/v1/config/versions/1/restore"),
    ):
        status, problem = await maintained.ask(method, path)
        assert (status, problem["code"], problem["feature"]) == (403, "EXPIRED", "remote_maintenance"), path
    assert not maintained.stop.ended.is_set()
    assert maintained.config.read_text() == CONFIG


async def test_the_machine_tells_of_itself_and_of_its_cameras(maintained: Maintained) -> None:
    maintained.site.board.cameras["cam1"].streams["main"].packets_lost = 7
    status, told = await maintained.ask("GET", BASE)
    assert status == 200
    assert [camera["id"] for camera in told["cameras"]] == ["cam1", "cam2", "cam3", "cam4"]
    assert told["cameras"][0]["streams"]["main"]["packets_lost"] == 7
    assert [disk["health"] in ("good", "worn", "failing", "unknown") for disk in told["disks"]] == [True]
    assert all({"name", "celsius"} == set(one) for one in told["temperatures"])
    assert told["check"]["phase"] == "none"


async def test_identifying_restarting_and_asking_the_time_are_done_and_noted(maintained: Maintained) -> None:
    board = maintained.site.board
    assert (await maintained.ask("POST", f"{BASE}/identify", {"seconds": 60}))[0] == 200
    assert board.identify_until is not None and board.identify_until > maintained.site.clock.now()
    assert (await maintained.ask("POST", f"{BASE}/identify", {"seconds": 0}))[0] == 200
    assert board.identify_until <= maintained.site.clock.now()
    for wrong in ({"seconds": 601}, {"seconds": True}, [], {"seconds": "60"}):
        assert (await maintained.ask("POST", f"{BASE}/identify", wrong))[0] == 400
    status, told = await maintained.ask("POST", f"{BASE}/time")
    assert (status, told["source"], told["doubt"]) == (200, "wall", None)
    maintained.service.answers = False
    assert (await maintained.ask("POST", f"{BASE}/time"))[1]["code"] == "service_away"
    assert (await maintained.ask("POST", f"{BASE}/restart")) == (202, {"restarting": True})
    await until(maintained.stop.ended.is_set)
    assert maintained.stop.restart
    noted = ["device.identified", "device.identified", "device.time_asked", "device.time_asked", "device.restarted"]
    assert maintained.actions() == noted


async def test_the_log_bundle_has_what_helps_and_no_secret_whoever_logged_it(maintained: Maintained) -> None:
    log = logging.getLogger("recorder.test")
    log.addHandler(maintained.log)
    log.setLevel(logging.INFO)
    log.info("camera cam1: rtsp://admin:%s@192.0.2.1 answers", SECRETS[0])
    log.removeHandler(maintained.log)
    async with maintained.client.get(f"{BASE}/logs.tar.gz") as answer:
        assert (answer.status, answer.content_type) == (200, "application/gzip")
        packed = await answer.read()
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        texts = {Path(name).name: archive.extractfile(name).read().decode() for name in archive.getnames()}  # type: ignore[union-attr]
    assert set(texts) == {"log.txt", "config.yaml", "versions.txt", "state.json", "device.json", "check.json"}
    for name, text in texts.items():
        assert not [secret for secret in SECRETS if secret in text], name
        assert "PRIVATE KEY" not in text
    assert "camera cam1: rtsp://admin:********@192.0.2.1 answers" in texts["log.txt"]
    assert "玄関" in texts["config.yaml"] and "aiohttp" in texts["versions.txt"]


async def test_the_check_is_a_job_that_ends_with_its_findings_or_the_licence(
    maintained: Maintained, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (await maintained.ask("POST", f"{BASE}/check", {"deep": "yes"}))[0] == 400
    assert (await maintained.ask("POST", f"{BASE}/check", {"deep": True}))[0] == 202
    assert (await maintained.ask("POST", f"{BASE}/check"))[1]["code"] == "check_running"
    state = {}
    for _ in range(400):
        state = (await maintained.ask("GET", f"{BASE}/check"))[1]
        if state["phase"] != "running":
            break
        await asyncio.to_thread(threading.Event().wait, 0.01)
    assert (state["phase"], state["result"]["agrees"], state["result"]["segments"]) == ("done", True, 4)
    monkeypatch.setattr("recorder.maintenance.check_job.DEEP_PAUSE_SECONDS", 60.0)
    assert (await maintained.ask("POST", f"{BASE}/check", {"deep": True}))[0] == 202
    for _ in range(400):
        if (await maintained.ask("GET", f"{BASE}/check"))[1]["segments"]:
            break
    maintained.site.entitle(maintained.site.clock.now() - timedelta(seconds=1))
    maintained.site.entitle(maintained.site.clock.now() + timedelta(hours=1))
    for _ in range(400):
        state = (await maintained.ask("GET", f"{BASE}/check"))[1]
        if state["phase"] != "running":
            break
        await asyncio.to_thread(threading.Event().wait, 0.01)
    assert state["phase"] == "cancelled"


async def test_the_configuration_is_edited_as_text_without_its_secrets_being_shown_or_lost(
    maintained: Maintained,
) -> None:
    status, told = await maintained.ask("GET", "/api/v1/config")
    assert status == 200
    assert not [secret for secret in SECRETS if secret in told["text"]]
    assert told["text"].count("********") == 3 and "# seen from the street" in told["text"]
    text = told["text"].replace("玄関", "裏口").replace("- {id: cam2", "- {id: cam3")  # cam3 has no password yet
    change = {"text": text, "based_on": told["based_on"], "note": "the back door"}
    status, refused = await maintained.ask("PUT", "/api/v1/config", change)
    assert (status, refused["code"], [error["line"] for error in refused["errors"]]) == (422, "config_invalid", [12])
    change["text"] = told["text"].replace("玄関", "裏口")
    status, done = await maintained.ask("PUT", "/api/v1/config", change)
    assert (status, done["changed"], done["restart_for"], maintained.applied) == (200, ["cam1"], [], [2])
    assert maintained.config.read_text() == CONFIG.replace("玄関", "裏口")
    assert maintained.config.stat().st_mode & 0o777 == 0o640
    assert (await maintained.ask("PUT", "/api/v1/config", change))[1]["code"] == "config_conflict"
    assert maintained.actions() == ["config.changed"]


async def test_a_mistake_is_refused_with_its_line_and_nothing_is_changed(maintained: Maintained) -> None:
    told = (await maintained.ask("GET", "/api/v1/config"))[1]
    for text, line, place in (
        (told["text"].replace("id: cam1", "id: cam 1"), 7, "cameras[0].id"),
        (told["text"].replace("user: admin\n", "usr: admin\n"), 10, "cameras[0].usr"),
        (told["text"] + "cameras: [", 13, None),
        (told["text"].replace("camera", "kamera", 1).replace("cameras:", ""), None, None),
    ):
        change = {"text": text, "based_on": told["based_on"]}
        status, refused = await maintained.ask("PUT", "/api/v1/config", change)
        assert (status, refused["code"]) == (422, "config_invalid"), text
        if line is not None:
            assert (refused["errors"][0]["line"], refused["errors"][0]["field"]) == (line, place)
    assert maintained.config.read_text() == CONFIG
    assert [path.name for path in maintained.config.parent.glob(".*.yaml")] == []
    assert maintained.applied == []


async def test_what_licences_are_judged_by_and_places_on_the_machine_are_not_changed_from_afar(
    maintained: Maintained,
) -> None:
    for old, new, place in (
        ("root_key: root.pub", "root_key: other.pub", "licence"),
        (
            "path: licence.json, root_key: root.pub",
            "mode: service, url: https://a.example, root_key: root.pub",
            "licence",
        ),
        ("root_key: root.pub", "root_key: root.pub, profile: recording_survives", "licence"),
        ("local:", "clock: {mode: shared, socket: clock.sock}\nlocal:", "clock"),
        ("data_dir: data", "data_dir: data2", "device.data_dir"),
        ("id: rec-1", "id: rec-2", "device.id"),
        ("rec.sock", "/run/other.sock", "local.socket"),
        (
            "cameras:\n",
            "notify: {mqtt: {host: b.example, user: u, password_file: data/device.key}}\ncameras:\n",
            "notify.mqtt.password_file",
        ),
        ("rtsp://127.0.0.1:1/cam1", "file:/etc/passwd", "cameras.main.url"),
    ):
        told = (await maintained.ask("GET", "/api/v1/config"))[1]
        change = {"text": told["text"].replace(old, new, 1), "based_on": told["based_on"]}
        status, refused = await maintained.ask("PUT", "/api/v1/config", change)
        assert (status, refused["code"]) == (422, "config_invalid"), new
        assert refused["errors"][0]["problem"].startswith(f"{place}: this is changed at the device"), refused
        assert maintained.config.read_text() == CONFIG
    assert (await maintained.ask("PUT", "/api/v1/config", change | {"text": told["text"].replace("玄関", "裏口")}))[
        0
    ] == 200
    maintained.config.write_text(CONFIG.replace("root.pub", "new.pub"))  # whoever is at the device may
    assert (await maintained.ask("POST", "/api/v1/config/versions/1/restore"))[0] == 422
    told = (await maintained.ask("GET", "/api/v1/config"))[1]
    change = {"text": told["text"].replace("玄関", "裏口"), "based_on": told["based_on"]}
    assert (await maintained.ask("PUT", "/api/v1/config", change))[0] == 200


async def test_versions_are_kept_compared_and_restored(maintained: Maintained) -> None:
    for name in ("裏口", "中庭"):
        told = (await maintained.ask("GET", "/api/v1/config"))[1]
        text = told["text"].replace("玄関", name).replace("裏口", name)
        assert (await maintained.ask("PUT", "/api/v1/config", {"text": text, "based_on": told["based_on"]}))[0] == 200
    maintained.config.write_text(maintained.config.read_text().replace("中庭", "屋上"))  # by hand
    versions = (await maintained.ask("GET", "/api/v1/config/versions"))[1]["versions"]
    assert [(one["number"], one["by"]) for one in versions] == [(3, "local"), (2, "local"), (1, "")]
    status, first = await maintained.ask("GET", "/api/v1/config/versions/1")
    assert status == 200 and "camera-pass" not in first["text"] + first["diff"]
    assert "-    name: 玄関" in first["diff"] and "+    name: 屋上" in first["diff"]
    assert (await maintained.ask("POST", "/api/v1/config/versions/1/restore"))[0] == 200
    assert maintained.config.read_text() == CONFIG
    versions = (await maintained.ask("GET", "/api/v1/config/versions"))[1]["versions"]
    assert [one["number"] for one in versions] == [5, 4, 3, 2, 1]
    for wrong in ("0", "99", "x", "-1", "１"):
        assert (await maintained.ask("GET", f"/api/v1/config/versions/{wrong}"))[0] == 404
    folder = maintained.site.config.device.data_dir / "config-versions"
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
