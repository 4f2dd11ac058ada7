"""The screen: a window or full screen by SDL2 (X11, Wayland, or KMS/DRM without a desktop).

SDL lives in a process of its own (sinks/window_process.py): presenting blocks, and a display that goes away may end its
process. Then another is opened, with pauses that grow; everything else goes on meanwhile. SDL scales the canvas to the
window, with black borders where its shape is another, and converts its colours.
"""

import asyncio
import contextlib
import json
import logging
import mmap
import os
import sys
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gate.clock import Clock
from hdmi_out.compositor.canvas import Canvas
from hdmi_out.errors import DisplayError
from hdmi_out.views.keys import Command, Key, Pointer

_log = logging.getLogger(__name__)

OPEN_SECONDS_MAX = 10.0
"""A display that does not open in this time is taken for one that cannot."""
CLOSE_SECONDS_MAX = 0.7
"""A window process that hangs in a graphics driver for longer at the end is killed."""
TAKE_SECONDS_MAX = 10.0
"""A window process that has a frame for longer than this hangs in a driver: it is killed and opened anew."""
RETRY_SECONDS_MIN, RETRY_SECONDS_MAX = 0.5, 10.0


class SdlSink:
    """A window, opened again whenever it is lost. `opened`: driver, renderer and size of the last one. `on_command` and
    `on_close` are called on the event loop for what the person does."""

    def __init__(
        self,
        options: Mapping[str, object],
        clock: Clock,
        *,
        on_command: Callable[[Command], object],
        on_close: Callable[[], object],
    ) -> None:
        self._options = options
        self._clock = clock
        self._on_command = on_command
        self._on_close = on_close
        self._memory_fd = os.memfd_create("hdmi")
        self._shared: NDArray[np.uint8] | None = None
        self._canvas: Canvas | None = None
        self._process: asyncio.subprocess.Process | None = None
        self._lent_ns: int | None = None
        self._fresh = False
        self.opened: dict[str, Any] = {}
        self._state = "lost"
        self.presented = 0
        self.skipped = 0
        self.reopened = 0

    @property
    def name(self) -> str:
        """The sink's name in the status."""
        return "sdl"

    @property
    def state(self) -> str:
        """`open` or `lost`."""
        return self._state

    def present(self, canvas: Canvas) -> None:
        """Lends the frame to the window; while it has one before, the newest waits on the canvas."""
        if self.state != "open":
            self._canvas = canvas
            return
        self.skipped += self._fresh
        self._fresh = True
        if canvas is not self._canvas:
            self._share(canvas)
        if self._lent_ns is None:
            self._lend()

    async def open(self) -> None:
        """Opens the window. Raises DisplayError."""
        try:
            process = self._process = await asyncio.create_subprocess_exec(
                *(
                    sys.executable,
                    "-m",
                    "hdmi_out.sinks.window_process",
                    str(self._memory_fd),
                    json.dumps(self._options),
                ),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                pass_fds=(self._memory_fd,),
            )
        except OSError as error:
            raise DisplayError(f"the window's process cannot be started: {error}") from None
        try:
            async with self._clock.timeout(OPEN_SECONDS_MAX):
                first = await self._read(process)
        except TimeoutError:
            first = {"failed": f"no display opens within {OPEN_SECONDS_MAX:.0f} s"}
        if first is None or "opened" not in first:
            await self._end(process)
            raise DisplayError(first["failed"] if first else _ended(process))
        self.opened, self._state = first["opened"], "open"
        self._lent_ns, self._fresh = None, self._canvas is not None
        if self._canvas is not None:
            self._share(self._canvas)
            self._lend()

    async def run(self) -> None:
        """Follows the window, and opens it again when it is lost, until cancelled."""
        seconds = RETRY_SECONDS_MIN
        while True:
            if self._state == "open":
                presented = self.presented
                why = await self._follow()
                self._state = "lost"
                _log.warning("the display is lost (%s); the monitor goes on and tries to open it again", why)
                if self.presented > presented:
                    seconds = RETRY_SECONDS_MIN
            await self._clock.sleep(seconds)
            seconds = min(seconds * 2, RETRY_SECONDS_MAX)
            try:
                await self.open()
            except DisplayError as error:
                _log.debug("the display does not open yet: %s", error)
            else:
                self.reopened += 1
                _log.warning("the display is there: %s", self.description)

    @property
    def description(self) -> str:
        """Driver, renderer and size."""
        opened = self.opened
        return f"{opened['driver']}, renderer {opened['renderer']}, {opened['width']}×{opened['height']}"

    async def close(self) -> None:
        """Closes the window, for good."""
        self._state = "lost"
        if self._process is not None:
            await self._end(self._process)
            self._process = None
        if self._memory_fd >= 0:
            os.close(self._memory_fd)
            self._memory_fd = -1

    async def _follow(self) -> str:
        """Does what the window says until it is gone; gives why."""
        process = self._process
        assert process is not None
        why = ""
        while True:
            try:
                async with self._clock.timeout(TAKE_SECONDS_MAX / 2):
                    message = await self._read(process)
            except TimeoutError:
                if self._lent_ns is None or self._clock.monotonic_ns() - self._lent_ns < TAKE_SECONDS_MAX * 1e9:
                    continue
                message, why = None, "it hangs"
            if message is None:
                await self._end(process)
                return why or _ended(process)
            why = message.get("failed", why)
            self._heed(message)

    def _heed(self, message: Mapping[str, Any]) -> None:
        if "taken" in message:
            self._lent_ns = None
            self.presented += 1
            if self._fresh:
                self._lend()
        elif "key" in message:
            self._on_command(Key(message["key"]))
        elif "point" in message:
            x, y = message["point"]
            self._on_command(Pointer(x, y, pressed=message["press"]))
        elif "close" in message:
            self._on_close()
        elif "trouble" in message:
            _log.error("the display takes no picture: %s; trying again with every frame", message["trouble"])

    def _share(self, canvas: Canvas) -> None:
        if self._shared is None or self._shared.shape != canvas.buffer.shape:
            os.ftruncate(self._memory_fd, canvas.buffer.nbytes)
            memory = mmap.mmap(self._memory_fd, canvas.buffer.nbytes)
            self._shared = np.frombuffer(memory, np.uint8).reshape(canvas.buffer.shape)
        self._canvas = canvas
        self._tell({"canvas": [canvas.width, canvas.height]})

    def _lend(self) -> None:
        assert self._shared is not None and self._canvas is not None
        np.copyto(self._shared, self._canvas.buffer)
        self._lent_ns, self._fresh = self._clock.monotonic_ns(), False
        self._tell({"frame": True})

    def _tell(self, message: Mapping[str, object]) -> None:
        process = self._process
        if process is not None and process.stdin is not None and not process.stdin.is_closing():
            process.stdin.write(json.dumps(message).encode() + b"\n")

    async def _read(self, process: asyncio.subprocess.Process) -> dict[str, Any] | None:
        """The next thing the window says; None at its end."""
        assert process.stdout is not None
        while line := await process.stdout.readline():
            with contextlib.suppress(ValueError):  # drivers print there, too
                message = json.loads(line)
                if isinstance(message, dict):
                    return message
        return None

    async def _end(self, process: asyncio.subprocess.Process) -> None:
        """Ends the process: by the end of its stdin, or else by force."""
        assert process.stdin is not None
        process.stdin.close()
        try:
            async with self._clock.timeout(CLOSE_SECONDS_MAX):
                await process.communicate()
        except TimeoutError:
            process.kill()
            await process.communicate()


def _ended(process: asyncio.subprocess.Process) -> str:
    return f"its process ended with status {process.returncode}"


def drivers_of(environment: Mapping[str, str]) -> tuple[str, ...]:
    """SDL's drivers to try, in this order."""
    if wanted := environment.get("SDL_VIDEODRIVER"):
        return (wanted,)
    named = (("wayland", environment.get("WAYLAND_DISPLAY")), ("x11", environment.get("DISPLAY")), ("kmsdrm", "/dev"))
    return tuple(driver for driver, there in named if there)
