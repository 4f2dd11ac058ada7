"""`python -m hdmi_out.sinks.window_process FD OPTIONS`: the window itself, a process of its own under the monitor's.

A display that goes away may take its process with it (Xlib ends it, drivers crash): this one may, the monitor opens
another. Frames come in the shared memory FD; lines of JSON on stdin say what is in it, lines on stdout what happens:

- in: `{"canvas": [width, height]}` once, then `{"frame": true}` for each new frame; the end of stdin is the end.
- out: `{"opened": {"driver", "renderer", "width", "height"}}` or `{"failed": "why"}`; `{"taken": true}` when a frame
  is shown or refused, and its memory free again; `{"key": "ok"}`, `{"point": [x, y], "press": false}` (pixels of the
  canvas) and `{"close": true}` from the person in front of it; `{"trouble": "why"}` when the display takes no pictures.

Nothing but SDL is imported, so that it starts fast and stays small.
"""

import ctypes
import json
import mmap
import os
import select
import signal
import sys
from collections.abc import Iterator
from typing import Any, Protocol

from hdmi_out.sinks.window import EVENT_SECONDS, GoneError, Window

FAILURES_MAX = 30
"""After so many frames in a row that the display did not take it is opened anew."""
LINE_BYTES_MAX = 4096
EXIT_GONE = 3


class Display(Protocol):
    """What the program asks of a window."""

    def poll(self) -> tuple[list[dict[str, object]], bool]:
        """What the person did, and whether it must be drawn again."""

    def draw(self, frame: Any, width: int, height: int) -> bool:
        """Whether the display took the frame."""

    def error(self) -> str:
        """Why it did not."""


class Program:
    """Reads what the monitor says, shows frames, tells what happens."""

    def __init__(self, window: Display, memory_fd: int) -> None:
        self._window = window
        self._memory_fd = memory_fd
        self._frame: Any = None
        self._size = (0, 0)
        self._failures = 0
        self._buffer = b""

    def run(self) -> None:
        """Until the end of stdin. Raises GoneError when the display is to be opened anew."""
        while True:
            ready, _, _ = select.select([sys.stdin.fileno()], [], [], EVENT_SECONDS)
            fresh = False
            if ready:
                data = os.read(sys.stdin.fileno(), LINE_BYTES_MAX)
                if not data:
                    return
                for message in self._messages(data):
                    fresh = fresh or "frame" in message
                    if "canvas" in message:
                        self._open_memory(*message["canvas"])
            said, redraw = self._window.poll()
            for item in said:
                tell(item)
            if self._frame is not None and (fresh or redraw):
                self.show()
            if fresh:
                tell({"taken": True})

    def _messages(self, data: bytes) -> Iterator[Any]:
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        yield from map(json.loads, lines)

    def _open_memory(self, width: int, height: int) -> None:
        size = width * height * 3 // 2
        memory = mmap.mmap(self._memory_fd, size)
        self._frame, self._size = (ctypes.c_ubyte * size).from_buffer(memory), (width, height)

    def show(self) -> None:
        """Shows the frame in the memory. Raises GoneError when the display has taken none for too long."""
        if self._window.draw(self._frame, *self._size):
            self._failures = 0
            return
        self._failures += 1
        if self._failures == 1:
            tell({"trouble": self._window.error()})
        if self._failures >= FAILURES_MAX:
            raise GoneError(f"the display takes no pictures: {self._window.error()}")


def tell(message: dict[str, object]) -> None:
    """A line to the monitor."""
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def main(memory_fd: int, options: dict[str, Any]) -> int:
    """The program."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the monitor's; it then closes our stdin
    try:
        window = Window(full_screen=options["full_screen"], drivers=tuple(options["drivers"]))
        tell({"opened": window.opened})
        Program(window, memory_fd).run()
    except GoneError as error:
        tell({"failed": str(error)})
        return EXIT_GONE
    except BrokenPipeError:  # the monitor has gone
        sys.stdout = None
        return 0
    return 0


if __name__ == "__main__":
    status = main(int(sys.argv[1]), json.loads(sys.argv[2]))
    os._exit(status)  # SDL's and the driver's own ends may hang on a display that is gone
