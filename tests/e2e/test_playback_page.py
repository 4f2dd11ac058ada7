"""Playback in a real browser, judged by the numbers in its pictures: exact seeks and steps, gaps, speeds, cameras in
step, the cut and the return."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

from tests.fakes.playback_site import (
    BITS,
    CELL,
    FPS,
    GAP_SECONDS,
    HEIGHT,
    RUN_SECONDS,
    WIDTH,
    PlaybackSite,
    playback_site,
)

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
SHOWN_MS_MAX = 15_000
DESKTOP, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}
ARTIFACTS = Path(__file__).resolve().parents[2] / "artifacts"

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: install the package chromium")

READ_NUMBERS = f"""() => [...document.querySelectorAll('camera-view')].map(view => {{
    const video = view.querySelector('video');
    if (!view.player.hasPicture) return null;
    const canvas = new OffscreenCanvas({WIDTH}, {HEIGHT});
    const context = canvas.getContext('2d', {{willReadFrequently: true}});
    context.drawImage(video, 0, 0, {WIDTH}, {HEIGHT});
    let number = 0;
    for (let bit = 0; bit < {BITS}; bit += 1) {{
        const [red] = context.getImageData(bit * {CELL} + {CELL} / 2, {HEIGHT} - {CELL} / 2, 1, 1).data;
        number = number * 2 + (red > 128 ? 1 : 0);
    }}
    return number;
}})"""
CONDUCTOR = "document.querySelector('playback-page').conductor"
STRIP = "document.querySelector('timeline-strip')"
SHOWS = f"wanted => JSON.stringify(({READ_NUMBERS})()) === JSON.stringify(wanted)"
PLAYS_BEYOND = f"number => ({READ_NUMBERS})().every(shown => shown !== null && shown > number)"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PlaybackSite]:
    with playback_site(tmp_path_factory.mktemp("playback")) as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(autouse=True)
def licensed(site: PlaybackSite) -> None:
    site.entitle(3600)


class Opener:
    """Opens the page and gathers what it complains of."""

    def __init__(self, browser: Browser, site: PlaybackSite) -> None:
        self._browser = browser
        self._site = site
        self.pages: list[Page] = []
        self.complaints: list[str] = []

    def __call__(
        self, seconds: float, *, cameras: str = "cam1", locale: str = "ja-JP", size: dict[str, int] = DESKTOP
    ) -> Page:
        """At the picture so many seconds behind the footage's beginning."""
        page = self._browser.new_context(viewport=size, locale=locale).new_page()  # type: ignore[arg-type]
        page.on("console", lambda message: self._note(message.type, message.text))
        page.on("pageerror", lambda error: self._note("error", str(error)))
        self.pages.append(page)
        page.goto(f"{self._site.address}#/playback?camera={cameras}&t={self.instant(seconds)}")
        return page

    def instant(self, seconds: float) -> str:
        at = datetime.fromtimestamp(self._site.start_ns / 1e9, UTC) + timedelta(seconds=seconds + 0.5 / FPS)
        return at.isoformat().replace("+00:00", "Z")

    def _note(self, kind: str, text: str) -> None:
        if kind in ("error", "warning"):
            self.complaints.append(text)


@pytest.fixture
def open_at(browser: Browser, site: PlaybackSite) -> Iterator[Opener]:
    opener = Opener(browser, site)
    yield opener
    for page in opener.pages:
        page.context.close()
    assert opener.complaints == []


def wait_shown(page: Page, *numbers: int) -> None:
    page.wait_for_function(SHOWS, arg=list(numbers), timeout=SHOWN_MS_MAX)


def shown(page: Page, *numbers: int) -> bool:
    """Whether the page comes to show these pictures, one a camera, and stays there."""
    wait_shown(page, *numbers)
    return bool(page.evaluate(SHOWS, list(numbers)))


def seek(page: Page, site: PlaybackSite, seconds: float) -> None:
    ms = site.start_ns / 1e6 + seconds * 1000 + 500 / FPS
    page.evaluate("ms => document.querySelector('playback-page').conductor.seek(ms)", ms)


def conductor(page: Page, expression: str) -> Any:
    return page.evaluate(f"() => document.querySelector('playback-page').conductor.{expression}")


@pytest.mark.parametrize("seconds", [0.0, 12.5, 39.95])
def test_a_link_shows_exactly_the_picture_of_its_instant(open_at: Opener, seconds: float) -> None:
    assert shown(open_at(seconds), int(seconds * FPS))


