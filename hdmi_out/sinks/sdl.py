"""The screen: a window or full screen by SDL2 (X11, Wayland, or KMS/DRM without a desktop).

All SDL calls happen in one thread of their own, because presenting blocks (vertical sync, or the software renderer).
SDL scales the wall to the window and converts its colours; the wall is never stretched.
"""

import ctypes
import logging
import os
import threading
import warnings
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hdmi_out.compositor.canvas import Canvas
from hdmi_out.errors import DisplayError

_log = logging.getLogger(__name__)

EVENT_SECONDS = 0.03
"""How often the keyboard is looked at while no frame comes."""
CLOSE_SECONDS_MAX = 0.7
"""A thread that hangs in a graphics driver for longer at the end is left to the end of the process."""
WINDOW_SIZE = (1280, 720)
_YUV_BT601 = 1
"""SDL_YUV_CONVERSION_BT601; PySDL2 does not export it."""
WITHOUT_SCREEN = ("offscreen", "dummy", "evdev")
"""Drivers that open where there is no display; used only if SDL_VIDEODRIVER asks for one."""


class SdlSink:
    """An open window. `description` names driver, renderer and size. `on_quit` is called in SDL's thread."""

    def __init__(self, full_screen: bool, on_quit: Callable[[], object], drivers: tuple[str, ...]) -> None:
        self._full_screen = full_screen
        self._on_quit = on_quit
        self._drivers = drivers
        self._wake = threading.Condition()
        self._pending: NDArray[np.uint8] | None = None
        self._spare: NDArray[np.uint8] | None = None
        self._fresh = False
        self._stop = False
        self.presented = 0
        self.skipped = 0
        self._opened: Future[str] = Future()
        self._thread = threading.Thread(target=self._run, name="sdl", daemon=True)
        self._thread.start()
        self.description = self._opened.result()

    @property
    def name(self) -> str:
        """The sink's name in the status."""
        return "sdl"

    def present(self, canvas: Canvas) -> None:
        """Hands over a copy of the frame; one that SDL has not fetched yet is replaced."""
        with self._wake:
            if self._pending is None or self._pending.shape != canvas.buffer.shape:
                self._pending = np.empty_like(canvas.buffer)
            np.copyto(self._pending, canvas.buffer)
            self.skipped += self._fresh
            self._fresh = True
            self._wake.notify()

    def close(self) -> None:
        """Closes the window and ends the thread."""
        with self._wake:
            self._stop = True
            self._wake.notify()
        self._thread.join(CLOSE_SECONDS_MAX)

    def _run(self) -> None:
        try:
            window = _Window(self._full_screen, self._drivers)
        except BaseException as error:
            self._opened.set_exception(error)
            return
        self._opened.set_result(window.description)
        frame: NDArray[np.uint8] | None = None
        try:
            while not self._stop:
                with self._wake:
                    self._wake.wait_for(lambda: self._fresh or self._stop, EVENT_SECONDS)
                    fresh, self._fresh = self._fresh, False
                    if fresh:
                        frame, self._pending, self._spare = self._pending, self._spare, self._pending
                quit_wanted, redraw = window.poll()
                if quit_wanted:
                    self._on_quit()
                if frame is not None and (fresh or redraw) and window.draw(frame):
                    self.presented += 1
        finally:
            window.close()


