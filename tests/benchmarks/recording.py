"""What recording costs: the floor, ours, ours with a viewer each, and ffmpeg, one after the other on the same streams.

Each row is warmed up, then measured: user and system time of its processes, and their memory (PSS). All rows find free
memory in the same state (`warm_memory`).
"""

import asyncio
import contextlib
import os
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import aiohttp
import psutil
import yaml

from gate.clock import Clock
from tests.benchmarks.source import build_floor, clip, warm_memory
from tests.fakes.gst_server import build, serving

WARM_UP_SECONDS = 5
FLOOR_LOW_WATER_BYTES = 32 << 10
END_SECONDS_MAX = 10.0
READY_SECONDS_MAX = 30.0
WARM_BYTES = 4 << 30
ANSWERS, ANSWER_SECONDS = 200, 0.02
OF_FFMPEG_MAX, OF_FLOOR_MAX = 0.3, 2.5
"""What ours must reach, in times the peer's CPU."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """`cpu_percent`: of one core, per camera, while the streams flow; `cpu_with_start_percent`: from the start of the
    processes on (ffmpeg decodes pictures then, Python imports). `memory_mb`: of all processes together."""

    cpu_percent: float
    cpu_with_start_percent: float
    memory_mb: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """`pictures`: what the viewers received. `answer_ms`: in which 99 of 100 questions for the state were answered.
    `load`: of the whole machine in the last minute, streams and other people's work included."""

    name: str
    used: Used
    packets_lost: int | None = None
    pictures: int | None = None
    answer_ms: float | None = None
    load: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """`url`: of the server; its cameras are /cam0 … ."""

    cameras: int
    seconds: float
    url: str
    folder: Path
    clock: Clock


async def measure(cameras: int, seconds: float, cache: Path, clock: Clock) -> list[Row]:
    """All rows."""
    with tempfile.TemporaryDirectory(prefix="run-", dir=cache) as name:
        folder = Path(name)
        video = clip(cache, round(seconds) + WARM_UP_SECONDS + 20)
        floor = build_floor(folder)
        rows = []
        async with serving(build(folder), video, cameras) as url, warm_memory(WARM_BYTES):
            setting = Setting(cameras=cameras, seconds=seconds, url=url, folder=folder, clock=clock)
            rows.append(await _measure_floor(setting, floor))
            rows.append(await _measure_ours(setting, watched=False))
            rows.append(await _measure_ours(setting, watched=True))
            rows.append(await _measure_ffmpeg(setting))
        return rows


def as_json(rows: list[Row], cameras: int, seconds: float) -> dict[str, object]:
    """What is kept of a run."""
    return {"cameras": cameras, "seconds": seconds, "rows": [asdict(row) for row in rows]}


async def _measure_floor(setting: Setting, program: Path) -> Row:
    duration = str(round(setting.seconds) + WARM_UP_SECONDS + 5)
    port = setting.url.rsplit(":", 1)[1]
    out = setting.folder / "floor-out"
    out.mkdir()
    command = [str(program), port, str(setting.cameras), duration, str(FLOOR_LOW_WATER_BYTES), str(out)]
    async with running(setting.clock, command) as pid:
        used = await _watch([pid], setting)
    shutil.rmtree(out)
    return Row(name="floor", used=used, load=os.getloadavg()[0])


async def _measure_ffmpeg(setting: Setting) -> Row:
    out = setting.folder / "ffmpeg-out"
    out.mkdir()
    async with contextlib.AsyncExitStack() as stack:
        pids = []
        for i in range(setting.cameras):
            source = ["-rtsp_transport", "tcp", "-i", f"{setting.url}/cam{i}"]
            target = ["-c", "copy", "-f", "segment", "-segment_time", "60", str(out / f"{i}-%03d.mp4")]
            command = ["ffmpeg", "-v", "error", "-nostdin", *source, *target]
            pids.append(await stack.enter_async_context(running(setting.clock, command)))
        used = await _watch(pids, setting)
    shutil.rmtree(out)
    return Row(name="ffmpeg, one each", used=used, load=os.getloadavg()[0])