def test_every_picture_can_be_sought_and_stepped_to(open_at: Opener, site: PlaybackSite) -> None:
    page = open_at(9.9)
    wait_shown(page, 148)
    for number in (149, 150, 151):  # over the end of a file, which is at ten seconds at the latest
        page.keyboard.press(".")
        assert shown(page, number)
    for number in (150, 149):
        page.keyboard.press(",")
        assert shown(page, number)
    for number in (7, 300, 299, 598):
        seek(page, site, number / FPS)
        assert shown(page, number)


def test_no_step_is_lost_however_fast_they_come(open_at: Opener, site: PlaybackSite) -> None:
    page = open_at(20)
    wait_shown(page, 300)
    for key, times, number in ((".", 5, 305), (",", 3, 302)):
        page.evaluate(
            """([key, times]) => {
                for (let time = 0; time < times; time += 1) dispatchEvent(new KeyboardEvent('keydown', {key}));
            }""",
            [key, times],
        )
        assert shown(page, number)


def test_a_typed_time_is_gone_to_and_nonsense_is_told(open_at: Opener, site: PlaybackSite) -> None:
    page = open_at(3)
    wait_shown(page, 45)
    local = page.evaluate(
        "ms => new Intl.DateTimeFormat('en-GB', {timeZone: 'Asia/Tokyo', timeStyle: 'medium'}).format(ms)",
        site.start_ns / 1e6 + 21_000,  # typed to the second: up to one second before that
    )
    field = page.get_by_label("時刻へ移動")
    field.fill("later")
    field.press("Enter")
    assert "10:30:15" in page.locator(".transport-error").inner_text()
    field.fill(local)
    field.press("Enter")
    wait_shown(page, 314)


def test_a_gap_is_jumped_over_and_its_reason_told_and_the_end_is_not_live(open_at: Opener) -> None:
    page = open_at(RUN_SECONDS - 1)
    wait_shown(page, (RUN_SECONDS - 1) * FPS)
    page.get_by_role("button", name="再生", exact=True).click()
    page.wait_for_function("() => document.querySelector('.playback-note').textContent !== ''", timeout=SHOWN_MS_MAX)
    note = page.locator(".playback-note").inner_text()
    assert f"{GAP_SECONDS}秒" in note and "ライセンス失効" in note
    page.wait_for_function(f"() => ({READ_NUMBERS})()[0] > 5 && ({READ_NUMBERS})()[0] < 100", timeout=SHOWN_MS_MAX)
    page.locator("transport-bar select").select_option("16")
    page.wait_for_function(
        "() => document.querySelector('.playback-note').textContent.includes('ライブには切り替わりません')",
        timeout=SHOWN_MS_MAX,
    )
    assert conductor(page, "playing") is False
    assert page.locator("live-tile").count() == 0


def test_eight_times_as_fast_it_plays_key_pictures_and_back_at_once_all_of_them(open_at: Opener) -> None:
    page = open_at(1, cameras="cam2")
    wait_shown(page, FPS)
    page.locator("transport-bar select").select_option("8")
    page.keyboard.press("l")
    page.keyboard.press("k")
    page.locator("transport-bar select").select_option("8")
    page.get_by_role("button", name="再生", exact=True).click()
    page.evaluate(
        f"""() => {{ window.seen = new Set(); window.from = [performance.now(), {CONDUCTOR}.atMs];
        const look = () => {{ window.seen.add(({READ_NUMBERS})()[0]); requestAnimationFrame(look); }}; look(); }}"""
    )
    page.wait_for_function("() => window.seen.size > 12", timeout=SHOWN_MS_MAX)
    speed = page.evaluate(
        """() => (document.querySelector('playback-page').conductor.atMs - window.from[1])
        / (performance.now() - window.from[0])"""
    )
    seen = [number for number in page.evaluate("() => [...window.seen]") if number is not None]
    assert 3 < speed <= 8.5
    assert [number for number in seen if number % FPS == 0] == seen
    page.locator("transport-bar select").select_option("1")
    page.get_by_role("button", name="一時停止", exact=True).click()
    at = conductor(page, "atMs")
    page.keyboard.press(".")
    page.wait_for_function("at => document.querySelector('playback-page').conductor.atMs > at", arg=at)
    assert 0 < conductor(page, "atMs") - at < 2000 / FPS


