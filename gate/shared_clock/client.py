"""A process's side of a shared clock: the machine's time plus the site's offset, moved in steps by the server."""

import asyncio
import contextlib
import json
import logging
import os
from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from gate.cancelled import raise_if_cancelled
from gate.clock import Clock, SystemClock, instant_of, ns_of
from gate.shared_clock.errors import ClockServerError
from gate.shared_clock.server import ClockServer, read_offset_ns

_log = logging.getLogger(__name__)

LINE_BYTES_MAX = 1 << 20
HELLO_SECONDS = 5.0
RECONNECT_SECONDS = 0.5
SETTLE_SECONDS = 1.8
"""How long due work may take before the step is acknowledged all the same; the server gives up after 2 s."""
_QUIET_ROUNDS = 20
"""Loop iterations after the last due task slept again: whoever it woke gets to run, too."""


class SharedClock(SystemClock):
    """Follows the server; loses it without losing the time (the offset stays), and comes back by itself."""

    def __init__(self, socket: Path, name: str) -> None:
        super().__init__()
        self._socket = socket
        self._name = name
        self._expiries: dict[str, int] = {}
        self._wrong_ns = 0
        self._busy: set[asyncio.Task[Any]] = set()
        self._idle = asyncio.Event()
        self._report_due = asyncio.Event()

    def now_ns(self) -> int:
        return super().now_ns() + self._wrong_ns

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Says hello and takes the offset. Raises ClockServerError."""
        try:
            async with self.timeout(HELLO_SECONDS):
                reader, writer = await asyncio.open_unix_connection(self._socket, limit=LINE_BYTES_MAX)
                _send(writer, {"hello": {"name": self._name, "pid": os.getpid()}})
                line = await reader.readline()
            told = json.loads(line)
            offset_ns, wrong_ns = int(told["offset_ns"]), int(told.get("wrong_ns", 0))
        except (OSError, TimeoutError, ValueError, KeyError) as error:
            reason = "does not answer" if isinstance(error, TimeoutError) else "cannot be reached"
            raise ClockServerError(f"the clock server at {self._socket} {reason}: is the site running?") from error
        if (offset_ns, wrong_ns) != (self._offset_ns, self._wrong_ns):
            self._offset_ns, self._wrong_ns = offset_ns, wrong_ns
            self._step()
        return reader, writer

    async def follow(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Obeys steps for ever, connecting again when the server is gone."""
        while True:
            try:
                async with asyncio.TaskGroup() as group:
                    reports = group.create_task(self._report(writer))
                    await self._obey(reader, writer)
                    reports.cancel()
            except* (OSError, ValueError, KeyError) as errors:
                _log.warning("shared clock: connection lost: %s", errors.exceptions[0])
            finally:
                writer.close()
            raise_if_cancelled()
            reader, writer = await self._reconnect()

    def announce_expiries(self, expiries: Mapping[str, datetime]) -> None:
        self._expiries = {camera: ns_of(instant) for camera, instant in expiries.items()}
        self._report_due.set()

    async def sleep_until(self, instant: datetime) -> None:
        self._rest(asyncio.current_task())
        await super().sleep_until(instant)

    def _deadlines_changed(self) -> None:
        self._report_due.set()

    async def _reconnect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        while True:
            await self.sleep(RECONNECT_SECONDS)
            with contextlib.suppress(ClockServerError):
                connection = await self.connect()
                _log.info("shared clock: connected again")
                return connection

    async def _obey(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            message = json.loads(line)
            self._offset_ns, self._wrong_ns = int(message["offset_ns"]), int(message.get("wrong_ns", 0))
            await self._fire_due()
            _send(writer, {"ack": message["step"]} | self._deadlines())
            await writer.drain()

    async def _fire_due(self) -> None:
        now_ns = self.now_ns()
        for sleeper in self._sleepers:
            if sleeper.deadline_ns <= now_ns and sleeper.task is not None:
                self._busy.add(sleeper.task)
                sleeper.task.add_done_callback(self._rest)
        self._step()
        self._idle.clear()
        if self._busy:
            try:
                async with self.timeout(SETTLE_SECONDS):
                    await self._idle.wait()
            except TimeoutError:
                names = sorted(task.get_name() for task in self._busy)
                _log.warning("shared clock: still at work after a step: %s", ", ".join(names))
                self._busy.clear()
        for _ in range(_QUIET_ROUNDS):
            await self.sleep(0)

    def _rest(self, task: "asyncio.Task[Any] | None") -> None:
        if task in self._busy:
            self._busy.discard(task)
            if not self._busy:
                self._idle.set()

    async def _report(self, writer: asyncio.StreamWriter) -> None:
        while True:
            self._report_due.clear()
            _send(writer, self._deadlines())
            await writer.drain()
            await self._report_due.wait()

    def _deadlines(self) -> dict[str, Any]:
        nearest = min((sleeper.deadline_ns for sleeper in self._sleepers), default=None)
        site_ns = None if nearest is None else nearest - self._wrong_ns
        return {"deadline_ns": site_ns, "expiries": self._expiries}


def _send(writer: asyncio.StreamWriter, message: dict[str, Any]) -> None:
    writer.write(json.dumps(message).encode() + b"\n")


def stopped_site_now(mode: Literal["system", "shared"], state: Path) -> datetime:
    """The wall time of a site that need not run: its offset is read from `state`. Raises ClockServerError."""
    offset_ns = read_offset_ns(state) if mode == "shared" else 0
    return instant_of(SystemClock().now_ns() + offset_ns)


@contextlib.asynccontextmanager
async def open_clock(
    mode: Literal["system", "shared"], socket: Path | None, name: str, *, state: Path | None = None
) -> AsyncIterator[Clock]:
    """The clock a process lives on. With `state`, this process hosts the server itself where none answers; the offset
    is kept in that file. Raises ClockServerError."""
    if mode == "system" or socket is None:
        system = SystemClock()
        try:
            yield system
        finally:
            system.close()
        return
    async with contextlib.AsyncExitStack() as stack:
        clock = SharedClock(socket, name)
        stack.callback(clock.close)
        try:
            connection = await clock.connect()
        except ClockServerError:
            if state is None:
                raise
            await stack.enter_async_context(ClockServer(socket, state).serving())
            connection = await clock.connect()
        stack.callback(connection[1].close)  # a task cancelled before its first step closes nothing
        following = asyncio.create_task(clock.follow(*connection), name="shared clock")
        try:
            yield clock
        finally:
            following.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await following
