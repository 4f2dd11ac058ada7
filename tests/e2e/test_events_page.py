"""The page of events in a real browser: what has happened, what happens, filters, the way to the footage, the cut."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

from tests.fakes.event_site import EventSite

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
SHOWN_MS_MAX = 15_000
DESKTOP, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}
ARTIFACTS = Path(__file__).resolve().parents[2] / "artifacts"
TITLES = "() => [...document.querySelectorAll('.event-title')].map(each => each.textContent)"

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: install the package chromium")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EventSite]:
    """60 events at cam2, then a person and a vehicle at cam1, all of an hour ago; a disk is in trouble now."""
    made = EventSite(tmp_path_factory.mktemp("events"))
    made.start()
    for number in range(60):
        made.happen("cam2", "motion", second=number / 2)
    made.happen("cam1", "person", "start", second=31, rule="入口")
    made.happen("cam1", "vehicle", second=34)
    made.happen("cam1", "person", "end", second=36, rule="入口")
    made.trouble("disk", "/mnt/disk1 is full")
    yield made
    made.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(autouse=True)
def licensed(site: EventSite) -> None:
    site.entitle(3600)


class Opener:
    """Opens the page and gathers what it complains of."""

    def __init__(self, browser: Browser, site: EventSite) -> None:
        self._browser = browser
        self._site = site
        self.pages: list[Page] = []
        self.complaints: list[str] = []

    def __call__(self, query: str = "", *, locale: str = "ja-JP", size: Any = None) -> Page:
        page = self._browser.new_context(viewport=size or DESKTOP, locale=locale).new_page()
        page.on("console", lambda message: self._note(message.type, message.text))
        page.on("pageerror", lambda error: self._note("error", str(error)))
        self.pages.append(page)
        page.goto(f"{self._site.address}#/events{query}")
        return page

    def _note(self, kind: str, text: str) -> None:
        if kind in ("error", "warning"):
            self.complaints.append(text)


@pytest.fixture
def open_page(browser: Browser, site: EventSite) -> Iterator[Opener]:
    opener = Opener(browser, site)
    yield opener
    for page in opener.pages:
        page.context.close()
    assert opener.complaints == []


def until(page: Page, condition: str, arg: Any = None) -> None:
    page.wait_for_function(condition, arg=arg, timeout=SHOWN_MS_MAX)


def until_listed(page: Page, count: int) -> None:
    until(page, "count => document.querySelectorAll('.event-item').length === count", count)


def until_only(page: Page, which: str, words: str) -> None:
    """Until all that is listed has these words there."""
    until(
        page,
        """([which, words]) => { const all = [...document.querySelectorAll(which)].map(each => each.textContent);
        return all.length > 0 && all.every(text => text === words); }""",
        [f".event-{which}", words],
    )


def until_pictures(page: Page) -> None:
    until(page, "() => document.querySelectorAll('.has-picture').length >= 2")


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["1280", "390"])
@pytest.mark.parametrize("locale", ["ja-JP", "en-GB"])
def test_events_are_shown_in_words_with_pictures_in_both_languages_on_any_screen(
    open_page: Opener, locale: str, size: Any
) -> None:
    page = open_page(locale=locale, size=size)
    until_listed(page, 50)
    until_pictures(page)
    text = page.locator("event-list").inner_text()
    wanted = ("ディスク異常", "レコーダー", "継続中") if locale == "ja-JP" else ("Disk trouble", "Recorder", "goes on")
    for words in (*wanted, "入口", "玄関", "駐車場"):
        assert words in text
    assert "camera_lost" not in text and "events." not in page.inner_text("main")
    assert page.title().startswith("イベント" if locale == "ja-JP" else "Events")
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    ARTIFACTS.mkdir(exist_ok=True)
    page.screenshot(path=ARTIFACTS / f"events-{locale[:2]}-{size['width']}.png")
    result = Axe().run(page)
    assert result.violations_count == 0, result.generate_report()


def test_older_events_come_by_the_page(open_page: Opener) -> None:
    page = open_page(locale="en-GB")
    until_listed(page, 50)
    page.get_by_role("button", name="Show more").click()
    until(page, "() => document.querySelectorAll('.event-item').length >= 63")
    until(page, "() => document.querySelector('.events-more').hidden")
    order = page.evaluate("[...document.querySelectorAll('.event-item')].map(item => Number(item.dataset.id))")
    assert order == sorted(order, reverse=True)


def test_filters_choose_cameras_kinds_and_times_and_stay_in_the_address(open_page: Opener) -> None:
    page = open_page(locale="en-GB")
    until_listed(page, 50)
    page.get_by_label("Camera", exact=True).select_option("cam1")
    until_only(page, "camera", "玄関")
    page.get_by_label("Kind", exact=True).select_option("person")
    until_listed(page, 1)
    page.get_by_label("Time", exact=True).select_option("week")
    until(page, "() => location.hash === '#/events?camera=cam1&kind=person&span=week'")
    page.reload()
    until_listed(page, 1)
    page.get_by_label("Kind", exact=True).select_option("bright")
    until(page, "() => document.querySelector('.events-empty')?.hidden === false")
    assert page.locator(".events-empty").inner_text() == "No event fits these filters."
    page.get_by_label("Kind", exact=True).select_option("person")
    page.get_by_label("Time", exact=True).select_option("chosen")
    until_listed(page, 1)  # of the last day
    page.get_by_label("From", exact=True).fill("2020-01-01T00:00")
    page.get_by_label("To", exact=True).fill("2020-01-02T00:00")
    page.get_by_label("To", exact=True).blur()
    until_listed(page, 0)
    assert "from=2019-12-31T15%3A00%3A00.000Z" in page.url, "in the site's time zone"


def test_an_event_leads_to_its_footage(open_page: Opener, site: EventSite) -> None:
    page = open_page("?camera=cam1&kind=vehicle", locale="en-GB")
    until_listed(page, 1)
    page.locator("a.event-link").click()
    until(page, "() => document.querySelector('camera-view video')")
    at = (site.start_ns // 10**6) + 29_000
    until(page, "at => Math.abs(document.querySelector('playback-page')?.conductor?.atMs - at) < 15000", at)
    assert "#/playback?" in page.url and "camera=cam1" in page.url, "a link that can be sent on"


def test_what_happens_now_comes_by_itself_and_ends_in_its_place(open_page: Opener, site: EventSite) -> None:
    page = open_page("?camera=cam1", locale="en-GB")
    until_only(page, "camera", "玄関")
    first = page.evaluate(TITLES)[0]
    site.happen("cam1", "animal", "start")
    until(page, f"() => ({TITLES})()[0] === 'Animal'")
    assert "goes on" in page.locator(".event-item").first.inner_text()
    site.happen("cam2", "animal")
    site.happen("cam1", "animal", "end")
    until(page, "() => !document.querySelector('.is-lasting')")
    assert page.evaluate(TITLES)[:2] == ["Animal", first], "one entry, and none of the other camera"


def test_what_is_being_read_does_not_move_when_something_happens(open_page: Opener, site: EventSite) -> None:
    page = open_page(locale="en-GB", size=PHONE)
    until_listed(page, 50)
    until_pictures(page)
    page.evaluate("scrollTo(0, 1500)")
    place = "document.querySelectorAll('.event-item')[25].getBoundingClientRect().top"
    before = page.evaluate(place)
    site.happen("cam1", "package")
    button = page.get_by_role("button", name="1 new")
    button.wait_for()
    assert page.evaluate(place) == before
    button.click()
    until(page, f"() => ({TITLES})()[0] === 'Package' && scrollY === 0")
    page.locator(".event-item").nth(1).hover()
    site.happen("cam1", "sound")
    page.get_by_role("button", name="1 new").wait_for()


def test_at_the_licences_end_nothing_is_left_and_all_comes_back_by_itself(open_page: Opener, site: EventSite) -> None:
    page = open_page("?camera=cam1")
    until(page, "() => document.querySelectorAll('.event-item').length >= 2")
    page.wait_for_load_state("networkidle")  # a picture asked for when the licence ends is refused on the console
    site.entitle(0.3)
    until(page, "() => document.querySelector('.events-denied')?.hidden === false")
    assert page.locator(".event-item").count() == 0
    assert "ライセンスの有効期限が切れています" in page.locator(".events-denied").inner_text()
    page.screenshot(path=ARTIFACTS / "events-ja-lapsed.png")
    site.happen("cam1", "tamper")
    site.entitle(3600)
    until(page, "() => document.querySelectorAll('.event-item').length >= 2")
    assert page.locator(".events-denied").is_hidden()
    assert "妨害" not in page.locator("event-list").inner_text()


def test_a_lapsed_cameras_events_go_and_the_others_stay(open_page: Opener, site: EventSite) -> None:
    page = open_page(locale="en-GB")
    until_listed(page, 50)
    page.wait_for_load_state("networkidle")
    site.entitle(3600, ["cam2", "cam3"])
    until(page, "() => ![...document.querySelectorAll('.event-camera')].some(each => each.textContent === '玄関')")
    until(page, "() => !document.querySelector('.events-partly').hidden")
    assert page.locator(".events-partly").inner_text().startswith("Events of 玄関 are not shown")
    site.entitle(3600)
    until(page, "() => [...document.querySelectorAll('.event-camera')].some(each => each.textContent === '玄関')")


def test_a_page_opened_while_lapsed_says_why(open_page: Opener, site: EventSite) -> None:
    site.entitle(-1)
    page = open_page(locale="en-GB")
    page.locator(".events-denied").wait_for()
    assert "licence" in page.locator(".events-denied").inner_text().lower()
