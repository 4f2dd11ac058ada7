"""The demo with its licence service: an expiry watched through the relay, and the renewal made in the portal."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, async_playwright

from gate.clock import ns_of
from gate.shared_clock.controller import command
from tests.e2e.crossing import CHROMIUM, FRAMES_MIN, TILE, hdmi_status, seen, state_of, until
from tests.e2e.demo_site import DemoSite, run_command, running_demo
from tests.e2e.footage import pictures, segment_files

FPS = 15
BEFORE_SECONDS = 25
AHEAD_SECONDS = 10
ARTIFACTS = Path(__file__).resolve().parents[2] / "artifacts"

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(300),
    pytest.mark.skipif(not Path(CHROMIUM).exists(), reason=f"needs Chromium at {CHROMIUM}: apt install chromium"),
]


@dataclass(slots=True, kw_only=True)
class Evidence:
    """Instants ending in `_ns` are the machine's; the site's clock is `offset_ns` ahead of it."""

    service_before: dict[str, Any] = field(default_factory=dict)
    expiry_ns: int = 0
    offset_ns: int = 0
    last_media_ns: int = 0
    close_code: int | None = None
    end: dict[str, Any] = field(default_factory=dict)
    browser_end: dict[str, Any] = field(default_factory=dict)
    console_errors: list[str] = field(default_factory=list)
    state_lapsed: dict[str, Any] = field(default_factory=dict)
    allocated_ns: int = 0
    answered_ns: int = 0
    recording_again_ns: int = 0
    browser_again: bool = False
    hdmi_usual: dict[str, Any] = field(default_factory=dict)
    hdmi: dict[str, Any] = field(default_factory=dict)
    ahead: "RenewedAhead | None" = None
    data_dir: Path = Path()


@dataclass(slots=True, kw_only=True)
class RenewedAhead:
    """An expiry that a spare licence of the pool takes over. `x_us`: of the site's clock."""

    x_us: int = 0
    told_until: str = ""
    sequence: list[int] = field(default_factory=list)
    labels_us: list[int] = field(default_factory=list)
    close_code: int | None = None
    hdmi: dict[str, Any] = field(default_factory=dict)


async def renew_ahead(site: DemoSite) -> RenewedAhead:
    """A spare licence for each camera goes into the pool shortly before X; nobody binds it."""
    ahead = RenewedAhead()
    email = site.sign_ins["partner"]["email"]
    made = await run_command(
        "service", "token", str(site.root / "configs/service.yaml"), "--email", email, "--name", "test", "--json"
    )
    headers = {"Authorization": f"Bearer {json.loads(made)['token']}", "Idempotency-Key": "ahead"}
    socket = Path(site.addresses["clock"])
    await command(socket, f"to-expiry cam1 --before {AHEAD_SECONDS}s")
    shown = await command(socket, "show")
    ahead.x_us = ns_of(datetime.fromisoformat(shown["expiries"]["cam1"])) // 1000
    watching = asyncio.create_task(watch_across(site, ahead, shown["offset_ns"]))
    await until(site, 5, lambda: _begun(ahead))
    await hdmi_status(site, "?reset=1")
    async with aiohttp.ClientSession(f"{site.addresses['portal']}api/v1/", headers=headers) as session:
        customer = (await (await session.get("customers")).json())["customers"][0]["id"]
        order = {"customer": customer, "kind": "edge", "months": 12, "quantity": len(site.facts["cameras"])}
        async with session.post("allocations", json=order) as answer:
            assert answer.status == 201, await answer.text()
    await until(site, AHEAD_SECONDS - 1, lambda: _told(site, ahead))
    await watching
    ahead.hdmi = await hdmi_status(site)
    return ahead


async def _begun(ahead: RenewedAhead) -> bool:
    return bool(ahead.sequence)


async def _told(site: DemoSite, ahead: RenewedAhead) -> bool:
    ahead.told_until = (await state_of(site))["cameras"][0]["licence"]["until"] or ""
    return bool(ahead.told_until) and ns_of(datetime.fromisoformat(ahead.told_until)) // 1000 > ahead.x_us


async def watch_across(site: DemoSite, ahead: RenewedAhead, offset_ns: int) -> None:
    """Follows cam1 until three seconds after X."""
    url = f"{site.addresses['remote']}api/v1/cameras/cam1/live?stream=main&lang=en"
    async with aiohttp.ClientSession() as session, session.ws_connect(url, max_msg_size=16 << 20) as ws:
        async for message in ws:
            if message.type is aiohttp.WSMsgType.BINARY:
                ahead.sequence.append(int.from_bytes(message.data[4:8], "big"))
                if message.data[0] == 2:
                    ahead.labels_us.append(int.from_bytes(message.data[8:16], "big"))
            if (site.clock.now_ns() + offset_ns) // 1000 > ahead.x_us + 3_000_000:
                return
        ahead.close_code = ws.close_code


