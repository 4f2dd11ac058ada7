"""What serving a fleet costs: ours with a main and a sub stream a camera, each read; beside it gst-rtsp-server with the
main streams, where it can be built."""

import asyncio
import contextlib
import json
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import aiohttp
import psutil
import pytest
import yaml

from camera_sim.camera_config import SceneName
from gate.clock import Clock
from tests.benchmarks.cut import _running
from tests.benchmarks.source import MissingError, check_tools, clip
from tests.fakes.gst_server import build, serving

HALF_A_CORE_PERCENT, PSS_MB_MAX, STREAM_PERCENT_MAX = 50.0, 500.0, 0.5
WARM_UP_SECONDS = 3.0
ENCODE_SECONDS_MAX = 900.0
MAIN = {"width": 1920, "height": 1080, "fps": 30, "bitrate": "4M", "gop_seconds": 2}
SUB = {"width": 640, "height": 360, "fps": 15, "bitrate": "500k", "gop_seconds": 1}
LOOP_SECONDS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """`cpu_percent` of one core, of the whole server; `mbit`: read in a second; `dropped`: pictures, if it tells."""

    name: str
    streams: int
    cpu_percent: float
    pss_mb: float
    mbit: float
    dropped: int | None = None

    @property
    def stream_percent(self) -> float:
        return self.cpu_percent / self.streams


async def measure(cameras: int, seconds: float, cache: Path, clock: Clock) -> list[Row]:
    rows = []
    with tempfile.TemporaryDirectory(prefix="run-", dir=cache) as name:
        rows.append(await _ours(Path(name), cameras, seconds, cache, clock, subs=True))
        rows.append(await _ours(Path(name), cameras, seconds, cache, clock, subs=False))
        with contextlib.suppress(MissingError, pytest.skip.Exception):
            check_tools()
            rows.append(await _gstreamer(Path(name), cameras, seconds, cache, clock))
    return rows


def as_json(rows: list[Row], cameras: int, seconds: float) -> dict[str, Any]:
    return {
        "cameras": cameras,
        "seconds": seconds,
        "rows": [asdict(row) | {"stream_percent": row.stream_percent} for row in rows],
    }


async def _ours(folder: Path, cameras: int, seconds: float, cache: Path, clock: Clock, *, subs: bool) -> Row:
    scenes = SceneName.__args__
    fleet = {
        "rtsp": {"listen": "127.0.0.1:0"},
        "control": {"listen": "127.0.0.1:0"},
        "cache_dir": str(cache / "fleet"),
        "loop_seconds": LOOP_SECONDS,
        "cameras": [
            {
                "id": f"cam{n}",
                "scene": scenes[n % len(scenes)],
                "resting": "motion",
                "main": MAIN,
                "sub": SUB if subs else None,
            }
            for n in range(cameras)
        ],
    }
    path = folder / "fleet.yaml"
    path.write_text(yaml.safe_dump(fleet))
    async with _running(clock, "camera_sim", str(path), "--report") as ready:
        process = _child("camera_sim")
        async with clock.timeout(ENCODE_SECONDS_MAX):
            while process.children():
                await clock.sleep(0.5)
        names = ("main", "sub") if subs else ("main",)
        urls = [f"{ready['rtsp']}/cam{n}/{name}" for n in range(cameras) for name in names]
        cpu, pss, mbit = await _watched(process, urls, seconds, clock)
        async with aiohttp.ClientSession(ready["control"]) as session, session.get("/v1/cameras") as answer:
            dropped = sum(stream["dropped_pictures"] for stream in (await answer.json())["streams"])
    name = "ours, main and sub" if subs else "ours, main"
    return Row(name=name, streams=len(urls), cpu_percent=cpu, pss_mb=pss, mbit=mbit, dropped=dropped)


async def _gstreamer(folder: Path, cameras: int, seconds: float, cache: Path, clock: Clock) -> Row:
    video = await asyncio.to_thread(clip, cache, round(seconds + WARM_UP_SECONDS) + 20)
    async with serving(build(folder), video, cameras) as url:
        process = _child("gstserve", "gst_")
        urls = [f"{url}/cam{n}" for n in range(cameras)]
        cpu, pss, mbit = await _watched(process, urls, seconds, clock)
    return Row(name="gst-rtsp-server, main", streams=cameras, cpu_percent=cpu, pss_mb=pss, mbit=mbit)


def _child(*words: str) -> psutil.Process:
    """The process just started whose command has one of the words."""
    children = psutil.Process().children(recursive=True)
    return next(child for child in children if any(word in " ".join(child.cmdline()[:3]) for word in words))


async def _watched(
    process: psutil.Process, urls: list[str], seconds: float, clock: Clock
) -> tuple[float, float, float]:
    """CPU in per cent of a core, PSS in MB, Mbit/s read, while every stream is read by somebody else."""
    async with _drained(urls, seconds + WARM_UP_SECONDS + 1) as reader:
        await clock.sleep(WARM_UP_SECONDS)
        begun_ns, before = clock.monotonic_ns(), _cpu_seconds(process)
        await clock.sleep(seconds)
        cpu = (_cpu_seconds(process) - before) / ((clock.monotonic_ns() - begun_ns) / 1e9) * 100
        pss = process.memory_full_info().pss / 1e6
        assert reader.stdout is not None
        rates = json.loads(await reader.stdout.readline())
    return cpu, pss, sum(rates.values()) / 1e6


@asynccontextmanager
async def _drained(urls: list[str], seconds: float) -> AsyncIterator[asyncio.subprocess.Process]:
    command = [sys.executable, "-m", "tests.benchmarks.drain", str(seconds), *urls]
    reader = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    try:
        assert reader.stdout is not None
        if b"ready" not in await reader.stdout.readline():
            raise RuntimeError("not every stream could be played")
        yield reader
    finally:
        if reader.returncode is None:
            reader.terminate()
        await reader.wait()


def _cpu_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)
