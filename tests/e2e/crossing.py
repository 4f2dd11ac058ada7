"""Crossing an expiry in real time, and coming back: what is seen from outside while it happens."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import aiohttp
import psutil
from playwright.async_api import Page, async_playwright

from gate.clock import ns_of
from gate.shared_clock.controller import command
from tests.e2e.demo_site import DemoSite, run_command

CHROMIUM = "/usr/bin/chromium"
FRAMES_MIN = 30
"""Pictures a browser must have shown before the crossing counts as watched."""
LAPSED_SECONDS = 3.0


@dataclass(slots=True, kw_only=True)
class LiveViewer:
    """A WebSocket client of one stream, and what it got."""

    labels_us: list[int] = field(default_factory=list)
    last_media_ns: int = 0
    texts: list[dict[str, Any]] = field(default_factory=list)
    close_code: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Instants ending in `_ns` are the machine's; the site's clock is `offset_ns` ahead of it."""

    expiry_ns: int
    offset_ns: int
    viewer: LiveViewer
    browser_close_code: int
    browser_problem: dict[str, Any]
    console_errors: list[str]
    denied: dict[str, tuple[int, str, dict[str, Any]]]
    hdmi_lapsed: dict[str, Any]
    hdmi_picture: bytes
    state_lapsed: dict[str, Any]
    licence_ns: int
    recording_again_ns: int
    remote_again_ns: int
    browser_again_ns: int
    hdmi_restored: dict[str, Any]
    pids: tuple[set[int], set[int]]
    data_dir: Path


async def until(site: DemoSite, seconds: float, probe: Callable[[], Awaitable[Any]]) -> Any:
    """Asks until the answer is true, at most so long."""
    async with site.clock.timeout(seconds):
        while not (answer := await probe()):
            await site.clock.sleep(0.01)
    return answer


async def seen(site: DemoSite, page: Page, expression: str) -> None:
    """Asks the page itself; its policy forbids the evaluation that playwright's own waiting needs."""
    await until(site, 20, lambda: page.evaluate(expression))


async def watch(site: DemoSite, camera: str, viewer: LiveViewer) -> None:
    """Follows a live stream to its end."""
    url = f"{site.addresses['remote']}api/v1/cameras/{camera}/live?stream=sub&lang=en"
    async with aiohttp.ClientSession() as session, session.ws_connect(url, max_msg_size=16 << 20) as ws:
        async for message in ws:
            if message.type == aiohttp.WSMsgType.BINARY:
                viewer.last_media_ns = site.clock.now_ns()
                if message.data[0] == 2:
                    viewer.labels_us.append(int.from_bytes(message.data[8:16], "big"))
            elif message.type == aiohttp.WSMsgType.TEXT:
                viewer.texts.append(json.loads(message.data))
        viewer.close_code = ws.close_code


async def state_of(site: DemoSite) -> dict[str, Any]:
    async with aiohttp.ClientSession() as session, session.get(f"{site.addresses['remote']}api/v1/state") as answer:
        state: dict[str, Any] = await answer.json()
        return state


async def denials(site: DemoSite) -> dict[str, tuple[int, str, dict[str, Any]]]:
    """What HTTP answers: status, content type, body."""
    found = {}
    async with aiohttp.ClientSession() as session:
        for path in ("api/v1/device", "api/v1/cameras/cam1/snapshot.jpg"):
            async with session.get(f"{site.addresses['remote']}{path}?lang=en") as answer:
                problem = answer.content_type == "application/problem+json"
                found[path] = (answer.status, answer.content_type, await answer.json() if problem else {})
    return found


async def hdmi_status(site: DemoSite, query: str = "") -> dict[str, Any]:
    async with aiohttp.ClientSession() as session, session.get(f"{site.addresses['hdmi']}v1/status{query}") as answer:
        status: dict[str, Any] = await answer.json()
        return status


async def hdmi_picture(site: DemoSite) -> bytes:
    async with aiohttp.ClientSession() as session, session.get(f"{site.addresses['hdmi']}picture.png") as answer:
        return await answer.read()


TILE = "document.querySelector('live-tile')"


