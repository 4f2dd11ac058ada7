"""The control API and `edge-recorder sim`: what is asked for happens, what is wrong is one sentence."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from camera_sim.config import ControlConfig, FleetConfig
from camera_sim.faults.commands import sim
from camera_sim.faults.fault import KINDS
from camera_sim.fleet import Fleet, serve
from gate.clock import SystemClock
from tests.component.camera_sim.conftest import READY_SECONDS
from tests.component.camera_sim.raw_client import connected


@pytest_asyncio.fixture
async def controlled(config: FleetConfig, fleet: Fleet, clock: SystemClock) -> AsyncIterator[Fleet]:
    del fleet  # only its clips
    own = config.model_copy(update={"control": ControlConfig(listen="127.0.0.1:0"), "cameras": config.cameras[:2]})
    async with serve(own, clock) as other:
        async with clock.timeout(READY_SECONDS):
            await other.wait_ready()
        yield other


@pytest_asyncio.fixture
async def api(controlled: Fleet) -> AsyncIterator[aiohttp.ClientSession]:
    assert controlled.control_url is not None
    async with aiohttp.ClientSession(controlled.control_url) as session:
        yield session


async def test_a_fault_is_begun_told_and_cleared(controlled: Fleet, api: aiohttp.ClientSession) -> None:
    wish = {"kind": "loss", "scope": "cam1/main", "duration": "1h", "params": {"share": 0.5}, "seed": 3}
    async with api.post("/v1/faults", json=wish) as answer:
        assert answer.status == 201
        begun = await answer.json()
    assert begun["duration"] == 3600
    assert begun["params"] == {"share": 0.5}
    async with api.get("/v1/faults") as answer:
        assert [one["id"] for one in await answer.json()] == [begun["id"]]
    assert controlled.streams["/cam1/main"].faults is not None
    assert controlled.streams["/cam1/sub"].faults is None
    async with api.delete(f"/v1/faults/{begun['id']}") as answer:
        assert answer.status == 204
    async with api.delete("/v1/faults/999") as answer:
        assert (answer.status, (await answer.json())["code"]) == (404, "fault_unknown")


async def test_cameras_and_kinds_are_told(controlled: Fleet, api: aiohttp.ClientSession) -> None:
    async with api.get("/v1/cameras") as answer:
        told = await answer.json()
    assert [one["url"] for one in told["streams"]] == list(controlled.urls.values())
    async with api.get("/v1/fault-kinds") as answer:
        assert [one["kind"] for one in await answer.json()] == list(KINDS)


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (b"{", "no JSON"),
        (b"[]", "an object with"),
        (b'{"kind": "loss", "scope": "cam1", "else": 1}', "an object with"),
        (b'{"kind": "rain", "scope": "cam1"}', "there is no fault 'rain'; there are: freeze_image"),
        (b'{"kind": "loss", "scope": "cam9"}', "no stream is 'cam9'; there are: cam1/main"),
        (b'{"kind": "loss", "scope": "cam1", "params": {"share": 2}}', "share must be a number from 0 to 1, not 2"),
        (b'{"kind": "loss", "scope": "cam1", "params": {"rate": 2}}', "no parameter 'rate'; it takes: share"),
        (b'{"kind": "loss", "scope": "cam1", "duration": "soon"}', "a duration like 10s"),
        (b'{"kind": "loss", "scope": "cam1", "seed": "x"}', "seed must be a whole number"),
    ],
)
async def test_what_is_wrong_is_one_sentence(api: aiohttp.ClientSession, body: bytes, detail: str) -> None:
    async with api.post("/v1/faults", data=body) as answer:
        assert answer.status == 400
        assert answer.content_type == "application/problem+json"
        assert detail in (await answer.json())["detail"]


async def test_other_sites_pages_large_bodies_and_unknown_paths_are_refused(api: aiohttp.ClientSession) -> None:
    async with api.get("/v1/faults", headers={"Host": "evil.example:8080"}) as answer:
        assert (answer.status, (await answer.json())["code"]) == (421, "host_refused")
    async with api.post("/v1/faults", data=b" " * 20_000) as answer:
        assert (answer.status, (await answer.json())["code"]) == (413, "too_large")
    async with api.get("/v2") as answer:
        assert (answer.status, (await answer.json())["code"]) == (404, "not_found")


async def test_the_command_makes_and_ends_faults(
    controlled: Fleet, clock: SystemClock, capsys: pytest.CaptureFixture[str]
) -> None:
    def command(*words: str) -> Any:
        status = sim([*words, "--url", str(controlled.control_url)])
        said = capsys.readouterr()
        return status, said.out, said.err

    status, out, _ = await asyncio.to_thread(command, "fault", "cam1", "frozen", "--for", "30s")
    assert (status, out) == (0, "fault 1: frozen of cam1, for 30 s\n")
    status, out, _ = await asyncio.to_thread(command, "faults", "--json")
    assert [one["kind"] for one in json.loads(out)] == ["frozen"]
    async with connected(controlled.port, clock) as client:
        await client.play("/cam1/main")
        with pytest.raises(TimeoutError):
            async with clock.timeout(0.2):
                await client.packet()
        status, out, _ = await asyncio.to_thread(command, "clear", "all")
        assert status == 0
        assert (await client.picture()).nals
    status, _, err = await asyncio.to_thread(command, "fault", "cam1", "loss", "--set", "share=9")
    assert (status, err) == (2, "edge-recorder sim: loss: share must be a number from 0 to 1, not 9.0\n")


def test_the_command_says_when_no_cameras_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert sim(["faults", "--url", "http://127.0.0.1:1"]) == 2
    assert "are the cameras running" in capsys.readouterr().err


def test_the_command_lists_every_kind(capsys: pytest.CaptureFixture[str]) -> None:
    assert sim(["kinds"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == list(KINDS)


async def test_events_are_made_and_ended_over_the_api_and_from_the_terminal(
    controlled: Fleet, api: aiohttp.ClientSession, clock: SystemClock, capsys: pytest.CaptureFixture[str]
) -> None:
    with controlled.cameras["cam1"].events.listening() as feed:
        words = ["event", "cam1", "blurred", "--seconds", "60", "--url", str(controlled.control_url)]
        assert await asyncio.to_thread(sim, words) == 0
        assert capsys.readouterr().out == "event 1: blurred before cam1 for 60 s\n"
        async with clock.timeout(READY_SECONDS):
            await feed.wait()
        async with api.get("/v1/cameras") as answer:
            states = {(one["camera"], one["state"]) for one in (await answer.json())["streams"]}
        assert ("cam1", "blurred") in states and ("cam2", "idle") in states
        assert feed.take()[0].phase == "began"
        async with api.delete("/v1/events/cam1") as answer:
            assert answer.status == 204
        async with clock.timeout(READY_SECONDS):
            await feed.wait()
    async with api.delete("/v1/events/cam1") as answer:
        assert (answer.status, (await answer.json())["code"]) == (404, "event_unknown")


@pytest.mark.parametrize(
    ("path", "body", "status", "detail"),
    [
        ("/v1/events", b"{", 400, "no JSON"),
        ("/v1/events", b'{"camera": "cam1", "kind": "party"}', 400, "there is no event 'party'; there are: motion"),
        ("/v1/events", b'{"camera": "cam9", "kind": "person"}', 400, "no camera that shows a scene is 'cam9'"),
        ("/v1/events", b'{"camera": "cam1", "kind": "person", "seconds": 0}', 400, "an event lasts 1 to 86400 s"),
        ("/v1/ptz", b'{"camera": "cam1", "preset": "1"}', 404, "no camera with presets is 'cam1'"),
    ],
)
async def test_an_event_that_cannot_be_is_one_sentence(
    api: aiohttp.ClientSession, path: str, body: bytes, status: int, detail: str
) -> None:
    async with api.post(path, data=body) as answer:
        assert answer.status == status
        assert detail in (await answer.json())["detail"]
