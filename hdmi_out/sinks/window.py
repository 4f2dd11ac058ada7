"""The window: SDL2's side of the screen. It lives in a process of its own (window_process.py)."""

import contextlib
import ctypes
import os
import re
import warnings
from importlib import import_module
from pathlib import Path
from typing import Any

from hdmi_out.views.keys import Key

EVENT_SECONDS = 0.03
"""How often the keyboard is looked at while no frame comes."""
POINTER_POLLS = 120
"""A pointer that nobody moved for so many looks (some seconds) is hidden on a full screen."""
INPUT_DEVICES = Path("/proc/bus/input/devices")
WINDOW_SIZE = (1280, 720)
_YUV_BT601 = 1
"""SDL_YUV_CONVERSION_BT601; PySDL2 does not export it."""
WITHOUT_SCREEN = ("offscreen", "dummy", "evdev")
"""Drivers that open where there is no display; used only if SDL_VIDEODRIVER asks for one."""

KEYS = {
    "UP": Key.UP,
    "DOWN": Key.DOWN,
    "LEFT": Key.LEFT,
    "RIGHT": Key.RIGHT,
    "RETURN": Key.OK,
    "KP_ENTER": Key.OK,
    "SELECT": Key.OK,
    "ESCAPE": Key.BACK,
    "BACKSPACE": Key.BACK,
    "AC_BACK": Key.BACK,
    "m": Key.MENU,
    "MENU": Key.MENU,
    "APPLICATION": Key.MENU,
    "HOME": Key.HOME,
    "AC_HOME": Key.HOME,
    "PAGEDOWN": Key.NEXT,
    "PAGEUP": Key.PREVIOUS,
    "AUDIONEXT": Key.NEXT,
    "AUDIOPREV": Key.PREVIOUS,
    "SPACE": Key.PLAY,
    "AUDIOPLAY": Key.PLAY,
    "s": Key.STOP,
    "AUDIOSTOP": Key.STOP,
    "PLUS": Key.FASTER,
    "EQUALS": Key.FASTER,
    "KP_PLUS": Key.FASTER,
    "MINUS": Key.SLOWER,
    "KP_MINUS": Key.SLOWER,
    "r": Key.REVERSE,
    "PERIOD": Key.STEP,
    "COMMA": Key.STEP_BACK,
    "g": Key.GRID,
    "t": Key.TOUR,
    "l": Key.LANGUAGE,
    "i": Key.IDENTIFY,
}
"""By SDL's names of keys (SDLK_…). F11 (full screen) and q (end) are the window's own."""


class GoneError(Exception):
    """The display cannot be used: why."""