async def _measure_ours(setting: Setting, *, watched: bool) -> Row:
    root = setting.folder / ("watched" if watched else "ours")
    cameras = [f"cam{i}" for i in range(setting.cameras)]
    command = await recorder_command(root, {camera: f"{setting.url}/{camera}" for camera in cameras})
    async with running(setting.clock, command, ready=b"ready") as pid, contextlib.AsyncExitStack() as stack:
        session = await stack.enter_async_context(recorder_session(root))
        viewers = [asyncio.create_task(_view(session, camera)) for camera in cameras if watched]
        used = await _watch([pid], setting)
        answer_ms = await _answer_ms(session, setting.clock)
        streams = [camera["streams"]["main"] for camera in (await state_of(session))["cameras"]]
        for viewer in viewers:
            viewer.cancel()
        pictures = sum(viewer for viewer in await asyncio.gather(*viewers)) if watched else None
    shutil.rmtree(root)
    return Row(
        name="ours, a viewer each" if watched else "ours",
        used=used,
        packets_lost=sum(stream["packets_lost"] for stream in streams),
        pictures=pictures,
        answer_ms=answer_ms,
        load=os.getloadavg()[0],
    )


async def recorder_command(root: Path, urls: Mapping[str, str]) -> list[str]:
    """A recorder of these main streams in a new folder, licensed: what starts it."""
    root.mkdir()
    config = {
        "device": {"id": "bench", "data_dir": "data"},
        "licence": {"path": "licence.json", "root_key": "root.pub"},
        "remote": {"listen": "127.0.0.1:0"},
        "local": {"socket": "r.sock"},
        "storage": {"bytes_max": "20GB", "free_bytes_min": "100MB"},
        "cameras": [{"id": camera, "main": {"url": url}} for camera, url in urls.items()],
    }
    (root / "recorder.yaml").write_text(yaml.safe_dump(config))
    named = [word for camera in urls for word in ("--camera", camera)]
    issue = ["licence", "issue", "--device", "bench", *named, "--until", "2090-01-01", "--out", root / "licence.json"]
    issuing = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "recorder.cli", *map(str, issue), stdout=asyncio.subprocess.DEVNULL
    )
    if await issuing.wait():
        raise RuntimeError("the licence for the benchmark could not be issued")
    return [sys.executable, "-m", "recorder", str(root / "recorder.yaml"), "--report"]


def recorder_session(root: Path) -> aiohttp.ClientSession:
    """To the local site of the recorder in this folder."""
    return aiohttp.ClientSession(connector=aiohttp.UnixConnector(path=str(root / "r.sock")))


async def state_of(session: aiohttp.ClientSession) -> dict[str, Any]:
    """Of the recorder."""
    async with session.get("http://recorder/v1/state") as answer:
        state: dict[str, Any] = await answer.json()
        return state


async def _answer_ms(session: aiohttp.ClientSession, clock: Clock) -> float:
    times = []
    for _ in range(ANSWERS):
        begun_ns = clock.monotonic_ns()
        await state_of(session)
        times.append((clock.monotonic_ns() - begun_ns) / 1e6)
        await clock.sleep(ANSWER_SECONDS)
    return sorted(times)[int(len(times) * 0.99)]


async def _view(session: aiohttp.ClientSession, camera: str) -> int:
    """Watches on the local site until it is cancelled; how many pictures came."""
    pictures = 0
    try:
        async with session.ws_connect(f"http://recorder/v1/cameras/{camera}/live?stream=main", max_msg_size=0) as live:
            async for message in live:
                pictures += message.type is aiohttp.WSMsgType.BINARY
    except asyncio.CancelledError:
        pass
    return pictures


@asynccontextmanager
async def running(clock: Clock, command: list[str], *, ready: bytes = b"") -> AsyncIterator[int]:
    """A process until the body ends; `ready`: what it says on its first line when it is."""
    stdout = asyncio.subprocess.PIPE if ready else asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(*command, stdout=stdout)
    try:
        if ready:
            assert process.stdout is not None
            async with clock.timeout(READY_SECONDS_MAX):
                line = await process.stdout.readline()
            if ready not in line:
                raise RuntimeError(f"{command[0]} did not get ready")
        yield process.pid
    finally:
        if process.returncode is None:
            process.terminate()
            try:
                async with clock.timeout(END_SECONDS_MAX):
                    await process.wait()
            except TimeoutError:
                process.kill()
                await process.wait()


async def _watch(pids: list[int], setting: Setting) -> Used:
    processes = [psutil.Process(pid) for pid in pids]
    await setting.clock.sleep(WARM_UP_SECONDS)
    begun_ns, before = setting.clock.monotonic_ns(), sum(_cpu_seconds(process) for process in processes)
    await setting.clock.sleep(setting.seconds)
    whole = sum(_cpu_seconds(process) for process in processes)
    elapsed = (setting.clock.monotonic_ns() - begun_ns) / 1e9
    return Used(
        cpu_percent=(whole - before) / elapsed / setting.cameras * 100,
        cpu_with_start_percent=whole / (elapsed + WARM_UP_SECONDS) / setting.cameras * 100,
        memory_mb=sum(process.memory_full_info().pss for process in processes) / 1e6,
    )


def _cpu_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)
