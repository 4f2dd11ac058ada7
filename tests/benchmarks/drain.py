"""`python -m tests.benchmarks.drain SECONDS URL…`: plays RTSP streams over TCP and throws them away, in a process of
its own, so that its cost is nobody else's. Says `ready` when all play, at the end the bits a second of each stream."""

import json
import selectors
import socket
import sys
from urllib.parse import urlsplit

from gate.clock import SystemClock

READ_BYTES = 1 << 20
LOW_WATER_BYTES = 16 << 10
"""Woken that often only: a reader must not need what the server is measured with."""


def ask(connection: socket.socket, request: str) -> str:
    connection.sendall(request.encode())
    answer = b""
    while b"\r\n\r\n" not in answer:
        got = connection.recv(65536)
        if not got:
            raise ConnectionError("the server hung up")
        answer += got
    if not answer.startswith(b"RTSP/1.0 200"):
        raise ConnectionError(answer.split(b"\r\n")[0].decode())
    return answer.decode(errors="replace")


def play(url: str) -> socket.socket:
    parts = urlsplit(url)
    connection = socket.create_connection((parts.hostname, parts.port), timeout=60)
    described = ask(connection, f"DESCRIBE {url} RTSP/1.0\r\nCSeq: 1\r\nAccept: application/sdp\r\n\r\n")
    control = next(
        line.removeprefix("a=control:").strip()
        for line in described.partition("m=video")[2].splitlines()
        if line.startswith("a=control:")
    )
    track = control if "://" in control else f"{url}/{control}"
    transport = "Transport: RTP/AVP/TCP;unicast;interleaved=0-1"
    session = ask(connection, f"SETUP {track} RTSP/1.0\r\nCSeq: 2\r\n{transport}\r\n\r\n")
    number = session.partition("Session: ")[2].split("\r\n")[0].split(";")[0]
    ask(connection, f"PLAY {url} RTSP/1.0\r\nCSeq: 3\r\nSession: {number}\r\nRange: npt=0-\r\n\r\n")
    connection.setblocking(False)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, LOW_WATER_BYTES)
    return connection


def main(seconds: float, urls: list[str]) -> None:
    clock = SystemClock()
    got = dict.fromkeys(urls, 0)
    with selectors.DefaultSelector() as selector:
        for url in urls:
            selector.register(play(url), selectors.EVENT_READ, url)
        print("ready", flush=True)
        buffer = bytearray(READ_BYTES)
        begun_ns = clock.monotonic_ns()
        end_ns = begun_ns + round(seconds * 1e9)
        while clock.monotonic_ns() < end_ns:
            for key, _ in selector.select(0.2):
                connection = key.fileobj
                assert isinstance(connection, socket.socket)
                got[key.data] += connection.recv_into(buffer)
        elapsed = (clock.monotonic_ns() - begun_ns) / 1e9
        for key in list(selector.get_map().values()):
            key.fileobj.close()  # type: ignore[union-attr]
    print(json.dumps({url: round(count * 8 / elapsed) for url, count in got.items()}), flush=True)
    clock.close()


if __name__ == "__main__":
    main(float(sys.argv[1]), sys.argv[2:])
