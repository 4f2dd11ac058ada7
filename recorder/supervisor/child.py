"""One supervised process: its reports, its restarts, its end.

A child prints JSON lines on stdout: `{"ready": {name: address}}` once it works, and, while it prepares,
`{"progress": {"what": …, "done": 0.4}}`. Its stderr is for people and is passed on.
"""

import asyncio
import contextlib
import ctypes
import json
import logging
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import anyio

from gate.cancelled import raise_if_cancelled
from gate.clock import Clock
from recorder.errors import RecorderError

_log = logging.getLogger(__name__)

END_SECONDS = 4.0
"""How long a child may take to end before it is killed."""
RESTART_SECONDS = (1.0, 2.0, 5.0, 10.0, 30.0)
STEADY_SECONDS = 60.0
"""A child that ran this long begins with the shortest wait again."""
SPARE_AFTER_SECONDS = 3.0
"""A spare imports only when its predecessor works: both at once would take twice as long."""
LINE_BYTES_MAX = 1 << 16
_CANNOT_START = 2
"""Exit status of a child that has said in one sentence why it cannot work. Where it never has, its configuration is
wrong, and trying again would not help; later it is a death like another: a port still taken, a disk full for now."""
_PR_SET_PDEATHSIG = 1


class ChildError(RecorderError):
    """A child cannot start; it has said why on stderr."""


class Child:
    """`python -m MODULE ARGUMENTS…`, run until cancelled. `spared`: a second one waits, everything imported, to take
    its place when it has been sent `away`. `after`: until that it only imports."""

    def __init__(
        self,
        *,
        name: str,
        module: str,
        arguments: Sequence[str],
        clock: Clock,
        on_report: Callable[[str, Any], None],
        spared: bool = False,
        after: asyncio.Event | None = None,
    ) -> None:
        self.name = name
        self.ready = asyncio.Event()
        self.addresses: dict[str, str] = {}
        self._waits = spared or after is not None
        waiting = ["recorder.supervisor.spare"] if self._waits else []
        self._command = [sys.executable, "-m", *waiting, module, *arguments]
        self._spared = spared
        self._after = after
        self._spare: asyncio.subprocess.Process | None = None
        self._clock = clock
        self._on_report = on_report
        self._process: asyncio.subprocess.Process | None = None
        self._wanted = asyncio.Event()
        self._wanted.set()
        self._away = asyncio.Event()
        self._away.set()
        self._pause: anyio.CancelScope | None = None
        self._has_worked = False

    @property
    def pid(self) -> int | None:
        """The process id while it lives."""
        return self._process.pid if self._process is not None and self._process.returncode is None else None

    async def run(self) -> None:
        """Runs the process for ever, with growing waits between deaths. Raises ChildError if it cannot start the first
        time."""
        try:
            if self._after is not None:
                with contextlib.suppress(OSError):  # it is tried again when it may begin
                    await self._make_spare()
                await self._after.wait()
            await self._run()
        finally:
            if self._spare is not None:
                await self._end(self._spare)

    async def _run(self) -> None:
        failures = 0
        while True:
            await self._wanted.wait()
            started_ns = self._clock.monotonic_ns()
            try:
                status: int | None = await self._run_once()
            except (OSError, ValueError) as error:  # it cannot be started, or writes lines without end
                _log.warning("%s: %s", self.name, error)
                status = None
            raise_if_cancelled()
            if not self._wanted.is_set():
                failures = 0
                continue
            if status == _CANNOT_START and not self._has_worked:
                raise ChildError(f"{self.name} cannot start (its reason is above)")
            if self._clock.monotonic_ns() - started_ns > STEADY_SECONDS * 1e9:
                failures = 0
            wait = RESTART_SECONDS[min(failures, len(RESTART_SECONDS) - 1)]
            failures += 1
            _log.warning("%s ended with status %s; starting it again in %.0f s", self.name, status, wait)
            with anyio.CancelScope() as self._pause:
                await self._clock.sleep(wait)

    @contextlib.asynccontextmanager
    async def away(self) -> AsyncIterator[None]:
        """The process is killed outright, and none lives while the body runs; then it starts anew at once, and is
        `ready` again when it says so. For who takes away what it works on."""
        self._wanted.clear()
        self.ready.clear()
        self._kill()
        if self._pause is not None:
            self._pause.cancel()
        try:
            await self._away.wait()
            yield
        finally:
            self._wanted.set()

    def _kill(self) -> None:
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)  # with its workers, who hold its stdout open

    async def _run_once(self) -> int:
        self._away.clear()
        try:
            return await self._live()
        finally:
            self._away.set()

    async def _live(self) -> int:
        process = await self._begin()
        self._process = process
        if not self._wanted.is_set():  # sent away while it was being started
            self._kill()
        assert process.stdout is not None
        sparing = asyncio.create_task(self._make_successor()) if self._spared else None
        try:
            async for line in process.stdout:
                self._hear(line)
            return await process.wait()
        finally:
            if sparing is not None:
                sparing.cancel()
                await asyncio.gather(sparing, return_exceptions=True)
            await self._end(process)

    async def _begin(self) -> asyncio.subprocess.Process:
        if not self._waits:
            return await self._spawn()
        process, self._spare = self._spare, None
        if process is None or process.returncode is not None:
            process = await self._spawn()
        assert process.stdin is not None
        process.stdin.write(b"now\n")
        process.stdin.close()
        return process

    async def _make_successor(self) -> None:
        await self.ready.wait()
        await self._clock.sleep(SPARE_AFTER_SECONDS)
        await self._make_spare()

    async def _make_spare(self) -> None:
        spawning = asyncio.ensure_future(self._spawn())
        try:
            self._spare = await asyncio.shield(spawning)
        except asyncio.CancelledError:
            self._spare = await spawning  # one that is half begun would belong to nobody
            raise

    async def _spawn(self) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *self._command,
            stdin=asyncio.subprocess.PIPE if self._waits else asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            limit=LINE_BYTES_MAX,
            start_new_session=True,
            preexec_fn=_die_with_parent,
        )

    def _hear(self, line: bytes) -> None:
        try:
            message = json.loads(line)
            items = list(message.items())
        except (ValueError, AttributeError):
            _log.info("%s: %s", self.name, line.decode(errors="replace").rstrip())
            return
        for kind, content in items:
            if kind == "ready":
                self.addresses = content
                self._has_worked = True
                self.ready.set()
            self._on_report(kind, content)

    async def _end(self, process: asyncio.subprocess.Process) -> None:
        """Ends the process, also if the supervisor is cancelled meanwhile: nothing is left behind."""
        ending = asyncio.ensure_future(self._terminate(process))
        try:
            await asyncio.shield(ending)
        except asyncio.CancelledError:
            await ending
            raise

    async def _terminate(self, process: asyncio.subprocess.Process) -> None:
        if process.returncode is not None:
            return
        process.send_signal(signal.SIGTERM)
        try:
            async with self._clock.timeout(END_SECONDS):
                await process.wait()
        except TimeoutError:
            _log.warning("%s did not end within %.0f s and was killed", self.name, END_SECONDS)
            process.kill()
            await process.wait()


def _die_with_parent() -> None:
    """Linux: a child whose supervisor is killed outright gets SIGTERM, so that nothing is left behind."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
