"""What the HDMI wall costs: 16 sub streams to one 1080p picture, ours beside ffmpeg's xstack and GStreamer's compositor
on the same streams; whether recording loses anything meanwhile; and how old a picture is when it is on the output.

Peers read the RTSP streams themselves. Ours gets them from the recorder, so that what the recorder needs more for it is
counted to the wall. Nobody encodes or shows the result.
"""

import asyncio
import contextlib
import itertools
import os
import shutil
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

import aiohttp
import av
import cv2
import numpy as np
import psutil
import yaml

from camera_sim import barcode
from gate.clock import Clock
from hdmi_out.layout.screen import plan_screen
from hdmi_out.layout.wall import plan_wall
from tests.benchmarks.cut import _running
from tests.benchmarks.recording import recorder_command, recorder_session, running, state_of
from tests.benchmarks.source import check_tools, clip, sub_clip
from tests.fakes.gst_server import build, serving

CAMERAS, SIDE = 16, 4
WIDTH, HEIGHT, FPS = 1920, 1080, 15
TILE_WIDTH, TILE_HEIGHT = WIDTH // SIDE, HEIGHT // SIDE
WARM_UP_SECONDS = 6.0
OF_PEER_MAX = 0.7
"""What ours must reach, in times the CPU of the better peer."""
PICTURES = 60
READY_SECONDS_MAX = 60.0
LOOP_SECONDS, SIM_FPS = 10, 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """`cpu_percent` of one core; `fps`: new pictures a second of a camera on the output, where it tells."""

    name: str
    cpu_percent: float
    pss_mb: float
    fps: float | None = None
    load: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """`missing`: pictures that are not on disk; `lost`: packets; both while the wall ran, of `recorded` pictures.
    `latency_ms`: from the time a camera took a picture to when it came, as a JPEG, out of the preview."""

    rows: list[Row]
    recorded: int
    missing: int
    lost: int
    latency_ms: list[float]

    @property
    def of_better_peer(self) -> float:
        """Our CPU in times the better peer's."""
        ours = next(row.cpu_percent for row in self.rows if row.name.startswith("ours"))
        return ours / min(row.cpu_percent for row in self.rows if not row.name.startswith(("ours", "–")))


async def measure(seconds: float, cache: Path, clock: Clock) -> Measured:
    check_tools()
    whole = round(seconds + WARM_UP_SECONDS) * 2 + 40
    main, sub = await asyncio.to_thread(clip, cache, whole), await asyncio.to_thread(sub_clip, cache, whole)
    with tempfile.TemporaryDirectory(prefix="wall-", dir=cache) as name:
        folder = Path(name)
        program = build(folder)
        async with serving(program, sub, CAMERAS) as sub_url:
            peers = [await _peer("ffmpeg xstack", _xstack(sub_url), seconds, clock, ready=b"frame=")]
            if shutil.which("gst-launch-1.0"):
                peers.append(await _peer("GStreamer compositor", _compositor(sub_url), seconds, clock))
            async with serving(program, main, CAMERAS) as main_url:
                ours, lost = await _ours(folder, main_url, sub_url, seconds, clock)
        recorded, missing = await asyncio.to_thread(_missing, folder / "ours")
        latency = await _latency(folder, cache, clock)
    return Measured(rows=[*ours, *peers], recorded=recorded, missing=missing, lost=lost, latency_ms=latency)


def as_json(measured: Measured, seconds: float) -> dict[str, Any]:
    return {
        "cameras": CAMERAS,
        "seconds": seconds,
        "rows": [asdict(row) for row in measured.rows],
        "of_better_peer": measured.of_better_peer,
        "recorded": measured.recorded,
        "missing": measured.missing,
        "packets_lost": measured.lost,
        "latency_ms": {"median": median(measured.latency_ms), "max": max(measured.latency_ms)},
    }