class Window:
    """SDL's window and what happens in it."""

    def __init__(self, *, full_screen: bool, drivers: tuple[str, ...]) -> None:
        sdl = self._sdl = _load_sdl()
        for name, value in (
            (b"SDL_NO_SIGNAL_HANDLERS", b"1"),
            (b"SDL_VIDEO_ALLOW_SCREENSAVER", b"0"),
            (b"SDL_RENDER_SCALE_QUALITY", b"1"),
        ):
            sdl.SDL_SetHintWithPriority(name, value, sdl.SDL_HINT_OVERRIDE)
        self._keys = {getattr(sdl, f"SDLK_{name}"): key for name, key in KEYS.items()}
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
            raise GoneError(f"{driver} opens no window: {_error(sdl)}")
        sdl.SDL_SetYUVConversionMode(_YUV_BT601)
        self._full_screen = full_screen
        self._still_polls = 0
        self._show_pointer(not full_screen)
        self._texture: Any = None
        self._texture_size = (0, 0)
        info, width, height = sdl.SDL_RendererInfo(), ctypes.c_int(), ctypes.c_int()
        sdl.SDL_GetRendererInfo(self._renderer, ctypes.byref(info))
        sdl.SDL_GetRendererOutputSize(self._renderer, ctypes.byref(width), ctypes.byref(height))
        self.opened = {
            "driver": driver,
            "renderer": info.name.decode(),
            "width": width.value,
            "height": height.value,
        }

    def poll(self) -> tuple[list[dict[str, object]], bool]:
        """What the person did, and whether the window must be drawn again. Raises GoneError."""
        sdl, event = self._sdl, self._sdl.SDL_Event()
        said: list[dict[str, object]] = []
        redraw = closed = False
        moved: dict[str, object] | None = None  # of many small movements, only where they led
        self._still_polls += 1
        if self._full_screen and self._still_polls == POINTER_POLLS:
            self._show_pointer(False)
        while sdl.SDL_PollEvent(ctypes.byref(event)):
            match event.type:
                case sdl.SDL_WINDOWEVENT:
                    redraw = True
                    if event.window.event == sdl.SDL_WINDOWEVENT_CLOSE:
                        closed = True
                        said.append({"close": True})
                case sdl.SDL_QUIT if not closed:
                    raise GoneError("the desktop has ended")
                case sdl.SDL_RENDER_DEVICE_RESET | sdl.SDL_RENDER_TARGETS_RESET:
                    self._texture_size = (0, 0)
                    redraw = True
                case sdl.SDL_KEYDOWN if event.key.keysym.sym == sdl.SDLK_F11:
                    self._toggle_full_screen()
                    redraw = True
                case sdl.SDL_KEYDOWN if event.key.keysym.sym == sdl.SDLK_q:
                    said.append({"close": True})
                case sdl.SDL_KEYDOWN if key := self._keys.get(event.key.keysym.sym):
                    said.append({"key": key})
                case sdl.SDL_MOUSEMOTION:
                    self._still_polls = 0
                    self._show_pointer(True)
                    moved = {"point": [event.motion.x, event.motion.y], "press": False}
                case sdl.SDL_MOUSEBUTTONDOWN if event.button.button == sdl.SDL_BUTTON_LEFT:
                    said.append({"point": [event.button.x, event.button.y], "press": True})
                case sdl.SDL_MOUSEBUTTONDOWN if event.button.button == sdl.SDL_BUTTON_RIGHT:
                    said.append({"key": Key.BACK})
                case sdl.SDL_MOUSEWHEEL if event.wheel.y:
                    said.append({"key": Key.UP if event.wheel.y > 0 else Key.DOWN})
        return ([moved] if moved else []) + said, redraw

    def draw(self, frame: Any, width: int, height: int) -> bool:
        """Shows a frame (I420) of that size; returns whether the display took it."""
        sdl = self._sdl
        if self._texture_size != (width, height):
            self._make_texture(width, height)
        done = (
            self._texture
            and sdl.SDL_UpdateTexture(self._texture, None, frame, width) == 0
            and sdl.SDL_RenderClear(self._renderer) == 0
            and sdl.SDL_RenderCopy(self._renderer, self._texture, None, None) == 0
        )
        if done:
            sdl.SDL_RenderPresent(self._renderer)
        else:
            self._texture_size = (0, 0)
        return bool(done)

    def error(self) -> str:
        """What SDL says of the last call."""
        return _error(self._sdl)

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
        self._show_pointer(not self._full_screen)

    def _show_pointer(self, shown: bool) -> None:
        self._sdl.SDL_ShowCursor(self._sdl.SDL_ENABLE if shown else self._sdl.SDL_DISABLE)


def _init_video(sdl: Any, drivers: tuple[str, ...]) -> str:
    errors = []
    for driver in drivers:
        if driver == "kmsdrm":
            _name_input_devices()
        sdl.SDL_SetHintWithPriority(b"SDL_VIDEODRIVER", driver.encode(), sdl.SDL_HINT_OVERRIDE)
        if sdl.SDL_InitSubSystem(sdl.SDL_INIT_VIDEO) == 0:
            opened = str(sdl.SDL_GetCurrentVideoDriver().decode())
            if opened not in WITHOUT_SCREEN or opened == driver:
                return opened
            sdl.SDL_QuitSubSystem(sdl.SDL_INIT_VIDEO)
            errors.append(f"{driver}: no display")
        else:
            errors.append(f"{driver}: {_error(sdl)}")
    raise GoneError(f"no display opens ({'; '.join(errors)})")


def input_devices(listing: str) -> str:
    """The keyboards and mice of the kernel's list (/proc/bus/input/devices), as SDL_EVDEV_DEVICES names them: 1 a
    mouse, 2 a keyboard, 3 both."""
    named = []
    for handlers in re.findall(r"^H: Handlers=(.*)$", listing, re.MULTILINE):
        words = handlers.split()
        kind = any(word.startswith("mouse") for word in words) + 2 * ("kbd" in words)
        event = next((word for word in words if word.startswith("event")), "")
        if kind and event:
            named.append(f"{kind}:/dev/input/{event}")
    return ",".join(named)


def _name_input_devices() -> None:
    """Without a desktop SDL would find them by udev; the library of the PyPI package is built without it."""
    if "SDL_EVDEV_DEVICES" in os.environ:
        return
    with contextlib.suppress(OSError):
        os.environ["SDL_EVDEV_DEVICES"] = input_devices(INPUT_DEVICES.read_text(encoding="utf-8", errors="replace"))


def _error(sdl: Any) -> str:
    return str(sdl.SDL_GetError().decode(errors="replace")) or "no reason given"


def _load_sdl() -> Any:
    """PySDL2, which loads the library while it is imported and warns where it comes from."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return import_module("sdl2")
        except (ImportError, OSError) as error:
            raise GoneError(f"SDL2 cannot be loaded: {error}") from None
