"""Programs: a user's name and password with each request, where there is no page to sign in on."""

import asyncio

import aiohttp
import pytest

from gate.sign_in.throttle import ACCOUNT_FREE
from recorder.access.users import change_user, remove_user
from tests.fakes.guarded_site import PASSWORD, GuardedSite


def by(name: str, password: str = PASSWORD) -> dict[str, str]:
    return {"Authorization": aiohttp.encode_basic_auth(name, password)}


async def test_a_program_is_asked_for_its_password_and_a_page_is_not(site: GuardedSite) -> None:
    async with site.client() as client:
        asked = await client.get("/api/v1/state")
        assert (asked.status, asked.headers["WWW-Authenticate"].split()[0]) == (401, "Basic")
        page = await client.get("/api/v1/state", headers={"Sec-Fetch-Mode": "cors"})
        assert (page.status, "WWW-Authenticate" in page.headers) == (401, False)


async def test_a_program_may_what_its_user_may_and_no_more(site: GuardedSite) -> None:
    async with site.client() as client:
        state = await (await client.get("/api/v1/state", headers=by("vera"))).json()
        assert [camera["id"] for camera in state["cameras"]] == ["cam1"]
        refused = await client.get("/api/v1/audit", headers=by("vera"))
        assert (refused.status, (await refused.json())["code"]) == (403, "not_permitted")
        hidden = await client.get("/api/v1/cameras/cam2/snapshot.jpg", headers=by("vera"))
        assert (hidden.status, (await hidden.json())["code"]) == (404, "camera_unknown")


async def test_a_program_changes_things_without_an_origin_and_not_from_another_sites_page(site: GuardedSite) -> None:
    boss, reload = by("boss", PASSWORD), "/api/v1/config/reload"
    async with aiohttp.ClientSession(site.front.url) as client:
        assert (await client.post(reload, headers=boss)).status not in (401, 403)
        foreign = await client.post(reload, headers=boss | {"Origin": "http://elsewhere.example"})
        assert (foreign.status, (await foreign.json())["code"]) == (403, "origin_refused")


async def test_a_password_that_was_right_is_looked_at_once_however_many_ask_at_a_time(site: GuardedSite) -> None:
    async with site.client() as client:
        answers = await asyncio.gather(*(client.get("/api/v1/state", headers=by("vera")) for _ in range(20)))
        assert {answer.status for answer in answers} == {200}
    await site.access.run_once()
    async with site.client("boss") as browser:
        entries = (await (await browser.get("/api/v1/audit")).json())["entries"]
    assert [entry["detail"] for entry in entries if (entry["actor"], entry["action"]) == ("vera", "sign_in")] == [
        "program"
    ]


async def test_what_a_program_watches_ends_when_its_user_is_changed(site: GuardedSite) -> None:
    async with site.client() as client, client.ws_connect("/api/v1/cameras/cam1/live", headers=by("vera")) as live:
        await site.access.run_once()
        await site.database.do(lambda db: change_user(db, "vera", role="operator", cameras=frozenset({"cam1"})))
        await site.people.load()
        while (message := await live.receive()).type != aiohttp.WSMsgType.CLOSE:
            assert message.type in (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY)
        assert live.close_code == 4401


async def test_a_user_that_is_changed_or_removed_takes_its_programs_along(site: GuardedSite) -> None:
    async with site.client() as client:
        assert (await client.get("/api/v1/state", headers=by("vera"))).status == 200
        await site.database.do(lambda db: change_user(db, "vera", role="viewer", cameras=frozenset({"cam2"})))
        await site.people.load()
        state = await (await client.get("/api/v1/state", headers=by("vera"))).json()
        assert [camera["id"] for camera in state["cameras"]] == ["cam2"]
        await site.database.do(lambda db: remove_user(db, "vera"))
        await site.people.load()
        assert (await client.get("/api/v1/state", headers=by("vera"))).status == 401


@pytest.mark.parametrize("header", ["Basic", "Basic ===", "Basic dmVyYQ==", "Bearer x", "Basic " + "A" * 4000, "\x80"])
async def test_anything_else_in_the_header_is_nobody(site: GuardedSite, header: str) -> None:
    async with site.client() as client:
        answer = await client.get("/api/v1/state", headers={"Authorization": header})
        assert (answer.status, (await answer.json())["code"]) == (401, "wrong_sign_in")


async def test_guessing_is_slowed_down_as_on_the_page(site: GuardedSite) -> None:
    wrong = by("vera", "not-her-password")
    async with site.client() as client:
        for _ in range(ACCOUNT_FREE):
            assert (await client.get("/api/v1/state", headers=wrong)).status == 401
        answer = await client.get("/api/v1/state", headers=by("vera"))
        assert (answer.status, (await answer.json())["code"]) == (429, "throttled")


async def test_a_password_meant_for_a_proxy_in_front_keeps_nobody_from_signing_in(site: GuardedSite) -> None:
    """Such a proxy sends it on with everything that a page loads."""
    async with site.client() as client:
        for path in ("/", "/static/app/main.js", "/api/v1/session") * (ACCOUNT_FREE + 1):
            assert (await client.get(path, headers=by("boss", "of the proxy"))).status == 200
        signed_in = await client.post("/api/v1/sign-in", json={"name": "boss", "password": PASSWORD})
        assert signed_in.status == 200
        await site.access.run_once()
        entries = (await (await client.get("/api/v1/audit")).json())["entries"]
    assert "sign_in.failed" not in {entry["action"] for entry in entries}
