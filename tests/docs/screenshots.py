"""`make screenshots`: the pictures of the documentation, in both languages, from a site that runs for them.

A demo in a temporary folder, on ports of its own, crosses its expiry and is given licences again; on the way its pages
and its monitor are photographed into docs/pictures. Scenes are kept in the cache, so only the first run draws them.
"""

import asyncio
import json
import os
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import cv2
import numpy as np
import yaml
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

from gate.clock import SystemClock
from tests.docs.pages import DOCS, ROOT
from tests.e2e.crossing import CHROMIUM
from tests.e2e.demo_site import free_port_base, run_command, start_command
from tests.e2e.portal.reader import LOCALE

PICTURES = DOCS / "pictures"
BYTES_MAX = 200_000
LANGUAGES = {"ja": "ja-JP", "en": "en-GB"}
SIZE = {"width": 1280, "height": 800}
UP_SECONDS = 300.0
SETTLE_SECONDS = 4.0
"""Until a page has its pictures and the monitor its view."""
COMPLETE = "() => !/Connecting|接続しています|Loading|読み込んでいます/.test(document.body.innerText)"
"""Holds once a page has its pictures."""
BEFORE_SECONDS = 45.0
"""Of recording before the expiry is sought, so that playback has something to show."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Studio:
    """A running site and a browser to look at it."""

    addresses: dict[str, str]
    recorder: Path
    browser: Browser
    clock: SystemClock
    http: aiohttp.ClientSession

    async def page(self, language: str, address: str) -> Page:
        """A page of its own, in that language, when it has settled."""
        context = await self.context(language)
        page = await context.new_page()
        await page.goto(address)
        await self.clock.sleep(SETTLE_SECONDS)
        await page.wait_for_function(COMPLETE, timeout=UP_SECONDS * 1000)
        return page

    async def context(self, language: str) -> BrowserContext:
        """A visitor."""
        return await self.browser.new_context(viewport=SIZE, locale=LANGUAGES[language])  # type: ignore[arg-type]

    async def web(self, view: str, name: str, languages: Sequence[str] = tuple(LANGUAGES)) -> None:
        """A view of the web app, in both languages or those that a page of docs/ shows."""
        for language in languages:
            page = await self.page(language, f"{self.addresses['remote']}?lang={language}#/{view}")
            await keep(page, f"{name}-{language}")
            await page.context.close()

    async def board(self, name: str) -> None:
        """The show board on a screen of its own size, in both languages; kept at the pages' width."""
        for language, locale in LANGUAGES.items():
            page = await self.browser.new_page(viewport={"width": 1920, "height": 1080}, locale=locale)
            await page.goto(f"{self.addresses['show']}?lang={language}")
            await self.clock.sleep(SETTLE_SECONDS)
            await page.wait_for_function(COMPLETE, timeout=UP_SECONDS * 1000)
            await keep(page, f"{name}-{language}", width=SIZE["width"])
            await page.close()

    async def monitor(self, name: str, **show: str) -> None:
        """A view of the HDMI monitor, in both languages."""
        for _ in LANGUAGES:
            await self._order({"show": show})
            await self.clock.sleep(SETTLE_SECONDS)
            async with self.http.get(self.addresses["hdmi"] + "v1/status") as answer:
                language = (await answer.json())["language"]
            async with self.http.get(self.addresses["hdmi"] + "picture.png") as answer:
                picture = cv2.imdecode(np.frombuffer(await answer.read(), np.uint8), cv2.IMREAD_COLOR)
            write(f"{name}-{language}", lambda quality, picture=picture: encoded(picture, quality))
            await self._order({"key": "language"})

    async def _order(self, order: dict[str, Any]) -> None:
        address = self.addresses["hdmi"]
        headers = {"Content-Type": "application/json", "Origin": address.rstrip("/")}
        async with self.http.post(address + "v1/order", data=json.dumps(order), headers=headers) as answer:
            assert answer.status == 200, await answer.text()


def encoded(picture: Any, quality: int) -> bytes:
    """The picture as JPEG."""
    return bytes(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1])


def write(name: str, encode: Any) -> None:
    """Under BYTES_MAX, in the best quality that allows it."""
    for quality in (88, 82, 75, 65, 50, 35):
        content = encode(quality)
        if len(content) < BYTES_MAX:
            break
    PICTURES.mkdir(exist_ok=True)
    (PICTURES / f"{name}.jpg").write_bytes(content)
    print(f"docs/pictures/{name}.jpg, {len(content) // 1000} kB", flush=True)


async def keep(page: Page, name: str, *, width: int | None = None) -> None:
    """What the page shows, from its top; smaller if a `width` is given."""
    await page.evaluate("scrollTo(0, 0)")
    shot = await page.screenshot()
    picture: Any = cv2.imdecode(np.frombuffer(shot, np.uint8), cv2.IMREAD_COLOR)
    if width is not None:
        height = picture.shape[0] * width // picture.shape[1]
        picture = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
    write(name, lambda quality: encoded(picture, quality))


