"""A recorder that is not ours: gst-rtsp-server behind a gate, ffmpeg's HLS and files over HTTP, a licence switch."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import encode_basic_auth, web

from tests.fakes import gst_server

USER, PASSWORD = "viewer", "plain-recorder-password"
_SOURCE = "-f lavfi -re -i testsrc2=s=320x180:r=15 -c:v libx264 -preset ultrafast -tune zerolatency -g 15"
_FORBIDDEN = "RTSP/1.0 403 Forbidden\r\nCSeq: {number}\r\n\r\n"


@dataclass(slots=True, kw_only=True)
class PlainRecorder:
    """`leaks`: what stays open without a licence: rtsp, live, recording, playback, device."""

    folder: Path
    camera: tuple[str, int]
    leaks: frozenset[str] = frozenset()
    licensed: bool = True
    http: str = ""
    rtsp: str = ""
    _writers: list[asyncio.StreamWriter] = field(default_factory=list)
    _recording: asyncio.subprocess.Process | None = None
    _runs: int = 0

    def gives(self, what: str) -> bool:
        return self.licensed or what in self.leaks

    async def set_licensed(self, licensed: bool) -> None:
        self.licensed = licensed
        if not self.gives("rtsp"):
            for writer in self._writers:
                writer.transport.abort()
        if self.gives("recording") and self._recording is None:
            self._runs += 1
            self._recording = await ffmpeg(
                f"-f segment -segment_time 2 -reset_timestamps 0 {self.folder}/recordings/{self._runs:03d}-%05d.ts"
            )
        elif not self.gives("recording") and self._recording is not None:
            await end(self._recording)
            self._recording = None

    async def close(self) -> None:
        for writer in self._writers:
            writer.transport.abort()
        if self._recording is not None:
            await end(self._recording)

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_post("/licence/{word}", self._switch)
        app.router.add_get("/live/{name}", self._live)
        app.router.add_get("/live.mjpeg", self._mjpeg)
        app.router.add_get("/snapshot.jpg", self._snapshot)
        app.router.add_get("/recordings/", self._listing)
        app.router.add_get("/recordings/{name}", self._recorded)
        app.router.add_get("/playback.m3u8", self._playback)
        app.router.add_get("/playback/{name}", self._played)
        app.router.add_get("/device", self._device)
        app.router.add_post("/{order:ptz|identify}", self._order)
        return app

    def _admit(self, request: web.Request, what: str) -> None:
        if request.headers.get("Authorization") != encode_basic_auth(USER, PASSWORD):
            raise web.HTTPUnauthorized
        if not self.gives(what):
            raise web.HTTPForbidden

    async def _switch(self, request: web.Request) -> web.Response:
        await self.set_licensed(request.match_info["word"] == "restore")
        return web.Response()

    async def _live(self, request: web.Request) -> web.StreamResponse:
        self._admit(request, "live")
        return web.FileResponse(self.folder / "live" / request.match_info["name"])

    async def _mjpeg(self, request: web.Request) -> web.StreamResponse:
        self._admit(request, "live")
        answer = web.StreamResponse(headers={"Content-Type": "multipart/x-mixed-replace; boundary=next"})
        await answer.prepare(request)
        number = 0
        clock = request.app[CLOCK]
        with contextlib.suppress(ConnectionError):
            while self.gives("live"):
                number += 1
                jpeg = (self.folder / "jpeg" / f"{number % 8 + 1}.jpg").read_bytes()
                head = f"--next\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
                await answer.write(head.encode() + jpeg + b"\r\n")
                await clock.sleep(0.1)
            if request.transport is not None:
                request.transport.abort()
        return answer

    async def _snapshot(self, request: web.Request) -> web.StreamResponse:
        self._admit(request, "live")
        return web.FileResponse(self.folder / "jpeg" / "1.jpg")

    def _files(self) -> list[Path]:
        return sorted((self.folder / "recordings").iterdir())

    async def _listing(self, request: web.Request) -> web.StreamResponse:
        names = "".join(f'<li><a href="{file.name}">{file.name}</a>' for file in self._files())
        return web.Response(text=f"<ul>{names}</ul>", content_type="text/html")

    async def _recorded(self, request: web.Request) -> web.StreamResponse:
        return web.FileResponse(self.folder / "recordings" / request.match_info["name"])

    async def _playback(self, request: web.Request) -> web.StreamResponse:
        self._admit(request, "playback")
        assert request.query["from"] < request.query["to"]
        pieces = "".join(f"#EXTINF:2.0,\nplayback/{file.name}\n" for file in self._files()[:2])
        text = f"#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:2\n{pieces}#EXT-X-ENDLIST\n"
        return web.Response(text=text, content_type="application/vnd.apple.mpegurl")

    async def _played(self, request: web.Request) -> web.StreamResponse:
        self._admit(request, "playback")
        return web.FileResponse(self.folder / "recordings" / request.match_info["name"])

    async def _device(self, request: web.Request) -> web.StreamResponse:
        self._admit(request, "device")
        return web.Response(text=json.dumps({"device": {"model": "PR-1"}}))

    async def _order(self, request: web.Request) -> web.StreamResponse:
        self._admit(request, "device" if request.match_info["order"] == "identify" else "live")
        return web.Response(status=202)

    async def at_the_gate(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """A visitor's RTSP connection: on to the camera, or refused at DESCRIBE."""
        self._writers.append(writer)
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            if not self.gives("rtsp"):
                await _refuse(reader, writer)
                return
            inner_reader, inner = await asyncio.open_connection(*self.camera)
            self._writers.append(inner)
            with contextlib.suppress(OSError):
                await asyncio.gather(_pass_on(reader, inner), _pass_on(inner_reader, writer))
        writer.transport.abort()


