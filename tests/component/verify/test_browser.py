"""The browser that looks at the web app for a report: it shows what is there, and leaves nothing behind."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import cv2
import numpy as np
import psutil
import pytest
import pytest_asyncio
from aiohttp import web

from gate.clock import SystemClock
from gate.verify.browser import HEIGHT, PROGRAMS, WIDTH, running_browser

needs_chromium = pytest.mark.skipif(
    not any(map(shutil.which, PROGRAMS)), reason="no Chromium here: install the package chromium"
)
PAGE = "<!doctype html><style>body {{ background: {colour}; margin: 0 }}</style>"


@pytest_asyncio.fixture
async def address() -> AsyncIterator[str]:
    """A page that is green for who says the word in its header, red for others."""

    async def page(request: web.Request) -> web.Response:
        colour = "rgb(0, 200, 0)" if request.headers.get("Authorization") == "Bearer word" else "rgb(200, 0, 0)"
        return web.Response(text=PAGE.format(colour=colour), content_type="text/html")

    app = web.Application()
    app.router.add_get("/", page)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}/"
    await runner.cleanup()


def colour_of(jpeg: bytes) -> tuple[int, ...]:
    """Blue, green and red in its middle, to the nearest 100."""
    picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None and abs(picture.shape[1] - WIDTH) < 40 and abs(picture.shape[0] - HEIGHT) < 200
    return tuple(round(int(level), -2) for level in picture[picture.shape[0] // 2, picture.shape[1] // 2])


@needs_chromium
async def test_it_shows_a_page_as_its_user_signed_in_and_is_gone_afterwards(
    address: str, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path_factory.mktemp("b")  # a short one: Chromium keeps a socket there
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr("tempfile.tempdir", None)
    clock = SystemClock()
    async with running_browser(clock) as browser:
        assert browser is not None
        assert colour_of(await browser.shoot(address, {"Authorization": "Bearer word"})) == (0, 200, 0)
        assert colour_of(await browser.shoot(address, {})) == (0, 0, 200)
    clock.close()
    left = [one for one in psutil.process_iter() if any(str(folder) in word for word in _words(one))]
    assert left == [] and list(folder.iterdir()) == []


async def test_where_there_is_no_chromium_there_is_no_browser(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    clock = SystemClock()
    async with running_browser(clock) as browser:
        assert browser is None
    clock.close()


async def test_a_chromium_that_does_not_start_is_no_trouble(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / PROGRAMS[0]
    program.write_text("#!/bin/sh\nexit 1\n")
    program.chmod(0o700)
    monkeypatch.setenv("PATH", str(tmp_path))
    clock = SystemClock()
    async with running_browser(clock) as browser:
        assert browser is None
    clock.close()


def _words(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []
