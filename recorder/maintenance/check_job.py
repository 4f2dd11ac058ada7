"""The check of the index against the files, as a job of a running recorder: in a thread, slowly, one at a time."""

import asyncio
import logging
import threading
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import anyio

from gate.client.errors import LeaseDeniedError
from gate.client.gate import Gate
from gate.clock import Clock
from gate.licence.features import Feature
from recorder.maintenance.errors import MaintenanceError
from recorder.maintenance.index_check import as_json, check_index
from recorder.playback.archive import Archive

SHALLOW_PAUSE_SECONDS, SHALLOW_SEGMENTS = 0.002, 20
DEEP_PAUSE_SECONDS = 0.05
"""After so many segments, or each that was read whole, the disk is left to the recorder for that long."""

CheckPhase = Literal["none", "running", "done", "failed", "cancelled"]

_log = logging.getLogger(__name__)


class _StoppedError(Exception):
    pass


@dataclass(slots=True)
class CheckState:
    """`result`: as `edge-recorder index check --json` says it."""

    phase: CheckPhase = "none"
    deep: bool = False
    segments: int = 0
    total: int = 0
    begun_at: str | None = None
    ended_at: str | None = None
    result: dict[str, Any] | None = None
    problem: str = ""


class CheckJob:
    """`ask` begins one; `run` must be running. It lasts no longer than the licence for maintenance."""

    def __init__(self, *, archive: Archive, gate: Gate, clock: Clock) -> None:
        self._archive = archive
        self._gate = gate
        self._clock = clock
        self._asked = asyncio.Event()
        self._scope: anyio.CancelScope | None = None
        self.state = CheckState()

    def ask(self, *, deep: bool, segments: int) -> bool:
        """Begins a check; false if one is running. `segments`: how many there are, as far as is known."""
        if self.state.phase == "running":
            return False
        now = self._clock.now().isoformat(timespec="seconds")
        self.state = CheckState(phase="running", deep=deep, total=segments, begun_at=now)
        self._asked.set()
        return True

    def cancel(self) -> None:
        """Ends the one that is running."""
        if self._scope is not None:
            self._scope.cancel()

    async def run(self) -> None:
        """Carries out what is asked for, until cancelled."""
        while True:
            await self._asked.wait()
            self._asked.clear()
            state, stop = self.state, threading.Event()
            try:
                with anyio.CancelScope() as self._scope:
                    async with self._gate.lease(Feature.REMOTE_MAINTENANCE, None):
                        await self._check(state, stop)
            except LeaseDeniedError:
                pass
            finally:
                self._scope = None
                stop.set()
                if state.phase == "running":
                    state.phase = "cancelled"
                state.ended_at = self._clock.now().isoformat(timespec="seconds")

    async def _check(self, state: CheckState, stop: threading.Event) -> None:
        def progress(segments: int) -> None:
            state.segments = segments
            if state.deep or segments % SHALLOW_SEGMENTS == 0:
                pause = DEEP_PAUSE_SECONDS if state.deep else SHALLOW_PAUSE_SECONDS
                if stop.wait(pause):
                    raise _StoppedError

        work = partial(check_index, self._archive, deep=state.deep, progress=progress)
        try:
            result = await asyncio.get_running_loop().run_in_executor(None, work)
        except _StoppedError:
            return
        except MaintenanceError as error:
            state.phase, state.problem = "failed", str(error)
            return
        state.result, state.phase = dict(as_json(result)), "done"
        _log.info("storage check: %d segments, %s", result.segments, dict(result.counts) or "all as the index says")
