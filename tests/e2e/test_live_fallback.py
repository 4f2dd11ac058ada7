"""Live view in browsers that play less: without MSE by HLS, without both by key pictures; the cut and the way back."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.fakes.page_server import PageServer, page_server

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
ARTIFACTS = Path(__file__).resolve().parents[2] / "artifacts" / "live"
PLAYING_MS_MAX = 20_000
SHOWN_MS_MAX = 10_000
NO_MSE = "delete window.MediaSource; delete window.ManagedMediaSource; delete window.WebKitMediaSource;"
NO_HLS = """{ const can = HTMLMediaElement.prototype.canPlayType; HTMLMediaElement.prototype.canPlayType =
    function (type) { return type.includes("mpegurl") ? "" : can.call(this, type); }; }"""
NO_MEDIA_OF_MSE = "MediaSource.isTypeSupported = () => false;"

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: install the package chromium")

ALL_ARE = """([way, mode]) => { const tiles = [...document.querySelectorAll('live-wall live-tile')];
    return tiles.length === 2 && tiles.every(tile => tile.way === way && tile.mode === mode); }"""


COVERED = """[...document.querySelectorAll('live-tile')].map(tile => {
    const shown = tile.querySelector(tile.way === 'jpeg' ? 'img' : 'video').getBoundingClientRect();
    const whole = tile.getBoundingClientRect(); return shown.top === whole.top && shown.height === whole.height; })"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PageServer]:
    with page_server(tmp_path_factory.mktemp("fallback"), cameras=2) as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def context(browser: Browser, server: PageServer) -> Iterator[BrowserContext]:
    server.entitle(3600)
    with browser.new_context(viewport={"width": 1280, "height": 800}, locale="ja-JP") as context:
        yield context


def opened(context: BrowserContext, server: PageServer, *scripts: str, query: str = "") -> tuple[Page, list[str]]:
    """The page in a browser that lacks something, and what it throws."""
    page, thrown = context.new_page(), list[str]()
    page.on("pageerror", lambda error: thrown.append(str(error)))
    for script in scripts:
        page.add_init_script(script)
    page.goto(server.address + query)
    return page, thrown


def wait_all(page: Page, way: str, mode: str, ms_max: int = PLAYING_MS_MAX) -> None:
    page.wait_for_function(ALL_ARE, arg=[way, mode], timeout=ms_max)


def keep(page: Page, name: str) -> None:
    ARTIFACTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=ARTIFACTS / f"{name}.png")


@pytest.mark.parametrize(("way", "scripts", "said"), [("hls", [NO_MSE], "HLS"), ("jpeg", [NO_MSE, NO_HLS], "静止画")])
def test_without_mse_it_plays_by_the_next_way_says_so_and_is_cut_and_comes_back(
    context: BrowserContext, server: PageServer, way: str, scripts: list[str], said: str
) -> None:
    page, thrown = opened(context, server, *scripts)
    wait_all(page, way, "live")
    before = page.evaluate("document.querySelector('live-tile').framesDecoded")
    page.wait_for_function(
        "before => document.querySelector('live-tile')?.framesDecoded > before + 1", arg=before, timeout=PLAYING_MS_MAX
    )
    assert page.evaluate(COVERED) == [True, True], "what is playing is what is to be seen"
    assert page.locator(".tile-way").all_text_contents() == [said, said]
    assert page.locator(".tile-age").first.inner_text().startswith("ライブ")
    assert Axe().run(page).violations_count == 0
    keep(page, f"{way}-ja")
    server.entitle(0.01)
    wait_all(page, way, "lapsed", SHOWN_MS_MAX)
    problems = page.evaluate("[...document.querySelectorAll('live-tile')].map(tile => tile.endProblem.code)")
    assert problems == ["EXPIRED", "EXPIRED"]
    assert page.locator("live-tile video[src], live-tile img[src]").count() == 0, "nothing that was licensed is left"
    assert "ライセンスの有効期限が切れています" in page.locator("live-tile").first.inner_text()
    keep(page, f"{way}-cut-ja")
    server.entitle(3600)
    wait_all(page, way, "live")
    assert thrown == []


def test_key_pictures_of_a_camera_that_falls_silent_are_not_shown_as_live(
    context: BrowserContext, server: PageServer
) -> None:
    page, thrown = opened(context, server, NO_MSE, NO_HLS, query="?lang=en")
    wait_all(page, "jpeg", "live")
    ages = page.evaluate("[...document.querySelectorAll('live-tile')].map(tile => tile.latencySeconds)")
    assert all(isinstance(age, float) for age in ages), "each picture's age is known"
    server.stop_camera("cam1")
    try:
        page.wait_for_function("() => document.querySelector('live-tile')?.mode === 'stale'", timeout=SHOWN_MS_MAX)
        keep(page, "jpeg-stale-en")
    finally:
        server.play_camera("cam1")
    wait_all(page, "jpeg", "live")
    assert thrown == []


def test_a_format_that_mse_cannot_play_and_an_hls_player_that_fails_fall_to_the_next_way(
    context: BrowserContext, server: PageServer
) -> None:
    unplayable, thrown = opened(context, server, NO_MEDIA_OF_MSE, NO_HLS)
    wait_all(unplayable, "jpeg", "live")
    unplayable.get_by_role("button", name="玄関を拡大表示").click()
    unplayable.wait_for_function(
        "() => document.querySelector('dialog live-tile')?.mode === 'live'", timeout=PLAYING_MS_MAX
    )
    assert unplayable.locator("dialog .tile-way").inner_text() == "静止画・サブは動画"
    assert unplayable.evaluate("document.querySelector('dialog .tile-still').naturalWidth") == 960
    keep(unplayable, "jpeg-dialog-ja")
    assert thrown == []
