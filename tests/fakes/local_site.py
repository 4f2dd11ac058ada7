"""A recorder's local site (docs/protocols.md) with cameras that play a short H.264 loop. Times and
faults are set by the test; it knows nothing of the real recorder."""

import asyncio
import base64
import functools
import json
import struct
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import anyio
import av
import numpy as np
from aiohttp import WSMsgType, web
from av.codec.context import Flags

from gate.clock import Clock
from tests.fakes.site_events import SiteEvents

FEATURES = [
    {"id": "M1", "name": "hdmi_live", "lapsed": "continues", "allowed": True},
    {"id": "M2", "name": "remote_live", "lapsed": "stops", "allowed": True},
    {"id": "M3", "name": "recording", "lapsed": "stops", "allowed": True},
]
LONG_AGO = "2026-01-01T00:00:00+00:00"


@dataclass(frozen=True, kw_only=True)
class Loop:
    """Pictures of one luma each (so that a test recognises them), as the local site sends them."""

    width: int
    height: int
    decoder_configuration: bytes
    units: tuple[tuple[bytes, bool], ...]
    luma: tuple[int, ...]


def _nal_units(annex_b: bytes) -> Iterator[bytes]:
    for part in annex_b.replace(b"\0\0\0\1", b"\0\0\1").split(b"\0\0\1"):
        if part:
            yield part


def _unit_of(packet: av.Packet) -> tuple[bytes, bool]:
    data = b"".join(len(nal).to_bytes(4, "big") + nal for nal in _nal_units(bytes(packet)))
    return data, packet.is_keyframe


