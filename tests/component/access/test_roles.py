"""Every route has its row; what a row says holds; cameras that somebody may not see are nowhere."""

import re
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from recorder.access.actor import ROLES, Role
from recorder.access.door import access_middleware
from recorder.access.route_table import TABLE, need_of
from recorder.remote.app import create_app
from tests.fakes.guarded_site import GuardedSite
from tests.fakes.whole_site import whole_served

NAMES: dict[Role, str] = {"viewer": "vera", "operator": "olga", "admin": "boss"}
PLACES = {"camera": "cam1", "user": "nobody", "event": "1", "entry": "1", "hour": "1", "piece": "1", "export": "x",
          "name": "x", "stream": "main", "number": "1"}  # fmt: skip


def routes_of(app: web.Application) -> list[tuple[str, str]]:
    return sorted(
        {
            ("GET" if route.method == "HEAD" else route.method, route.resource.canonical)
            for route in app.router.routes()
            if route.resource is not None
        }
    )


def test_every_route_of_the_remote_side_says_which_role_it_needs(tmp_path: Path) -> None:
    with whole_served(tmp_path) as served:
        routes = routes_of(create_app(served))
    assert len(routes) > 30
    assert [route for route in routes if route not in TABLE] == []


def test_a_route_that_nobody_has_thought_of_is_for_admins_alone() -> None:
    assert need_of("GET", "/api/v1/forgotten").role == "admin"
    assert need_of("POST", "/api/v1/state").role == "admin"
    assert need_of("HEAD", "/api/v1/state") == need_of("GET", "/api/v1/state")


def test_what_is_open_to_all_is_the_page_and_signing_in_and_nothing_else() -> None:
    assert {path for (_, path), need in TABLE.items() if need.open_to_all} == {
        "/",
        "/static/{path}",
        "/api/openapi.json",
        "/api/v1/session",
        "/api/v1/sign-in",
        "/api/v1/sign-in/service",
        "/api/v1/sign-in/visitor",
    }


async def _passed(_: web.Request) -> web.StreamResponse:
    return web.Response(text="passed")


@pytest.mark.parametrize("role", ROLES)
async def test_each_role_gets_through_exactly_the_doors_of_the_table(site: GuardedSite, role: Role) -> None:
    app = web.Application(middlewares=[access_middleware(site.access, site.clock, "en")])
    for method, path in TABLE:
        app.router.add_route(method, path, _passed)
    async with site.client(NAMES[role]) as browser, site.client() as nobody, TestServer(app) as server:
        for (method, path), need in TABLE.items():
            address = server.make_url(re.sub(r"\{(\w+)\}", lambda match: PLACES.get(match[1], "x"), path))
            for signed_in in (True, False):
                may = need.role is None or (signed_in and ROLES.index(role) >= ROLES.index(need.role))
                client = browser if signed_in else nobody  # cookies know no ports
                origin = {"Origin": str(server.make_url("/").origin())}
                async with client.request(method, address, headers=origin) as answer:
                    wanted = 200 if may else 403 if signed_in else 401
                    assert answer.status == wanted, f"{method} {path} as {role if signed_in else 'nobody'}"


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/cameras/cam2/live", "/api/v1/cameras/cam2/snapshot.jpg", "/api/v1/cameras/cam2/presets",
        "/api/v1/cameras/%63am2/snapshot.jpg", "/api/v1/explain?camera=cam2&feature=recording",
    ],
)  # fmt: skip
async def test_a_camera_that_one_may_not_see_is_answered_as_one_that_is_not_there(site: GuardedSite, path: str) -> None:
    async with site.client("vera") as browser:
        hidden = await browser.get(path)
        absent = await browser.get(path.replace("cam2", "cam9").replace("%63am2", "cam9"))
        assert hidden.status == absent.status == 404
        assert (await hidden.text()).replace("cam2", "cam9") == await absent.text()


async def test_a_hidden_camera_stands_in_no_list_and_in_no_state(site: GuardedSite) -> None:
    async with site.client("vera") as browser, browser.ws_connect("/api/v1/state") as socket:
        for path in ("/api/v1/state", "/api/v1/cameras"):
            text = await (await browser.get(path)).text()
            assert "cam1" in text and "cam2" not in text, path
        text = (await socket.receive(5)).data
        assert "cam1" in text and "cam2" not in text
    async with site.client("olga") as browser:
        assert "cam2" in await (await browser.get("/api/v1/state")).text()


@pytest.mark.parametrize(
    "path",
    ["/API/v1/users", "//api/v1/users", "/api/v1/./users", "/api/v1/state/../users", "/api/v1/users/",
     "/api%2Fv1%2Fusers"],
)  # fmt: skip
async def test_no_spelling_of_an_address_gets_around_the_door(site: GuardedSite, path: str) -> None:
    from yarl import URL

    async with site.client("vera") as browser:
        answer = await browser.get(URL(site.front.url.rstrip("/") + path, encoded=True), allow_redirects=False)
        assert answer.status in (403, 404)
        assert "boss" not in await answer.text()


async def test_the_last_admin_cannot_be_removed_or_made_less(site: GuardedSite) -> None:
    async with site.client("boss") as browser:
        for answer in (
            await browser.delete("/api/v1/users/boss"),
            await browser.patch("/api/v1/users/boss", json={"role": "viewer"}),
            await browser.patch("/api/v1/users/boss", json={"role": "admin", "cameras": ["cam1"]}),
        ):
            assert (answer.status, (await answer.json())["code"]) == (409, "last_admin")


async def test_an_admin_adds_users_whose_password_is_shown_once(site: GuardedSite) -> None:
    async with site.client("boss") as browser:
        made = await browser.post("/api/v1/users", json={"name": "nina", "role": "viewer", "cameras": ["cam2"]})
        assert made.status == 201
        password = (await made.json())["password"]
        listed = await (await browser.get("/api/v1/users")).text()
        assert "nina" in listed and password not in listed and "hash" not in listed
        assert (await browser.post("/api/v1/users", json={"name": "NINA", "role": "viewer"})).status == 409
        assert (await browser.post("/api/v1/users", json={"name": "-", "role": "viewer"})).status == 422
        assert (await browser.post("/api/v1/users", json={"name": "x", "role": "king"})).status == 400
    async with site.client("nina", password) as browser:
        session = await (await browser.get("/api/v1/session")).json()
        assert session["user"]["must_change"]
