"""Many cameras for a minute: our simulator and our recorder on one machine, and whether a packet is lost."""

import contextlib
import os
import socket
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil
import yaml

from gate.clock import Clock
from tests.benchmarks.recording import recorder_command, recorder_session, running, state_of

STREAM = {"width": 1920, "height": 1080, "fps": 30, "bitrate": "4M", "gop_seconds": 2}
LOOP_SECONDS = 4
SECONDS = 60.0
BEGIN_SECONDS_MAX = 120.0
DISK_BYTES = 256 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowd:
    """`recording`: cameras that were recorded at the end; `fps`: received at the end, their mean. CPU in per cent of
    one core, of all cameras together; `load`: of the whole machine in the last minute; `disk_mb_s`: what the disk takes
    of one file, synced."""

    cameras: int
    seconds: float
    recording: int
    packets_lost: int
    fps: float
    written_mb_s: float
    disk_mb_s: float
    recorder_cpu_percent: float
    simulator_cpu_percent: float
    recorder_memory_mb: float
    load: float


async def measure(cameras: int, cache: Path, clock: Clock) -> Crowd:
    """One round."""
    with tempfile.TemporaryDirectory(prefix="crowd-", dir=cache) as name:
        root = Path(name)
        disk_mb_s = _disk_mb_s(root / "disk", clock)
        names = [f"cam{number}" for number in range(cameras)]
        port = _free_port()
        fleet = {
            "rtsp": {"listen": f"127.0.0.1:{port}"},
            "cache_dir": str(cache / "sim-cache"),
            "loop_seconds": LOOP_SECONDS,
            "cameras": [{"id": camera, "scene": "car_park", "main": STREAM} for camera in names],
        }
        (root / "fleet.yaml").write_text(yaml.safe_dump(fleet))
        command = await recorder_command(
            root / "recorder", {camera: f"rtsp://127.0.0.1:{port}/{camera}/main" for camera in names}
        )
        simulate = [command[0], "-m", "camera_sim", str(root / "fleet.yaml"), "--report"]
        async with (
            running(clock, simulate, ready=b"ready") as simulator,
            running(clock, command, ready=b"ready") as recorder,
            recorder_session(root / "recorder") as session,
        ):
            with contextlib.suppress(TimeoutError):
                async with clock.timeout(BEGIN_SECONDS_MAX):
                    while _recording(await state_of(session)) < cameras:
                        await clock.sleep(0.5)
            before, begun_ns = await state_of(session), clock.monotonic_ns()
            cpu_before = [_cpu_seconds(pid) for pid in (recorder, simulator)]
            await clock.sleep(SECONDS)
            after, elapsed = await state_of(session), (clock.monotonic_ns() - begun_ns) / 1e9
            cpu = [_cpu_seconds(pid) - was for pid, was in zip((recorder, simulator), cpu_before, strict=True)]
            return Crowd(
                cameras=cameras,
                seconds=elapsed,
                recording=_recording(after),
                packets_lost=_sum(after, "packets_lost") - _sum(before, "packets_lost"),
                fps=_sum(after, "fps") / cameras,
                written_mb_s=(after["storage"]["used_bytes"] - before["storage"]["used_bytes"]) / elapsed / 1e6,
                disk_mb_s=disk_mb_s,
                recorder_cpu_percent=cpu[0] / elapsed * 100,
                simulator_cpu_percent=cpu[1] / elapsed * 100,
                recorder_memory_mb=psutil.Process(recorder).memory_full_info().pss / 1e6,
                load=os.getloadavg()[0],
            )


def as_json(crowd: Crowd) -> dict[str, Any]:
    """What is kept of a run."""
    return asdict(crowd)


def _recording(state: dict[str, Any]) -> int:
    return sum(camera["recording"]["phase"] == "recording" for camera in state["cameras"])


def _sum(state: dict[str, Any], what: str) -> Any:
    return sum(camera["streams"]["main"][what] for camera in state["cameras"])


def _cpu_seconds(pid: int) -> float:
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)


def _disk_mb_s(path: Path, clock: Clock) -> float:
    block, begun_ns = os.urandom(1 << 20), clock.monotonic_ns()
    with path.open("wb", buffering=0) as file:
        for _ in range(DISK_BYTES // len(block)):
            file.write(block)
        os.fsync(file.fileno())
    path.unlink()
    return DISK_BYTES * 1e3 / (clock.monotonic_ns() - begun_ns)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])
