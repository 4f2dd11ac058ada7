"""A portal of its own for each test, and a browser that complains."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.e2e.portal.reader import CHROMIUM, Reader
from tests.fakes.portal_server import PortalServer, add_partner_with_password, portal_server

PARTNER = "tanaka@partner.example"


@pytest.fixture
def portal(tmp_path: Path) -> Iterator[PortalServer]:
    """With one partner, みなと電機."""
    with portal_server(tmp_path) as running:
        running.call(
            lambda: add_partner_with_password(running.site, email=PARTNER, name="みなと電機", person="田中 一郎")
        )
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Of a module without coroutines: while blocking Playwright lives, the thread's event loop counts as running."""
    if CHROMIUM is None or shutil.which(CHROMIUM) is None:
        pytest.skip("no Chromium here: install the package chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"],
        )
        yield browser
        browser.close()


@pytest.fixture
def readers(browser: Browser, portal: PortalServer) -> Iterator["Readers"]:
    """Opens the portal for people; nobody's console may say anything that was not expected."""
    opened = Readers(browser, portal)
    yield opened
    opened.close()


class Readers:
    """Each reader has cookies of its own."""

    def __init__(self, browser: Browser, portal: PortalServer) -> None:
        self._browser = browser
        self._portal = portal
        self._readers: list[Reader] = []

    def __call__(self, *, language: str = "ja", phone: bool = False) -> Reader:
        reader = Reader(self._browser, self._portal.address, language=language, phone=phone)
        self._readers.append(reader)
        return reader

    def close(self) -> None:
        for reader in self._readers:
            reader.close()
        assert [complaint for reader in self._readers for complaint in reader.complaints] == []
