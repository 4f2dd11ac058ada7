"""Everything of the remote side that is plain HTTP: errors, headers, refusals, state, snapshots, the page's files."""

import asyncio
import io
import json
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta
from typing import Any

import av
import pytest
from aiohttp import ClientSession, ClientWebSocketResponse, WSMsgType

from recorder import hub
from recorder.errors import AddressInUseError
from recorder.remote import snapshot
from recorder.remote.app import serve_remote
from recorder.site_state import site_state
from recorder.web import state_route
from tests.fakes.footage import Footage
from tests.fakes.remote_site import RemoteSite

BOUND_SECONDS = 5.0
SNAPSHOT = "/api/v1/cameras/cam1/snapshot.jpg"


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nowhere", 404, "not_found"),
        ("GET", "/static/../../app.py", 404, "not_found"),
        ("GET", "/static/app/..%2f..%2f..%2fapp.py", 404, "not_found"),
        ("POST", "/api/v1/state", 405, "method_not_allowed"),
        ("GET", "/api/v1/cameras/cam1/live", 426, "upgrade_required"),
        ("GET", "/api/v1/cameras/cam9/snapshot.jpg", 404, "camera_unknown"),
        ("GET", SNAPSHOT + "?stream=third", 404, "stream_unknown"),
    ],
)
async def test_every_error_is_a_problem_object(
    client: ClientSession, method: str, path: str, status: int, code: str
) -> None:
    async with client.request(method, path, headers={"Accept-Language": "en"}) as response:
        problem = json.loads(await response.text())
    assert (response.status, problem["status"], problem["code"]) == (status, status, code)
    assert response.content_type == "application/problem+json"
    assert response.headers["Cache-Control"] == "no-store"
    assert ("Allow" in response.headers) == (status == 405)


async def test_an_unforeseen_error_is_a_problem_without_details(
    site: RemoteSite, client: ClientSession, caplog: pytest.LogCaptureFixture
) -> None:
    site.board.cameras["cam1"].streams["main"].fps = "broken"  # type: ignore[assignment]
    async with client.get("/api/v1/state?lang=en") as response:
        text = await response.text()
    assert (response.status, response.content_type) == (500, "application/problem+json")
    assert "broken" not in text and "Traceback" not in text
    assert "GET /api/v1/state failed" in caplog.text


@pytest.mark.parametrize("path", ["/", "/static/app/main.js", "/api/v1/state", "/nowhere"])
async def test_every_answer_carries_the_security_headers(client: ClientSession, path: str) -> None:
    async with client.get(path) as response:
        policy = response.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
    assert "unsafe" not in policy and "frame-ancestors 'none'" in policy
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize("host", ["evil.example", "192.0.2.7:8600", "localhost.evil.example"])
async def test_a_foreign_host_name_is_refused(client: ClientSession, host: str) -> None:
    async with client.get("/api/v1/state", headers={"Host": host}) as response:
        assert (response.status, json.loads(await response.text())["code"]) == (421, "host_refused")


async def test_another_sites_page_cannot_open_a_websocket(client: ClientSession) -> None:
    headers = {
        "Origin": "https://evil.example",
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
    }
    for path in ("/api/v1/state", "/api/v1/cameras/cam1/live"):
        async with client.get(path, headers=headers) as response:
            assert (response.status, json.loads(await response.text())["code"]) == (403, "origin_refused")


async def test_the_page_is_in_the_readers_language_and_its_files_are_revalidated(client: ClientSession) -> None:
    async with client.get("/", headers={"Accept-Language": "en-GB,ja;q=0.5"}) as response:
        assert '<html lang="en">' in await response.text()
    async with client.get("/") as response:
        assert '<html lang="ja">' in await response.text()
    async with client.get("/static/app/main.js") as response:
        assert response.content_type == "text/javascript"
        etag = response.headers["ETag"]
    async with client.get("/static/app/main.js", headers={"If-None-Match": etag}) as response:
        assert response.status == 304


async def test_state_is_sent_at_once_on_change_and_never_gated(site: RemoteSite, client: ClientSession) -> None:
    site.gate.install(None)
    async with client.ws_connect("/api/v1/state", params={"lang": "en"}) as ws:
        first = await ws.receive_json()
        assert [camera["licence"]["denial"]["code"] for camera in first["cameras"]] == ["UNREGISTERED"] * 4
        changed_ns = site.clock.monotonic_ns()
        site.entitle(site.clock.now() + timedelta(hours=1), ["cam2"])
        async with site.clock.timeout(BOUND_SECONDS):
            while (state := await ws.receive_json())["cameras"][1]["licence"]["state"] != "active":
                pass
        assert site.clock.monotonic_ns() - changed_ns < 500_000_000
    assert [camera["licence"]["state"] for camera in state["cameras"]] == ["lapsed", "active", "lapsed", "lapsed"]
    rows = {row["id"]: row for row in state["features"]}
    assert (rows["M1"]["allowed"], rows["M1"]["lapsed"]) == (True, "continues")
    assert (rows["M3"]["allowed"], rows["M3"]["denied_cameras"]) == (True, ["cam1", "cam3", "cam4"])


