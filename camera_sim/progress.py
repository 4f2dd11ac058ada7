"""What people and supervisors see while loops are encoded: a bar on a terminal, a line now and then otherwise."""

import json
import sys
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn

from camera_sim.clips.workshop import Workshop
from gate.clock import Clock

WHAT = "encoding loops"
_LOOK_SECONDS = 0.5
_LINE_SECONDS = 5.0


class Display(Protocol):
    """Somewhere to show how far it is, 0 to 1."""

    def show(self, done: float) -> None:
        """Called about twice a second, and with 1 at the end."""


class Bar:
    """A bar on stderr that goes when all is done. Nothing is drawn if all was there from the start."""

    def __init__(self) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"))
        self._progress = Progress(*columns, console=Console(stderr=True), transient=True)
        self._task: TaskID | None = None

    def show(self, done: float) -> None:
        if self._task is None:
            if done >= 1:
                return
            self._progress.start()
            self._task = self._progress.add_task(WHAT, total=1.0)
        self._progress.update(self._task, completed=done)
        if done >= 1:
            self._progress.stop()
            self._task = None


class Lines:
    """A line on stderr every few seconds."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._next_ns: int | None = None

    def show(self, done: float) -> None:
        now_ns = self._clock.monotonic_ns()
        if done < 1 and (self._next_ns is None or now_ns >= self._next_ns):
            self._next_ns = now_ns + round(_LINE_SECONDS * 1e9)
            print(f"{WHAT}: {done * 100:.0f} %", file=sys.stderr, flush=True)
        elif done >= 1 and self._next_ns is not None:
            self._next_ns = None
            print(f"{WHAT}: done", file=sys.stderr, flush=True)


class Reports:
    """JSON lines on stdout for a supervising process, one for each whole percent."""

    def __init__(self) -> None:
        self._percent: int | None = None

    def show(self, done: float) -> None:
        percent = int(done * 100)
        if percent != self._percent and not (self._percent is None and percent == 100):
            self._percent = percent
            print(json.dumps({"progress": {"what": WHAT, "done": done}}), flush=True)


async def follow(workshop: Workshop, display: Display, clock: Clock) -> None:
    """Shows how far the loops are, whenever something is missing, for ever."""
    while True:
        while workshop.done < workshop.total:
            display.show(workshop.done / workshop.total)
            await clock.sleep(_LOOK_SECONDS)
        display.show(1.0)
        await workshop.wait_missing()