def test_backward_it_goes_from_key_picture_to_key_picture(open_at: Opener) -> None:
    page = open_at(20)
    wait_shown(page, 300)
    page.keyboard.press("j")
    shows_earlier = f"() => {{ const [n] = ({READ_NUMBERS})(); return n !== null && n <= 270; }}"
    page.wait_for_function(shows_earlier, timeout=SHOWN_MS_MAX)
    page.keyboard.press("k")
    assert conductor(page, "rate") == 1 and conductor(page, "playing") is False


def test_two_cameras_go_in_step(open_at: Opener, site: PlaybackSite) -> None:
    page = open_at(5, cameras="cam1,cam2")
    wait_shown(page, 75, 75)
    page.keyboard.press("l")
    page.wait_for_function(PLAYS_BEYOND, arg=110, timeout=SHOWN_MS_MAX)
    at = page.evaluate("() => [...document.querySelectorAll('camera-view')].map(view => view.player.positionMs)")
    assert abs(at[0] - at[1]) < 200
    page.keyboard.press("k")
    page.wait_for_function(f"() => {{ const [a, b] = ({READ_NUMBERS})(); return a !== null && a === b; }}")
    seek(page, site, RUN_SECONDS + 5)  # one camera has nothing of this time
    page.wait_for_function(f"() => JSON.stringify(({READ_NUMBERS})()) === '[null,75]'", timeout=SHOWN_MS_MAX)
    assert "ライセンス失効" in page.locator("camera-view").first.inner_text()


def test_sound_and_reordered_pictures_play_over_the_ends_of_files(open_at: Opener, site: PlaybackSite) -> None:
    page = open_at(1, cameras="cam3")
    shown = "(() => document.querySelector('camera-view')?.player?.shownMs ?? null)"
    page.wait_for_function(f"() => {shown}() !== null", timeout=SHOWN_MS_MAX)
    start_ms = page.evaluate("() => document.querySelector('playback-page').conductor.members[0].map.spans[0].startMs")
    for picture in range(3):  # exact with B-frames, too
        page.wait_for_function(
            f"wanted => Math.abs({shown}() - wanted) < 2",
            arg=start_ms + (FPS + picture) * 1000 / FPS,
            timeout=SHOWN_MS_MAX,
        )
        page.keyboard.press(".")
    seek(page, site, 8.5)
    page.wait_for_function("() => document.querySelector('camera-view').player.isReady", timeout=SHOWN_MS_MAX)
    page.get_by_role("button", name="音声をオンにする").click()
    page.keyboard.press("l")
    page.wait_for_function(f"end => {CONDUCTOR}.atMs > end", arg=start_ms + 10_700, timeout=SHOWN_MS_MAX)
    video = "document.querySelector('camera-view video')"
    assert page.evaluate(f"() => [{video}.muted, {video}.webkitAudioDecodedByteCount > 1000]") == [False, True]
    page.locator("transport-bar select").select_option("2")
    page.wait_for_function(f"() => {video}.muted")


def test_at_expiry_the_picture_is_cleared_and_the_reason_told_and_it_comes_back_by_itself(
    open_at: Opener, site: PlaybackSite
) -> None:
    page = open_at(2)
    wait_shown(page, 30)
    page.keyboard.press("l")
    page.wait_for_function(PLAYS_BEYOND, arg=32, timeout=SHOWN_MS_MAX)
    site.entitle(0.3)
    page.wait_for_function(
        "() => document.querySelector('camera-view').dataset.tone === 'lapsed'", timeout=SHOWN_MS_MAX
    )
    assert page.evaluate("() => document.querySelector('camera-view video').hasAttribute('src')") is False
    assert page.evaluate("() => document.querySelector('.view-still').hidden") is True
    assert "ライセンスの有効期限が切れています" in page.locator("camera-view").inner_text()
    at = conductor(page, "atMs")
    site.entitle(3600)
    page.wait_for_function(PLAYS_BEYOND, arg=30, timeout=SHOWN_MS_MAX)
    page.wait_for_function("at => document.querySelector('playback-page').conductor.atMs > at", arg=at)
    open_at.complaints[:] = [text for text in open_at.complaints if "403" not in text]  # the browser tells of refusals


