"""The window, on a real X server without a screen (Xvfb) and on SDL's offscreen driver."""

import asyncio
import ctypes
import shutil
import signal
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import cv2
import numpy as np
import pytest
from aiohttp import ClientSession

from gate.clock import SystemClock
from hdmi_out.compositor.canvas import Canvas
from hdmi_out.errors import DisplayError
from hdmi_out.sinks.sdl import SdlSink, open_sdl
from tests.component.hdmi.conftest import until
from tests.component.hdmi.monitor_process import END_SECONDS_MAX, running_monitor
from tests.fakes.local_site import FakeCamera, LocalSite

needs_x = pytest.mark.skipif(
    not (shutil.which("Xvfb") and shutil.which("import")),
    reason="Xvfb or ImageMagick's import is missing: apt install xvfb imagemagick",
)
SCREEN = (1280, 720)
PLATE = (slice(636, 654), slice(1244, 1256))
"""In the amber plate of the licence band, beside its text."""
DIFFERENCE_MAX = 0.4
"""Mean difference of samples between two ways to convert the same colours."""


@asynccontextmanager
async def x_server(clock: SystemClock) -> AsyncIterator[str]:
    """An X server on a free display; gives its name."""
    process = await asyncio.create_subprocess_exec(
        *("Xvfb", "-displayfd", "1", "-screen", "0", f"{SCREEN[0]}x{SCREEN[1]}x24", "-nolisten", "tcp"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        assert process.stdout is not None
        async with clock.timeout(10):
            number = await process.stdout.readline()
        yield f":{int(number)}"
    finally:
        process.terminate()
        await process.communicate()


async def screenshot(display: str) -> np.ndarray:
    """The whole X screen, BGR."""
    process = await asyncio.create_subprocess_exec(
        *("import", "-display", display, "-window", "root", "png:-"), stdout=asyncio.subprocess.PIPE
    )
    png, _ = await process.communicate()
    picture = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    return picture


@needs_x
async def test_window_shows_the_same_wall_as_the_preview_and_ends_cleanly(
    tmp_path: Path, clock: SystemClock, cameras: list[FakeCamera]
) -> None:
    cameras[0].denial = {"code": "EXPIRED", "since": "2027-12-31T15:00:00+00:00"}  # the band has strong colours
    config = "sink: auto\nlisten: 127.0.0.1:0\nwidth: 1280\nheight: 720\n"
    async with (
        x_server(clock) as display,
        LocalSite(cameras, clock).serving(tmp_path / "rec.sock"),
        running_monitor(tmp_path, clock, config, {"DISPLAY": display}) as monitor,
        ClientSession() as session,
    ):
        address = await monitor.ready()
        assert (await monitor.pictures(session))["sink"] == "sdl"
        difference = 255.0
        async with clock.timeout(10):
            while difference > DIFFERENCE_MAX:
                shown = await screenshot(display)
                async with session.get(f"{address}picture.png") as response:
                    preview = cv2.imdecode(np.frombuffer(await response.read(), np.uint8), cv2.IMREAD_COLOR)
                assert preview is not None
                assert shown.shape == preview.shape
                difference = float(cv2.absdiff(bar_and_frame(shown), bar_and_frame(preview)).mean())
        assert shown[200, 300].min() > 40, "the first tile has a picture"
        assert cv2.absdiff(shown[PLATE], preview[PLATE]).mean() < 1.5, "the window converts colours as the preview does"
        status, seconds = await monitor.end(signal.SIGTERM)
        assert (status, seconds < END_SECONDS_MAX) == (0, True)


def bar_and_frame(picture: np.ndarray) -> np.ndarray:
    """What does not move: the frame around the tiles, and the bar but for the time."""
    still = picture.copy()
    still[:600, 118:1160] = 0
    still[618:, :300] = 0
    return still


@asynccontextmanager
async def offscreen_sink(on_quit: Callable[[], object]) -> AsyncIterator[SdlSink]:
    sink = open_sdl(False, on_quit, {"SDL_VIDEODRIVER": "offscreen"})
    try:
        yield sink
    finally:
        sink.close()
    assert "sdl" not in {thread.name for thread in threading.enumerate()}


async def test_frames_are_taken_or_skipped_never_queued(clock: SystemClock) -> None:
    async with offscreen_sink(lambda: None) as sink:
        canvas = Canvas(640, 360)
        canvas.buffer[:] = 128
        for _ in range(50):
            sink.present(canvas)
        await until(clock, lambda: sink.presented + sink.skipped == 50)
        assert sink.presented >= 1


@pytest.mark.parametrize("key", ["SDLK_ESCAPE", "SDLK_q"])
async def test_escape_and_q_quit_and_f11_does_not(clock: SystemClock, key: str) -> None:
    quits: list[None] = []
    async with offscreen_sink(lambda: quits.append(None)) as sink:
        canvas = Canvas(640, 360)
        canvas.buffer[:] = 128
        for name in ("SDLK_F11", "SDLK_F11"):
            press(name)
        sink.present(canvas)
        await until(clock, lambda: sink.presented >= 1)
        assert not quits
        press(key)
        await until(clock, lambda: quits)


def press(key: str) -> None:
    import sdl2

    event = sdl2.SDL_Event()
    event.type = sdl2.SDL_KEYDOWN
    event.key.keysym.sym = getattr(sdl2, key)
    assert sdl2.SDL_PushEvent(ctypes.byref(event)) == 1


def test_no_display_is_a_clear_refusal_and_not_an_invisible_window(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", ":9999")
    with pytest.raises(DisplayError, match="no display opens"):
        open_sdl(False, lambda: None, {"SDL_VIDEODRIVER": "x11"})
