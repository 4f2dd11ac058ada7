"""Somebody who reads the portal in a browser: by labels and words, as people do."""

import json
import re
import shutil
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Response

ROOT = Path(__file__).resolve().parents[3]
ARTIFACTS = ROOT / "artifacts" / "portal"
LOCALE = ROOT / "gate" / "service" / "portal" / "locale"
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
DESKTOP, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}
_REFUSED = re.compile(r"Failed to load resource: the server responded with a status of 4\d\d")


class Reader:
    """One person's browser. `complaints`: what the console said, but for the statuses of refused forms."""

    def __init__(self, browser: Browser, address: str, *, language: str, phone: bool) -> None:
        size = PHONE if phone else DESKTOP
        locale = "ja-JP" if language == "ja" else "en-GB"
        self._context = browser.new_context(viewport=size, locale=locale, base_url=address)  # type: ignore[arg-type]
        self._context.set_default_timeout(10_000)
        self.page: Page = self._context.new_page()
        self.page.on("console", lambda message: self._note(message.type, message.text))
        self.page.on("pageerror", lambda error: self._note("error", str(error)))
        self._words = json.loads((LOCALE / f"{language}.json").read_text())
        self._name = f"{language}-{'phone' if phone else 'desktop'}"
        self._width = size["width"]
        self._shots = 0
        self.complaints: list[str] = []

    def words(self, key: str, **values: object) -> str:
        """What a text says in the reader's language."""
        return str(self._words[key]).format(**values)

    def open(self, path: str) -> Response | None:
        """Goes to an address of the portal."""
        return self.page.goto(path)

    def fill(self, key: str, text: str, **values: object) -> None:
        """Types into the field with that label."""
        self.page.get_by_label(self.words(key, **values), exact=True).fill(text)

    def press(self, key: str, **values: object) -> None:
        """Presses the button with those words, in the popup if there is one, and waits for what comes."""
        popup = self.page.locator("dialog[open]")
        where = popup if popup.count() else self.page.locator("body")
        with self.page.expect_navigation():
            where.get_by_role("button", name=self.words(key, **values)).first.click()

    def close_popup(self, key: str) -> None:
        """Presses a button of the popup that does nothing but close it."""
        self.page.locator("dialog[open]").get_by_role("button", name=self.words(key)).click()

    def follow(self, key: str, **values: object) -> None:
        """Follows the link with those words."""
        with self.page.expect_navigation():
            self.page.get_by_role("link", name=self.words(key, **values)).first.click()

    def menu(self, entry: str) -> None:
        """Chooses from the menu on the left."""
        with self.page.expect_navigation():
            self.page.locator("nav.menu").get_by_role("link", name=self.words(f"menu.{entry}"), exact=True).click()

    def tick(self, key: str) -> None:
        """Ticks the box with those words."""
        self.page.get_by_label(self.words(key)).check()

    def sign_in(self, email: str, password: str) -> None:
        """From the sign-in page on."""
        self.open("/sign-in")
        self.fill("field.email", email)
        self.fill("field.password", password)
        self.press("sign_in.do")

    def sign_out(self) -> None:
        """By the button in the header."""
        self.press("nav.sign_out")

    @property
    def title(self) -> str:
        """The page's heading."""
        return self.page.locator("h1").inner_text()

    @property
    def text(self) -> str:
        """All that the page says."""
        return self.page.locator("body").inner_text()

    def look(self, name: str, *, whole: bool = True) -> None:
        """Takes a picture, and judges the page: axe finds nothing, nothing overflows."""
        ARTIFACTS.mkdir(parents=True, exist_ok=True)
        self._shots += 1
        self.page.screenshot(path=ARTIFACTS / f"{self._name}-{self._shots:02}-{name}.png", full_page=whole)
        assert self.page.evaluate("document.documentElement.scrollWidth") <= self._width, f"{name} overflows"
        result = Axe().run(self.page)
        assert result.violations_count == 0, f"{name}: {result.generate_report()}"

    def close(self) -> None:
        """Forgets the cookies."""
        self._context.close()

    def _note(self, kind: str, text: str) -> None:
        if kind in ("error", "warning") and not _REFUSED.match(text):
            self.complaints.append(text)