def _xstack(url: str) -> list[str]:
    opened = [
        "-threads",
        "1",
        "-fpsprobesize",
        "0",
        "-probesize",
        "32",
        "-rtsp_transport",
        "tcp",
        "-i",
    ]  # the SDP says all there is to know
    sources = [word for i in range(CAMERAS) for word in (*opened, f"{url}/cam{i}")]
    tiles = ";".join(f"[{i}:v]scale={TILE_WIDTH}:{TILE_HEIGHT}:flags=bilinear[t{i}]" for i in range(CAMERAS))
    graph = f"{tiles};{''.join(f'[t{i}]' for i in range(CAMERAS))}xstack=inputs={CAMERAS}:grid={SIDE}x{SIDE},fps={FPS}"
    return [
        *("ffmpeg", "-v", "error", "-nostdin", "-filter_complex_threads", "1"),
        *(*sources, "-filter_complex", graph, "-progress", "pipe:1", "-f", "null", "-"),
    ]


def _compositor(url: str) -> list[str]:
    words = ["gst-launch-1.0", "-q", "compositor", "name=c", "background=black"]
    for i in range(CAMERAS):
        place = {"xpos": i % SIDE * TILE_WIDTH, "ypos": i // SIDE * TILE_HEIGHT}
        place |= {"width": TILE_WIDTH, "height": TILE_HEIGHT}
        words += [f"sink_{i}::{name}={value}" for name, value in place.items()]
    words += f"! video/x-raw,format=I420,width={WIDTH},height={HEIGHT},framerate={FPS}/1 ! fakesink sync=true".split()
    for i in range(CAMERAS):
        words += f"rtspsrc location={url}/cam{i} protocols=tcp latency=100 ! rtph264depay ! h264parse".split()
        words += f"! avdec_h264 max-threads=1 ! queue ! c.sink_{i}".split()
    return words


async def _peer(name: str, command: list[str], seconds: float, clock: Clock, *, ready: bytes = b"") -> Row:
    async with running(clock, command, ready=ready) as pid:
        process = psutil.Process(pid)
        await clock.sleep(WARM_UP_SECONDS)
        return await _watched(name, [process], seconds, clock)


async def _ours(folder: Path, main_url: str, sub_url: str, seconds: float, clock: Clock) -> tuple[list[Row], int]:
    """The recorder alone, then with the wall; and the packets it lost."""
    root = folder / "ours"
    cameras = [f"cam{i}" for i in range(CAMERAS)]
    command = await recorder_command(root, {camera: f"{main_url}/{camera}" for camera in cameras})
    config = yaml.safe_load((root / "recorder.yaml").read_text())
    for camera in config["cameras"]:
        camera["sub"] = {"url": f"{sub_url}/{camera['id']}"}
    (root / "recorder.yaml").write_text(yaml.safe_dump(config))
    wall = {"recorder": {"socket": "r.sock"}, "sink": "headless", "listen": "127.0.0.1:0", "fps": FPS}
    wall |= {"clock": {"mode": "system"}, "width": WIDTH, "height": HEIGHT}
    (root / "hdmi.yaml").write_text(yaml.safe_dump(wall))
    async with running(clock, command, ready=b"ready") as pid, recorder_session(root) as session:
        recorder = psutil.Process(pid)
        await clock.sleep(WARM_UP_SECONDS)
        alone = await _watched("– recorder alone", [recorder], seconds, clock)
        async with _running(clock, "hdmi_out", str(root / "hdmi.yaml"), "--report") as ready:
            await clock.sleep(WARM_UP_SECONDS)
            monitor = next(child for child in psutil.Process().children() if "hdmi_out" in " ".join(child.cmdline()))
            pictures = await _pictures(ready["hdmi"])
            begun_ns, recorder_before = clock.monotonic_ns(), _cpu_seconds(recorder)
            process = await _watched("monitor process", [monitor], seconds, clock)
            elapsed = (clock.monotonic_ns() - begun_ns) / 1e9
            with_wall = (_cpu_seconds(recorder) - recorder_before) / elapsed * 100
            shown = await _pictures(ready["hdmi"]) - pictures
        streams = [camera["streams"] for camera in (await state_of(session))["cameras"]]
    lost = sum(stream["packets_lost"] for camera in streams for stream in camera.values())
    more = max(with_wall - alone.cpu_percent, 0.0)
    whole = Row(
        name="ours: monitor, and what the recorder needs more",
        cpu_percent=process.cpu_percent + more,
        pss_mb=process.pss_mb,
        fps=shown / elapsed / CAMERAS,
        load=os.getloadavg()[0],
    )
    return [whole, alone], lost


async def _watched(name: str, processes: list[psutil.Process], seconds: float, clock: Clock) -> Row:
    begun_ns, before = clock.monotonic_ns(), sum(map(_cpu_seconds, processes))
    await clock.sleep(seconds)
    cpu = (sum(map(_cpu_seconds, processes)) - before) / ((clock.monotonic_ns() - begun_ns) / 1e9) * 100
    pss = sum(process.memory_full_info().pss for process in processes) / 1e6
    return Row(name=name, cpu_percent=cpu, pss_mb=pss, load=os.getloadavg()[0])


def _cpu_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


async def _pictures(preview: str) -> int:
    async with aiohttp.ClientSession() as session, session.get(f"{preview}v1/status") as answer:
        return sum(camera["pictures"] for camera in (await answer.json())["cameras"].values())


def _missing(root: Path) -> tuple[int, int]:
    """Pictures on disk, and how many are not between two that are. A clip served anew begins a new run, a new file."""
    recorded = missing = 0
    for path in sorted((root / "data").rglob("*.mp4")):
        with contextlib.suppress(av.FFmpegError), av.open(str(path)) as file:
            times = sorted(float((packet.pts or 0) * packet.time_base) for packet in file.demux(video=0) if packet.size)
            recorded += len(times)
            missing += sum(round((later - time) * 30) - 1 for time, later in itertools.pairwise(times))
    return recorded, missing


async def _latency(folder: Path, cache: Path, clock: Clock) -> list[float]:
    """Of the first of four simulated cameras: its barcode says when each picture was taken. Includes the preview's
    JPEG, which a display does not need."""
    root = folder / "latency"
    names = [f"cam{n}" for n in range(4)]
    stream = {"width": 640, "height": 360, "fps": SIM_FPS, "bitrate": "600k"}
    fleet = {
        "rtsp": {"listen": "127.0.0.1:0"},
        "control": {"listen": "127.0.0.1:0"},
        "cache_dir": str(cache / "sim-cache"),
        "loop_seconds": LOOP_SECONDS,
        "cameras": [{"id": name, "scene": "car_park", "main": stream, "sub": stream} for name in names],
    }
    (folder / "fleet.yaml").write_text(yaml.safe_dump(fleet))
    async with contextlib.AsyncExitStack() as stack:
        ready = await stack.enter_async_context(_running(clock, "camera_sim", str(folder / "fleet.yaml"), "--report"))
        command = await recorder_command(root, {name: f"{ready['rtsp']}/{name}/sub" for name in names})
        await stack.enter_async_context(running(clock, command, ready=b"ready"))
        wall = {"recorder": {"socket": "r.sock"}, "sink": "headless", "listen": "127.0.0.1:0", "fps": 30}
        wall |= {"clock": {"mode": "system"}, "width": WIDTH, "height": HEIGHT}
        (root / "hdmi.yaml").write_text(yaml.safe_dump(wall))
        ready = await stack.enter_async_context(_running(clock, "hdmi_out", str(root / "hdmi.yaml"), "--report"))
        async with clock.timeout(READY_SECONDS_MAX):
            return await _ages(ready["hdmi"], clock)


async def _ages(preview: str, clock: Clock) -> list[float]:
    """Of the first PICTURES pictures whose barcode can be read, each once."""
    ages: dict[int, float] = {}
    loop_pictures = LOOP_SECONDS * SIM_FPS
    async with aiohttp.ClientSession() as session, session.get(f"{preview}stream.mjpeg") as answer:
        reader = aiohttp.MultipartReader.from_response(answer)
        while len(ages) < PICTURES and (part := await reader.next()) is not None:
            assert isinstance(part, aiohttp.BodyPartReader)
            now_ns, jpeg = clock.now_ns(), await part.read()
            gray = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_GRAYSCALE)
            assert gray is not None
            number = barcode.read(np.ascontiguousarray(gray[_tile(gray)]))
            if number is None or number in ages:
                continue
            newest = now_ns * SIM_FPS // 10**9
            taken = newest - (newest - number) % loop_pictures
            ages[number] = now_ns / 1e6 - taken * 1000 / SIM_FPS
    return list(ages.values())[PICTURES // 4 :]  # those of the start wait for a key frame


def _tile(gray: Any) -> tuple[slice, slice]:
    area = plan_wall(plan_screen(gray.shape[1], gray.shape[0]).body, 2).tiles[0]
    return slice(area.y, area.bottom), slice(area.x, area.right)
