"""A stream as any other recorder or player takes it: RTSP over TCP, interleaved (RFC 2326). Our own client."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

from gate.verify.errors import ProbeError

_BODY_BYTES_MAX = 1 << 16
_RTP_CHANNEL = 0


class StreamRefusedError(Exception):
    """The recorder refuses the stream: `problem` is what it says."""

    def __init__(self, problem: dict[str, Any]) -> None:
        super().__init__(str(problem.get("title", "")))
        self.problem = problem


@asynccontextmanager
async def playing(url: str) -> AsyncIterator[AsyncIterator[bytes]]:
    """Asks for a stream's pictures; the body gets the content of RTP packets, one by one, until the recorder ends it.
    Raises StreamRefusedError, ProbeError for what is neither, and OSError."""
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port, limit=1 << 20)
    try:
        session = _Session(reader, writer, url)
        await session.ask("DESCRIBE")
        await session.ask("SETUP", "/video", "Transport: RTP/AVP/TCP;unicast;interleaved=0-1")
        await session.ask("PLAY")
        yield session.packets()
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError, IndexError) as error:
        raise ProbeError(f"{url} does not speak RTSP: {type(error).__name__} {error}") from None
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


class _Session:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, url: str) -> None:
        self._reader = reader
        self._writer = writer
        self._url = url
        self._sequence = 0
        self._id = ""

    async def ask(self, method: str, track: str = "", *headers: str) -> None:
        self._sequence += 1
        lines = [f"{method} {self._url}{track} RTSP/1.0", f"CSeq: {self._sequence}", "Accept-Language: en", *headers]
        lines += [f"Session: {self._id}"] if self._id else []
        self._writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
        line, *rest = (await self._reader.readuntil(b"\r\n\r\n")).decode().strip().split("\r\n")
        told = {name.lower(): value for name, _, value in (one.partition(": ") for one in rest)}
        body = await self._reader.readexactly(min(int(told.get("content-length", "0")), _BODY_BYTES_MAX))
        status = int(line.split()[1])
        if status == 403:
            problem: dict[str, Any] = json.loads(body)
            raise StreamRefusedError(problem)
        if status != 200:
            raise ProbeError(f"{self._url} answers {method} with {status}, which is neither yes nor no")
        self._id = told.get("session", self._id).partition(";")[0]

    async def packets(self) -> AsyncIterator[bytes]:
        while head := await self._reader.read(1):
            if head != b"$":
                raise ProbeError(f"{self._url} sends something that is no packet")
            channel, *size = await self._reader.readexactly(3)
            content = await self._reader.readexactly(int.from_bytes(bytes(size), "big"))
            if channel == _RTP_CHANNEL:
                yield content
