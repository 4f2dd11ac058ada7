"""Exports, device and licence pages in a real browser: ordered, fetched, edited, asked twice, cut and back."""

import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

from gate.service.relay.proxy_rules import page_policy
from recorder.cli import main
from recorder.exports import exporter, making
from recorder.remote import guard
from tests.fakes.upkeep_site import CONFIG, UpkeepSite, upkeep_site

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
SHOWN_MS_MAX = 15_000
DESKTOP, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
SANDBOX = "; sandbox" + page_policy("http", "portal", "/")["Content-Security-Policy"].partition("; sandbox")[2]
ARTIFACTS = Path(__file__).resolve().parents[2] / "artifacts"
TOO_SMALL_FOR_A_FINGER = """() => [...document.querySelectorAll("main :is(.button, .check, select, input[type=text])")]
    .filter((one) => one.offsetHeight > 0 && one.offsetHeight < 44).map((one) => one.outerHTML)"""

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: install the package chromium")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[UpkeepSite]:
    with upkeep_site(tmp_path_factory.mktemp("upkeep")) as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(autouse=True)
def licensed(site: UpkeepSite) -> None:
    site.entitle(86_400 * 30)
    site.forget_exports()


class Opener:
    """Opens pages and gathers what they complain of; answers that are meant to be refusals are no complaint."""

    def __init__(self, browser: Browser, site: UpkeepSite) -> None:
        self._browser = browser
        self._site = site
        self.pages: list[Page] = []
        self.complaints: list[str] = []

    def __call__(self, page: str, *, locale: str = "ja-JP", size: dict[str, int] = DESKTOP) -> Page:
        phone = size is PHONE
        context = self._browser.new_context(
            viewport=size,  # type: ignore[arg-type]
            locale=locale,
            accept_downloads=True,
            is_mobile=phone,
            has_touch=phone,
        )
        opened = context.new_page()
        opened.on("console", lambda message: self._note(message.type, message.text))
        opened.on("pageerror", lambda error: self._note("error", str(error)))
        self.pages.append(opened)
        opened.goto(f"{self._site.address}#/{page}")
        return opened

    def _note(self, kind: str, text: str) -> None:
        expected = ("the server responded with a status of 4", "allow-scripts and allow-same-origin")
        if kind in ("error", "warning") and not any(part in text for part in expected):
            self.complaints.append(text)


@pytest.fixture
def open_page(browser: Browser, site: UpkeepSite) -> Iterator[Opener]:
    opener = Opener(browser, site)
    yield opener
    for page in opener.pages:
        page.context.close()
    assert opener.complaints == []


def exports(site: UpkeepSite, start: float, end: float) -> str:
    begin = datetime.fromtimestamp(site.start_ns / 1e9, UTC)
    instants = (begin + timedelta(seconds=second) for second in (start, end))
    from_, to = (instant.isoformat().replace("+00:00", "Z") for instant in instants)
    return f"exports?camera=cam1&from={from_}&to={to}"


def wait_state(page: Page, state: str, number: int = 1) -> None:
    page.wait_for_function(
        "([state, number]) => document.querySelectorAll(`.export-item[data-state=${state}]`).length >= number",
        arg=[state, number],
        timeout=SHOWN_MS_MAX,
    )


