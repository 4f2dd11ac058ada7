"""What runs beside a camera (its event sources, the backfill from its card): each a supervised task that begins anew
after a defect, and only where its part of the configuration has changed."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gate.cancelled import raise_if_cancelled
from gate.clock import Clock
from recorder.config import CameraConfig

RETRY_SECONDS = 5.0

Job = Callable[[], Coroutine[Any, Any, None]]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Watcher:
    """One job beside one camera. `settings`: what it was made from; equal ones go on undisturbed."""

    settings: object
    job: Job


Plan = Callable[[CameraConfig], Mapping[str, Watcher]]
"""The sources that a camera is to have, by name."""


class Watchers:
    """Use `apply` whenever the cameras change; `run` it in a task."""

    def __init__(self, *, plan: Plan, forget: Callable[[str], None], clock: Clock) -> None:
        """`forget`: told of a camera that is taken out, after its sources have ended."""
        self._plan = plan
        self._forget = forget
        self._clock = clock
        self._wanted: dict[tuple[str, str], Watcher] = {}
        self._cameras: set[str] = set()
        self._tasks: dict[tuple[str, str], asyncio.Task[None]] = {}
        self._group: asyncio.TaskGroup | None = None

    async def apply(self, cameras: Sequence[CameraConfig]) -> None:
        """Makes these the cameras that have something beside them."""
        wanted = {(camera.id, name): watcher for camera in cameras for name, watcher in self._plan(camera).items()}
        changed = [
            key for key, known in self._wanted.items() if key not in wanted or wanted[key].settings != known.settings
        ]
        begun = [key for key in wanted if key not in self._wanted or key in changed]
        await self._end(changed)
        self._wanted = {key: wanted[key] if key in begun else self._wanted[key] for key in wanted}
        ids = {camera.id for camera in cameras}
        for camera in self._cameras - ids:
            self._forget(camera)
        self._cameras = ids
        self._start(begun)

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as self._group:
            try:
                self._start(self._wanted)
                await asyncio.Event().wait()
            finally:
                self._group = None

    def _start(self, keys: Sequence[tuple[str, str]] | Mapping[tuple[str, str], Watcher]) -> None:
        if self._group is not None:
            for key in keys:
                self._tasks[key] = self._group.create_task(self._keep(*key, self._wanted[key].job), name=" ".join(key))

    async def _keep(self, camera: str, name: str, job: Job) -> None:
        while True:
            try:
                await job()
            except Exception:
                _log.exception("camera %s: %s ended by a defect; it begins again", camera, name)
            raise_if_cancelled()
            await self._clock.sleep(RETRY_SECONDS)

    async def _end(self, keys: Sequence[tuple[str, str]]) -> None:
        tasks = [task for key in keys if (task := self._tasks.pop(key, None)) is not None]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
