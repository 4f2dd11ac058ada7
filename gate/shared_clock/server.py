"""The clock server of a site: keeps the offset, and moves it in steps that nobody misses.

`advance` goes to the nearest deadline of any client, waits until everyone has done what was due and says so (2 s at
most; then it names who did not), and again until the target. A jump of two years so runs every job on its own date.
"""

import asyncio
import contextlib
import json
import logging
import os
import stat
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

from gate.clock import SystemClock, instant_of
from gate.shared_clock.errors import ClockCommandError, ClockServerError
from gate.shared_clock.grammar import parse_command, target_ns
from gate.shared_clock.wrong import WrongClock, names_of, parse_wrong

_log = logging.getLogger(__name__)

STATE_NAME = "clock.json"
"""The offset's file in a device's data directory."""
ACK_SECONDS = 2.0
LINE_BYTES_MAX = 1 << 20
CLIENTS_MAX = 64
STEPS_MAX = 1_000_000
"""Bound of one command: a process that sets itself a deadline at every nanosecond must not hold the site for ever."""
PROGRESS_SECONDS = 0.5


class _Client:
    def __init__(self, name: str, writer: asyncio.StreamWriter) -> None:
        self.name = name
        self.writer = writer
        self.deadline_ns: int | None = None
        self.expiries: dict[str, int] = {}
        self.acknowledged = 0
        self.heard = asyncio.Event()

    def hear(self, message: dict[str, Any]) -> None:
        self.deadline_ns = message["deadline_ns"]
        self.expiries = message["expiries"]
        self.acknowledged = max(self.acknowledged, message.get("ack", 0))
        self.heard.set()


