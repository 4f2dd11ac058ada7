"""The window, on a real X server without a screen (Xvfb) and on SDL's offscreen driver."""

import asyncio
import contextlib
import os
import shutil
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import cv2
import numpy as np
import pytest
from aiohttp import ClientSession

from gate.clock import SystemClock
from hdmi_out.compositor.canvas import Canvas
from hdmi_out.errors import DisplayError
from hdmi_out.sinks.sdl import SdlSink, drivers_of
from hdmi_out.sinks.window import KEYS, GoneError, input_devices
from hdmi_out.sinks.window_process import FAILURES_MAX, Program
from hdmi_out.views.keys import Command, Key
from tests.component.hdmi.conftest import until
from tests.component.hdmi.monitor_process import END_SECONDS_MAX, Monitor, running_monitor
from tests.fakes.local_site import FakeCamera, LocalSite

needs_x = pytest.mark.skipif(
    not all(map(shutil.which, ("Xvfb", "import", "xdotool"))),
    reason="Xvfb, xdotool or ImageMagick's import is missing: apt install xvfb xdotool imagemagick",
)
SCREEN, ODD_SCREEN = (1280, 720), (1280, 1024)
PLATE = (slice(636, 654), slice(1244, 1256))
"""In the amber plate of the licence band, beside its text."""
DIFFERENCE_MAX = 0.4
"""Mean difference of samples between two ways to convert the same colours."""


