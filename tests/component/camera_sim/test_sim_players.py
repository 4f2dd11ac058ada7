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
needs_ffmpeg = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="needs ffmpeg (apt install ffmpeg)")
needs_gstreamer = pytest.mark.skipif(
    shutil.which("gst-launch-1.0") is None,
    reason="needs gst-launch-1.0 (apt install gstreamer1.0-tools gstreamer1.0-plugins-good gstreamer1.0-libav)",
)


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


@needs_ffmpeg
async def test_ffmpeg_decodes_without_a_warning(fleet: Fleet, clock: SystemClock) -> None:
    url = fleet.urls["/cam1/main"]
    options = ("-v", "warning", "-xerror", "-rtsp_transport", "tcp", "-i", url)
    status, said = await run(clock, "ffmpeg", *options, "-frames:v", "30", "-f", "null", "-")
    assert (status, said) == (0, "")


@needs_ffmpeg
async def test_ffprobe_sees_size_rate_and_profile(fleet: Fleet, clock: SystemClock) -> None:
    entries = "stream=codec_name,width,height,r_frame_rate,color_space"
    status, said = await run(
        clock, "ffprobe", "-v", "error", "-rtsp_transport", "tcp", "-show_entries", entries, "-of", "csv=p=0",
        fleet.urls["/cam1/sub"],
    )  # fmt: skip
    assert (status, said.strip()) == (0, f"h264,96,64,smpte170m,{FPS}/1")


@needs_gstreamer
async def test_gstreamer_decodes_without_a_warning(fleet: Fleet, clock: SystemClock) -> None:
    pipeline = f"rtspsrc location={fleet.urls['/cam1/main']} protocols=tcp latency=0 ! rtph264depay ! h264parse"
    decoding = "! avdec_h264 ! fakesink num-buffers=30 sync=false"
    status, said = await run(clock, "gst-launch-1.0", "-q", *pipeline.split(), *decoding.split())
    assert (status, said) == (0, "")


async def test_pyav_reads_marks_and_barcodes_of_every_picture(fleet: Fleet, clock: SystemClock) -> None:
    def watch() -> list[tuple[int, int, int | None]]:
        seen = []
        with av.open(fleet.urls["/cam1/main"], options={"rtsp_transport": "tcp"}, timeout=(10, 10)) as container:
            for frame in container.decode(video=0):
                data = [bytes(side) for side in frame.side_data if side.type.name == "SEI_UNREGISTERED"]
                mark = next(found for one in data if (found := parse_sei(one)) is not None)
                seen.append((mark.n, mark.utc_us, read(frame.to_ndarray(format="gray"))))
                if len(seen) == 2 * FPS:
                    return seen
        raise AssertionError("the stream ended")

    async with clock.timeout(PATIENCE_SECONDS):
        seen = await asyncio.to_thread(watch)
    numbers = [n for n, _, _ in seen]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    assert all(n == utc_us * FPS // 1_000_000 for n, utc_us, _ in seen)
    assert all(code == n % (FPS * LOOP_SECONDS) for n, _, code in seen)
