"""Sources that FFmpeg's libraries read: files, HTTP, odd RTSP; and what is said of those that cannot be recorded."""

import asyncio
import contextlib
import itertools
import subprocess
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiohttp import encode_basic_auth, web

from gate.clock import SystemClock
from recorder.config import CameraConfig
from recorder.hub import Feed
from recorder.ingest.camera import CameraStream
from recorder.ingest.collector import Collector
from recorder.media.access_unit import AccessUnit
from recorder.state import StateBoard, StreamState
from tests.component.ingest.conftest import Always, OpenSite
from tests.component.ingest.test_camera_sound import check_in_step, recorded_files
from tests.component.ingest.test_gst_camera import clip_pictures, slices
from tests.fakes.gst_server import CAMERA_SOURCE, build, make_clip, make_flashing_clip, serving_camera

RATE = 30


def ffmpeg(*arguments: str) -> None:
    subprocess.run(["ffmpeg", "-v", "error", *arguments], check=True)


@dataclass
class Watched:
    """A stream on the real clock."""

    clock: SystemClock
    state: StreamState
    units: list[AccessUnit] = field(default_factory=list)

    async def until(self, condition: Callable[[], bool], seconds: float = 12) -> None:
        async with self.clock.timeout(seconds):
            while not condition():
                await self.clock.sleep(0.01)


@contextlib.asynccontextmanager
async def watching(url: str, *, source: str = "auto", transport: str = "tcp", **fields: str) -> AsyncIterator[Watched]:
    clock, feed = SystemClock(), Feed()
    watched = Watched(clock, StreamState(since=clock.now()))
    main = {"url": url, "source": source, "transport": transport}
    camera = CameraConfig.model_validate({"id": "cam1", "main": main, **fields})
    stream = CameraStream(
        camera=camera,
        stream="main",
        feed=feed,
        state=watched.state,
        board=StateBoard({}),
        clock=clock,
        collector=Collector(clock),
    )
    with feed.attach(Always(), watched.units.append):
        task = asyncio.create_task(stream.run())
        try:
            yield watched
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            clock.close()


@contextlib.asynccontextmanager
async def http_serving(path: Path, login: tuple[str, str] | None = None) -> AsyncIterator[str]:
    async def handle(request: web.Request) -> web.StreamResponse:
        if login is not None and request.headers.get("Authorization") != encode_basic_auth(*login):
            return web.Response(status=401, headers={"WWW-Authenticate": 'Basic realm="camera"'})
        return web.FileResponse(path)

    app = web.Application()
    app.router.add_get("/" + path.name, handle)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@pytest.mark.parametrize("codec", ["h264", "h265"])
async def test_a_file_is_played_at_its_own_pace_over_and_over_as_one_run(tmp_path: Path, codec: str) -> None:
    clip = tmp_path / "a clip.mp4"
    make_clip(clip, seconds=1, rate=RATE, gop=15, codec=codec)
    async with watching(clip.as_uri()) as watched:
        await watched.until(lambda: len(watched.units) >= 2 * RATE + 5)
    units = watched.units
    assert (watched.state.phase, watched.state.codec, watched.state.source) == ("streaming", codec, "libav")
    assert {unit.run for unit in units} == {1}
    assert {later.pts_90k - sooner.pts_90k for sooner, later in itertools.pairwise(units)} <= {2999, 3000, 3001}
    assert [unit.data for unit in units[:RATE]] == [unit.data for unit in units[RATE : 2 * RATE]]
    assert 1.7e9 < units[2 * RATE].arrival_ns - units[0].arrival_ns < 2.6e9
    if codec == "h264":
        assert [slices(unit.data) for unit in units[:RATE]] == list(clip_pictures(clip))


async def test_a_transport_stream_by_http_with_a_login_is_recorded_as_it_is(tmp_path: Path) -> None:
    clip, stream = tmp_path / "clip.mp4", tmp_path / "clip.ts"
    make_clip(clip, seconds=1, rate=RATE)
    ffmpeg("-i", str(clip), "-c", "copy", str(stream))
    async with (
        http_serving(stream, ("admin", "p@ss/word")) as url,
        watching(f"{url}/clip.ts", user="admin", password="p@ss/word") as watched,
    ):
        await watched.until(lambda: len(watched.units) >= RATE)
    assert [slices(unit.data) for unit in watched.units[:RATE]] == list(clip_pictures(clip))


async def test_hls_is_recorded_as_it_is(tmp_path: Path) -> None:
    clip, playlist = tmp_path / "clip.mp4", tmp_path / "list.m3u8"
    make_clip(clip, seconds=2, rate=RATE)
    ffmpeg("-i", str(clip), "-c", "copy", "-hls_time", "1", "-hls_flags", "single_file", str(playlist))
    app = web.Application()
    app.router.add_static("/", tmp_path)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        async with watching(f"http://127.0.0.1:{runner.addresses[0][1]}/list.m3u8") as watched:
            await watched.until(lambda: len(watched.units) >= 2 * RATE)
    finally:
        await runner.cleanup()
    assert [slices(unit.data) for unit in watched.units[: 2 * RATE]] == list(clip_pictures(clip))


