"""What every row is measured on: the same streams, from a server that is not ours."""

import asyncio
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

HERE = Path(__file__).resolve().parent
SERVER_LIBRARY = "gstreamer-rtsp-server-1.0"
LOOP_SECONDS = 20


class MissingError(Exception):
    """Something that must be installed first; the text says how."""


def check_tools() -> None:
    """Raises MissingError."""
    for tool, package in (("ffmpeg", "ffmpeg"), ("gcc", "gcc"), ("pkg-config", "pkg-config")):
        if shutil.which(tool) is None:
            raise MissingError(f"{tool} is missing: sudo apt install {package}")
    if subprocess.run(["pkg-config", "--exists", SERVER_LIBRARY], check=False).returncode:
        packages = "libgstrtspserver-1.0-dev gstreamer1.0-plugins-good gstreamer1.0-plugins-bad"
        raise MissingError(f"gst-rtsp-server is missing: sudo apt install {packages}")


def build_floor(folder: Path) -> Path:
    """The floor program, compiled into `folder`."""
    program = folder / "floor"
    subprocess.run(["gcc", "-O2", "-w", str(HERE / "floor.c"), "-o", str(program)], check=True)
    return program


def clip(cache: Path, seconds: int) -> Path:
    """1080p, 30 pictures a second, 4 Mbit/s, a key frame every 60; at least so long. Made once, then kept."""
    return _clip(cache, "clip", seconds, size="1920x1080", fps=30, bitrate="4M")


def sub_clip(cache: Path, seconds: int) -> Path:
    """640×360, 15 pictures a second, 500 kbit/s, a key frame every 2 s; at least so long. Made once, then kept."""
    return _clip(cache, "sub-clip", seconds, size="640x360", fps=15, bitrate="500k")


def _clip(cache: Path, name: str, seconds: int, *, size: str, fps: int, bitrate: str) -> Path:
    rounds = -(-seconds // LOOP_SECONDS)
    loop, whole = cache / f"{name}-{LOOP_SECONDS}.mp4", cache / f"{name}-{rounds * LOOP_SECONDS}.mp4"
    cache.mkdir(parents=True, exist_ok=True)
    if not loop.exists():
        picture = ["-f", "lavfi", "-i", f"testsrc2=s={size}:r={fps},noise=alls=12:allf=t", "-t", str(LOOP_SECONDS)]
        codec = ["-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-profile:v", "main"]
        rate = ["-g", str(fps * 2), "-b:v", bitrate, "-maxrate", bitrate, "-bufsize", bitrate]
        _ffmpeg([*picture, *codec, *rate], loop)
    if not whole.exists():
        _ffmpeg(["-stream_loop", str(rounds - 1), "-i", str(loop), "-c", "copy"], whole)
    return whole


@asynccontextmanager
async def warm_memory(size: int) -> AsyncIterator[None]:
    """Free memory of a virtual machine may have been given back to its host: taking a page of it costs ten times as
    much as one that was used a moment ago, and the first row would have the good ones. While the body runs, so many
    bytes of free memory stay with the machine: a process touches them and keeps one page of each 2 MiB, which are not
    given back as long as they are not whole."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _BALLAST, str(size), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdin is not None and process.stdout is not None
    try:
        await process.stdout.readline()
        yield
    finally:
        process.stdin.close()
        await process.wait()


_BALLAST = """
import mmap, sys
size, page, block = int(sys.argv[1]), mmap.PAGESIZE, 2 << 20
memory = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
for start in range(0, size, page):
    memory[start] = 1
for start in range(0, size, block):
    memory.madvise(mmap.MADV_DONTNEED, start + page, block - page)
print("ready", flush=True)
sys.stdin.read()
"""


def _ffmpeg(arguments: list[str], path: Path) -> None:
    part = path.with_suffix(".part.mp4")
    subprocess.run(["ffmpeg", "-v", "error", "-nostdin", "-y", *arguments, str(part)], check=True)
    part.rename(path)
