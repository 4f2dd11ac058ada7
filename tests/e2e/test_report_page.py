"""The verifier's report.html in a real browser: both languages, desk, phone and paper; nothing is fetched."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from playwright.sync_api import Browser, Page, sync_playwright

from gate.verify.report import write_report
from tests.unit.verify.reported import crossed, draw_pictures, run_of, troubled

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
DESK, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
KEY = Ed25519PrivateKey.generate()
PICTURES = Path(__file__).resolve().parents[2] / "artifacts"

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: install the package chromium")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("report")
    wide = crossed("アーケード東口のカメラ、二台目のレコーダー")
    wide.cells += [replace(cell, column=f"{cell.column} again") for cell in wide.cells]
    outcomes = (crossed(), troubled(), wide)
    for one in outcomes:
        draw_pictures(folder, one)
    write_report(folder, run_of(*outcomes), KEY, "en")
    return f"file://{folder}/report.html"


@pytest.mark.parametrize("language", ["ja", "en"])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_it_can_be_read_on_any_screen_in_both_languages(
    browser: Browser, address: str, language: str, size: dict[str, int]
) -> None:
    page = browser.new_page(viewport=size)  # type: ignore[arg-type]
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: said.append(request.url) if request.url.startswith("http") else None)
    page.goto(address)
    page.check(f"#show-{language}")
    PICTURES.mkdir(exist_ok=True)
    name = f"report-{language}-{'phone' if size is PHONE else 'desk'}.png"
    page.screenshot(path=PICTURES / name, full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, "the page scrolls sideways"
    shown, hidden = ("ja", "en") if language == "ja" else ("en", "ja")
    assert page.locator(f"main span[lang={shown}]:visible").count() > 100
    assert page.locator(f"main :is(span, text)[lang={hidden}]:visible").count() == 0
    assert page.locator("img").evaluate_all("all => all.every((one) => one.complete && one.naturalWidth > 0)")
    found = Axe().run(page).response["violations"]
    assert found == [], [(one["id"], [node["html"] for node in one["nodes"]]) for one in found]
    assert said == []
    page.close()


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    page = browser.new_page(viewport=DESK)  # type: ignore[arg-type]
    page.goto(address)
    yield page
    page.close()


def test_a_sign_in_the_matrix_leads_to_its_evidence(page: Page) -> None:
    page.locator("table.matrix").first.locator("tbody tr").nth(2).locator("td.fail a").click()
    evidence = page.locator("article.cell:target")
    assert "M3" in (evidence.locator("h4").text_content() or "") and evidence.is_visible()


def test_the_timeline_has_x_in_its_middle_and_every_moment_beside_it(page: Page) -> None:
    line = page.locator("svg.timeline.expiry").first
    width = line.evaluate("one => one.getBoundingClientRect().width")
    x = line.locator("line.origin").evaluate(
        "one => one.getBoundingClientRect().x - one.ownerSVGElement.getBoundingClientRect().x"
    )
    assert abs(x - width / 2) < 2
    figures = page.locator("table.moments").first.locator("td.figure").all_text_contents()
    assert [figure for figure in figures if figure] == ["−64.8", "−62.9", "+22.0 (4403)", "−64.8"]
    marks = line.locator(".mark").evaluate_all(
        "all => all.map((one) => { const box = one.getBoundingClientRect(); return box.x + box.width / 2; })"
    )
    assert marks[:3] == sorted(marks[:3])


def test_on_paper_every_evidence_is_there_and_nothing_is_cut_off(page: Page) -> None:
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 720, "height": 1000})
    assert page.locator("details .evidence").first.is_visible()
    assert not page.locator("#show-ja").is_visible()
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