def write_site(root: Path) -> Path:
    """The demo's configurations in a folder of their own; the monitor as a picture, the scenes in the cache."""
    folder = root / "configs"
    folder.mkdir()
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "edge-recorder" / "screenshots"
    cache.mkdir(parents=True, exist_ok=True)
    for source in (ROOT / "configs").glob("*.yaml"):
        content = yaml.safe_load(source.read_text())
        if source.name == "fleet.yaml":
            content["cache_dir"] = str(cache)
        elif source.name == "hdmi.yaml":
            content |= {"sink": "headless", "width": 1280, "height": 720}
        (folder / source.name).write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False))
    return folder / "demo.yaml"


@asynccontextmanager
async def studio(root: Path, clock: SystemClock) -> AsyncIterator[Studio]:
    """A demo, up and with whole scenes, and a browser; both end with the body."""
    demo = write_site(root)
    process = await start_command(["demo", str(demo), "--json", "--port-base", str(free_port_base())])
    try:
        assert process.stdout is not None
        async with clock.timeout(UP_SECONDS):
            addresses = json.loads(await process.stdout.readline())["addresses"]
        async with async_playwright() as playwright, aiohttp.ClientSession() as http:
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
            recorder = demo.parent / "recorder.yaml"
            yield Studio(addresses=addresses, recorder=recorder, browser=browser, clock=clock, http=http)
            await browser.close()
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGINT)
        await process.communicate()


async def allocate(site: Studio, language: str, *, really: bool) -> None:
    """The partner's way through the portal to the page that asks for a last look, and on if `really`."""
    page = await site.page(language, site.addresses["portal"])
    await page.fill("input[name=email]", "partner@demo.example")
    await page.fill("input[name=password]", "demo-password")
    await page.keyboard.press("Enter")
    words = json.loads((LOCALE / f"{language}.json").read_text())
    licences, months = words["menu.licences"], words["months"].format(months=12)
    await page.locator("nav.menu").get_by_role("link", name=licences, exact=True).click()
    cancel = page.locator("dialog[open] button").first
    await cancel.wait_for()
    await cancel.click()
    await page.get_by_label(months).first.check()
    await page.locator("input[type=number]").first.fill("4")
    await page.get_by_role("button", name=words["licences.next"]).click()
    await page.get_by_label(words["allocate.email"]).press_sequentially("customer")
    await page.get_by_role("radio").first.wait_for()
    await page.get_by_role("button", name=words["allocate.choose"], exact=True).click()
    await page.get_by_label(words["allocate.sure"]).check()
    await keep(page, f"portal-allocate-{language}")
    if really:
        await page.get_by_role("button", name=words["allocate.do"], exact=True).click()
        await page.wait_for_load_state()
    await page.context.close()


async def take(clock: SystemClock, names: Sequence[str]) -> None:
    """Everything; or what `names` say of: site, board, report."""
    if not names or "site" in names:
        with tempfile.TemporaryDirectory() as folder:
            async with studio(Path(folder), clock) as site:
                await _site(site)
    if not names or "board" in names:
        with tempfile.TemporaryDirectory() as folder:
            async with studio(Path(folder), clock) as site:
                await _board(site)
    if not names or "report" in names:
        with tempfile.TemporaryDirectory() as folder:
            await _report(Path(folder), clock)


async def _site(site: Studio) -> None:
    await site.clock.sleep(BEFORE_SECONDS)
    await site.monitor("hdmi-wall", view="wall")
    await site.web("wall", "web-wall")
    await site.web("playback?camera=cam1", "web-playback", languages=("en",))
    await site.web("events", "web-events")
    await site.web("licence", "web-licence")
    await site.monitor("hdmi-playback", view="playback", camera="cam1")
    to_expiry = ("clock", "--config", str(site.recorder), "to-expiry", "--before", "10s")
    await run_command(*to_expiry)
    await site.clock.sleep(15)
    await site.monitor("hdmi-wall-lapsed", view="wall")
    await site.web("wall", "web-wall-lapsed")
    await allocate(site, "ja", really=False)
    await allocate(site, "en", really=True)
    await site.clock.sleep(SETTLE_SECONDS)
    await site.web("wall", "web-wall-restored")


async def _board(site: Studio) -> None:
    await site.board("board")
    await run_command("clock", "--config", str(site.recorder), "to-expiry", "--before", "10s")
    await site.clock.sleep(15)
    await site.board("board-lapsed")


async def _report(folder: Path, clock: SystemClock) -> None:
    scenario = str(ROOT / "configs" / "scenarios" / "lapse_and_restore.yaml")
    process = await start_command(["verify", scenario, "--report", str(folder)])
    await process.communicate()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        for language in LANGUAGES:
            page = await browser.new_page(viewport={"width": 1280, "height": 1000})
            await page.goto((folder / "report.html").as_uri())
            await page.check(f"#show-{language}")
            await clock.sleep(1)
            await keep(page, f"verify-report-{language}")
        await browser.close()


async def main(names: Sequence[str]) -> None:
    """Takes them."""
    clock = SystemClock()
    try:
        await take(clock, names)
    finally:
        clock.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
