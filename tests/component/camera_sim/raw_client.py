"""A client of its own making: requests and packets as bytes, nothing taken from the server."""

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from camera_sim.marks import PictureMark, parse_sei
from gate.clock import Clock

PATIENCE_SECONDS = 10


@dataclass(kw_only=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes


@dataclass(kw_only=True)
class Picture:
    """One access unit as received. `sequences`: of its packets."""

    rtp_time: int
    sequences: list[int] = field(default_factory=list)
    nals: list[bytes] = field(default_factory=list)

    @property
    def key(self) -> bool:
        return any(nal[0] & 31 == 5 for nal in self.nals)

    @property
    def mark(self) -> PictureMark:
        found = [mark for nal in self.nals if (mark := parse_sei(nal)) is not None]
        assert len(found) == 1
        return found[0]

    @property
    def slices(self) -> bytes:
        return b"".join(nal for nal in self.nals if nal[0] & 31 in (1, 5))

    @property
    def annex_b(self) -> bytes:
        return b"".join(b"\0\0\0\1" + nal for nal in self.nals)


class RawClient:
    """One connection. Interleaved frames met on the way to an answer are kept for `packet`."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, base: str, clock: Clock) -> None:
        self.reader, self.writer, self.base = reader, writer, base
        self.clock = clock
        self.session = ""
        self.reports: list[bytes] = []
        self._sequence = 0
        self._packets: list[bytes] = []

    async def ask(self, method: str, path: str, body: bytes = b"", **headers: str) -> Answer:
        self._sequence += 1
        lines = [f"{method} {self.base}{path} RTSP/1.0", f"CSeq: {self._sequence}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        lines += [f"Session: {self.session}"] if self.session else []
        lines += [f"Content-Length: {len(body)}"] if body else []
        self.writer.write("\r\n".join([*lines, "", ""]).encode() + body)
        answer = await self.answer()
        assert answer.headers["cseq"] == str(self._sequence)
        return answer

    async def play(self, path: str) -> Answer:
        """SETUP and PLAY; the answer to PLAY."""
        answer = await self.ask("SETUP", f"{path}/trackID=0", Transport="RTP/AVP/TCP;unicast;interleaved=0-1")
        self.session = answer.headers["session"].partition(";")[0]
        self.ssrc = int(answer.headers["transport"].partition("ssrc=")[2][:8], 16)
        return await self.ask("PLAY", path)

    async def answer(self) -> Answer:
        async with self.clock.timeout(PATIENCE_SECONDS):
            while (first := await self.reader.readexactly(1)) == b"$":
                self._keep(*await self._frame())
            head = first + await self.reader.readuntil(b"\r\n\r\n")
            status, *lines = head.decode().split("\r\n")
            headers = {
                name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)
            }
            body = await self.reader.readexactly(int(headers.get("content-length", 0)))
        return Answer(status=int(status.split(" ")[1]), headers=headers, body=body)

    async def packet(self) -> bytes:
        """The next RTP packet; reports are put aside."""
        async with self.clock.timeout(PATIENCE_SECONDS):
            while not self._packets:
                assert await self.reader.readexactly(1) == b"$"
                self._keep(*await self._frame())
        return self._packets.pop(0)

    async def picture(self) -> Picture:
        """The next whole access unit."""
        picture: Picture | None = None
        while True:
            packet = await self.packet()
            _, marker, sequence, rtp_time, ssrc = struct.unpack_from(">BBHII", packet)
            assert ssrc == self.ssrc
            picture = picture or Picture(rtp_time=rtp_time)
            assert picture.rtp_time == rtp_time
            picture.sequences.append(sequence)
            payload = packet[12:]
            if payload[0] & 31 != 28:
                picture.nals.append(payload)
            elif payload[1] & 0x80:
                picture.nals.append(bytes([payload[0] & 0xE0 | payload[1] & 31]) + payload[2:])
            else:
                picture.nals[-1] += payload[2:]
            if marker & 0x80:
                return picture

    def want_key(self) -> None:
        """Sends an RTCP PLI."""
        pli = struct.pack(">BBHII", 0x81, 206, 2, 1, self.ssrc)
        self.writer.write(b"$\x01" + struct.pack(">H", len(pli)) + pli)

    async def rest(self) -> bytes:
        """Whatever comes until the server closes."""
        async with self.clock.timeout(PATIENCE_SECONDS):
            return await self.reader.read(-1)

    def _keep(self, channel: int, packet: bytes) -> None:
        (self._packets if channel == 0 else self.reports).append(packet)

    async def _frame(self) -> tuple[int, bytes]:
        channel, size = struct.unpack(">BH", await self.reader.readexactly(3))
        return channel, await self.reader.readexactly(size)


@asynccontextmanager
async def connected(port: int, clock: Clock) -> AsyncIterator[RawClient]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 22)
    try:
        yield RawClient(reader, writer, f"rtsp://127.0.0.1:{port}", clock)
    finally:
        writer.close()
