"""A real Chromium, without a window, as the user of the web app: what its page looks like now. Spoken to by its
DevTools protocol, over a socket of its own on this machine."""

import asyncio
import base64
import contextlib
import itertools
import os
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp

from gate.clock import Clock
from gate.verify.errors import ProbeError
from gate.verify.with_parent import end_with_parent

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
WIDTH, HEIGHT = 1120, 700
START_SECONDS = 60.0
SHOT_SECONDS = 20.0
PLAYING_SECONDS = 6.0
"""How long moving pictures are waited for; a page without any is shown as it is by then, or once it says why."""
_CALM_SECONDS = 0.7
_LOOK_SECONDS = 0.15
_END_SECONDS = 5.0
_MESSAGE_BYTES_MAX = 32 << 20
_STILL_SECONDS = 1.5
"""A page none of whose videos has been given anything for so long has no moving picture to show."""
_SHOWN = """(() => {
  const videos = [...document.querySelectorAll("video")].filter((one) => one.offsetParent && one.networkState);
  const moving = videos.filter((one) => one.currentTime > 0.2 && one.readyState > 2);
  if (document.readyState !== "complete") return "loading";
  return videos.length === 0 ? "none" : moving.length === videos.length ? "moving" : "waiting";
})()"""


class Browser:
    """One page. `shoot` leaves it empty again, so that nothing is watched in between."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, clock: Clock) -> None:
        self._socket = socket
        self._clock = clock
        self._numbers = itertools.count(1)

    async def shoot(self, url: str, headers: dict[str, str]) -> bytes:
        """The page at that address as a JPEG. Raises ProbeError."""
        try:
            async with self._clock.timeout(SHOT_SECONDS):
                await self._ask("Network.enable")
                await self._ask("Network.setExtraHTTPHeaders", headers=headers)
                await self._ask("Page.navigate", url=url)
                await self._settle()
                shot = await self._ask("Page.captureScreenshot", format="jpeg", quality=85)
                await self._ask("Page.navigate", url="about:blank")
        except (aiohttp.ClientError, OSError, LookupError, TypeError, ValueError, TimeoutError) as error:
            raise ProbeError(f"the browser shows nothing: {type(error).__name__} {error}") from None
        return base64.b64decode(shot["data"])

    async def close(self) -> None:
        """Asks Chromium to end by itself, so that it leaves nothing behind."""
        with contextlib.suppress(aiohttp.ClientError, OSError):
            await self._socket.send_json({"id": next(self._numbers), "method": "Browser.close"})

    async def _settle(self) -> None:
        now_ns = began_ns = still_ns = self._clock.monotonic_ns()
        while now_ns - began_ns < PLAYING_SECONDS * 1e9 and now_ns - still_ns < _STILL_SECONDS * 1e9:
            shown = (await self._ask("Runtime.evaluate", expression=_SHOWN))["result"].get("value")
            if shown == "moving":
                break
            await self._clock.sleep(_LOOK_SECONDS)
            now_ns = self._clock.monotonic_ns()
            still_ns = still_ns if shown == "none" else now_ns
        await self._clock.sleep(_CALM_SECONDS)

    async def _ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        number = next(self._numbers)
        await self._socket.send_json({"id": number, "method": method, "params": parameters})
        while True:  # events of the page come in between
            answer: dict[str, Any] = await self._socket.receive_json()
            if answer.get("id") == number:
                result: dict[str, Any] = answer["result"]
                return result


@asynccontextmanager
async def running_browser(clock: Clock) -> AsyncIterator[Browser | None]:
    """None where there is no Chromium, or it does not start: its pictures are evidence beside the rest."""
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        yield None
        return
    async with contextlib.AsyncExitStack() as stack:
        profile = Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="edge-verify-", ignore_cleanup_errors=True))
        )
        process = await stack.enter_async_context(_process(program, profile, clock))
        session = await stack.enter_async_context(aiohttp.ClientSession())
        try:
            async with clock.timeout(START_SECONDS):
                socket = await stack.enter_async_context(
                    session.ws_connect(
                        await _page_of(process, profile, session, clock), max_msg_size=_MESSAGE_BYTES_MAX
                    )
                )
        except (aiohttp.ClientError, OSError, LookupError, ValueError, TimeoutError):
            yield None
            return
        browser = Browser(socket, clock)
        try:
            yield browser
        finally:
            await browser.close()


@asynccontextmanager
async def _process(program: str, profile: Path, clock: Clock) -> AsyncIterator[asyncio.subprocess.Process]:
    words = [
        program, "--headless=new", "--remote-debugging-port=0", f"--user-data-dir={profile}", "--no-first-run",
        "--disable-gpu", "--disable-extensions", "--disable-background-networking", "--mute-audio", "--hide-scrollbars",
        "--autoplay-policy=no-user-gesture-required", f"--window-size={WIDTH},{HEIGHT}",
        *(["--no-sandbox"] if os.geteuid() == 0 else []), "about:blank",
    ]  # fmt: skip
    process = await asyncio.create_subprocess_exec(
        *words, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL, start_new_session=True, preexec_fn=partial(end_with_parent, signal.SIGTERM),
    )  # fmt: skip
    try:
        yield process
    finally:
        ending = asyncio.ensure_future(_end(process, clock))
        try:
            await asyncio.shield(ending)
        except asyncio.CancelledError:
            await ending
            raise


async def _end(process: asyncio.subprocess.Process, clock: Clock) -> None:
    """It has been asked to, if it was ever heard of."""
    for ending in (None, process.terminate, process.kill):
        if ending is not None and process.returncode is None:
            ending()
        with contextlib.suppress(TimeoutError):
            async with clock.timeout(_END_SECONDS):
                await process.wait()
                return
    await process.wait()


async def _page_of(
    process: asyncio.subprocess.Process, profile: Path, session: aiohttp.ClientSession, clock: Clock
) -> str:
    """The address of its page's socket, once it has told its port. Raises ChildProcessError if it ends before."""
    told = profile / "DevToolsActivePort"
    while not told.exists() or not (lines := told.read_text().splitlines()):
        if process.returncode is not None:
            raise ChildProcessError(f"it ended with {process.returncode}")
        await clock.sleep(_LOOK_SECONDS)
    while True:
        async with session.get(f"http://127.0.0.1:{int(lines[0])}/json/list") as answer:
            for page in await answer.json(content_type=None):
                if page["type"] == "page":
                    return str(page["webSocketDebuggerUrl"])
        await clock.sleep(_LOOK_SECONDS)