async def test_state_is_repeated_within_a_second(site: RemoteSite, client: ClientSession) -> None:
    async with client.ws_connect("/api/v1/state") as ws:
        first = await ws.receive_json()
        async with site.clock.timeout(1.5):
            second = await ws.receive_json()
    assert first["now"] < second["now"]


async def test_the_state_is_made_once_for_all_who_ask_and_anew_after_a_change(
    site: RemoteSite, client: ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = 0

    def counted(**of: Any) -> dict[str, Any]:
        nonlocal made
        made += 1
        return site_state(**of)

    monkeypatch.setattr(state_route, "site_state", counted)
    monkeypatch.setattr(type(site.clock), "monotonic_ns", lambda clock: 0)
    for _ in range(10):
        async with client.get("/api/v1/state", headers={"Accept-Language": "en"}) as response:
            assert response.status == 200
    assert made == 1
    site.board.changed()
    for language in ("en", "ja", "en", "ja"):
        async with client.get("/api/v1/state", headers={"Accept-Language": language}) as response:
            assert response.status == 200
    assert made == 3


async def test_a_snapshot_is_the_newest_key_frame(site: RemoteSite, client: ClientSession, footage: Footage) -> None:
    site.stream("cam1", "main", footage).publish(20)
    async with client.get(SNAPSHOT) as response:
        body = await response.read()
    assert (response.status, response.content_type) == (200, "image/jpeg")
    with av.open(io.BytesIO(body)) as container:
        frame = next(container.decode(video=0))
    assert (frame.width, frame.height) == (320, 180)


async def test_a_snapshot_of_a_camera_that_is_gone_is_503_and_no_old_picture(
    site: RemoteSite, client: ClientSession, footage: Footage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshot, "PICTURE_SECONDS_MAX", 0.1)
    monkeypatch.setattr(hub, "CACHED_SECONDS_MAX", 0.0)
    site.stream("cam1", "main", footage).publish(20)
    async with client.get(SNAPSHOT) as response:
        problem = json.loads(await response.text())
    assert (response.status, problem["code"]) == (503, "no_picture")


async def test_a_snapshot_is_denied_with_403_while_lapsed(site: RemoteSite, client: ClientSession) -> None:
    site.entitle(site.clock.now() - timedelta(seconds=1))
    async with client.get(SNAPSHOT, headers={"Accept-Language": "en"}) as response:
        problem = json.loads(await response.text())
    assert (response.status, problem["code"], problem["feature"]) == (403, "EXPIRED", "remote_live")


async def test_device_information_needs_one_licensed_camera(site: RemoteSite, client: ClientSession) -> None:
    site.entitle(site.clock.now() + timedelta(hours=1), ["cam3"])
    async with client.get("/api/v1/device") as response:
        assert (response.status, (await response.json())["id"]) == (200, "rec-1")
    site.gate.install(None)
    async with client.get("/api/v1/device") as response:
        assert (response.status, json.loads(await response.text())["feature"]) == (403, "remote_maintenance")


async def test_the_list_of_cameras_tells_their_addresses(client: ClientSession) -> None:
    async with client.get("/api/v1/cameras") as response:
        cameras = (await response.json())["cameras"]
    assert cameras[0] == {
        "id": "cam1",
        "name": "玄関",
        "streams": ["main", "sub"],
        "live": "/api/v1/cameras/cam1/live",
        "snapshot": "/api/v1/cameras/cam1/snapshot.jpg",
    }


async def test_a_taken_port_is_one_clear_sentence(site: RemoteSite) -> None:
    async with serve_remote(site.parts) as front:
        assert front.address is not None
        remote = site.config.remote.model_copy(update={"listen": "{}:{}".format(*front.address)})
        parts = replace(site.parts, config=site.config.model_copy(update={"remote": remote}))
        with pytest.raises(AddressInUseError, match=f"port {front.address[1]} on 127.0.0.1 is taken"):
            async with serve_remote(parts):
                pass


async def test_at_shutdown_viewers_are_told_to_come_back_and_it_is_short(site: RemoteSite, footage: Footage) -> None:
    site.stream("cam1", "sub", footage).publish(1)
    async with AsyncExitStack() as server:
        front = await server.enter_async_context(serve_remote(site.parts))
        async with ClientSession(front.url) as client:
            live = await client.ws_connect("/api/v1/cameras/cam1/live?lang=en")
            state = await client.ws_connect("/api/v1/state")
            await state.receive()
            readers = [asyncio.create_task(_read_to_end(ws)) for ws in (live, state)]
            began_ns = site.clock.monotonic_ns()
            await server.aclose()
            texts, _ = await asyncio.gather(*readers)
    assert site.clock.monotonic_ns() - began_ns < 2_000_000_000
    assert (live.close_code, state.close_code) == (1012, 1012)
    assert json.loads(texts[-1])["end"]["problem"]["code"] == "restart"


async def _read_to_end(ws: ClientWebSocketResponse) -> list[str]:
    return [message.data async for message in ws if message.type is WSMsgType.TEXT]