class ClockServer:
    """`socket`: mode 0600. `state`: where the offset is kept; it only ever grows."""

    def __init__(self, socket: Path, state: Path) -> None:
        self._socket = socket
        self._state = state
        self._clock = SystemClock()
        self._clients: set[_Client] = set()
        self._connections: set[asyncio.Task[Any]] = set()
        self._stepping = asyncio.Lock()
        self._step = 0
        self._inode = 0
        self._wrong_ns: dict[str, int] = {}
        self.offset_ns = read_offset_ns(state)

    @contextlib.asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        """Serves until the body ends. Raises ClockServerError if the socket is taken or cannot be made."""
        server = await self._listen()
        try:
            yield
        finally:
            server.close()
            for connection in self._connections:
                connection.cancel()
            await asyncio.gather(*self._connections, return_exceptions=True)
            with contextlib.suppress(OSError):
                if self._socket.stat().st_ino == self._inode:
                    self._socket.unlink()

    def now_ns(self) -> int:
        """The site's wall time."""
        return self._clock.now_ns() + self.offset_ns

    async def start_over(self) -> set[str]:
        """Back to the machine's time: for a site whose data have just been wiped, the one case in which this clock goes
        back. Gives the names of those who did not acknowledge in time. Raises ClockCommandError."""
        async with self._stepping:
            return await self._move_to(0)

    async def _listen(self) -> asyncio.Server:
        if await answers(self._socket):
            raise ClockServerError(f"another clock server answers at {self._socket}: one site has one clock")
        old_mask = os.umask(0o077)
        try:
            self._socket.parent.mkdir(parents=True, exist_ok=True)
            self._remove_stale()
            os.umask(0o177)
            server = await asyncio.start_unix_server(self._serve, self._socket, limit=LINE_BYTES_MAX)
            self._inode = self._socket.stat().st_ino
            return server
        except OSError as error:
            raise ClockServerError(f"the clock's socket {self._socket} cannot be made: {error}") from None
        finally:
            os.umask(old_mask)

    def _remove_stale(self) -> None:
        try:
            mode = self._socket.lstat().st_mode
        except FileNotFoundError:
            return
        if not stat.S_ISSOCK(mode):
            raise ClockServerError(f"{self._socket} is no socket and stays as it is: name another clock.socket")
        self._socket.unlink()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            first = json.loads(await reader.readline() or b"{}")
            if "command" in first:
                await self._command(str(first["command"]), writer)
            elif "hello" in first and len(self._clients) < CLIENTS_MAX:
                await self._follow(str(first["hello"]["name"]), reader, writer)
        except (OSError, ValueError, KeyError, TypeError) as error:
            _log.warning("shared clock: a connection was dropped: %r", error)
        except asyncio.CancelledError:
            pass  # the server closes; asyncio logs a handler that ends cancelled as an error
        finally:
            self._connections.discard(task)
            writer.close()

    async def _follow(self, name: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        client = _Client(name, writer)
        _send(writer, self._time_of(name))
        self._clients.add(client)
        try:
            while line := await reader.readline():
                client.hear(json.loads(line))
        finally:
            self._clients.discard(client)
            client.heard.set()

    async def _command(self, text: str, writer: asyncio.StreamWriter) -> None:
        try:
            if text == "show":
                await _answer(writer, {"done": self._summary(0, set())})
                return
            wrong = parse_wrong(text)
            async with self._stepping:
                if wrong is not None:
                    await _answer(writer, {"done": self._summary(0, await self._set_wrong(wrong))})
                else:
                    await self._run_command(text, writer)
        except ClockCommandError as error:
            await _answer(writer, {"error": str(error)})

    async def _run_command(self, text: str, writer: asyncio.StreamWriter) -> None:
        expiries = {camera: at for client in self._clients for camera, at in client.expiries.items()}
        target = target_ns(
            parse_command(text), now_ns=self.now_ns(), deadlines_ns=self._deadlines(), expiries_ns=expiries
        )
        steps, late = 0, set[str]()
        shown_ns = self._clock.monotonic_ns()
        while True:
            before_ns = self.now_ns()
            to_ns = min([target, *(at for at in self._deadlines() if at > before_ns)])
            late |= await self._step_to(to_ns)
            steps += 1
            if to_ns == target or steps >= STEPS_MAX:
                break
            if self._clock.monotonic_ns() - shown_ns > PROGRESS_SECONDS * 1e9:
                shown_ns = self._clock.monotonic_ns()
                await _answer(
                    writer, {"progress": {"now": _iso(self.now_ns()), "target": _iso(target), "steps": steps}}
                )
        await _answer(writer, {"done": self._summary(steps, late)})

    async def _set_wrong(self, wrong: WrongClock) -> set[str]:
        names = names_of(wrong.process, {client.name for client in self._clients})
        for name in names:
            self._wrong_ns[name] = wrong.ahead // timedelta(microseconds=1) * 1000
        return await self._tell({client for client in self._clients if client.name in names})

    def _time_of(self, name: str) -> dict[str, int]:
        return {"offset_ns": self.offset_ns, "wrong_ns": self._wrong_ns.get(name, 0)}

    def _summary(self, steps: int, late: set[str]) -> dict[str, Any]:
        clients = {client.name: client.deadline_ns and _iso(client.deadline_ns) for client in self._clients}
        expiries = {camera: _iso(at) for client in self._clients for camera, at in sorted(client.expiries.items())}
        return {
            "now": _iso(self.now_ns()),
            "offset_ns": self.offset_ns,
            "steps": steps,
            "late": sorted(late),
            "clients": clients,
            "expiries": expiries,
            "wrong_seconds": {name: ns / 1e9 for name, ns in sorted(self._wrong_ns.items()) if ns},
        }

    def _deadlines(self) -> list[int]:
        return [client.deadline_ns for client in self._clients if client.deadline_ns is not None]

    async def _step_to(self, to_ns: int) -> set[str]:
        """One step, everywhere. Gives the names of those who did not acknowledge in time."""
        return await self._move_to(max(to_ns - self._clock.now_ns(), self.offset_ns))

    async def _move_to(self, offset_ns: int) -> set[str]:
        try:
            await asyncio.to_thread(_write_offset_ns, self._state, offset_ns)
        except OSError as error:
            raise ClockCommandError(f"{self._state}: the offset cannot be kept, so time stays: {error}") from None
        self.offset_ns = offset_ns
        return await self._tell(set(self._clients))

    async def _tell(self, waiting: set[_Client]) -> set[str]:
        self._step += 1
        for client in waiting:
            _send(client.writer, {"step": self._step} | self._time_of(client.name))
        with contextlib.suppress(TimeoutError):
            async with self._clock.timeout(ACK_SECONDS):
                for client in waiting:
                    while client.acknowledged < self._step and client in self._clients:
                        client.heard.clear()
                        await client.heard.wait()
        late = {c.name for c in waiting if c.acknowledged < self._step and c in self._clients}
        if late:
            _log.warning("shared clock: no answer within %.0f s from %s", ACK_SECONDS, ", ".join(sorted(late)))
        return late


def _iso(utc_ns: int) -> str:
    return instant_of(utc_ns).isoformat(timespec="milliseconds")


def _send(writer: asyncio.StreamWriter, message: dict[str, Any]) -> None:
    writer.write(json.dumps(message).encode() + b"\n")


async def _answer(writer: asyncio.StreamWriter, message: dict[str, Any]) -> None:
    _send(writer, message)
    await writer.drain()


async def answers(socket: Path) -> bool:
    """Whether somebody serves this socket."""
    try:
        _, writer = await asyncio.open_unix_connection(socket)
    except OSError:
        return False
    writer.close()
    return True


def read_offset_ns(state: Path) -> int:
    """The offset kept in a site's file, 0 where there is none. Raises ClockServerError."""
    try:
        return int(json.loads(state.read_text())["offset_ns"])
    except FileNotFoundError:
        return 0
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ClockServerError(
            f"{state}: the clock's offset cannot be read ({error}); `edge-recorder clock reset` starts the site anew"
        ) from None


def _write_offset_ns(state: Path, offset_ns: int) -> None:
    state.parent.mkdir(parents=True, exist_ok=True)
    temporary = state.with_suffix(".tmp")
    with temporary.open("w") as file:
        file.write(json.dumps({"offset_ns": offset_ns}))
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(state)