@functools.cache
def make_loop(
    width: int = 320, height: int = 180, pictures: int = 30, gop: int = 15, grey: int = 60, b_frames: int = 0
) -> Loop:
    """Encodes a loop; picture i has the luma grey + 4·(i mod 30). With B-frames, units are in decoding order."""
    encoder = av.CodecContext.create("libx264", "w")
    assert isinstance(encoder, av.VideoCodecContext)
    encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuv420p"
    encoder.time_base, encoder.framerate, encoder.gop_size = Fraction(1, 90000), Fraction(15), gop
    encoder.max_b_frames, encoder.thread_count = b_frames, 1
    tuned = {"x264-params": "scenecut=0:open-gop=0:b-adapt=0"}
    encoder.options = {"preset": "superfast", **tuned} | ({} if b_frames else {"tune": "zerolatency"})
    encoder.flags |= Flags.global_header
    noise = np.random.default_rng(1).integers(-6, 7, (height, width), dtype=np.int16)
    units: list[tuple[bytes, bool]] = []
    luma = tuple(grey + 4 * (index % 30) for index in range(pictures))
    for index, value in enumerate(luma):
        frame = av.VideoFrame(width, height, "yuv420p")
        y = np.clip(np.roll(noise, index * 3, axis=1) + value, 16, 235).astype(np.uint8)
        for plane, content in zip(
            frame.planes, (y, *(np.full((height // 2, width // 2), 128, np.uint8),) * 2), strict=True
        ):
            padded = np.zeros((plane.height, plane.line_size), np.uint8)
            padded[:, : plane.width] = content
            plane.update(padded.tobytes())
        frame.pts = index * 6000
        units += map(_unit_of, encoder.encode(frame))
    units += map(_unit_of, encoder.encode(None))
    assert encoder.extradata is not None
    sps, pps = (nal for nal in _nal_units(encoder.extradata) if nal[0] & 31 in (7, 8))
    configuration = (
        bytes([1, *sps[1:4], 0xFF, 0xE1])
        + len(sps).to_bytes(2, "big")
        + sps
        + b"\1"
        + len(pps).to_bytes(2, "big")
        + pps
    )
    return Loop(width=width, height=height, decoder_configuration=configuration, units=tuple(units), luma=luma)


@dataclass(kw_only=True)
class FakeCamera:
    """One camera. `playing` pauses its pictures; `corrupt_next` damages the next ones, `lose_next` skips them;
    `refused_streams` are ended at once."""

    id: str
    name: str
    loop: Loop
    fps: float = 15.0
    streams: tuple[str, ...] = ("main", "sub")
    playing: bool = True
    phase: str = "streaming"
    recording: str = "recording"
    denial: dict[str, Any] | None = None
    until: str | None = None
    refusal: dict[str, Any] | None = None
    refused_streams: tuple[str, ...] = ()
    corrupt_next: int = 0
    lose_next: int = 0
    sent: int = 0
    watched: set[str] = field(default_factory=set)

    def state(self) -> dict[str, Any]:
        """The camera's part of the site state."""
        stream = {"phase": self.phase, "since": LONG_AGO, "message": "", "age_ms": 40, "codec": "h264", "fps": self.fps}
        return {
            "id": self.id,
            "name": self.name,
            "streams": {name: dict(stream) for name in self.streams},
            "recording": {"phase": self.recording, "since": LONG_AGO, "reason": None, "last_picture": None},
            "licence": {
                "state": "lapsed" if self.denial else "active",
                "until": self.until,
                "last_day": None,
                "denial": self.denial,
            },
        }


class LocalSite:
    """The site on a unix socket. After a change of its cameras, call `changed()`."""

    def __init__(self, cameras: list[FakeCamera], clock: Clock) -> None:
        self.cameras = cameras
        self.silent = False
        self.language = "ja"
        self.events = SiteEvents(clock)
        self.more: dict[str, Any] = {}
        self.languages: list[str] = []
        self._clock = clock
        self._event = asyncio.Event()
        self._stopping = False

    def changed(self) -> None:
        """Sends the state to everyone now."""
        self._event.set()
        self._event = asyncio.Event()

    def state(self) -> dict[str, Any]:
        """The whole site state."""
        return {
            "device": {"id": "rec-1", "language": self.language, "time_zone": "Asia/Tokyo"},
            "now": self._clock.now().isoformat(),
            "cameras": [camera.state() for camera in self.cameras],
            "features": FEATURES,
            "storage": {"used_bytes": 0, "bytes_max": 1, "free_bytes": 0, "segments": 0, "oldest": None, "message": ""},
            "licence": {"message": ""},
        } | self.more

    @asynccontextmanager
    async def serving(self, path: Path) -> AsyncIterator[None]:
        """Serves until the end of the block; then every connection is closed, as by a restart."""
        self._stopping = False
        app = web.Application()
        app.router.add_get("/v1/state", self._state)
        app.router.add_get("/v1/cameras/{id}/live", self._live)
        self.events.add_routes(app)
        runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.2)
        await runner.setup()
        await web.UnixSite(runner, str(path)).start()
        try:
            yield
        finally:
            self._stopping = True
            self.changed()
            self.events.say(None)
            await runner.cleanup()
            path.unlink(missing_ok=True)

    async def _state(self, request: web.Request) -> web.WebSocketResponse:
        self.languages.append(request.query.get("lang", ""))
        socket = web.WebSocketResponse(timeout=0.2)
        await socket.prepare(request)

        async def send() -> None:
            while not self._stopping:
                event = self._event
                if not self.silent:
                    await socket.send_str(json.dumps(self.state()))
                try:
                    async with self._clock.timeout(1):
                        await event.wait()
                except TimeoutError:
                    continue
            await socket.close(drain=False)

        await _serve(socket, send)
        return socket

    async def _live(self, request: web.Request) -> web.WebSocketResponse:
        camera = next((c for c in self.cameras if c.id == request.match_info["id"]), None)
        if camera is None:
            raise web.HTTPNotFound
        stream = request.query["stream"]
        socket = web.WebSocketResponse(timeout=0.2)
        await socket.prepare(request)
        camera.watched.add(stream)

        async def send() -> None:
            if camera.refusal or stream in camera.refused_streams:
                await socket.send_str(json.dumps({"end": {"problem": camera.refusal or {"title": "refused"}}}))
            else:
                await self._play(camera, stream, socket)
            await socket.close(code=4403 if camera.refusal else 1012, drain=False)

        try:
            await _serve(socket, send)
        finally:
            camera.watched.discard(stream)
        return socket

    async def _play(self, camera: FakeCamera, stream: str, socket: web.WebSocketResponse) -> None:
        loop = camera.loop
        configuration = base64.b64encode(loop.decoder_configuration).decode()
        hello = {"codec": "h264", "width": loop.width, "height": loop.height, "decoder_configuration": configuration}
        await socket.send_str(json.dumps({"hello": hello}))
        sequence = index = 0
        next_ns = self._clock.monotonic_ns()
        while not self._stopping and camera.refusal is None:
            next_ns += round(1e9 / camera.fps)
            await self._clock.sleep((next_ns - self._clock.monotonic_ns()) / 1e9)
            if not camera.playing:
                continue
            data, key = loop.units[index % len(loop.units)]
            index += 1
            sequence += 1
            if camera.lose_next:
                camera.lose_next -= 1
                continue
            if camera.corrupt_next and not key:
                camera.corrupt_next -= 1
                data = data[:12] + bytes(byte ^ 0x5A for byte in data[12:])
            label_us = self._clock.now_ns() // 1000
            header = struct.pack(">BBHIQ", 3, key, stream == "sub", sequence - 1, label_us)
            await socket.send_bytes(header + data)
            camera.sent += 1


async def _serve(socket: web.WebSocketResponse, send: Any) -> None:
    """Sends while reading, so that a client's close is noticed."""
    async with anyio.create_task_group() as group:

        async def guarded() -> None:
            try:
                await send()
            except ConnectionError:
                pass
            group.cancel_scope.cancel()

        group.start_soon(guarded)
        async for message in socket:
            assert message.type is not WSMsgType.ERROR
        group.cancel_scope.cancel()
