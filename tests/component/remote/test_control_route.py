"""Presets and restarts of cameras: remotely under the licence (M2, M9), at the recorder itself without one."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import ClientSession, UnixConnector
from aiohttp.test_utils import TestClient, TestServer

from recorder.ingest.errors import UnreachableError
from recorder.ingest.onvif.replies import Preset
from recorder.local.app import serve_local
from recorder.remote.app import create_app
from tests.fakes.remote_site import RemoteSite

BASE = "/api/v1/cameras/cam1"


@dataclass
class Controls:
    """Cameras that do, or refuse, or do not answer at all."""

    trouble: str = ""
    asked: list[tuple[str, ...]] | None = None

    async def presets(self, camera: str) -> tuple[Preset, ...]:
        await self._do("presets", camera)
        return (Preset(token="1", name="入口"), Preset(token="2", name="gate"))

    async def goto_preset(self, camera: str, preset: str) -> None:
        await self._do("goto", camera, preset)

    async def reboot(self, camera: str) -> None:
        await self._do("reboot", camera)

    async def _do(self, *words: str) -> None:
        self.asked = [*(self.asked or []), words]
        if self.trouble == "silent":
            await asyncio.Event().wait()
        if self.trouble:
            raise UnreachableError(self.trouble)


@pytest.fixture
def controls() -> Controls:
    return Controls()


@pytest_asyncio.fixture
async def remote(site: RemoteSite, controls: Controls) -> AsyncIterator[TestClient[Any, Any]]:
    parts = replace(site.parts, controls=controls)
    async with TestClient(TestServer(create_app(parts))) as client:
        yield client


async def test_presets_are_listed_and_gone_to(remote: TestClient[Any, Any], controls: Controls) -> None:
    async with remote.get(f"{BASE}/presets") as answer:
        presets = [{"token": "1", "name": "入口"}, {"token": "2", "name": "gate"}]
        assert (answer.status, await answer.json()) == (200, {"camera": "cam1", "presets": presets})
    async with remote.post(f"{BASE}/preset", json={"preset": "2"}) as answer:
        assert (answer.status, await answer.json()) == (200, {"camera": "cam1", "preset": "2"})
    async with remote.post(f"{BASE}/reboot") as answer:
        assert (answer.status, await answer.json()) == (200, {"camera": "cam1", "rebooting": True})
    assert controls.asked == [("presets", "cam1"), ("goto", "cam1", "2"), ("reboot", "cam1")]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"preset": 1}', b'{"preset": ""}', b'{"preset": "1", "x": 1}'])
async def test_what_names_no_preset_is_refused(remote: TestClient[Any, Any], controls: Controls, body: bytes) -> None:
    async with remote.post(f"{BASE}/preset", data=body) as answer:
        assert (answer.status, (await answer.json())["code"]) == (400, "control_malformed")
    assert controls.asked is None


async def test_a_camera_that_does_not_do_it_is_told_with_its_reason(
    remote: TestClient[Any, Any], controls: Controls
) -> None:
    controls.trouble = "The camera cannot be reached by ONVIF."
    for method, path in (("get", "presets"), ("post", "reboot")):
        async with getattr(remote, method)(f"{BASE}/{path}?lang=en") as answer:
            problem = await answer.json()
            assert (answer.status, problem["code"]) == (502, "camera_refused")
            assert problem["detail"].endswith("The camera cannot be reached by ONVIF.")
    async with remote.get("/api/v1/cameras/cam99/presets") as answer:
        assert (answer.status, (await answer.json())["code"]) == (404, "camera_unknown")


async def test_a_lapsed_camera_is_not_controlled_remotely_and_not_restarted(
    site: RemoteSite, remote: TestClient[Any, Any], controls: Controls
) -> None:
    site.entitle(site.clock.now() - timedelta(seconds=1))
    for method, path, body in (("get", "presets", None), ("post", "preset", {"preset": "1"}), ("post", "reboot", None)):
        async with getattr(remote, method)(f"{BASE}/{path}", json=body) as answer:
            assert answer.status == 403
            assert answer.content_type == "application/problem+json"
            assert (await answer.json())["code"] == "EXPIRED"
    assert controls.asked is None


async def test_control_that_is_under_way_ends_with_the_licence(
    site: RemoteSite, remote: TestClient[Any, Any], controls: Controls
) -> None:
    controls.trouble = "silent"
    asking = asyncio.create_task(remote.get(f"{BASE}/presets"))
    while controls.asked is None:
        await site.clock.sleep(0.005)
    site.entitle(site.clock.now() - timedelta(seconds=1))
    async with await asking as answer:
        assert (answer.status, (await answer.json())["code"]) == (403, "EXPIRED")


async def test_another_sites_page_moves_no_camera(remote: TestClient[Any, Any], controls: Controls) -> None:
    headers = {"Origin": "http://evil.example"}
    async with remote.post(f"{BASE}/reboot", headers=headers) as answer:
        assert (answer.status, (await answer.json())["code"]) == (403, "origin_refused")
    assert controls.asked is None


async def test_at_the_recorder_itself_no_licence_is_asked_for(site: RemoteSite, controls: Controls) -> None:
    site.entitle(site.clock.now() - timedelta(seconds=1))
    async with (
        serve_local(replace(site.parts, controls=controls)) as path,
        ClientSession("http://site", connector=UnixConnector(path=str(path))) as session,
    ):
        async with session.post("/v1/cameras/cam1/preset", json={"preset": "1"}) as answer:
            assert answer.status == 200
        async with session.post("/v1/cameras/cam1/reboot") as answer:
            assert answer.status == 200
    assert controls.asked == [("goto", "cam1", "1"), ("reboot", "cam1")]