CLOCK = web.AppKey("clock", gst_server.SystemClock)


async def _refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while True:
        request = (await reader.readuntil(b"\r\n\r\n")).decode()
        number = next(line.partition(":")[2].strip() for line in request.splitlines() if line.startswith("CSeq"))
        if request.startswith("OPTIONS"):
            writer.write(f"RTSP/1.0 200 OK\r\nCSeq: {number}\r\nPublic: DESCRIBE, SETUP, PLAY\r\n\r\n".encode())
        else:
            writer.write(_FORBIDDEN.format(number=number).encode())


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(1 << 16):
        writer.write(data)
        await writer.drain()
    writer.transport.abort()


async def ffmpeg(words: str) -> asyncio.subprocess.Process:
    command = f"-v error -nostdin {_SOURCE} {words}"
    return await asyncio.create_subprocess_exec("ffmpeg", *command.split(), stderr=asyncio.subprocess.DEVNULL)


async def end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.terminate()
    await process.wait()


@asynccontextmanager
async def running(
    folder: Path, program: Path, clip: Path, leaks: frozenset[str] = frozenset()
) -> AsyncIterator[PlainRecorder]:
    """Until the body ends; ffmpeg has written live pieces and recordings when it begins."""
    for name in ("live", "recordings", "jpeg"):
        (folder / name).mkdir(parents=True)
    async with gst_server.serving(program, clip) as camera:
        host, _, port = camera.removeprefix("rtsp://").partition(":")
        recorder = PlainRecorder(folder=folder, camera=(host, int(port)), leaks=leaks)
        clock = gst_server.SystemClock()
        gate = await asyncio.start_server(recorder.at_the_gate, "127.0.0.1", 0)
        recorder.rtsp = f"rtsp://127.0.0.1:{gate.sockets[0].getsockname()[1]}"
        app = recorder.app()
        app[CLOCK] = clock
        runner = web.AppRunner(app, shutdown_timeout=1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        recorder.http = f"http://127.0.0.1:{runner.addresses[0][1]}"
        stills = await ffmpeg(f"-frames:v 8 -c:v mjpeg -pix_fmt yuvj420p {folder}/jpeg/%d.jpg")
        live = await ffmpeg(
            f"-f hls -hls_time 1 -hls_list_size 5 -hls_flags delete_segments+temp_file {folder}/live/index.m3u8"
        )
        try:
            await recorder.set_licensed(True)
            await stills.wait()
            async with clock.timeout(30):
                while not (folder / "live" / "index.m3u8").exists() or len(recorder._files()) < 3:
                    await clock.sleep(0.05)
            yield recorder
        finally:
            gate.close()
            await recorder.close()
            await end(live)
            await end(stills)
            await runner.cleanup()
            clock.close()
