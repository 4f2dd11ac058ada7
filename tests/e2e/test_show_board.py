"""The show board on a running demo, in a real browser: two pictures beside each other, an expiry by its buttons, the
network pulled and put back, the next visitor, the story; then nothing has been left open."""

from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import ConsoleMessage, Page, ViewportSize, async_playwright, expect

from tests.e2e.crossing import CHROMIUM
from tests.e2e.demo_site import DemoSite, running_demo
from tests.soak.watch import Watched, Watcher

ARTIFACTS = Path(__file__).resolve().parents[2] / "artifacts"
TV: ViewportSize = {"width": 1920, "height": 1080}
SMALL: ViewportSize = {"width": 1280, "height": 800}
OLD: ViewportSize = {"width": 1024, "height": 768}
PHONE: ViewportSize = {"width": 390, "height": 844}
SHOWN_MS_MAX = 60_000
LOAD_FAILED = "Failed to load resource"
ROUND_SECONDS_MAX = 200.0
ONE_ROW = """() => {
  const boxes = [...document.querySelectorAll(".top > *")].map((part) => part.getBoundingClientRect());
  return Math.max(...boxes.map((box) => box.top)) < Math.min(...boxes.map((box) => box.bottom));
}"""
STOPPED = ("M2", "M3", "M5", "M8", "M9")
FDS_MORE_MAX = 4

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(240),
    pytest.mark.skipif(not Path(CHROMIUM).exists(), reason=f"needs Chromium at {CHROMIUM}: apt install chromium"),
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[DemoSite]:
    ARTIFACTS.mkdir(exist_ok=True)
    show = {"touch_seconds": 5, "pace": 0.05}
    async with running_demo(tmp_path_factory.mktemp("show"), cameras=1, service=True, show=show) as site:
        yield site


