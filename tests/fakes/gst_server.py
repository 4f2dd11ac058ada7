"""A camera that is not ours: gst-rtsp-server, serving a clip that ffmpeg made."""

import asyncio
import shutil
import socket
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from gate.clock import SystemClock

SOURCE = Path(__file__).resolve().parents[1] / "benchmarks" / "gstserve.c"
CAMERA_SOURCE = Path(__file__).resolve().parent / "gst_camera.c"
LIBRARY = "gstreamer-rtsp-server-1.0"


def build(folder: Path, source: Path = SOURCE) -> Path:
    """The server's program; skips the test where it cannot be built."""
    if shutil.which("gcc") is None or shutil.which("pkg-config") is None:
        pytest.skip("needs gcc and pkg-config")
    flags = subprocess.run(["pkg-config", "--cflags", "--libs", LIBRARY], capture_output=True, text=True, check=False)
    if flags.returncode:
        pytest.skip("needs gst-rtsp-server: apt install libgstrtspserver-1.0-dev gstreamer1.0-plugins-good")
    program = folder / source.stem
    subprocess.run(["gcc", "-O2", str(source), "-o", str(program), *flags.stdout.split()], check=True)
    return program


def make_clip(
    path: Path,
    *,
    seconds: int,
    size: str = "640x360",
    rate: int = 30,
    gop: int = 30,
    codec: str = "h264",
    b_frames: int = 0,
    open_groups: bool = False,
) -> None:
    """A clip whose every picture differs; skips the test without ffmpeg. `open_groups`: B-frames may lie across key
    frames, which are then no fresh start."""
    if shutil.which("ffmpeg") is None:
        pytest.skip("needs ffmpeg: apt install ffmpeg")
    source = ["-f", "lavfi", "-i", f"testsrc2=s={size}:r={rate}", "-t", str(seconds)]
    if codec == "h264":
        tune = f"-bf {b_frames} -x264-params b-adapt=0" if b_frames else "-tune zerolatency"
        encoder = f"-c:v libx264 -preset ultrafast {tune} -profile:v main -g {gop} -b:v 1M"
    else:
        settings = f"keyint={gop}:min-keyint={gop}:scenecut=0:bframes={b_frames}:b-adapt=0:log-level=none"
        settings += f":open-gop={int(open_groups)}"
        encoder = f"-c:v libx265 -preset ultrafast -x265-params {settings} -tag:v hvc1 -b:v 1M"
    subprocess.run(["ffmpeg", "-v", "error", "-y", *source, *encoder.split(), str(path)], check=True)


def make_flashing_clip(path: Path, *, seconds: int, rate: int = 30, b_frames: int = 0) -> None:
    """A clip that flashes and beeps, both for a tenth of a second at each full one; skips the test without ffmpeg."""
    if shutil.which("ffmpeg") is None:
        pytest.skip("needs ffmpeg: apt install ffmpeg")
    flashes = f"color=black:s=320x180:r={rate},drawbox=c=white:t=fill:enable='lt(mod(t,1),0.099)'"
    beeps = "aevalsrc='0.5*sin(2*PI*1000*t)*lt(mod(t,1),0.1)':s=16000"
    source = ["-f", "lavfi", "-i", flashes, "-f", "lavfi", "-i", beeps, "-t", str(seconds)]
    video = f"-c:v libx264 -preset ultrafast -bf {b_frames} -x264-params b-adapt=0 -pix_fmt yuv420p -g {rate}"
    command = ["ffmpeg", "-v", "error", "-y", *source, *video.split(), "-c:a", "aac", str(path)]
    subprocess.run(command, check=True)


@asynccontextmanager
async def serving(program: Path, clip: Path, cameras: int = 1) -> AsyncIterator[str]:
    """Serves /cam0 … until the body ends; gives `rtsp://127.0.0.1:PORT`."""
    async with _serving(program, str(clip), str(cameras)) as url:
        yield url


@asynccontextmanager
async def serving_camera(program: Path, clip: Path, *, codec: str, transport: str) -> AsyncIterator[str]:
    """One camera, built from CAMERA_SOURCE, that sends over this transport only."""
    async with _serving(program, str(clip), codec, transport) as url:
        yield f"{url}/cam0"


@asynccontextmanager
async def _serving(program: Path, *arguments: str) -> AsyncIterator[str]:
    clock = SystemClock()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = await asyncio.create_subprocess_exec(str(program), str(port), *arguments)
    try:
        async with clock.timeout(10):
            while True:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                except ConnectionRefusedError:
                    await clock.sleep(0.02)
                else:
                    writer.close()
                    break
        yield f"rtsp://127.0.0.1:{port}"
    finally:
        process.kill()
        await process.wait()
        clock.close()