async def cross(site: DemoSite, artifacts: Path) -> Evidence:
    """Watches by browser, WebSocket and HDMI; goes to ten seconds before X; stays; lapses; renews; stays again."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = await browser.new_page(viewport={"width": 1280, "height": 800}, locale="ja-JP")
        errors: list[str] = []
        page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: errors.append(str(error)))
        await page.goto(site.addresses["remote"])
        await seen(site, page, f"{TILE}?.mode === 'live' && {TILE}.framesDecoded >= {FRAMES_MIN}")
        try:
            return await _cross_watched(site, page, errors, artifacts)
        finally:
            await browser.close()


async def _cross_watched(site: DemoSite, page: Page, errors: list[str], artifacts: Path) -> Evidence:
    pids = family(site)
    socket = Path(site.addresses["clock"])
    viewer = LiveViewer()
    watching = asyncio.create_task(watch(site, "cam1", viewer))
    await hdmi_status(site, "?reset=1")
    await command(socket, "to-expiry cam1 --before 6s")
    shown = await command(socket, "show")
    offset_ns = shown["offset_ns"]
    expiry_ns = ns_of(datetime.fromisoformat(shown["expiries"]["cam1"])) - offset_ns
    await seen(site, page, f"{TILE}.closeCode !== null")
    await watching
    denied, state_lapsed = await denials(site), await state_of(site)
    while site.clock.now_ns() < expiry_ns + LAPSED_SECONDS * 1e9:
        await site.clock.sleep(0.05)
    lapsed = await hdmi_status(site), await hdmi_picture(site)
    await page.screenshot(path=artifacts / "web-lapsed-ja.png")
    browser_end = await page.evaluate(f"({{code: {TILE}.closeCode, problem: {TILE}.endProblem}})")

    again = [asyncio.create_task(wait(site, page)) for wait in (recording_again, remote_again, browser_again)]
    await run_command(*renewal(site, socket))
    licence_ns = Path(site.facts["licence"]).stat().st_mtime_ns
    recording_again_ns, remote_again_ns, browser_again_ns = await asyncio.gather(*again)
    await seen(site, page, f"{TILE}.mode === 'live' && {TILE}.framesDecoded >= {FRAMES_MIN}")
    await page.screenshot(path=artifacts / "web-restored-ja.png")
    return Evidence(
        expiry_ns=expiry_ns,
        offset_ns=offset_ns,
        viewer=viewer,
        browser_close_code=browser_end["code"],
        browser_problem=browser_end["problem"],
        console_errors=errors,
        denied=denied,
        hdmi_lapsed=lapsed[0],
        hdmi_picture=lapsed[1],
        state_lapsed=state_lapsed,
        licence_ns=licence_ns,
        recording_again_ns=recording_again_ns,
        remote_again_ns=remote_again_ns,
        browser_again_ns=browser_again_ns,
        hdmi_restored=await hdmi_status(site),
        pids=(pids, family(site)),
        data_dir=Path(site.facts["data_dir"]),
    )


def renewal(site: DemoSite, socket: Path) -> list[str]:
    cameras = [word for camera in site.facts["cameras"] for word in ("--camera", camera)]
    return ["licence", "issue", "--device", site.facts["device"], *cameras, "--months", "12",
            "--clock", str(socket), "--out", site.facts["licence"]]  # fmt: skip


def family(site: DemoSite) -> set[int]:
    """The processes of the site: nobody may have been restarted."""
    return {child.pid for child in psutil.Process(site.process.pid).children()}


async def recording_again(site: DemoSite, _: Page) -> int:
    """When the state first says that cam1 is being recorded."""

    async def recording() -> bool:
        return bool((await state_of(site))["cameras"][0]["recording"]["phase"] == "recording")

    await until(site, 20, recording)
    return site.clock.now_ns()


async def remote_again(site: DemoSite, _: Page) -> int:
    """When the remote side first answers what it has refused."""

    async def accepted() -> bool:
        return (await denials(site))["api/v1/device"][0] == 200

    await until(site, 20, accepted)
    return site.clock.now_ns()


async def browser_again(site: DemoSite, page: Page) -> int:
    """When the first tile has a session again."""
    await seen(site, page, f"{TILE}.closeCode === null")
    return site.clock.now_ns()
