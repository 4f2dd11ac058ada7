"""`/api/v1/explain`: the whole chain, on both sides, never gated; and the state in the page's language."""

import json
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import ClientSession, UnixConnector

from gate.licence.text import Text
from recorder.local.app import serve_local
from tests.fakes.remote_site import RemoteSite

PATH = "/api/v1/explain"


async def ask(client: ClientSession, path: str = PATH, **query: str) -> dict[str, Any]:
    async with client.get(path, params={"lang": "en"} | query) as answer:
        assert (answer.status, answer.headers["Cache-Control"]) == (200, "no-store")
        told: dict[str, Any] = await answer.json()
        return told


async def test_a_grant_is_explained(client: ClientSession) -> None:
    told = await ask(client, camera="cam1", feature="recording")
    assert told["decision"]["granted"] is True and told["problem"] is None
    assert [link["holds"] for link in told["chain"]] == [True] * 6
    assert told["chain"][5]["source"] == "wall"


async def test_a_lapse_is_explained_although_nothing_is_licensed(site: RemoteSite, client: ClientSession) -> None:
    site.entitle(site.clock.now() - timedelta(hours=1))
    told = await ask(client, camera="cam1", feature="remote_live")
    assert told["problem"]["code"] == told["decision"]["code"] == "EXPIRED"
    assert [link["link"] for link in told["chain"] if link["holds"] is False] == ["interval"]


async def test_another_moment_can_be_asked_about(site: RemoteSite, client: ClientSession) -> None:
    later = (site.clock.now() + timedelta(hours=2)).isoformat()
    assert (await ask(client, camera="cam1", feature="recording", at=later))["decision"]["code"] == "EXPIRED"
    async with client.get(f"{PATH}?camera=cam1&feature=recording&at={later}") as answer:  # its + arrives as a space
        assert (await answer.json())["decision"]["granted"] is False


async def test_without_a_camera_it_is_the_recorder_itself(client: ClientSession) -> None:
    told = await ask(client, feature="remote_maintenance")
    assert told["camera"] is None and told["decision"]["granted"] is True
    assert told["chain"][2]["cameras"] == ["cam1", "cam2", "cam3", "cam4"]


async def test_it_speaks_japanese(client: ClientSession) -> None:
    told = await ask(client, camera="cam1", feature="recording", lang="ja")
    assert "エッジストレージ録画" in told["chain"][0]["text"]


async def test_the_local_site_explains_the_same(site: RemoteSite, client: ClientSession) -> None:
    async with (
        serve_local(site.parts) as path,
        ClientSession("http://site", connector=UnixConnector(path=str(path))) as local,
    ):
        at = site.clock.now().isoformat()
        there = await ask(local, "/v1/explain", camera="cam2", feature="recording", at=at)
    assert there == await ask(client, camera="cam2", feature="recording", at=at)


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ({"camera": "cam9", "feature": "recording"}, 404, "camera_unknown"),
        ({"camera": "cam1"}, 400, "feature_unknown"),
        ({"camera": "cam1", "feature": "M3"}, 400, "feature_unknown"),
        ({"camera": "cam1", "feature": "recording", "at": "soon"}, 400, "instant_malformed"),
        ({"camera": "cam1", "feature": "recording", "at": "2027-01-01T00:00:00"}, 400, "instant_malformed"),
        ({"camera": "cam1", "feature": "recording", "at": "0001-01-01T00:00:00+14:00"}, 400, "instant_malformed"),
    ],
)
async def test_bad_parameters_get_a_problem(
    client: ClientSession, query: dict[str, str], status: int, code: str
) -> None:
    async with client.get(PATH, params=query) as answer:
        problem = json.loads(await answer.text())
    assert (answer.status, problem["code"], answer.content_type) == (status, code, "application/problem+json")
    assert problem["remedy"]


@pytest.mark.parametrize(("language", "message"), [("ja", "ファイルが空です"), ("en", "the file is empty")])
async def test_the_state_speaks_the_pages_language(
    site: RemoteSite, client: ClientSession, language: str, message: str
) -> None:
    site.licence.text = Text(ja="ファイルが空です", en="the file is empty")
    async with client.get("/api/v1/state", params={"lang": language}) as answer:
        licence = (await answer.json())["licence"]
    assert licence["message"] == message
    assert licence["clock"]["source"] == "wall" and licence["clock"]["doubt"] is None
    assert ("再起動" if language == "ja" else "restarts") in licence["clock"]["message"]
