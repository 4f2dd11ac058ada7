"""The web app in a real browser: video plays, the cut is shown, a new licence brings it back, everyone can use it."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

from tests.fakes.page_server import PageServer, page_server

ARTIFACTS = Path(__file__).resolve().parents[2] / "artifacts"
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
PLAYING_MS_MAX = 15_000
SHOWN_MS_MAX = 8_000
DESKTOP, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: install the package chromium")

ALL_ARE = "mode => [...document.querySelectorAll('live-wall live-tile')].length === 2 \
    && [...document.querySelectorAll('live-wall live-tile')].every(tile => tile.mode === mode)"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PageServer]:
    with page_server(tmp_path_factory.mktemp("page"), cameras=2) as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(autouse=True)
def licensed(server: PageServer) -> None:
    server.entitle(3600)


@pytest.fixture
def open_page(browser: Browser, server: PageServer) -> Iterator["PageOpener"]:
    opener = PageOpener(browser, server.address)
    yield opener
    opener.close()
    assert opener.complaints == []


@pytest.fixture
def silence(server: PageServer) -> Iterator[Callable[[str], None]]:
    """Makes a camera fall silent; it plays again after the test."""
    silent: list[str] = []

    def stop(camera: str) -> None:
        server.stop_camera(camera)
        silent.append(camera)

    yield stop
    for camera in silent:
        server.play_camera(camera)


class PageOpener:
    """Opens pages and gathers what they complain of on the console."""

    def __init__(self, browser: Browser, address: str) -> None:
        self._browser = browser
        self._address = address
        self._pages: list[Page] = []
        self.complaints: list[str] = []

    def __call__(self, *, locale: str = "ja-JP", size: dict[str, int] = DESKTOP, query: str = "") -> Page:
        page = self._browser.new_context(viewport=size, locale=locale).new_page()  # type: ignore[arg-type]
        page.on("console", lambda message: self._note(message.type, message.text))
        page.on("pageerror", lambda error: self._note("error", str(error)))
        page.goto(self._address + query)
        self._pages.append(page)
        return page

    def close(self) -> None:
        for page in self._pages:
            page.context.close()

    def _note(self, kind: str, text: str) -> None:
        if kind in ("error", "warning"):
            self.complaints.append(text)


def wait_all(page: Page, mode: str, ms_max: int = PLAYING_MS_MAX) -> None:
    page.wait_for_function(ALL_ARE, arg=mode, timeout=ms_max)


def tiles(page: Page, expression: str) -> list[object]:
    return page.evaluate(f"[...document.querySelectorAll('live-wall live-tile')].map(tile => {expression})")  # type: ignore[no-any-return]


def test_live_video_really_plays_close_to_now(open_page: PageOpener) -> None:
    page = open_page()
    wait_all(page, "live")
    before = tiles(page, "tile.framesDecoded")
    page.wait_for_function(
        """before => [...document.querySelectorAll('live-tile')]
        .every((tile, at) => tile.framesDecoded > before[at] + 15)""",
        arg=before,
        timeout=PLAYING_MS_MAX,
    )
    assert all(isinstance(seconds, float) and seconds < 1.5 for seconds in tiles(page, "tile.latencySeconds"))
    assert page.locator(".tile-recording").all_text_contents() == ["●REC 録画中", "●REC 録画中"]


def test_at_expiry_the_picture_is_cleared_and_the_reason_shown_and_a_licence_restores_it(
    open_page: PageOpener, server: PageServer
) -> None:
    page = open_page()
    wait_all(page, "live")
    server.entitle(0.5)
    wait_all(page, "lapsed", SHOWN_MS_MAX)
    assert tiles(page, "[tile.closeCode, tile.endProblem.code]") == [[4403, "EXPIRED"]] * 2
    assert tiles(page, "tile.querySelector('video').hasAttribute('src')") == [False, False]
    assert "ライセンスの有効期限が切れています" in page.locator("live-tile").first.inner_text()
    assert page.locator("tr[data-feature=M2]").inner_text().split()[-2:] == ["×", "不可"]
    assert page.locator("tr[data-feature=M1]").inner_text().split()[-2:] == ["○", "可"]
    page.evaluate(
        """() => { const from = performance.now(); window.restored = new Promise(done => { const look = () =>
        [...document.querySelectorAll('live-tile')].every(tile => tile.closeCode === null)
            ? done(performance.now() - from) : setTimeout(look, 10); look(); }); }"""
    )
    server.entitle(3600)
    assert page.evaluate("window.restored") < 1000
    wait_all(page, "live")


def test_one_camera_lapses_alone(open_page: PageOpener, server: PageServer) -> None:
    page = open_page(locale="en-GB")
    wait_all(page, "live")
    server.entitle(3600, ["cam2"])
    page.wait_for_function(
        "() => [...document.querySelectorAll('live-tile')].map(tile => tile.mode).join() === 'lapsed,live'",
        timeout=SHOWN_MS_MAX,
    )
    assert "△ 1 of 2" in page.locator("tr[data-feature=M3]").inner_text()
    assert page.locator(".licence-summary strong").inner_text() == "Licences: 1 of 2 cameras active"


def test_the_page_speaks_the_readers_language_and_the_one_asked_for(open_page: PageOpener) -> None:
    japanese = open_page(locale="ja-JP")
    assert japanese.locator("h1").inner_text() == "エッジレコーダー"
    japanese.get_by_role("link", name="English").click()
    japanese.wait_for_selector("h1:text('Edge recorder')")
    assert japanese.evaluate("document.documentElement.lang") == "en"
    assert open_page(locale="en-GB").locator("h1").inner_text() == "Edge recorder"


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("licence", ["active", "lapsed"])
def test_nothing_overflows_and_axe_finds_nothing(
    open_page: PageOpener, server: PageServer, size: dict[str, int], licence: str
) -> None:
    page = open_page(size=size)
    wait_all(page, "live")
    if licence == "lapsed":
        server.entitle(0.01)
        wait_all(page, "lapsed", SHOWN_MS_MAX)
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    result = Axe().run(page)
    assert result.violations_count == 0, result.generate_report()


def test_a_camera_opens_large_by_keyboard_and_closes_with_escape(open_page: PageOpener) -> None:
    page = open_page()
    wait_all(page, "live")
    page.get_by_role("button", name="玄関を拡大表示").focus()
    page.keyboard.press("Enter")
    page.wait_for_function("() => document.querySelector('dialog live-tile')?.mode === 'live'", timeout=PLAYING_MS_MAX)
    assert page.evaluate("document.querySelector('dialog video').videoWidth") == 960
    page.get_by_role("button", name="サブ").click()
    page.wait_for_function("() => document.querySelector('dialog video')?.videoWidth === 480", timeout=PLAYING_MS_MAX)
    with page.expect_download() as kept:
        page.get_by_role("link", name="静止画を保存").click()
    assert kept.value.suggested_filename == "cam1.jpg" and kept.value.path().read_bytes()[:2] == b"\xff\xd8"
    page.get_by_role("button", name="gate").click()
    page.get_by_role("status").get_by_text("gate に向けました").wait_for()
    assert Axe().run(page).violations_count == 0
    page.keyboard.press("Escape")
    page.wait_for_selector("dialog", state="detached")
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "玄関を拡大表示"


def test_how_a_camera_is_recorded_is_changed_beside_its_picture(open_page: PageOpener, server: PageServer) -> None:
    page = open_page()
    wait_all(page, "live")
    page.get_by_role("button", name="玄関を拡大表示").click()
    page.get_by_text("録画方法：常時").click()
    mode, said = page.get_by_label("録画方法", exact=True), page.locator("recording-form [role=status]")
    mode.select_option("schedule")
    spans = page.get_by_label("録画する曜日と時刻")
    spans.fill("someday 08:00-18:00")
    page.get_by_role("button", name="変更").click()
    said.get_by_text("someday").wait_for()
    assert len(open_page.complaints) == 1 and "400" in open_page.complaints.pop()
    spans.fill("mon-fri 08:00-18:00, daily 22:00-06:00")
    page.get_by_role("button", name="変更").click()
    said.get_by_text("変更しました：スケジュール").wait_for()
    settings = server.call(lambda: server.site.recordings.settings("cam1"))
    assert settings is not None and settings.mode == "schedule"
    assert Axe().run(page).violations_count == 0
    ARTIFACTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=ARTIFACTS / "recording-form-ja.png")
    mode.select_option(label="常時")
    page.get_by_role("button", name="変更").click()
    said.get_by_text("変更しました：常時").wait_for()
    assert not spans.is_visible()


def test_a_silent_camera_is_never_shown_as_live(
    open_page: PageOpener, server: PageServer, silence: Callable[[str], None]
) -> None:
    page = open_page()
    wait_all(page, "live")
    silence("cam1")
    page.wait_for_function("() => document.querySelector('live-tile')?.mode === 'stale'", timeout=SHOWN_MS_MAX)
    late = open_page()
    late.wait_for_function("() => document.querySelector('live-tile')?.framesDecoded > 0", timeout=PLAYING_MS_MAX)
    assert tiles(late, "tile.mode")[0] != "live"

    def goes_offline() -> None:
        state = server.site.board.cameras["cam1"].streams["sub"]
        state.phase, state.message = "stalled", "no picture for 5 s"
        server.site.board.changed()

    server.call(goes_offline)
    page.wait_for_function("() => document.querySelector('live-tile')?.mode === 'offline'", timeout=SHOWN_MS_MAX)
    assert "映像が届いていません" in page.locator("live-tile").first.inner_text()
    server.play_camera("cam1")
    wait_all(page, "live")


def test_the_page_reconnects_by_itself_when_the_recorder_comes_back(browser: Browser, tmp_path: Path) -> None:
    with page_server(tmp_path, cameras=2) as first:
        opener = PageOpener(browser, first.address)
        page = opener()
        wait_all(page, "live")
    wait_all(page, "waiting", SHOWN_MS_MAX)
    assert "秒後に再接続します" in page.locator("live-tile").first.inner_text()
    page.locator(".tile-recording").first.get_by_text("録画状態 不明").wait_for()
    assert page.get_by_role("alert").inner_text() == "レコーダーに接続できません。再接続しています…"
    with page_server(tmp_path, cameras=2, port=first.port):
        wait_all(page, "live")
        assert page.get_by_role("alert").count() == 0
        opener.close()
