"""Which sink: a screen where there is one, else the preview alone."""

import asyncio
import logging
import os
from collections.abc import Callable, Mapping
from typing import Literal

from hdmi_out.errors import DisplayError
from hdmi_out.sinks.sdl import SdlSink, open_sdl

_log = logging.getLogger(__name__)


def open_display(
    choice: Literal["auto", "headless", "sdl"],
    full_screen: bool,
    on_quit: Callable[[], object],
    loop: asyncio.AbstractEventLoop,
    environment: Mapping[str, str] = os.environ,
) -> SdlSink | None:
    """The screen, or None for the preview alone; says which and why. `on_quit` is called on the loop when the person
    closes it. Raises DisplayError if `sdl` is wanted and there is none."""
    if choice == "headless":
        _log.info("sink: headless, as configured")
        return None
    if choice == "auto" and not (environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY")):
        _log.info("sink: headless, because there is no DISPLAY and no WAYLAND_DISPLAY")
        return None
    try:
        sink = open_sdl(full_screen, lambda: loop.call_soon_threadsafe(on_quit))
    except DisplayError as error:
        if choice == "sdl":
            raise
        _log.warning("sink: headless, because no window opens: %s", error)
        return None
    _log.info("sink: sdl, %s", sink.description)
    return sink
