"""Players that are not ours: FFmpeg, PyAV and GStreamer decode without a word."""

import asyncio
import shutil

import av
import pytest

from camera_sim.barcode import read
from camera_sim.fleet import Fleet
from camera_sim.marks import parse_sei
from gate.clock import SystemClock
from tests.component.camera_sim.conftest import FPS, LOOP_SECONDS

PATIENCE_SECONDS = 30
PACKAGES = "ffmpeg gstreamer1.0-tools gstreamer1.0-plugins-good gstreamer1.0-libav"
MISSING = [name for name in ("ffmpeg", "ffprobe", "gst-launch-1.0") if shutil.which(name) is None]


async def run(clock: SystemClock, *command: str) -> tuple[int, str]:
    """Status, and all that was said."""
    process = await asyncio.create_subprocess_exec(
        *command, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    try:
        async with clock.timeout(PATIENCE_SECONDS):
            said, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()
    return process.returncode or 0, said.decode()


async def ffmpeg(fleet: Fleet, clock: SystemClock) -> None:
    options = ("-v", "warning", "-xerror", "-rtsp_transport", "tcp", "-i", fleet.urls["/cam1/main"])
    assert await run(clock, "ffmpeg", *options, "-frames:v", "30", "-f", "null", "-") == (0, "")


async def ffprobe(fleet: Fleet, clock: SystemClock) -> None:
    entries = "stream=codec_name,width,height,r_frame_rate,color_space"
    options = ("-v", "error", "-rtsp_transport", "tcp", "-show_entries", entries, "-of", "csv=p=0")
    status, said = await run(clock, "ffprobe", *options, fleet.urls["/cam1/sub"])
    assert (status, said.strip()) == (0, f"h264,96,64,smpte170m,{FPS}/1")


async def gstreamer(fleet: Fleet, clock: SystemClock) -> None:
    pipeline = f"rtspsrc location={fleet.urls['/cam1/main']} protocols=tcp latency=0 ! rtph264depay ! h264parse"
    decoding = "! avdec_h264 ! fakesink num-buffers=30 sync=false"
    assert await run(clock, "gst-launch-1.0", "-q", *pipeline.split(), *decoding.split()) == (0, "")


async def pyav(fleet: Fleet, clock: SystemClock) -> None:
    """Reads mark and barcode of every picture, too."""
    async with clock.timeout(PATIENCE_SECONDS):
        seen = await asyncio.to_thread(_watch, fleet.urls["/cam1/main"])
    numbers = [n for n, _, _ in seen]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    assert all(n == utc_us * FPS // 1_000_000 for n, utc_us, _ in seen)
    assert all(code == n % (FPS * LOOP_SECONDS) for n, _, code in seen)


def _watch(url: str) -> list[tuple[int, int, int | None]]:
    seen = []
    with av.open(url, options={"rtsp_transport": "tcp"}, timeout=(10, 10)) as container:
        for frame in container.decode(video=0):
            data = [bytes(side) for side in frame.side_data if side.type.name == "SEI_UNREGISTERED"]
            mark = next(found for one in data if (found := parse_sei(one)) is not None)
            seen.append((mark.n, mark.utc_us, read(frame.to_ndarray(format="gray"))))
            if len(seen) == 2 * FPS:
                break
    return seen


@pytest.mark.skipif(bool(MISSING), reason=f"needs {', '.join(MISSING)} (apt install {PACKAGES})")
async def test_players_that_are_not_ours_decode_side_by_side_without_a_word(fleet: Fleet, clock: SystemClock) -> None:
    async with asyncio.TaskGroup() as group:
        for player in (ffmpeg, ffprobe, gstreamer, pyav):
            group.create_task(player(fleet, clock), name=player.__name__)
