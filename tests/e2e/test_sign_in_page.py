"""Signing in on the page, over TLS, in a real browser: users, audit, signing out; both languages, desk and phone."""

import asyncio
import shutil
import threading
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest
import uvloop
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

from gate.clock import SystemClock
from recorder.access.users import remove_user
from tests.fakes.guarded_site import PASSWORD, GuardedSite, guarded_site

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
DESKTOP, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}
SHOWN_MS_MAX = 8_000
START_SECONDS_MAX = 30.0
REMOTE = {"listen": "127.0.0.1:0", "access": "users", "tls": {"generate": True}}
PICTURES = Path(__file__).resolve().parents[2] / "artifacts"

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: install the package chromium")


class Server:
    """A recorder where people sign in, in a thread of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="guarded site")
        self._loop: asyncio.AbstractEventLoop
        self._ended: asyncio.Event
        self.site: GuardedSite

    def start(self) -> None:
        self._thread.start()
        assert self._ready.wait(START_SECONDS_MAX)

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._ended.set)
        self._thread.join(START_SECONDS_MAX)

    def do(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(START_SECONDS_MAX)

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        self._loop, self._ended = asyncio.get_running_loop(), asyncio.Event()
        clock = SystemClock()
        async with guarded_site(self._folder, clock, remote=REMOTE) as self.site:
            await self.site.add("boss", "admin")
            await self.site.add("vera", "viewer", frozenset({"cam1"}))
            running = asyncio.create_task(self.site.access.run())
            self._ready.set()
            await self._ended.wait()
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
        clock.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("guarded"))
    server.start()
    yield server
    server.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def complaints() -> Iterator[list[str]]:
    told: list[str] = []
    yield told
    assert told == []


def opened(
    browser: Browser,
    server: Server,
    complaints: list[str],
    locale: str = "ja-JP",
    size: dict[str, int] = DESKTOP,
    at: str = "",
) -> Page:
    page = browser.new_context(viewport=size, locale=locale, ignore_https_errors=True).new_page()  # type: ignore[arg-type]
    page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.set_default_timeout(SHOWN_MS_MAX)
    page.goto(server.site.front.url + at)
    return page


def sign_in(page: Page, name: str, password: str = PASSWORD) -> None:
    page.fill("input[name=name]", name)
    page.fill("input[name=password]", password)
    page.click("sign-in-page form button")


def accessible(page: Page) -> None:
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desk", "phone"])
@pytest.mark.parametrize("locale", ["ja-JP", "en-US"])
def test_an_admin_signs_in_and_finds_users_and_audit(
    browser: Browser, server: Server, complaints: list[str], locale: str, size: dict[str, int]
) -> None:
    page = opened(browser, server, complaints, locale, size, "#/users")
    page.wait_for_selector("input[name=password]")
    accessible(page)
    _keep(page, "sign-in", locale, size)
    sign_in(page, "boss")
    page.wait_for_selector(".access-user")  # back where one wanted to go
    assert page.inner_text(".header-user-name") == "boss"
    accessible(page)
    _keep(page, "users", locale, size)
    page.evaluate("location.hash = '#/audit'")
    page.wait_for_selector(".audit-row")
    accessible(page)
    _keep(page, "audit", locale, size)
    page.context.close()


def test_a_new_user_must_change_the_password_and_sees_its_cameras_alone(
    browser: Browser, server: Server, complaints: list[str]
) -> None:
    admin = opened(browser, server, complaints, "en-US", at="#/users")
    sign_in(admin, "boss")
    admin.fill("input[name=new-name]", "nina")
    admin.click(".access-add .access-cameras input")  # not all
    admin.click(".access-add .access-box:has-text('駐車場') input")
    admin.click(".access-add button")
    password = admin.inner_text(".access-code")
    page = opened(browser, server, complaints, "en-US")
    sign_in(page, "nina", password)
    page.fill("input[name=present]", password)
    page.fill("input[name=wanted]", "nina's own words")
    page.fill("input[name=again]", "nina's own words")
    accessible(page)
    page.click("sign-in-page form button")
    page.wait_for_selector("live-tile")
    assert page.locator("live-wall live-tile").count() == 1
    links = page.locator("site-nav a").all_inner_texts()
    assert "Users" not in links and "Audit log" not in links
    for one in (admin, page):
        one.context.close()


def test_whoever_is_removed_while_watching_is_shown_the_way_in_and_the_page_is_quiet(
    browser: Browser, server: Server, complaints: list[str]
) -> None:
    page = opened(browser, server, complaints)
    sign_in(page, "vera")
    page.wait_for_selector("live-tile")
    server.do(server.site.database.do(lambda db: remove_user(db, "vera")))
    server.do(server.site.people.load())
    page.wait_for_selector("sign-in-page input[name=password]", timeout=2_000)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("websocket", lambda socket: asked.append(socket.url))
    page.wait_for_timeout(1_500)
    assert asked == []
    page.context.close()


def test_signing_out_asks_to_sign_in_again(browser: Browser, server: Server, complaints: list[str]) -> None:
    page = opened(browser, server, complaints)
    sign_in(page, "boss")
    page.click(".header-user button")
    page.wait_for_selector("sign-in-page input[name=password]")
    assert page.input_value("sign-in-page input[name=password]") == "", "nor is it typed already"
    page.context.close()


def _keep(page: Page, name: str, locale: str, size: dict[str, int]) -> None:
    folder = PICTURES / "access"
    folder.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=folder / f"{name}-{locale[:2]}-{size['width']}.png")
