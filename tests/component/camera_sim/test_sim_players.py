"""Players that are not ours: FFmpeg, PyAV and GStreamer decode without a word, over TCP and UDP, with and without a
password, H.264 and H.265."""

import asyncio
import shutil
from urllib.parse import quote

import av
import pytest

from camera_sim.barcode import read
from camera_sim.fleet import Fleet
from camera_sim.marks import parse_sei
from gate.clock import SystemClock
from tests.component.camera_sim.conftest import FPS, GOP, LOOP_PICTURES, PASSWORD, USER

PATIENCE_SECONDS = 40
PACKAGES = "ffmpeg gstreamer1.0-tools gstreamer1.0-plugins-good gstreamer1.0-plugins-bad gstreamer1.0-libav"
MISSING = [name for name in ("ffmpeg", "ffprobe", "gst-launch-1.0") if shutil.which(name) is None]
SECURED = ("guard", "keeper")
WAYS = [(camera, way) for camera in ("cam1", *SECURED, "hevc") for way in ("tcp", "udp")]

pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"needs {', '.join(MISSING)} (apt install {PACKAGES})")


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


def url_of(fleet: Fleet, camera: str, password: str = PASSWORD) -> str:
    plain = fleet.urls[f"/{camera}/main"]
    return plain.replace("://", f"://{USER}:{quote(password, safe='')}@") if camera in SECURED else plain


async def ffmpeg(fleet: Fleet, clock: SystemClock, camera: str, way: str) -> None:
    options = ("-v", "warning", "-xerror", "-rtsp_transport", way, "-i", url_of(fleet, camera))
    assert await run(clock, "ffmpeg", *options, "-frames:v", "30", "-f", "null", "-") == (0, "")


async def gstreamer(fleet: Fleet, clock: SystemClock, camera: str, way: str) -> None:
    number = "h265" if camera == "hevc" else "h264"
    account = f"user-id={USER} user-pw={PASSWORD}" if camera in SECURED else ""
    source = f"rtspsrc location={fleet.urls[f'/{camera}/main']} protocols={way} latency=100 {account}"
    pipeline = f"{source} ! rtp{number}depay ! {number}parse ! avdec_{number} ! fakesink num-buffers=30 sync=false"
    status, said = await run(clock, "gst-launch-1.0", "-q", *pipeline.split())
    # At its own end rtspsrc may fail to send PAUSE, because it is stopping its receiver; all pictures are decoded then.
    at_its_end = "gst_rtspsrc_pause" in said and said.count("ERROR") == said.count("Could not write to resource")
    assert (status, said) == (0, "") or at_its_end, f"{camera} {way}: {said}"


async def pyav(fleet: Fleet, clock: SystemClock, camera: str, way: str) -> None:
    """Reads mark and barcode of every picture, too."""
    async with clock.timeout(PATIENCE_SECONDS):
        seen = await asyncio.to_thread(_watch, url_of(fleet, camera), way)
    numbers = [n for n, _, _ in seen]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    assert all(n == utc_us * FPS // 1_000_000 for n, utc_us, _ in seen)
    assert all(code == n % LOOP_PICTURES for n, _, code in seen)


def _watch(url: str, way: str) -> list[tuple[int, int, int | None]]:
    seen = []
    with av.open(url, options={"rtsp_transport": way}, timeout=(10, 10)) as container:
        for frame in container.decode(video=0):
            data = [bytes(side) for side in frame.side_data if side.type.name == "SEI_UNREGISTERED"]
            mark = next(found for one in data if (found := parse_sei(one)) is not None)
            seen.append((mark.n, mark.utc_us, read(frame.to_ndarray(format="gray"))))
            if len(seen) == 2 * GOP:
                break
    return seen


@pytest.mark.parametrize("player", [ffmpeg, gstreamer, pyav], ids=lambda player: player.__name__)
async def test_a_player_that_is_not_ours_decodes_every_camera_without_a_word(
    fleet: Fleet, clock: SystemClock, player: type
) -> None:
    async with asyncio.TaskGroup() as group:
        for camera, way in WAYS:
            group.create_task(player(fleet, clock, camera, way), name=f"{camera} {way}")


async def test_ffprobe_sees_what_the_configuration_says(fleet: Fleet, clock: SystemClock) -> None:
    entries = "stream=codec_name,width,height,r_frame_rate,color_space"
    options = ("-v", "error", "-rtsp_transport", "tcp", "-show_entries", entries, "-of", "csv=p=0")
    status, said = await run(clock, "ffprobe", *options, fleet.urls["/cam1/sub"])
    assert (status, said.strip()) == (0, f"h264,96,64,smpte170m,{FPS}/1")


async def test_a_wrong_password_is_401(fleet: Fleet, clock: SystemClock) -> None:
    for camera in SECURED:
        status, said = await run(clock, "ffprobe", "-v", "error", url_of(fleet, camera, "wrong"))
        assert status and "401 Unauthorized" in said
