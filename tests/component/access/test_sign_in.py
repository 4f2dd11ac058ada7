"""Signing in, being signed out, and what happens to what is being watched."""

import json
from datetime import timedelta

import aiohttp
import pytest
from yarl import URL

from gate.sign_in.throttle import ACCOUNT_FREE
from recorder.access.users import change_user, remove_user, set_password
from tests.fakes.guarded_site import PASSWORD, GuardedSite


async def test_nobody_sees_anything_before_signing_in_but_the_page_itself(site: GuardedSite) -> None:
    async with site.client() as browser:
        for path in ("/", "/static/app/main.js", "/api/v1/session"):
            assert (await browser.get(path)).status == 200, path
        for path in ("/api/v1/state", "/api/v1/cameras", "/api/v1/cameras/cam1/snapshot.jpg", "/api/v1/audit"):
            answer = await browser.get(path)
            assert (answer.status, (await answer.json())["code"]) == (401, "signed_out"), path
        session = await (await browser.get("/api/v1/session")).json()
        assert session == {"access": "users", "ways": ["password"], "user": None, "relayed": False}


async def test_a_socket_of_nobody_is_accepted_told_why_and_closed_with_4401(site: GuardedSite) -> None:
    async with site.client() as browser, browser.ws_connect("/api/v1/cameras/cam1/live") as socket:
        end = json.loads((await socket.receive()).data)
        assert end["end"]["problem"]["code"] == "signed_out"
        assert (await socket.receive()).type is aiohttp.WSMsgType.CLOSE
        assert socket.close_code == 4401


async def test_a_right_password_opens_a_session_in_a_strict_cookie_that_scripts_cannot_read(site: GuardedSite) -> None:
    async with site.client() as browser:
        answer = await browser.post("/api/v1/sign-in", json={"name": "VERA", "password": PASSWORD})
        cookie = answer.headers["Set-Cookie"]
        assert "HttpOnly" in cookie and "SameSite=Strict" in cookie and "Secure" not in cookie
        user = (await answer.json())["user"]
        assert user == {"name": "vera", "role": "viewer", "origin": "user", "cameras": ["cam1"], "must_change": False}
        assert (await browser.get("/api/v1/state")).status == 200


async def test_the_token_that_a_browser_had_before_is_never_the_session_it_gets(site: GuardedSite) -> None:
    async with site.client() as browser:
        planted = {"edge_session_rec-1": "chosen-by-somebody-else"}
        answer = await browser.post("/api/v1/sign-in", json={"name": "boss", "password": PASSWORD}, cookies=planted)
        assert "chosen-by-somebody-else" not in answer.headers["Set-Cookie"]
        assert (await browser.get("/api/v1/state", cookies=planted)).status == 401
    async with site.client("boss") as browser:
        first = browser.cookie_jar.filter_cookies(URL(site.front.url))["edge_session_rec-1"].value
        await browser.post("/api/v1/sign-in", json={"name": "boss", "password": PASSWORD})
    async with site.client() as thief:
        assert (await thief.get("/api/v1/state", cookies={"edge_session_rec-1": first})).status == 401


@pytest.mark.parametrize("name", ["boss", "nobody-of-this-name"])
async def test_wrong_passwords_are_answered_alike_and_then_have_to_wait(site: GuardedSite, name: str) -> None:
    async with site.client() as browser:
        for _ in range(ACCOUNT_FREE):
            answer = await browser.post("/api/v1/sign-in", json={"name": name, "password": "wrong"})
            assert (answer.status, (await answer.json())["code"]) == (401, "wrong_sign_in")
        answer = await browser.post("/api/v1/sign-in", json={"name": name, "password": PASSWORD})
        assert answer.status == 429 and int(answer.headers["Retry-After"]) >= 1
        assert "Set-Cookie" not in answer.headers


async def test_signing_out_ends_the_session_here_and_everywhere_it_watches(site: GuardedSite) -> None:
    async with site.client("olga") as browser, browser.ws_connect("/api/v1/state") as state:
        await state.receive()
        assert (await browser.post("/api/v1/sign-out")).status == 200
        await _ends_with_4401(state)
        assert (await browser.get("/api/v1/cameras")).status == 401


