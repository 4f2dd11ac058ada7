"""Crossing an expiry in real time, and coming back: what is seen from outside while it happens."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from playwright.async_api import Page

from tests.e2e.demo_site import DemoSite

CHROMIUM = "/usr/bin/chromium"
FRAMES_BEFORE = 30
"""Pictures a browser must have shown before the crossing counts as watched."""


@dataclass(slots=True, kw_only=True)
class LiveViewer:
    """A WebSocket client of one stream, and what it got."""

    labels_us: list[int] = field(default_factory=list)
    last_media_ns: int = 0
    texts: list[dict[str, Any]] = field(default_factory=list)
    close_code: int | None = None


@dataclass(slots=True, kw_only=True)
class Evidence:
    """`expiry_ns` on the site's clock; `offset_ns` between the site's clock and the machine's."""

    expiry_ns: int
    offset_ns: int
    viewer: LiveViewer
    browser_end: dict[str, Any]
    browser_frames: tuple[int, int, int]
    """Decoded before the crossing, at the cut, and some time after restoration."""
    console_errors: list[str]
    denied: dict[str, tuple[int, str, dict[str, Any]]]
    hdmi: dict[str, Any]
    hdmi_picture: bytes
    lapsed_state: dict[str, Any]
    licence_ns: int
    recording_again_ns: int
    remote_again_ns: int
    browser_again_ns: int
    pids: tuple[dict[str, int], dict[str, int]]


async def until(site: DemoSite, seconds: float, probe: Callable[[], Awaitable[Any]]) -> Any:
    """Asks until the answer is true, at most so long."""
    async with site.clock.timeout(seconds):
        while not (answer := await probe()):
            await site.clock.sleep(0.01)
    return answer


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


async def frames_in(page: Page) -> int:
    """Pictures the first tile's video element has decoded since its last (re)start."""
    return int(
        await page.evaluate(
            "() => document.querySelector('live-tile').shadowRoot?.querySelector('video')"
            "?.getVideoPlaybackQuality().totalVideoFrames ?? 0"
        )
    )


async def hdmi_status(site: DemoSite, query: str = "") -> dict[str, Any]:
    async with aiohttp.ClientSession() as session, session.get(f"{site.addresses['hdmi']}v1/status{query}") as answer:
        status: dict[str, Any] = await answer.json()
        return status


async def hdmi_picture(site: DemoSite) -> bytes:
    async with aiohttp.ClientSession() as session, session.get(f"{site.addresses['hdmi']}picture.png") as answer:
        return await answer.read()
