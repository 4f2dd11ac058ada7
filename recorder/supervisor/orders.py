"""What a demo site does at the orders of its show board (docs/protocols.md, "Orders to a demo site"): a unix socket of
this user's alone, one JSON object a line."""

import asyncio
import contextlib
import json
import logging
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from gate.client.errors import LicensingError
from gate.shared_clock.errors import ClockError
from recorder.errors import RecorderError

LINE_BYTES_MAX = 4096
CONNECTIONS_MAX = 8

Order = Callable[[], Awaitable[Mapping[str, Any]]]

_log = logging.getLogger(__name__)


class Orders:
    """`known`: what each order does and answers. They are carried out one after another."""

    def __init__(self, place: Path, known: Mapping[str, Order]) -> None:
        self._socket = place
        self._known = known
        self._one_at_a_time = asyncio.Lock()
        self._connections: set[asyncio.Task[Any]] = set()

    @asynccontextmanager
    async def taken(self) -> AsyncIterator[None]:
        """Orders are taken until the body ends. Raises RecorderError if the socket cannot be made."""
        try:
            server = await asyncio.start_unix_server(self._serve, sock=self._bound(), limit=LINE_BYTES_MAX)
        except OSError as error:
            raise RecorderError(f"{self._socket}: orders cannot be taken there: {error.strerror or error}") from None
        try:
            yield
        finally:
            server.close()
            for connection in self._connections:
                connection.cancel()
            await asyncio.gather(*self._connections, return_exceptions=True)
            self._socket.unlink(missing_ok=True)

    def _bound(self) -> socket.socket:
        """Raises RecorderError, OSError. Without a pause: a process that is begun meanwhile would keep the mask."""
        if self._socket.exists() and not self._socket.is_socket():
            raise RecorderError(f"{self._socket} is no socket and stays as it is: name another place (orders:)")
        sock = socket.socket(socket.AF_UNIX)
        before = os.umask(0o177)
        try:
            self._socket.unlink(missing_ok=True)
            sock.bind(str(self._socket))
        except OSError:
            sock.close()
            raise
        finally:
            os.umask(before)
        return sock

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            while len(self._connections) <= CONNECTIONS_MAX and (line := await reader.readline()):
                answer = await self._carry_out(line)
                writer.write(json.dumps(answer, ensure_ascii=False).encode() + b"\n")
                await writer.drain()
        except (OSError, ValueError):
            pass  # it went away, or writes a line without end
        except asyncio.CancelledError:
            pass  # the site ends; asyncio logs a handler that ends cancelled as an error
        finally:
            self._connections.discard(task)
            with contextlib.suppress(OSError):
                writer.close()

    async def _carry_out(self, line: bytes) -> dict[str, Any]:
        try:
            order = json.loads(line)["order"]
            known = self._known[order]
        except (ValueError, KeyError, TypeError):
            return {"error": f'an order is {{"order": NAME}} with one of {", ".join(self._known)}'}
        try:
            async with self._one_at_a_time:
                return {"done": await known()}
        except (RecorderError, ClockError, LicensingError) as error:
            return {"error": str(error)}
        except OSError as error:
            _log.exception("order %s failed", order)
            return {"error": f"{order}: {error}"}
