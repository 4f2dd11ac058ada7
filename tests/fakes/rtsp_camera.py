"""A camera over a real socket that does what a test tells it: answers, refuses, falls silent, sends pictures."""

import asyncio
import base64
import contextlib
import hashlib
import re
import socket
import struct
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field

from tests.fakes.h264_rtp import PPS, SPS, Packer, interleaved

REALM = "fake camera"
USER, PASSWORD = "admin", "right password"


@dataclass
class Request:
    method: str
    url: str
    headers: dict[str, str]


@dataclass
class FakeCamera:
    """`statuses`: what to answer by method instead of 200; `silent`: methods not answered; `login`: whether to ask for
    one, by `algorithm` (or "Basic"); `uses_of_nonce`: after so many a nonce is stale. `sdp`: replaces the description.
    `udp`: sends by UDP only; `on_way`: what the network makes of the packets of a picture."""

    statuses: dict[str, str] = field(default_factory=dict)
    silent: set[str] = field(default_factory=set)
    login: bool = False
    algorithm: str = "MD5"
    uses_of_nonce: int = 1000
    says_stale: bool = True
    session_seconds: int = 60
    sdp: str = ""
    udp: bool = False
    on_way: Callable[[list[bytes]], list[bytes]] = list
    requests: list[Request] = field(default_factory=list)
    feedback: list[bytes] = field(default_factory=list)
    connections: int = 0
    packer: Packer = field(default_factory=Packer)
    port: int = 0
    _writers: list[asyncio.StreamWriter] = field(default_factory=list)
    _sockets: list[socket.socket] = field(default_factory=list)
    _client: tuple[int, int] = (0, 0)
    _nonces: int = 0
    _uses: int = 0

    @property
    def url(self) -> str:
        return f"rtsp://127.0.0.1:{self.port}/stream"

    @property
    def methods(self) -> list[str]:
        return [request.method for request in self.requests]

    @property
    def open(self) -> int:
        """Connections open at present."""
        return len(self._writers)

    def send(self, nals: Sequence[bytes], timestamp: int) -> None:
        """Sends a picture to whoever is connected."""
        packets = self.on_way(self.packer.picture(nals, timestamp))
        if not self.udp:
            self.send_raw(interleaved(packets))
            return
        for packet in packets if self._sockets else ():
            self._sockets[0].sendto(packet, ("127.0.0.1", self._client[0]))

    def send_rtcp(self, packet: bytes) -> None:
        """Sends a compound packet of RTCP."""
        if self.udp:
            self._sockets[1].sendto(packet, ("127.0.0.1", self._client[1]))
        else:
            self.send_raw(interleaved([packet], channel=1))

    def send_raw(self, data: bytes) -> None:
        for writer in self._writers:
            writer.write(data)

    def hang_up(self) -> None:
        """Ends all connections."""
        for writer in self._writers:
            writer.close()

    def reset(self) -> None:
        """Ends all connections by RST."""
        for writer in self._writers:
            connection = writer.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()

    def key_requests(self) -> int:
        """Picture loss indications received."""
        return sum(b"\x81\xce\x00\x02" in packet for packet in self.feedback)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.append(writer)
        try:
            while True:
                first = await reader.readexactly(1)
                if first == b"$":
                    head = await reader.readexactly(3)
                    self.feedback.append(await reader.readexactly(int.from_bytes(head[1:], "big")))
                    continue
                text = (first + await reader.readuntil(b"\r\n\r\n")).decode()
                line, *lines = text.strip().split("\r\n")
                method, url, _ = line.split()
                headers = {name.lower(): value for name, value in (entry.split(": ", 1) for entry in lines)}
                self.requests.append(Request(method, url, headers))
                if method not in self.silent:
                    writer.write(self._answer(self.requests[-1]))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self._writers.remove(writer)
            writer.close()

    def _answer(self, request: Request) -> bytes:
        headers = {"CSeq": request.headers["cseq"]}
        status, body = self.statuses.get(request.method, "200 OK"), b""
        if self.login and self.algorithm == "Basic":
            if (
                request.headers.get("authorization")
                != "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
            ):
                status = "401 Unauthorized"
                headers["WWW-Authenticate"] = f'Basic realm="{REALM}"'
        elif self.login and not self._admits(request):
            status = "401 Unauthorized"
            stale = ", stale=true" if self.says_stale and "authorization" in request.headers else ""
            challenge = f'realm="{REALM}", nonce="{self._nonces}", qop="auth", algorithm={self.algorithm}{stale}'
            headers["WWW-Authenticate"] = "Digest " + challenge
        if not status.startswith("200"):
            pass
        elif request.method == "OPTIONS":
            headers["Public"] = "OPTIONS, DESCRIBE, SETUP, PLAY, GET_PARAMETER, TEARDOWN"
        elif request.method == "DESCRIBE":
            headers |= {"Content-Base": self.url + "/", "Content-Type": "application/sdp"}
            body = (self.sdp or description()).encode()
        elif request.method == "SETUP":
            ports = re.search(r"client_port=(\d+)-(\d+)", request.headers["transport"])
            if bool(ports) != self.udp:
                return f"RTSP/1.0 461 Unsupported Transport\r\nCSeq: {request.headers['cseq']}\r\n\r\n".encode()
            if ports:
                self._client = int(ports[1]), int(ports[2])
                rtp, rtcp = self._open_sockets()
                headers["Transport"] = f"RTP/AVP;unicast;client_port={ports[1]}-{ports[2]};server_port={rtp}-{rtcp}"
            else:
                headers["Transport"] = "RTP/AVP/TCP;unicast;interleaved=0-1"
            headers["Session"] = f"s1;timeout={self.session_seconds}"
        headers["Content-Length"] = str(len(body))
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        return f"RTSP/1.0 {status}\r\n{lines}\r\n".encode() + body

    def _open_sockets(self) -> list[int]:
        self.close_sockets()
        for _ in range(2):
            one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            one.bind(("127.0.0.1", 0))
            one.setblocking(False)
            self._sockets.append(one)
        loop = asyncio.get_running_loop()
        loop.add_reader(self._sockets[1], lambda: self.feedback.append(self._sockets[1].recv(2048)))
        return [one.getsockname()[1] for one in self._sockets]

    def close_sockets(self) -> None:
        if self._sockets:
            asyncio.get_running_loop().remove_reader(self._sockets[1])
        for one in self._sockets:
            one.close()
        self._sockets.clear()

    def _admits(self, request: Request) -> bool:
        """Whether the Authorization is right; a nonce used up is replaced (RFC 7616 section 3.4)."""
        given = dict(re.findall(r'(\w+)="?([^",]*)"?', request.headers.get("authorization", "")))
        self._uses += 1
        if self._uses > self.uses_of_nonce or not given:
            self._nonces += 1
            self._uses = 0

        def hashed(text: str) -> str:
            return hashlib.new(self.algorithm.replace("-", ""), text.encode()).hexdigest()

        secret = hashed(f"{USER}:{REALM}:{PASSWORD}")
        target = hashed(f"{request.method}:{request.url}")
        proof = f"{self._nonces}:{given.get('nc')}:{given.get('cnonce')}:auth"
        return given.get("response") == hashed(f"{secret}:{proof}:{target}")


def description(video: str = "a=rtpmap:96 H264/90000", sprop: bool = True) -> str:
    """A session description with one video."""
    sets = f";sprop-parameter-sets={base64.b64encode(SPS).decode()},{base64.b64encode(PPS).decode()}" if sprop else ""
    return (
        "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=fake\r\nt=0 0\r\na=control:*\r\nm=video 0 RTP/AVP 96\r\n"
        f"{video}\r\na=fmtp:96 packetization-mode=1{sets}\r\na=control:track1\r\n"
    )


@contextlib.asynccontextmanager
async def serving(camera: FakeCamera) -> AsyncIterator[FakeCamera]:
    """Serves on a free port until the body ends."""
    server = await asyncio.start_server(camera.serve, "127.0.0.1", camera.port)
    camera.port = server.sockets[0].getsockname()[1]
    try:
        yield camera
    finally:
        server.close()
        camera.hang_up()
        camera.close_sockets()
        await server.wait_closed()
