"""Clip files as cameras: sent as they are, looped, or refused with a reason."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
import pytest_asyncio

from camera_sim.camera_config import CameraConfig
from camera_sim.clips.footage import load
from camera_sim.config import FleetConfig, RtspConfig
from camera_sim.errors import ClipError
from camera_sim.fleet import Fleet, serve
from gate.clock import SystemClock
from tests.component.camera_sim.raw_client import connected

PICTURES, RATE, GOP = 24, 48, 9
Serving = Callable[..., "asyncio.Future[Fleet]"]


def make_clip(path: Path, encoder: str = "libx264", *, rate: Fraction | int = RATE, options: str = "") -> list[bytes]:
    """A clip of moving squares with key frames that are not evenly spaced; gives its packets."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(encoder, rate=rate)
        stream.width, stream.height, stream.pix_fmt, stream.gop_size = 128, 96, "yuv420p", GOP
        key = "x265-params" if encoder == "libx265" else "x264-params"
        quiet = f"log-level=none:pools=none:keyint={GOP}" if encoder == "libx265" else f"keyint={GOP}"
        stream.options = {"preset": "ultrafast", key: quiet + options} if encoder.startswith("libx") else {}
        for number in range(PICTURES):
            picture = np.full((96, 128, 3), 40, np.uint8)
            picture[20:60, number * 4 : number * 4 + 20] = 200
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
    with av.open(str(path)) as container:
        return [bytes(packet) for packet in container.demux(video=0) if packet.size]


@pytest_asyncio.fixture
async def serving(tmp_path: Path, clock: SystemClock) -> AsyncIterator[Serving]:
    async with AsyncExitStack() as stack:

        async def start(**clips: Path) -> Fleet:
            cameras = tuple(CameraConfig(id=name, clip=path) for name, path in clips.items())
            listen = RtspConfig(listen="127.0.0.1:0")
            config = FleetConfig(cache_dir=tmp_path / "cache", rtsp=listen, cameras=cameras)
            return await stack.enter_async_context(serve(config, clock))

        yield start


def watch(url: str, count: int) -> list[tuple[int, bytes]]:
    """Time stamps and shrunken pictures."""
    with av.open(url, options={"rtsp_transport": "tcp"}, timeout=(10, 10)) as container:
        frames = (frame for frame in container.decode(video=0))
        return [
            (frame.pts or 0, frame.to_ndarray(format="gray")[::8, ::8].tobytes())
            for frame, _ in zip(frames, range(count), strict=False)
        ]


@pytest.mark.parametrize("encoder", ["libx264", "libx265"])
async def test_a_clip_is_sent_as_it_is_and_looped(
    serving: Serving, clock: SystemClock, tmp_path: Path, encoder: str
) -> None:
    packets = make_clip(tmp_path / "clip.mp4", encoder, options=":bframes=0")
    fleet = await serving(cam1=tmp_path / "clip.mp4")
    codec = fleet.streams["/cam1/main"].loop.film.codec
    async with connected(fleet.port, clock) as client:
        await client.play("/cam1/main")
        pictures = [await client.picture() for _ in range(PICTURES + GOP)]
    numbers = [picture.mark.n for picture in pictures]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    for picture in pictures:
        slices = [nal for nal in picture.nals if codec.is_slice(nal)]
        assert packets[picture.mark.n % PICTURES].endswith(slices[-1])
        assert len(slices) == 1


async def test_pictures_coded_out_of_order_are_shown_in_order(
    serving: Serving, clock: SystemClock, tmp_path: Path
) -> None:
    make_clip(tmp_path / "clip.mkv", options=":bframes=3:b-adapt=0")
    fleet = await serving(cam1=tmp_path / "clip.mkv")
    async with clock.timeout(20):
        shown = await asyncio.to_thread(watch, fleet.urls["/cam1/main"], PICTURES + GOP)
    steps = {later[0] - sooner[0] for sooner, later in pairwise(shown)}
    assert steps == {90_000 // RATE}


async def test_a_rate_that_is_no_whole_number_is_kept(serving: Serving, clock: SystemClock, tmp_path: Path) -> None:
    make_clip(tmp_path / "clip.ts", rate=Fraction(30_000, 1001), options=":bframes=0")
    fleet = await serving(cam1=tmp_path / "clip.ts")
    async with connected(fleet.port, clock) as client:
        await client.play("/cam1/main")
        pictures = [await client.picture() for _ in range(2 * GOP)]
    assert {(b.rtp_time - a.rtp_time) % 2**32 for a, b in pairwise(pictures)} == {3003}
    assert all(p.mark.n == p.mark.utc_us * 30_000 // 1_001_000_000 for p in pictures)


async def test_a_clip_that_cannot_be_used_says_why_and_the_other_cameras_start(
    serving: Serving, clock: SystemClock, tmp_path: Path
) -> None:
    make_clip(tmp_path / "good.mp4")
    make_clip(tmp_path / "other.mp4", "mpeg4")
    (tmp_path / "text.mp4").write_text("no video at all\n" * 100)
    paths = {name: tmp_path / f"{name}.mp4" for name in ("good", "other", "text", "missing")}
    fleet = await serving(**paths)
    assert list(fleet.urls) == ["/good/main"]
    assert "only H.264 and H.265" in fleet.unusable["other"]
    assert "cannot be read as video" in fleet.unusable["text"]
    assert "No such file" in fleet.unusable["missing"]
    assert all(str(paths[name]) in reason for name, reason in fleet.unusable.items())
    async with connected(fleet.port, clock) as client:
        assert (await client.ask("DESCRIBE", "/good/main")).status == 200
        assert (await client.ask("DESCRIBE", "/other/main")).status == 404


def test_a_clip_is_read_once(tmp_path: Path) -> None:
    clip, cache = tmp_path / "clip.mp4", tmp_path / "cache"
    make_clip(clip)
    first = load(clip, cache)
    times = {path: path.stat().st_mtime_ns for path in cache.rglob("*.gop")}
    assert load(clip, cache) == first
    assert {path: path.stat().st_mtime_ns for path in cache.rglob("*.gop")} == times
    next(iter(times)).unlink()
    assert load(clip, cache) == first
    assert set(cache.rglob("*.gop")) == set(times)


def test_a_full_or_forbidden_cache_is_one_sentence(tmp_path: Path) -> None:
    make_clip(tmp_path / "clip.mp4")
    (tmp_path / "cache").write_text("a file where a folder should be")
    with pytest.raises(ClipError, match="the clip cache cannot be written"):
        load(tmp_path / "clip.mp4", tmp_path / "cache")
    shutil.rmtree(tmp_path / "cache", ignore_errors=True)