class Board:
    """A page, and what it complains of."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.complaints: list[str] = []
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not message.text.startswith(LOAD_FAILED):  # a site that begins anew answers 503
            self.complaints.append(message.text)

    async def speak(self, language: str) -> None:
        await self.page.locator(f"[data-language={language}]").click()
        await expect(self.page.locator("html")).to_have_attribute("lang", language)

    async def press(self, order: str) -> None:
        await expect(self.page.locator(f"#{order}")).to_have_attribute("aria-disabled", "false", timeout=SHOWN_MS_MAX)
        await self.page.locator(f"#{order}").click()

    async def wait_lamps(self, tone: str, *rows: str) -> None:
        for row in rows:
            lamp = self.page.locator(".lamp", has_text=row)
            await expect(lamp).to_have_attribute("data-tone", tone, timeout=SHOWN_MS_MAX)

    async def wait_pictures(self) -> None:
        """Both move."""
        await expect(self.page.locator("#hdmi-tag")).to_have_attribute("data-tone", "good", timeout=SHOWN_MS_MAX)
        await expect(self.page.locator("live-tile[data-mode=live]")).to_have_count(1, timeout=SHOWN_MS_MAX)

    async def listeners(self, selector: str, event: str) -> int:
        """How many an element has for an event."""
        inside = await self.page.context.new_cdp_session(self.page)
        found = await inside.send("Runtime.evaluate", {"expression": f"document.querySelector('{selector}')"})
        told = await inside.send("DOMDebugger.getEventListeners", {"objectId": found["result"]["objectId"]})
        await inside.detach()
        return sum(one["type"] == event for one in told["listeners"])

    async def pictures_shown(self) -> int:
        shown: int = await self.page.evaluate("() => document.querySelector('hdmi-picture').shown")
        return shown


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def board(site: DemoSite) -> AsyncIterator[Board]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        board = Board(await browser.new_page())
        await board.page.goto(site.addresses["show"])
        yield board
        assert board.complaints == []
        await browser.close()


@pytest.mark.parametrize(("language", "size", "name"), [("ja", TV, "ja-tv"), ("en", PHONE, "en-phone")])
async def test_the_page_fits_says_all_in_both_languages_and_is_for_everybody(
    board: Board, language: str, size: ViewportSize, name: str
) -> None:
    await board.page.set_viewport_size(size)
    await board.speak(language)
    await board.wait_pictures()
    await board.wait_lamps("good", *(f"M{number}" for number in range(1, 10)))
    for other in (SMALL, OLD, size):
        await board.page.set_viewport_size(other)
        width, height = await board.page.evaluate(
            "() => [document.documentElement.scrollWidth, document.documentElement.scrollHeight]"
        )
        assert width == other["width"]
        assert other is PHONE or height == other["height"], "all of it is on one screen"
        assert other is PHONE or await board.page.evaluate(ONE_ROW), f"the header takes one row at {other}"
    await board.page.screenshot(path=ARTIFACTS / f"show-board-{name}.png", full_page=size is PHONE)
    assert (await Axe().run(board.page)).response["violations"] == []


async def test_a_visitor_lets_it_expire_and_brings_it_back_without_the_network(board: Board) -> None:
    await board.page.set_viewport_size(SMALL)
    await board.speak("ja")
    await board.wait_pictures()
    await board.press("cable")
    await expect(board.page.locator("#network")).to_have_attribute("data-network", "pulled")
    await board.press("expire")
    await expect(board.page.locator("#countdown")).to_have_attribute("data-tone", "last", timeout=SHOWN_MS_MAX)
    await board.press("expire-now")
    await board.wait_lamps("bad", *STOPPED)
    await board.wait_lamps("good", "M1", "M4", "M6", "M7")
    title = board.page.locator("live-tile[data-mode=lapsed] .tile-card-title")
    await expect(title).to_contain_text("ライセンス", timeout=SHOWN_MS_MAX)
    before = await board.pictures_shown()
    await board.speak("en")
    await expect(title).to_contain_text("licence", timeout=SHOWN_MS_MAX)
    await board.page.screenshot(path=ARTIFACTS / "show-board-lapsed.png")
    await board.press("assign")
    await expect(board.page.locator("#says")).to_have_attribute("data-tone", "good", timeout=SHOWN_MS_MAX)
    await board.wait_lamps("bad", *STOPPED)
    await board.press("cable")
    await board.wait_lamps("good", *STOPPED)
    await board.wait_pictures()
    assert await board.pictures_shown() > before, "the monitor's picture stood still"
    assert await board.listeners("live-tile video", "error") == 1, "one more for each time it came back"


@pytest.mark.timeout(300)
async def test_the_story_plays_by_itself_round_after_round_and_leaves_nothing_open(site: DemoSite) -> None:
    url = site.addresses["show"]
    up = {"addresses": site.addresses, "site": site.facts}
    watcher = Watcher(site=up, root=site.root, supervisor=site.process.pid, clock=site.clock)
    watched = Watched()
    async with aiohttp.ClientSession(headers={"Origin": url.rstrip("/")}) as session:
        await session.post(f"{url}v1/story", json={"on": True})
        watching = watcher.run(watched, every_seconds=0.5, enough=lambda seen: seen.rounds >= 1)
        async with site.clock.timeout(ROUND_SECONDS_MAX):
            await watching
        await session.post(f"{url}v1/story", json={"on": False})
    assert len(watched.resets) >= 2, "before the first round, and after it"
    assert watched.troubles == []
    assert watched.pictures and watched.live_bytes
    for who in ("supervisor", "show", "hdmi", "cameras"):
        counts = [value for _, value in watched.series[who, "fds"]]
        half = len(counts) // 2  # at any moment a page's connections may be under way
        assert min(counts[half:]) <= max(counts[:half]) + FDS_MORE_MAX, who


async def test_other_sites_pages_move_nothing(site: DemoSite) -> None:
    url = site.addresses["show"]
    refused = [
        ({"Origin": "http://evil.example"}, 403),
        ({}, 403),
        ({"Origin": url.rstrip("/"), "Host": "evil.example"}, 421),
        ({"Origin": url.rstrip("/"), "Content-Type": "text/plain"}, 415),
    ]
    async with aiohttp.ClientSession() as session:
        for headers, status in refused:
            kind = {"Content-Type": "application/json", **headers}
            async with session.post(f"{url}v1/visitor", data=b"{}", headers=kind) as response:
                assert response.status == status, headers
        for path in ("api/v1/users", "api/v1/config/reload", "static/../api/v1/audit", "api/v1/cameras/cam1/preset"):
            async with session.get(f"{url}{path}") as response:
                assert response.status in (404, 405), path
