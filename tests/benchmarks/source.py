"""What every row is measured on: the same streams, from a server that is not ours."""

import shutil
import subprocess
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
    rounds = -(-seconds // LOOP_SECONDS)
    loop, whole = cache / f"clip-{LOOP_SECONDS}.mp4", cache / f"clip-{rounds * LOOP_SECONDS}.mp4"
    cache.mkdir(parents=True, exist_ok=True)
    if not loop.exists():
        picture = ["-f", "lavfi", "-i", "testsrc2=s=1920x1080:r=30,noise=alls=12:allf=t", "-t", str(LOOP_SECONDS)]
        codec = ["-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-profile:v", "main", "-g", "60"]
        rate = ["-b:v", "4M", "-maxrate", "4M", "-bufsize", "4M"]
        _ffmpeg([*picture, *codec, *rate], loop)
    if not whole.exists():
        _ffmpeg(["-stream_loop", str(rounds - 1), "-i", str(loop), "-c", "copy"], whole)
    return whole


def _ffmpeg(arguments: list[str], path: Path) -> None:
    part = path.with_suffix(".part.mp4")
    subprocess.run(["ffmpeg", "-v", "error", "-nostdin", "-y", *arguments, str(part)], check=True)
    part.rename(path)