async def sign_in(site: DemoSite, page: Page, role: str) -> None:
    await page.goto(f"{site.addresses['portal']}sign-in")
    person = site.sign_ins[role]
    await page.fill("#email", person["email"])
    await page.fill("#password", person["password"])
    async with page.expect_navigation():
        await page.click("form button.is-main")


async def accept_terms(site: DemoSite, browser: Browser) -> None:
    """利用規約に同意, as the customer does at its first sign-in; before that nobody sees its video."""
    page = await browser.new_page(locale="ja-JP")
    await sign_in(site, page, "customer")
    await page.check("input[name=agree]")
    async with page.expect_navigation():
        await page.click("form[action='/terms'] button.is-main")
    await page.close()


async def allocate(site: DemoSite, page: Page, quantity: int) -> tuple[int, int]:
    """ライセンス管理 → お客さま → 割り当てる, as a person does it; the moments of the last press and of its answer."""
    portal, customer = site.addresses["portal"], site.sign_ins["customer"]["email"]
    await page.goto(f"{portal}licences")
    if await page.locator("dialog[open]").count():
        await page.locator("dialog[open] button[value=stock]").click()
    await page.locator("input[name=licence]:not([disabled])").first.check()
    await page.fill("#quantity", str(quantity))
    async with page.expect_navigation():
        await page.locator("form[action='/licences/allocate/customer'] button.is-main").click()
    await page.fill("#email", customer)
    await page.locator("input[name=customer]").first.check()
    async with page.expect_navigation():
        await page.locator("form[action='/licences/allocate/check'] button.is-main").click()
    await page.check("#sure")
    await page.screenshot(path=ARTIFACTS / "portal-allocate-ja.png")
    pressed_ns = site.clock.now_ns()
    async with page.expect_response(lambda answer: answer.request.method == "POST"):
        await page.locator("form[action='/licences/allocate'] button.is-main").click()
    return pressed_ns, site.clock.now_ns()


async def watch_through_relay(site: DemoSite, page: Page, evidence: Evidence) -> None:
    """A second viewer with the customer's cookies, which keeps count."""
    cookies = {one["name"]: one["value"] for one in await page.context.cookies()}
    relay = f"{site.addresses['portal']}relay/{evidence.service_before['device']}/"
    headers = {"Origin": site.addresses["portal"].rstrip("/")}
    async with (
        aiohttp.ClientSession(cookies=cookies, headers=headers) as session,
        session.ws_connect(f"{relay}api/v1/cameras/cam1/live?stream=sub&lang=en", max_msg_size=16 << 20) as ws,
    ):
        async for message in ws:
            if message.type is aiohttp.WSMsgType.BINARY:
                evidence.last_media_ns = site.clock.now_ns()
            elif message.type is aiohttp.WSMsgType.TEXT:
                text = json.loads(message.data)
                evidence.end = text.get("end", evidence.end)
        evidence.close_code = ws.close_code


async def cross(site: DemoSite) -> Evidence:
    evidence = Evidence(data_dir=Path(site.facts["data_dir"]))
    evidence.service_before = (await state_of(site))["licence"]["service"]
    relay = f"{site.addresses['portal']}relay/{evidence.service_before['device']}/"
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        await accept_terms(site, browser)
        contexts = [await browser.new_context(locale="ja-JP") for _ in range(2)]
        customer, partner = [await context.new_page() for context in contexts]
        errors = evidence.console_errors
        customer.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        customer.on("pageerror", lambda error: errors.append(str(error)))
        socket = Path(site.addresses["clock"])
        await command(socket, f"to-expiry cam1 --before {BEFORE_SECONDS}s")
        shown = await command(socket, "show")
        evidence.offset_ns = shown["offset_ns"]
        evidence.expiry_ns = ns_of(datetime.fromisoformat(shown["expiries"]["cam1"])) - evidence.offset_ns
        await hdmi_status(site, "?reset=1")
        await sign_in(site, customer, "customer")
        await customer.goto(relay)
        await seen(site, customer, f"{TILE}?.mode === 'live' && {TILE}.framesDecoded >= {FRAMES_MIN}")
        await customer.screenshot(path=ARTIFACTS / "relay-live-ja.png")
        watching = asyncio.create_task(watch_through_relay(site, customer, evidence))
        evidence.hdmi_usual = await hdmi_status(site)
        await hdmi_status(site, "?reset=1")
        assert site.clock.now_ns() < evidence.expiry_ns, "the machine was too slow to see the expiry coming"
        await until(site, BEFORE_SECONDS + 10, lambda: customer.evaluate(f"{TILE}.closeCode !== null"))
        await watching
        evidence.browser_end = await customer.evaluate(f"({{code: {TILE}.closeCode, problem: {TILE}.endProblem}})")
        evidence.state_lapsed = await state_of(site)
        await customer.screenshot(path=ARTIFACTS / "relay-lapsed-ja.png")
        await sign_in(site, partner, "partner")
        again = asyncio.create_task(recording_again(site))
        evidence.allocated_ns, evidence.answered_ns = await allocate(site, partner, len(site.facts["cameras"]))
        evidence.recording_again_ns = await again
        await seen(site, customer, f"{TILE}.mode === 'live' && {TILE}.closeCode === null")
        evidence.browser_again = True
        evidence.hdmi = await hdmi_status(site)
        await browser.close()
    evidence.ahead = await renew_ahead(site)
    return evidence


