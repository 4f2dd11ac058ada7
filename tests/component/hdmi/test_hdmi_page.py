"""The preview's page in a real browser: its remote control, its keys, a press on the picture, both languages."""

import shutil
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, async_playwright

from hdmi_out.live import Source
from hdmi_out.sinks.headless import Preview
from tests.component.hdmi.conftest import LOOK_SECONDS, RunningWall

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: install the package chromium")


@pytest_asyncio.fixture
async def page(running: RunningWall) -> AsyncIterator[Page]:
    """The page, loaded, with the picture moving."""
    complaints: list[str] = []
    await running.pictures("cam1", 1)
    preview = Preview(running.canvas, running.clock, running.output)
    running.sinks.append(preview)
    async with preview.serving("127.0.0.1", 0) as port, async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = await browser.new_page(viewport={"width": 900, "height": 700})
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        await page.goto(f"http://127.0.0.1:{port}/", wait_until="commit")
        async with running.clock.timeout(10):
            while not await page.evaluate("document.getElementById('picture')?.naturalWidth > 0"):
                await running.clock.sleep(LOOK_SECONDS)
        yield page
        await browser.close()
    assert complaints == []


async def test_the_page_operates_the_monitor_in_its_language(running: RunningWall, page: Page) -> None:
    screen = running.screen
    for name in ("右", "OK"):
        await page.get_by_role("button", name=name, exact=True).click()
    await running.until(lambda: screen.place.camera == "cam1")
    await page.get_by_role("button", name="戻る").click()
    await running.until(lambda: screen.place.view == "wall")

    await page.keyboard.press("t")
    await running.until(lambda: screen.place.view == "tour")
    await page.keyboard.press("Escape")
    await running.until(lambda: screen.place.view == "wall")

    await running.until(lambda: Source("cam2", "sub") in running.site.streams)
    area, canvas = running.stream("cam2").box, running.canvas
    x, y = (area.x + area.width / 2) / canvas.width, (area.y + area.height / 2) / canvas.height
    box = await page.locator("#picture").bounding_box()
    assert box is not None
    scale = min(box["width"] / canvas.width, box["height"] / canvas.height)
    left = box["x"] + (box["width"] - canvas.width * scale) / 2
    top = box["y"] + (box["height"] - canvas.height * scale) / 2
    await page.mouse.click(left + x * canvas.width * scale, top + y * canvas.height * scale)
    await running.until(lambda: screen.place.camera == "cam2")

    assert await page.evaluate("document.documentElement.lang") == "ja"
    await page.keyboard.press("l")
    await page.locator("html[lang=en]").wait_for(state="attached")
    await page.get_by_role("button", name="Back").click()
    await running.until(lambda: screen.place.view == "wall")
    found = await Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