async def test_hls_in_long_segments_is_recorded_as_one_run_at_its_own_pace(tmp_path: Path, open_site: OpenSite) -> None:
    """Each of them comes at once."""
    clip, playlist, rate = tmp_path / "clip.mp4", tmp_path / "list.m3u8", 5
    make_clip(clip, seconds=36, rate=rate, gop=10, size="160x90")
    ffmpeg("-i", str(clip), "-c", "copy", "-hls_time", "12", "-hls_playlist_type", "vod", str(playlist))
    app = web.Application()
    app.router.add_static("/", tmp_path)
    runner = web.AppRunner(app)
    await runner.setup()
    server = web.TCPSite(runner, "127.0.0.1", 0)
    await server.start()
    real = SystemClock()
    try:
        address = f"http://127.0.0.1:{runner.addresses[0][1]}/list.m3u8"
        async with open_site(address, source="libav") as site, real.timeout(20):
            while len(site.units) < 34 * rate:
                await site.clock.advance(0.1)
                await real.sleep(0.001)  # for the thread that reads
    finally:
        real.close()
        await runner.cleanup()
    assert {unit.run for unit in site.units} == {1}
    labels = [(later.utc_ns - sooner.utc_ns) / 1e9 for sooner, later in itertools.pairwise(site.units)]
    assert labels == pytest.approx([1 / rate] * len(labels), abs=1e-3)
    arrivals = [(later.arrival_ns - sooner.arrival_ns) / 1e9 for sooner, later in itertools.pairwise(site.units)]
    assert max(arrivals) < 2.5


@pytest.mark.parametrize(("name", "codec"), [("clip.mp4", "aac"), ("clip.ts", "aac"), ("clip.mov", "pcm_mulaw")])
async def test_the_sound_of_a_file_is_recorded_beside_its_pictures(tmp_path: Path, name: str, codec: str) -> None:
    clip, film = tmp_path / "made.mp4", tmp_path / name
    make_flashing_clip(clip, seconds=3)
    ffmpeg("-i", str(clip), "-c:v", "copy", "-c:a", codec, "-ar", "8000" if codec != "aac" else "16000", str(film))
    async with watching(film.as_uri()) as watched:
        await watched.until(lambda: len(watched.units) >= 3 * RATE - 9)
    assert {unit.format.sound is not None for unit in watched.units[RATE:]} == {True}
    first = next(number for number, unit in enumerate(watched.units) if unit.format.sound)
    _, [path] = recorded_files(tmp_path / "data", watched.units[first:])
    check_in_step(path, seconds=3)


async def test_sound_that_cannot_be_recorded_is_named_and_left_out(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    clip, film = tmp_path / "made.mp4", tmp_path / "film.mkv"
    make_flashing_clip(clip, seconds=1)
    ffmpeg("-i", str(clip), "-c:v", "copy", "-c:a", "flac", str(film))
    async with watching(film.as_uri()) as watched:
        await watched.until(lambda: len(watched.units) >= RATE)
    assert {unit.format.sound for unit in watched.units} == {None}
    assert "without sound: the source sends flac" in caplog.text


async def test_rtsp_that_ours_does_not_read_is_taken_by_libav_and_stays_there(tmp_path: Path) -> None:
    """H.264 in a transport stream in RTP."""
    program, clip = build(tmp_path, CAMERA_SOURCE), tmp_path / "clip.mp4"
    make_clip(clip, seconds=4, rate=RATE)
    async with (
        serving_camera(program, clip, codec="mp2t", transport="tcp") as url,
        watching(url) as watched,
    ):
        await watched.until(lambda: len(watched.units) >= RATE)
    assert (watched.state.phase, watched.state.source, watched.state.transport) == ("streaming", "libav", "tcp")


async def test_motion_jpeg_is_unsupported_and_nothing_is_transcoded(tmp_path: Path) -> None:
    film = tmp_path / "film.mjpeg"
    ffmpeg("-f", "lavfi", "-i", "testsrc2=s=320x240:r=10", "-t", "1", "-c:v", "mjpeg", str(film))
    async with http_serving(film) as url, watching(f"{url}/film.mjpeg") as watched:
        await watched.until(lambda: watched.state.phase == "unsupported")
    assert "mjpeg" in watched.state.message and "H.264" in watched.state.message


async def test_what_cannot_be_opened_is_said_in_a_sentence_without_password(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    nonsense = tmp_path / "nonsense.mp4"
    nonsense.write_bytes(b"no film at all" * 100)
    async with http_serving(nonsense, ("admin", "right")) as url:
        expected = [
            (f"file:{tmp_path}/missing.mp4", "connecting", "missing.mp4"),
            (nonsense.as_uri(), "unsupported", "cannot read"),
            ("/dev/video99", "connecting", "/dev/video99"),
            ("http://127.0.0.1:1/x", "refused", "127.0.0.1:1"),
            (f"{url}/nonsense.mp4", "unauthorized", "user and password"),
            (f"{url}/other", "refused", "refuses"),
        ]
        for address, phase, words in expected:
            async with watching(address, user="admin", password="wrong-secret") as watched:
                await watched.until(lambda: watched.state.message != "")
            assert watched.state.phase == phase, watched.state
            assert words in watched.state.message, watched.state
            assert "wrong-secret" not in watched.state.message + caplog.text