class _Window:
    """SDL's side; every method in SDL's thread."""

    def __init__(self, full_screen: bool, drivers: tuple[str, ...]) -> None:
        sdl = self._sdl = _load_sdl()
        for name, value in (
            (b"SDL_NO_SIGNAL_HANDLERS", b"1"),
            (b"SDL_VIDEO_ALLOW_SCREENSAVER", b"0"),
            (b"SDL_RENDER_SCALE_QUALITY", b"1"),
        ):
            sdl.SDL_SetHintWithPriority(name, value, sdl.SDL_HINT_OVERRIDE)
        driver = _init_video(sdl, drivers)
        flags = sdl.SDL_WINDOW_RESIZABLE | sdl.SDL_WINDOW_ALLOW_HIGHDPI
        if full_screen:
            flags |= sdl.SDL_WINDOW_FULLSCREEN_DESKTOP
        centred = sdl.SDL_WINDOWPOS_CENTERED
        self._window = sdl.SDL_CreateWindow(b"HDMI", centred, centred, *WINDOW_SIZE, flags)
        self._renderer = self._window and (
            sdl.SDL_CreateRenderer(self._window, -1, sdl.SDL_RENDERER_PRESENTVSYNC)
            or sdl.SDL_CreateRenderer(self._window, -1, sdl.SDL_RENDERER_SOFTWARE)
        )
        if not self._renderer:
            message = _error(sdl)
            self._quit()
            raise DisplayError(f"{driver} opens no window: {message}")
        sdl.SDL_SetYUVConversionMode(_YUV_BT601)
        self._full_screen = full_screen
        self._show_cursor()
        self._texture: Any = None
        self._texture_size = (0, 0)
        self._failing = False
        info = sdl.SDL_RendererInfo()
        sdl.SDL_GetRendererInfo(self._renderer, ctypes.byref(info))
        self.description = f"{driver}, renderer {info.name.decode()}"

    def poll(self) -> tuple[bool, bool]:
        """Whether the person wants to quit, and whether the window must be drawn again."""
        sdl, event = self._sdl, self._sdl.SDL_Event()
        quit_wanted = redraw = False
        while sdl.SDL_PollEvent(ctypes.byref(event)):
            match event.type:
                case sdl.SDL_QUIT:
                    quit_wanted = True
                case sdl.SDL_KEYDOWN if event.key.keysym.sym in (sdl.SDLK_ESCAPE, sdl.SDLK_q):
                    quit_wanted = True
                case sdl.SDL_KEYDOWN if event.key.keysym.sym == sdl.SDLK_F11:
                    self._toggle_full_screen()
                    redraw = True
                case sdl.SDL_WINDOWEVENT:
                    redraw = True
                case sdl.SDL_RENDER_DEVICE_RESET | sdl.SDL_RENDER_TARGETS_RESET:
                    self._texture_size = (0, 0)
                    redraw = True
        return quit_wanted, redraw

    def draw(self, frame: NDArray[np.uint8]) -> bool:
        """Shows a frame (I420); returns whether the display took it."""
        sdl, (rows, width) = self._sdl, frame.shape
        height = rows * 2 // 3
        if self._texture_size != (width, height):
            self._make_texture(width, height)
        done = (
            self._texture
            and sdl.SDL_UpdateTexture(self._texture, None, frame.ctypes.data_as(ctypes.c_void_p), width) == 0
            and sdl.SDL_RenderClear(self._renderer) == 0
            and sdl.SDL_RenderCopy(self._renderer, self._texture, None, None) == 0
        )
        if done:
            sdl.SDL_RenderPresent(self._renderer)
        elif not self._failing:
            _log.error("the display takes no picture: %s; trying again with every frame", _error(sdl))
        if not done:
            self._texture_size = (0, 0)
        self._failing = not done
        return bool(done)

    def close(self) -> None:
        """Closes everything."""
        sdl = self._sdl
        if self._texture:
            sdl.SDL_DestroyTexture(self._texture)
        sdl.SDL_DestroyRenderer(self._renderer)
        self._quit()

    def _quit(self) -> None:
        if self._window:
            self._sdl.SDL_DestroyWindow(self._window)
        self._sdl.SDL_QuitSubSystem(self._sdl.SDL_INIT_VIDEO)

    def _make_texture(self, width: int, height: int) -> None:
        sdl = self._sdl
        if self._texture:
            sdl.SDL_DestroyTexture(self._texture)
        self._texture = sdl.SDL_CreateTexture(
            self._renderer, sdl.SDL_PIXELFORMAT_IYUV, sdl.SDL_TEXTUREACCESS_STREAMING, width, height
        )
        sdl.SDL_RenderSetLogicalSize(self._renderer, width, height)
        self._texture_size = (width, height)

    def _toggle_full_screen(self) -> None:
        sdl = self._sdl
        self._full_screen = not self._full_screen
        sdl.SDL_SetWindowFullscreen(self._window, sdl.SDL_WINDOW_FULLSCREEN_DESKTOP if self._full_screen else 0)
        self._show_cursor()

    def _show_cursor(self) -> None:
        self._sdl.SDL_ShowCursor(self._sdl.SDL_DISABLE if self._full_screen else self._sdl.SDL_ENABLE)


def open_sdl(full_screen: bool, on_quit: Callable[[], object], environment: Mapping[str, str] = os.environ) -> SdlSink:
    """Opens a window. Raises DisplayError if there is nothing to open it on."""
    wanted = environment.get("SDL_VIDEODRIVER")
    if wanted:
        drivers: tuple[str, ...] = (wanted,)
    else:
        drivers = tuple(
            driver
            for driver, there in (
                ("wayland", environment.get("WAYLAND_DISPLAY")),
                ("x11", environment.get("DISPLAY")),
                ("kmsdrm", True),
            )
            if there
        )
    return SdlSink(full_screen, on_quit, drivers)


def _init_video(sdl: Any, drivers: tuple[str, ...]) -> str:
    errors = []
    for driver in drivers:
        sdl.SDL_SetHintWithPriority(b"SDL_VIDEODRIVER", driver.encode(), sdl.SDL_HINT_OVERRIDE)
        if sdl.SDL_InitSubSystem(sdl.SDL_INIT_VIDEO) == 0:
            opened = str(sdl.SDL_GetCurrentVideoDriver().decode())
            if opened not in WITHOUT_SCREEN or opened == driver:
                return opened
            sdl.SDL_QuitSubSystem(sdl.SDL_INIT_VIDEO)
            errors.append(f"{driver}: no display")
        else:
            errors.append(f"{driver}: {_error(sdl)}")
    raise DisplayError(f"no display opens ({'; '.join(errors)}); use sink: headless, or connect a screen")


def _error(sdl: Any) -> str:
    return str(sdl.SDL_GetError().decode(errors="replace")) or "no reason given"


def _load_sdl() -> Any:
    """PySDL2, which loads the library while it is imported and warns where it comes from."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return import_module("sdl2")
        except (ImportError, OSError) as error:
            raise DisplayError(f"SDL2 cannot be loaded: {error}") from None
