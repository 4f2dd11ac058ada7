"""Events on both sides: list, stream, telling one; remotely only while licensed (M8), at the recorder always."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import ClientSession, UnixConnector, WSMsgType

from recorder.catalog.database import Catalog
from recorder.events.bus import EventBus
from recorder.events.event import CameraEvent, EventPhase
from recorder.events.sources import open_bus
from recorder.local.app import serve_local
from recorder.remote.app import serve_remote
from tests.fakes.remote_site import RemoteSite

LIST = "/api/v1/events"


@pytest_asyncio.fixture
async def catalog(tmp_path: Path) -> AsyncIterator[Catalog]:
    made = Catalog(tmp_path / "index.db")
    yield made
    made.close()


@pytest.fixture
def triggered() -> list[str]:
    return []


@pytest_asyncio.fixture
async def bus(site: RemoteSite, catalog: Catalog, triggered: list[str]) -> AsyncIterator[EventBus]:
    def trigger(camera: str) -> bool:
        triggered.append(camera)
        return len(triggered) > 1

    async with open_bus(catalog=catalog, gate=site.gate, board=site.board, clock=site.clock, trigger=trigger) as made:
        yield made


@pytest_asyncio.fixture
async def remote(site: RemoteSite, bus: EventBus, catalog: Catalog) -> AsyncIterator[ClientSession]:
    async with (
        serve_remote(replace(site.parts, bus=bus, catalog=catalog)) as front,
        ClientSession(front.url) as session,
    ):
        yield session


@pytest_asyncio.fixture
async def local(site: RemoteSite, bus: EventBus, catalog: Catalog) -> AsyncIterator[ClientSession]:
    async with (
        serve_local(replace(site.parts, bus=bus, catalog=catalog)) as path,
        ClientSession("http://site", connector=UnixConnector(path=str(path))) as session,
    ):
        yield session


def happen(site: RemoteSite, bus: EventBus, camera: str = "cam1", phase: EventPhase = "pulse") -> None:
    bus.take(CameraEvent(camera=camera, kind="person", phase=phase, at_utc_ns=site.clock.now_ns(), source="onvif"))


def lapse(site: RemoteSite, *left: str) -> None:
    """All cameras but these lapse."""
    site.entitle(site.clock.now() - timedelta(seconds=1))
    if left:
        site.entitle(site.clock.now() + timedelta(hours=1), left)


async def listed(client: ClientSession, path: str, catalog: Catalog, **query: str) -> list[Any]:
    await catalog.do(lambda db: None)  # after all that was posted
    async with client.get(path, params=query) as answer:
        assert answer.status == 200, await answer.text()
        return [(event["id"], event["camera"]) for event in (await answer.json())["events"]]


async def test_events_are_listed_the_newest_first_a_page_at_a_time(
    remote: ClientSession, site: RemoteSite, bus: EventBus, catalog: Catalog
) -> None:
    for camera in ("cam1", "cam2", "cam1"):
        happen(site, bus, camera)
    assert await listed(remote, LIST, catalog) == [(3, "cam1"), (2, "cam2"), (1, "cam1")]
    async with remote.get(LIST, params={"limit": "2", "lang": "en"}) as answer:
        page = await answer.json()
    assert page["before"] == 2 and page["events"][0]["title"] == "Person"
    assert await listed(remote, LIST, catalog, before="2") == [(1, "cam1")]
    assert await listed(remote, LIST, catalog, camera="cam2", kind="person") == [(2, "cam2")]


@pytest.mark.parametrize("query", ["from=now", "limit=0", "kind=unicorn", "to=2026-01-01T00:00"])
async def test_a_question_that_makes_no_sense_is_a_problem(remote: ClientSession, query: str) -> None:
    async with remote.get(f"{LIST}?{query}&lang=en") as answer:
        problem = await answer.json()
    assert (answer.status, problem["code"]) == (400, "events_malformed")
    assert query.split("=")[0] in problem["detail"]


async def test_what_happens_while_a_camera_is_lapsed_is_never_told_remotely_but_always_at_the_recorder(
    remote: ClientSession, local: ClientSession, site: RemoteSite, bus: EventBus, catalog: Catalog
) -> None:
    happen(site, bus, "cam1")
    lapse(site, "cam2")
    happen(site, bus, "cam1")
    happen(site, bus, "cam2")
    assert await listed(remote, LIST, catalog) == [(3, "cam2")]
    assert await listed(local, "/v1/events", catalog) == [(3, "cam2"), (2, "cam1"), (1, "cam1")]
    site.entitle(site.clock.now() + timedelta(hours=1))
    assert await listed(remote, LIST, catalog) == [(3, "cam2"), (1, "cam1")]


async def test_with_every_camera_lapsed_the_list_is_refused_with_the_reason(
    remote: ClientSession, site: RemoteSite
) -> None:
    lapse(site)
    async with remote.get(LIST) as answer:
        problem = await answer.json()
    assert (answer.status, problem["code"], problem["feature"]) == (403, "EXPIRED", "remote_events")


async def test_a_listener_hears_what_lasts_and_what_happens_until_the_licence_ends(
    remote: ClientSession, local: ClientSession, site: RemoteSite, bus: EventBus
) -> None:
    happen(site, bus, "cam1", "start")
    async with remote.ws_connect(LIST) as far, local.ws_connect("/v1/events") as near:
        for ws in (far, near):
            first = (await ws.receive_json())["event"]
            assert (first["camera"], first["end"]) == ("cam1", None)
        happen(site, bus, "cam1", "end")
        for ws in (far, near):
            assert (await ws.receive_json())["event"]["end"] is not None
        lapse(site)
        happen(site, bus, "cam2")
        assert json.loads((await far.receive()).data)["end"]["problem"]["code"] == "EXPIRED"
        closed = await far.receive()
        assert (closed.type, closed.data, closed.extra) == (WSMsgType.CLOSE, 4403, "licence_expired")
        assert (await near.receive_json())["event"]["camera"] == "cam2"


async def test_a_listener_of_some_licensed_cameras_hears_only_of_those(
    remote: ClientSession, site: RemoteSite, bus: EventBus
) -> None:
    lapse(site, "cam2")
    async with remote.ws_connect(LIST) as ws:
        for camera in ("cam1", "cam2", "cam3", "cam2"):
            happen(site, bus, camera)
        heard = [(await ws.receive_json())["event"]["camera"] for _ in range(2)]
    assert heard == ["cam2", "cam2"]


async def test_a_listener_that_comes_while_all_is_lapsed_is_told_why(remote: ClientSession, site: RemoteSite) -> None:
    lapse(site)
    async with remote.ws_connect(LIST) as ws:
        assert (await ws.receive_json())["end"]["problem"]["feature"] == "remote_events"
        assert (await ws.receive()).data == 4403


async def test_an_event_told_at_the_recorder_is_kept_and_triggers_recording(
    local: ClientSession, remote: ClientSession, catalog: Catalog, triggered: list[str]
) -> None:
    async with local.post("/v1/cameras/cam1/events") as answer:
        assert (answer.status, await answer.json()) == (
            202,
            {"camera": "cam1", "kind": "input", "mode": "continuous", "recorded": False},
        )
    async with local.post("/v1/cameras/cam2/events", json={"kind": "person", "detail": "door"}) as answer:
        assert (await answer.json())["recorded"] is True
    assert triggered == ["cam1", "cam2"]
    assert await listed(local, "/v1/events", catalog) == [(2, "cam2"), (1, "cam1")]
    async with remote.post("/api/v1/cameras/cam1/events") as answer:
        assert answer.status == 404


@pytest.mark.parametrize("body", ["{", '{"kind": "unicorn"}', '{"kind": "person", "x": 1}', "[" * 5000])
async def test_an_event_that_makes_no_sense_is_a_problem_and_is_not_kept(
    local: ClientSession, catalog: Catalog, body: str
) -> None:
    async with local.post("/v1/cameras/cam1/events", data=body) as answer:
        assert (answer.status, (await answer.json())["code"]) == (400, "event_malformed")
    async with local.post("/v1/cameras/nobody/events") as answer:
        assert answer.status == 404
    assert await listed(local, "/v1/events", catalog) == []
