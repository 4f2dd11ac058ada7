"""Which sink: a screen where there is one, else the preview alone."""

import logging
import os
from collections.abc import Callable, Mapping
from typing import Literal

from gate.clock import Clock
from hdmi_out.errors import DisplayError
from hdmi_out.sinks.sdl import SdlSink, drivers_of
from hdmi_out.views.keys import Command

_log = logging.getLogger(__name__)


async def open_display(
    choice: Literal["auto", "headless", "sdl"],
    clock: Clock,
    *,
    full_screen: bool,
    on_command: Callable[[Command], object],
    on_close: Callable[[], object],
    environment: Mapping[str, str] = os.environ,
) -> SdlSink | None:
    """The screen, or None for the preview alone; says which and why. One that DISPLAY names but that is not there yet
    is tried again and again. `on_command` and `on_close`: what the person does. Raises DisplayError if `sdl` is wanted
    and there is none."""
    if choice == "headless":
        _log.info("sink: headless, as configured")
        return None
    if choice == "auto" and not (environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY")):
        _log.info("sink: headless, because there is no DISPLAY and no WAYLAND_DISPLAY")
        return None
    options = {"full_screen": full_screen, "drivers": drivers_of(environment)}
    sink = SdlSink(options, clock, on_command=on_command, on_close=on_close)
    try:
        await sink.open()
    except DisplayError as error:
        if choice == "sdl":
            await sink.close()
            raise DisplayError(f"{error}; use sink: headless, or connect a screen") from None
        _log.warning("sink: sdl, but no window opens yet (%s); trying again, meanwhile over HTTP only", error)
        return sink
    _log.info("sink: sdl, %s", sink.description)
    return sink