@pytest.mark.parametrize("change", ["removed", "role", "cameras", "password"])
async def test_whatever_is_changed_about_a_user_ends_what_it_watches(site: GuardedSite, change: str) -> None:
    password_hash = await site.passwords.hash("another password")
    acts = {
        "removed": lambda db: remove_user(db, "vera"),
        "role": lambda db: change_user(db, "vera", role="operator", cameras=frozenset({"cam1"})),
        "cameras": lambda db: change_user(db, "vera", role="viewer", cameras=frozenset({"cam2"})),
        "password": lambda db: set_password(db, "vera", password_hash, must_change=True),
    }
    async with site.client("vera") as browser, browser.ws_connect("/api/v1/cameras/cam1/live") as live:
        await site.database.do(acts[change])
        await site.people.load()
        await _ends_with_4401(live)
        assert (await browser.get("/api/v1/state")).status == 401


async def test_a_session_is_not_that_of_somebody_else_who_gets_the_same_name(site: GuardedSite) -> None:
    async with site.client("vera") as browser:
        await site.database.do(lambda db: remove_user(db, "Vera"))
        await site.add("vera", "admin")  # before anybody has looked
        await site.people.load()
        assert (await browser.get("/api/v1/state")).status == 401


async def test_a_change_by_the_command_beside_it_is_noticed(site: GuardedSite) -> None:
    from recorder.access.database import open_database, transaction

    async with site.client("vera") as browser, browser.ws_connect("/api/v1/state") as state:
        await state.receive()
        other = open_database(site.config.device.data_dir / "access.sqlite3")
        with transaction(other):
            assert remove_user(other, "vera") is None
        other.close()
        await site.access.run_once()
        await _ends_with_4401(state)


async def test_a_given_password_opens_nothing_until_it_has_been_changed(site: GuardedSite) -> None:
    await site.add("nina", "viewer", must_change=True)
    first = site.config.device.data_dir / "first-password.txt"
    first.write_text("secret")
    async with site.client("nina") as browser:
        answer = await browser.get("/api/v1/state")
        assert (answer.status, (await answer.json())["code"]) == (403, "password_change_needed")
        weak = await browser.post("/api/v1/password", json={"present": PASSWORD, "wanted": PASSWORD})
        assert (weak.status, (await weak.json())["code"]) == (422, "password_weak")
        changed = await browser.post("/api/v1/password", json={"present": PASSWORD, "wanted": "ten or more letters"})
        assert changed.status == 200 and not (await changed.json())["user"]["must_change"]
        assert (await browser.get("/api/v1/state")).status == 200
    assert not first.exists()


async def test_what_changes_something_by_a_cookie_must_say_where_it_comes_from(site: GuardedSite) -> None:
    async with site.client("boss") as browser:
        foreign = await browser.post("/api/v1/sign-out", headers={"Origin": "https://evil.example"})
        assert (foreign.status, (await foreign.json())["code"]) == (403, "origin_refused")
        form = await browser.post("/api/v1/sign-in", data={"name": "boss", "password": PASSWORD})
        assert form.status == 400
    async with site.client("boss", says_origin=False) as program:
        silent = await program.post("/api/v1/sign-out")
        assert (silent.status, (await silent.json())["code"]) == (403, "origin_missing")


async def test_a_flood_of_sign_ins_keeps_the_number_of_sessions(site: GuardedSite) -> None:
    from recorder.access.sessions import SESSIONS_OF_ONE_MAX

    async with site.client("olga") as first:
        for _ in range(SESSIONS_OF_ONE_MAX):
            async with site.client("olga"):
                pass
        assert (await first.get("/api/v1/state")).status == 401  # the oldest made room
    kept = await site.database.do(lambda db: db.execute("SELECT count(*) FROM sessions").fetchone()[0])
    assert kept == SESSIONS_OF_ONE_MAX


async def test_sessions_outlast_a_restart_and_end_when_they_are_old(site: GuardedSite) -> None:
    async with site.client("olga") as browser:
        await site.people.load()  # what a start does
        assert (await browser.get("/api/v1/state")).status == 200
        later = site.clock.now() + timedelta(hours=3)
        site.people._now = lambda: later
        assert (await browser.get("/api/v1/state")).status == 401
        await site.access.run_once()
    assert await site.database.do(lambda db: db.execute("SELECT count(*) FROM sessions").fetchone()[0]) == 0


async def _ends_with_4401(socket: aiohttp.ClientWebSocketResponse) -> None:
    last = ""
    while (message := await socket.receive(5)).type in (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY):
        last = message.data
    assert json.loads(last)["end"]["problem"]["code"] == "signed_out"
    assert socket.close_code == 4401