@asynccontextmanager
async def x_server(clock: SystemClock, name: str = "", size: tuple[int, int] = SCREEN) -> AsyncIterator[str]:
    """An X server on a free display, or on that one; gives its name. Its end is an unplugged cable."""
    process = await asyncio.create_subprocess_exec(
        *("Xvfb", *([name] if name else []), "-displayfd", "1", "-screen", "0", f"{size[0]}x{size[1]}x24"),
        *("-nolisten", "tcp"),
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
        difference, lit = 255.0, False
        async with clock.timeout(20):
            while difference > DIFFERENCE_MAX or not lit:
                shown = await screenshot(display)
                async with session.get(f"{address}picture.png") as response:
                    preview = cv2.imdecode(np.frombuffer(await response.read(), np.uint8), cv2.IMREAD_COLOR)
                assert preview is not None
                assert shown.shape == preview.shape
                lit = bool(shown[200, 300].min() > 40)  # the first tile has a picture
                difference = float(cv2.absdiff(bar_and_frame(shown), bar_and_frame(preview)).mean())
        assert cv2.absdiff(shown[PLATE], preview[PLATE]).mean() < 1.5, "the window converts colours as the preview does"
        status, seconds = await monitor.end(signal.SIGTERM)
        assert (status, seconds < END_SECONDS_MAX) == (0, True)


def bar_and_frame(picture: np.ndarray) -> np.ndarray:
    """What does not move: the frame around the tiles, and the bar but for the time."""
    still = picture.copy()
    still[:600, 118:1160] = 0
    still[618:, :300] = 0
    return still


async def xdotool(display: str, *words: str) -> None:
    """Moves the mouse and presses keys, as a person would."""
    process = await asyncio.create_subprocess_exec("xdotool", *words, env=os.environ | {"DISPLAY": display})
    assert await process.wait() == 0


async def shows(monitor: Monitor, session: ClientSession, **wanted: str) -> None:
    """Waits until the status has these values."""
    async with monitor.clock.timeout(10):
        while not wanted.items() <= (await monitor.status(session)).items():
            await monitor.clock.sleep(0.03)


@needs_x
async def test_keys_and_mouse_in_the_window_go_to_cameras_and_back_and_q_ends_it(
    tmp_path: Path, clock: SystemClock, cameras: list[FakeCamera]
) -> None:
    config = "sink: sdl\nlisten: 127.0.0.1:0\nwidth: 1280\nheight: 720\n"
    async with (
        x_server(clock) as display,
        LocalSite(cameras, clock).serving(tmp_path / "rec.sock"),
        running_monitor(tmp_path, clock, config, {"DISPLAY": display}) as monitor,
        ClientSession() as session,
    ):
        await monitor.ready()
        await monitor.pictures(session)
        await xdotool(display, "key", "Right", "Right", "Return")
        await shows(monitor, session, view="camera", camera="cam2")
        await xdotool(display, "key", "Escape")
        await shows(monitor, session, view="wall")
        await xdotool(display, "mousemove", "300", "150", "click", "1")
        await shows(monitor, session, view="camera", camera="cam1")
        await xdotool(display, "click", "3")
        await shows(monitor, session, view="wall")
        await xdotool(display, "key", "l")
        await shows(monitor, session, language="en")
        await xdotool(display, "key", "q")
        async with clock.timeout(5):
            assert await monitor.process.wait() == 0


@needs_x
async def test_a_display_that_is_unplugged_is_opened_again_and_everything_else_goes_on(
    tmp_path: Path, clock: SystemClock, cameras: list[FakeCamera]
) -> None:
    config = "sink: auto\nlisten: 127.0.0.1:0\nfull_screen: true\n"
    async with (
        LocalSite(cameras, clock).serving(tmp_path / "rec.sock"),
        ClientSession() as session,
        AsyncExitStack() as stack,
    ):
        async with x_server(clock, size=ODD_SCREEN) as display:
            monitor = await stack.enter_async_context(running_monitor(tmp_path, clock, config, {"DISPLAY": display}))
            address = await monitor.ready()
            await monitor.pictures(session)
            await shows(monitor, session, display="open")
            async with session.get(f"{address}picture.png") as response:
                picture = cv2.imdecode(np.frombuffer(await response.read(), np.uint8), cv2.IMREAD_COLOR)
            assert picture is not None
            assert picture.shape[1::-1] == ODD_SCREEN, "the canvas has the shape of the screen it fills"
        await shows(monitor, session, display="lost")
        before = (await monitor.pictures(session))["cameras"]["cam1"]["pictures"]
        async with clock.timeout(10):
            while (await monitor.status(session))["cameras"]["cam1"]["pictures"] < before + 5:
                await clock.sleep(0.05)
        async with x_server(clock, display) as again:
            assert again == display
            await shows(monitor, session, display="open")
            async with clock.timeout(10):
                while (shown := await screenshot(again)).max() < 100:
                    await clock.sleep(0.05)
            beside = (SCREEN[0] - SCREEN[1] * ODD_SCREEN[0] // ODD_SCREEN[1]) // 2
            assert not shown[:, : beside - 2].any(), "on a screen of another shape there are black borders"
            assert shown[-60:, beside + 8 : -beside - 8].any(), "the bar is there"
            await monitor.end(signal.SIGTERM)


@asynccontextmanager
async def offscreen_sink(clock: SystemClock, commands: list[Command]) -> AsyncIterator[SdlSink]:
    """A window that nobody sees."""
    options = {"full_screen": False, "drivers": drivers_of({"SDL_VIDEODRIVER": "offscreen"})}
    sink = SdlSink(options, clock, on_command=commands.append, on_close=lambda: None)
    await sink.open()
    task = asyncio.create_task(sink.run())
    try:
        yield sink
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        await sink.close()


async def test_frames_are_taken_or_skipped_never_queued(clock: SystemClock) -> None:
    async with offscreen_sink(clock, []) as sink:
        canvas = Canvas(640, 360)
        canvas.buffer[:] = 128
        for _ in range(50):
            sink.present(canvas)
        await until(clock, lambda: sink.presented + sink.skipped == 50)
        assert sink.presented >= 1


async def test_a_window_process_that_dies_is_replaced_and_shows_the_last_frame(clock: SystemClock) -> None:
    async with offscreen_sink(clock, []) as sink:
        canvas = Canvas(640, 360)
        canvas.buffer[:] = 128
        sink.present(canvas)
        await until(clock, lambda: sink.presented == 1)
        process = sink._process
        assert process is not None
        process.kill()
        await until(clock, lambda: sink.reopened == 1)
        await until(clock, lambda: sink.presented == 2)


async def test_a_window_process_that_hangs_is_replaced(clock: SystemClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hdmi_out.sinks.sdl.TAKE_SECONDS_MAX", 0.4)
    monkeypatch.setattr("hdmi_out.sinks.sdl.CLOSE_SECONDS_MAX", 0.1)
    async with offscreen_sink(clock, []) as sink:
        canvas = Canvas(640, 360)
        canvas.buffer[:] = 128
        sink.present(canvas)
        await until(clock, lambda: sink.presented == 1)
        process = sink._process
        assert process is not None
        process.send_signal(signal.SIGSTOP)
        sink.present(canvas)
        await until(clock, lambda: sink.reopened == 1)
        await until(clock, lambda: sink.presented == 2)


async def test_no_display_is_a_clear_refusal_and_not_an_invisible_window(clock: SystemClock) -> None:
    options = {"full_screen": False, "drivers": ("x11",)}
    sink = SdlSink(options, clock, on_command=lambda _: None, on_close=lambda: None)
    try:
        with pytest.raises(DisplayError, match="no display opens"):
            await sink.open()
    finally:
        await sink.close()


class Blind:
    """A window whose display takes nothing, but for the frames that the test says."""

    def __init__(self, taken: set[int]) -> None:
        self._taken = taken
        self.drawn = 0

    def poll(self) -> tuple[list[dict[str, object]], bool]:
        return [], False

    def draw(self, frame: object, width: int, height: int) -> bool:
        self.drawn += 1
        return self.drawn in self._taken

    def error(self) -> str:
        return "lost renderer"


def test_a_renderer_that_is_lost_is_said_once_and_given_up_after_a_while(capsys: pytest.CaptureFixture[str]) -> None:
    window = Blind({5})
    program = Program(window, -1)
    with pytest.raises(GoneError, match="takes no pictures: lost renderer"):
        for _ in range(10 * FAILURES_MAX):
            program.show()
    assert window.drawn == 5 + FAILURES_MAX, "one that was taken begins the count anew"
    assert capsys.readouterr().out.splitlines() == ['{"trouble": "lost renderer"}'] * 2


def test_input_devices_are_named_where_there_is_no_desktop() -> None:
    listing = """I: Bus=0019 Vendor=0000 Product=0001 Version=0000
N: Name="Power Button"
H: Handlers=kbd event0

N: Name="A keyboard with a touch pad"
H: Handlers=sysrq kbd mouse0 event3 leds

N: Name="Mouse"
H: Handlers=mouse1 event4

N: Name="HDMI jack"
H: Handlers=event5
"""
    assert input_devices(listing) == "2:/dev/input/event0,3:/dev/input/event3,1:/dev/input/event4"
    assert input_devices("") == ""


def test_each_key_of_the_window_is_one_that_sdl_knows() -> None:
    sdl2 = pytest.importorskip("sdl2")
    assert all(hasattr(sdl2, f"SDLK_{name}") for name in KEYS)
    assert {Key.UP, Key.DOWN, Key.LEFT, Key.RIGHT, Key.OK, Key.BACK, Key.MENU} <= set(KEYS.values())
