"""A plain RTSP client: sends requests, keeps every byte that comes, tells answers and interleaved packets apart."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from gate.clock import Clock

BOUND_SECONDS = 5.0


@dataclass(slots=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes


@dataclass(slots=True)
class RestreamClient:
    """On one connection. `packets`: channel and content, in order."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    clock: Clock
    url: str
    packets: list[tuple[int, bytes]] = field(default_factory=list)
    session: str = ""
    last_media_ns: int = 0
    _sequence: int = 0

    async def ask(self, method: str, track: str = "", **headers: str) -> Answer:
        """The answer to one request; packets that come before it are kept."""
        self._sequence += 1
        lines = [f"{method} {self.url}{track} RTSP/1.0", f"CSeq: {self._sequence}"]
        lines += [f"Session: {self.session}"] if self.session else []
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        self.writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
        answer = await self._next()
        while answer is None:
            answer = await self._next()
        assert answer.headers.get("cseq") == str(self._sequence)
        self.session = answer.headers.get("session", self.session).partition(";")[0]
        return answer

    async def play(self) -> None:
        """From DESCRIBE to PLAY, of the pictures alone."""
        assert (await self.ask("DESCRIBE")).status == 200
        assert (await self.ask("SETUP", "/video", Transport="RTP/AVP/TCP;unicast;interleaved=0-1")).status == 200
        assert (await self.ask("PLAY")).status == 200

    async def until_packets(self, count: int) -> None:
        while len(self.packets) < count:
            await self._next()

    async def until_closed(self) -> None:
        try:
            while True:
                await self._next()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass

    async def _next(self) -> Answer | None:
        async with self.clock.timeout(BOUND_SECONDS):
            first = await self.reader.readexactly(1)
            if first == b"$":
                channel, *size = await self.reader.readexactly(3)
                self.packets.append((channel, await self.reader.readexactly(int.from_bytes(bytes(size), "big"))))
                if channel % 2 == 0:
                    self.last_media_ns = self.clock.now_ns()
                return None
            head = (first + await self.reader.readuntil(b"\r\n\r\n")).decode()
            line, *lines = head.strip().split("\r\n")
            headers = {name.lower(): value for name, value in (entry.split(": ", 1) for entry in lines)}
            body = await self.reader.readexactly(int(headers.get("content-length", "0")))
            return Answer(int(line.split()[1]), headers, body)


@contextlib.asynccontextmanager
async def connected(address: str, path: str, clock: Clock) -> AsyncIterator[RestreamClient]:
    """`address`: rtsp://host:port/."""
    host, _, port = address.removeprefix("rtsp://").rstrip("/").rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        yield RestreamClient(reader, writer, clock, address + path)
    finally:
        writer.transport.abort()