def test_a_camera_that_lapses_alone_leaves_the_others_playing(open_at: Opener, site: PlaybackSite) -> None:
    page = open_at(2, cameras="cam1,cam2")
    wait_shown(page, 30, 30)
    page.keyboard.press("l")
    page.wait_for_function(PLAYS_BEYOND, arg=35, timeout=SHOWN_MS_MAX)
    site.entitle(3600, ["cam2"])
    page.wait_for_function(
        f"() => {{ const [a, b] = ({READ_NUMBERS})(); return a === null && b > 60; }}", timeout=SHOWN_MS_MAX
    )
    tones = page.evaluate("() => [...document.querySelectorAll('camera-view')].map(view => view.dataset.tone)")
    assert tones == ["lapsed", "picture"]
    site.entitle(3600)
    page.wait_for_function(PLAYS_BEYOND, arg=60, timeout=SHOWN_MS_MAX)
    open_at.complaints[:] = [text for text in open_at.complaints if "403" not in text]


def test_the_timeline_is_a_slider_that_says_what_it_shows(open_at: Opener) -> None:
    page = open_at(12, locale="en-GB")
    wait_shown(page, 180)
    slider = page.get_by_role("slider", name="Timeline")
    page.wait_for_function("() => document.querySelector('[role=slider]').ariaValueText.includes('footage')")
    before = int(slider.get_attribute("aria-valuenow") or "0")
    span = page.evaluate("() => document.querySelector('timeline-strip').scale.spanMs")
    page.keyboard.press("+")
    assert page.evaluate("() => document.querySelector('timeline-strip').scale.spanMs") < span
    slider.hover()
    page.mouse.wheel(0, 300)
    assert page.evaluate("() => document.querySelector('timeline-strip').scale.spanMs") > span
    page.evaluate(f"() => {STRIP}.centre({CONDUCTOR}.atMs, 100_000)")
    slider.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("before => +document.querySelector('[role=slider]').ariaValueNow === before + 1", arg=before)
    wait_shown(page, 195)


def test_days_with_footage_have_dots_and_the_list_tells_stretches_and_gaps(open_at: Opener) -> None:
    page = open_at(12, locale="en-GB")
    page.wait_for_function(
        "() => document.querySelectorAll('.calendar-day.has-footage').length >= 1", timeout=SHOWN_MS_MAX
    )
    page.wait_for_function("() => document.querySelectorAll('moment-list li').length >= 3", timeout=SHOWN_MS_MAX)
    words = page.locator("moment-list .moment-what").all_inner_texts()
    assert words == ["footage", "Person", "licence lapsed", "licence lapsed", "footage"]
    page.locator("moment-list button").last.click()
    wait_shown(page, 0)


def test_a_stretch_between_marks_is_handed_to_exports(open_at: Opener, site: PlaybackSite) -> None:
    page = open_at(2)
    wait_shown(page, 30)
    page.keyboard.press("i")
    seek(page, site, 8)
    wait_shown(page, 120)
    page.keyboard.press("o")
    href = page.get_by_role("link", name="範囲をエクスポート").get_attribute("href") or ""
    assert href.startswith("#/exports?camera=cam1&from=") and "to=" in href


def test_under_the_pointer_is_a_small_picture_of_that_minute(open_at: Opener) -> None:
    page = open_at(12)
    wait_shown(page, 180)
    page.evaluate(f"() => {STRIP}.centre({CONDUCTOR}.atMs, 60_000)")
    page.get_by_role("slider").hover()
    page.wait_for_function("() => !document.querySelector('.strip-hover canvas').hidden", timeout=SHOWN_MS_MAX)
    assert page.evaluate(
        """() => {
            const small = document.querySelector('.strip-hover canvas');
            return new Set(small.getContext('2d').getImageData(0, 0, small.width, small.height).data).size > 16;
        }"""
    ), "there is something in it"


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("locale", ["ja-JP", "en-GB"])
def test_everyone_can_use_it(open_at: Opener, locale: str, size: dict[str, int]) -> None:
    page = open_at(12, cameras="cam1,cam2", locale=locale, size=size)
    wait_shown(page, 180, 180)
    page.wait_for_function("() => document.querySelectorAll('moment-list li').length >= 3")
    ARTIFACTS.mkdir(exist_ok=True)
    page.screenshot(path=ARTIFACTS / f"playback-{locale[:2]}-{size['width']}.png", full_page=True)
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