def test_footage_is_ordered_made_fetched_and_proves_valid(
    open_page: Opener,
    site: UpkeepSite,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    policy = guard.SECURITY_HEADERS["Content-Security-Policy"] + SANDBOX  # as it is shown through the licence service
    monkeypatch.setitem(guard.SECURITY_HEADERS, "Content-Security-Policy", policy)
    page = open_page(exports(site, 5, 50))
    page.get_by_role("button", name="エクスポートする").click()
    wait_state(page, "done")
    assert page.locator(".export-files li").count() == 2
    with page.expect_download() as waited:
        page.locator(".export-files a").first.click()
    waited.value.save_as(tmp_path / "part.mp4")
    with page.expect_download() as waited:
        page.get_by_role("link", name="まとめてダウンロード").click()
    waited.value.save_as(tmp_path / "all.zip")
    key = site.config_path.parent / "data" / "device.pub"
    for name in ("part.mp4", "all.zip"):
        assert main(["export", "verify", str(tmp_path / name), "--device-key", str(key)]) == 0, capsys.readouterr().out
    command = ["ffprobe", "-v", "error", "-count_frames", "-show_entries", "stream=nb_read_frames", "-of", "csv=p=0"]
    told = subprocess.run(
        [*command, str(tmp_path / "part.mp4")], capture_output=True, text=True, check=True, timeout=30
    )
    assert told.stdout.strip() == str(15 * 15)
    page.get_by_role("button", name="削除").first.click()
    page.get_by_role("dialog").get_by_role("button", name="やめる").click()
    assert page.locator(".export-item").count() == 1
    page.get_by_role("button", name="削除").first.click()
    page.get_by_role("dialog").get_by_role("button", name="削除").click()
    page.wait_for_function("() => !document.querySelector('.export-item')", timeout=SHOWN_MS_MAX)


def test_what_makes_no_sense_is_said_before_it_is_sent(open_page: Opener, site: UpkeepSite) -> None:
    page = open_page(exports(site, 5, 9), locale="en-GB")
    page.get_by_label("To", exact=True).fill("nonsense")
    page.get_by_label("To", exact=True).press("Enter")
    assert page.locator(".form-trouble").inner_text() == "Type times like 2027-01-31 10:30:00."
    assert page.get_by_label("To", exact=True).get_attribute("aria-invalid") == ""
    assert page.locator(".export-item").count() == 0


def test_a_lapse_cuts_an_export_says_why_and_a_licence_brings_it_to_its_end(
    open_page: Opener, site: UpkeepSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(making, "STEP_BYTES", 200)
    monkeypatch.setattr(exporter, "PACE_BYTES_PER_SECOND", 2000)
    page = open_page(exports(site, 0, 55), locale="en-GB")
    page.get_by_role("button", name="Export", exact=True).click()
    wait_state(page, "making")
    site.entitle(0.0)
    wait_state(page, "waiting")
    assert "The licence has expired" in page.locator(".export-item").first.inner_text()
    assert page.get_by_role("button", name="Export", exact=True).is_disabled()
    _shot(page, "exports-lapsed")
    monkeypatch.undo()
    site.entitle(3600)
    wait_state(page, "done")
    page.wait_for_function("() => !document.querySelector('.export-form .is-main')?.disabled", timeout=SHOWN_MS_MAX)
    page.get_by_role("button", name="Remove").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    page.wait_for_function("() => !document.querySelector('.export-item')", timeout=SHOWN_MS_MAX)


def test_the_device_page_identifies_checks_and_asks_before_it_restarts(open_page: Opener, site: UpkeepSite) -> None:
    page = open_page("device", locale="en-GB")
    said = page.locator(".operation-said").first
    page.get_by_role("button", name="Show this recorder").click()
    page.wait_for_function("() => document.querySelector('.operation-said').textContent.includes('30 seconds')")
    assert site.site.board.identify_until is not None
    page.get_by_role("button", name="Check", exact=True).click()
    page.wait_for_function("() => document.querySelector('.check-state').textContent.includes('all as the index says')")
    page.get_by_role("button", name="Restart recorder").click()
    page.keyboard.press("Escape")
    assert not site.stop.restart
    page.get_by_role("button", name="Restart recorder").click()
    page.get_by_role("dialog").get_by_role("button", name="Restart recorder").click()
    page.wait_for_function("() => document.querySelector('.operation-said').textContent.includes('restarting')")
    assert said.inner_text().startswith("○")
    assert site.stop.restart
    site.entitle(0.0)
    page.wait_for_function("() => document.querySelector('.denied')?.hidden === false", timeout=SHOWN_MS_MAX)
    assert not page.locator("operations-panel").is_visible()
    site.entitle(3600)
    page.wait_for_function("() => document.querySelector('.upkeep-inside')?.hidden === false", timeout=SHOWN_MS_MAX)


def test_the_configuration_is_edited_refused_with_its_line_kept_and_taken_back(
    open_page: Opener, site: UpkeepSite
) -> None:
    page = open_page("device", locale="en-GB")
    page.wait_for_function("() => document.querySelector('#config-text')?.value", timeout=SHOWN_MS_MAX)
    text = page.locator("#config-text")
    assert "camera-password" not in text.input_value() and "********" in text.input_value()
    before = text.input_value()
    text.fill(before.replace("id: cam1", "id: cam 1"))
    page.get_by_role("button", name="Check and apply").click()
    page.locator(".config-errors button").wait_for(timeout=SHOWN_MS_MAX)
    assert "line 6 · cameras[0].id" in page.locator(".config-errors").inner_text()
    page.locator(".config-errors button").click()
    assert text.evaluate("area => area.value.slice(area.selectionStart, area.selectionEnd)") == "  - id: cam 1"
    text.fill(before.replace("玄関", "裏口"))
    page.get_by_label("Why (if you like)").fill("the back door")
    page.get_by_role("button", name="Check and apply").click()
    page.wait_for_function("() => document.querySelectorAll('.version-list button').length === 4", timeout=SHOWN_MS_MAX)
    assert site.config_path.read_text() == CONFIG.replace("玄関", "裏口")
    page.get_by_role("button", name="Differences").last.click()
    page.wait_for_function("() => document.querySelector('.diff').textContent.includes('裏口')", timeout=SHOWN_MS_MAX)
    _shot(page, "device-config")
    page.get_by_role("button", name="Go back to this").last.click()
    page.get_by_role("dialog").get_by_role("button", name="Go back to this").click()
    page.wait_for_function("() => document.querySelector('#config-text').value.includes('玄関')", timeout=SHOWN_MS_MAX)
    assert site.config_path.read_text() == CONFIG


def test_the_licence_page_explains_every_link_and_follows_the_licence(open_page: Opener, site: UpkeepSite) -> None:
    page = open_page("licence", locale="en-GB")
    page.wait_for_function("() => document.querySelectorAll('.explain-chain li').length === 6", timeout=SHOWN_MS_MAX)
    assert page.locator(".explain-verdict").inner_text().startswith("○ It may be used.")
    site.entitle(0.0)
    page.wait_for_function("() => document.querySelector('.explain-chain .is-broken')", timeout=SHOWN_MS_MAX)
    assert "The licence has expired" in page.locator(".explain-verdict").inner_text()
    page.get_by_label("Function").select_option("M1")
    page.wait_for_function("() => document.querySelector('.explain-verdict').textContent.includes('Whatever')")


@pytest.mark.parametrize(
    ("locale", "size"), [("ja-JP", DESKTOP), ("en-GB", DESKTOP), ("ja-JP", PHONE), ("en-GB", PHONE)]
)
def test_pages_fit_their_screen_and_axe_finds_nothing(
    open_page: Opener, site: UpkeepSite, locale: str, size: dict[str, int]
) -> None:
    for name, ready in (
        (exports(site, 5, 50), ".export-item[data-state=done]"),
        ("device", ".version-list li"),
        ("licence", ".explain-chain li"),
    ):
        page = open_page(name, locale=locale, size=size)
        if name.startswith("exports"):
            page.locator(".export-form .is-main").click()
        page.locator(ready).first.wait_for(timeout=SHOWN_MS_MAX)
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"], name
        assert page.locator("h2.page-title:visible").count() == 1, name
        if size is PHONE:
            assert page.evaluate(TOO_SMALL_FOR_A_FINGER) == [], name
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
        kind = "phone" if size is PHONE else "desktop"
        _shot(page, f"{name.partition('?')[0]}-{locale[:2]}-{kind}")


def _shot(page: Page, name: str) -> None:
    ARTIFACTS.mkdir(exist_ok=True)
    page.screenshot(path=ARTIFACTS / f"{name}.png", full_page=True)


def test_forms_work_as_they_are_shown_through_the_licence_service(
    open_page: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy = guard.SECURITY_HEADERS["Content-Security-Policy"] + SANDBOX
    monkeypatch.setitem(guard.SECURITY_HEADERS, "Content-Security-Policy", policy)
    page = open_page("playback")
    page.fill("#typed-time", "soon")
    page.get_by_role("button", name="移動", exact=True).click()
    page.locator("#typed-time[aria-invalid]").wait_for()