async def recording_again(site: DemoSite) -> int:
    async def recording() -> bool:
        return all(camera["recording"]["phase"] == "recording" for camera in (await state_of(site))["cameras"])

    await until(site, 60, recording)
    return site.clock.now_ns()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def evidence(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Evidence]:
    ARTIFACTS.mkdir(exist_ok=True)
    async with running_demo(tmp_path_factory.mktemp("demo"), service=True) as site:
        evidence = await cross(site)
    print(
        f"cut through the relay: last media {(evidence.last_media_ns - evidence.expiry_ns) / 1e6:+.1f} ms from X; "
        f"割り当てる to REC: {(evidence.recording_again_ns - evidence.allocated_ns) / 1e6:.0f} ms, "
        f"its answer to REC: {(evidence.recording_again_ns - evidence.answered_ns) / 1e6:.0f} ms"
    )
    yield evidence


async def test_the_demo_site_is_registered_and_connected_from_its_first_moment(evidence: Evidence) -> None:
    assert evidence.service_before["phase"] == "connected"
    assert evidence.service_before["registered"] is True


async def test_the_cut_at_x_comes_through_the_relay_with_its_reason(evidence: Evidence) -> None:
    assert (evidence.close_code, evidence.end["problem"]["code"]) == (4403, "EXPIRED")
    assert evidence.last_media_ns - evidence.expiry_ns < 1e9
    assert evidence.browser_end["code"] == 4403
    assert evidence.browser_end["problem"]["code"] == "EXPIRED"
    assert [camera["licence"]["denial"]["code"] for camera in evidence.state_lapsed["cameras"]] == ["EXPIRED"] * 2


async def test_an_allocation_in_the_portal_is_recording_within_a_second(evidence: Evidence) -> None:
    assert evidence.recording_again_ns - evidence.answered_ns < 1e9
    assert evidence.browser_again
    assert evidence.console_errors == []


def pause_ms_allowed(evidence: Evidence, camera: str) -> float:
    """Three frames; on a machine that is too busy for its monitor, not much more than without any expiry."""
    usual_ms = float(evidence.hdmi_usual["cameras"][camera]["pause_ms_max"])
    return max(3 * 1000 / FPS, 1.5 * usual_ms)


async def test_hdmi_never_blinks(evidence: Evidence) -> None:
    for name, camera in evidence.hdmi["cameras"].items():
        assert camera["state"] == "live"
        assert camera["pause_ms_max"] <= pause_ms_allowed(evidence, name)


async def test_nothing_captured_while_lapsed_is_on_disk(evidence: Evidence) -> None:
    x_us = (evidence.expiry_ns + evidence.offset_ns) // 1000
    allocated_us = (evidence.allocated_ns + evidence.offset_ns) // 1000
    for camera in ("cam1", "cam2"):
        marks = [p.mark for f in segment_files(evidence.data_dir, camera) for p in pictures(f)]
        assert [mark for mark in marks if x_us <= mark.utc_us < allocated_us] == []


async def test_automatic_assignment_at_x_cuts_nothing_and_loses_no_picture(evidence: Evidence) -> None:
    ahead = evidence.ahead
    assert ahead is not None and ahead.close_code is None
    assert ahead.sequence == list(range(len(ahead.sequence))), "a hole in what a viewer got"
    assert ahead.labels_us[0] < ahead.x_us < ahead.labels_us[-1]
    for camera in ("cam1", "cam2"):
        marks = [p.mark for f in segment_files(evidence.data_dir, camera) for p in pictures(f)]
        around = sorted(m.counter for m in marks if abs(m.utc_us - ahead.x_us) < 3_000_000)
        assert len(around) > 3 * FPS
        assert around == list(range(around[0], around[-1] + 1)), "a picture was lost around X"
    for name, status in ahead.hdmi["cameras"].items():
        assert status["pause_ms_max"] <= pause_ms_allowed(evidence, name)
