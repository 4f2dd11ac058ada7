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
LIBRARY = "gstreamer-rtsp-server-1.0"


def build(folder: Path) -> Path:
    """The server's program; skips the test where it cannot be built."""
    if shutil.which("gcc") is None or shutil.which("pkg-config") is None:
        pytest.skip("needs gcc and pkg-config")
    flags = subprocess.run(["pkg-config", "--cflags", "--libs", LIBRARY], capture_output=True, text=True, check=False)
    if flags.returncode:
        pytest.skip("needs gst-rtsp-server: apt install libgstrtspserver-1.0-dev gstreamer1.0-plugins-good")
    program = folder / "gstserve"
    subprocess.run(["gcc", "-O2", str(SOURCE), "-o", str(program), *flags.stdout.split()], check=True)
    return program


def make_clip(path: Path, *, seconds: int, size: str = "640x360", rate: int = 30, gop: int = 30) -> None:
    """An H.264 clip whose every picture differs; skips the test without ffmpeg."""
    if shutil.which("ffmpeg") is None:
        pytest.skip("needs ffmpeg: apt install ffmpeg")
    source = ["-f", "lavfi", "-i", f"testsrc2=s={size}:r={rate}", "-t", str(seconds)]
    codec = f"-c:v libx264 -preset ultrafast -tune zerolatency -profile:v main -g {gop} -b:v 1M".split()
    subprocess.run(["ffmpeg", "-v", "error", "-y", *source, *codec, str(path)], check=True)


@asynccontextmanager
async def serving(program: Path, clip: Path, cameras: int = 1) -> AsyncIterator[str]:
    """Serves /cam0 … until the body ends; gives `rtsp://127.0.0.1:PORT`."""
    clock = SystemClock()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = await asyncio.create_subprocess_exec(str(program), str(port), str(clip), str(cameras))
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
