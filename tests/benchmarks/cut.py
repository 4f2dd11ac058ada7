"""How late the last remote byte comes at an expiry: many readers of real streams, across X in real time, repeatedly.

Simulated cameras, the recorder and the readers are processes of their own on one shared clock. X is crossed in real
time; a new licence brings everything back for the next crossing.
"""

import asyncio
import contextlib
import json
import statistics
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import yaml

from gate.clock import Clock, ns_of
from gate.shared_clock.controller import command
from gate.shared_clock.server import ClockServer

CAMERAS = 4
BEFORE_SECONDS = 4
LATE_PICTURES_SECONDS = 1.0
"""By then pictures taken before X have been written, too."""
TERM = timedelta(hours=1)
PHASES = tuple(timedelta(milliseconds=ms) for ms in (5, 22, 39, 56))
"""X lies so long after a picture was taken, in turn: what was taken just before X is the hardest to hold back."""
READY_SECONDS_MAX = 60.0
END_SECONDS_MAX = 15.0
LATE_MS_MAX = 50.0
"""What the 99th percentile must reach."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """Milliseconds after X, negative before it. `leaked`: pictures labelled X or later; `not_closed`: readers that were
    not told `EXPIRED` and closed with 4403. `recorded_ms`: of the last recorded picture of each camera."""

    readers: int
    late_ms: list[float]
    recorded_ms: list[float]
    pictures: int
    leaked: int
    not_closed: int

    def percentile(self, percent: int) -> float:
        """By nearest rank."""
        ordered = sorted(self.late_ms)
        return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]

    @property
    def median(self) -> float:
        return statistics.median(self.late_ms)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Site:
    root: Path
    remote: str
    clock: Clock

    @property
    def socket(self) -> Path:
        return self.root / "clock.sock"


async def measure(readers: int, rounds: int, cache: Path, clock: Clock) -> Cut:
    """So many crossings, all in one."""
    with tempfile.TemporaryDirectory(prefix="cut-", dir=cache) as name:
        root = Path(name)
        async with contextlib.AsyncExitStack() as stack:
            await stack.enter_async_context(ClockServer(root / "clock.sock", root / "data/clock.json").serving())
            remote = await _start(root, cache, clock, stack)
            site = _Site(root=root, remote=remote, clock=clock)
            crossings = [await _cross(site, readers, PHASES[n % len(PHASES)]) for n in range(rounds)]
    return Cut(
        readers=readers,
        late_ms=[late for crossing in crossings for late in crossing.late_ms],
        recorded_ms=[late for crossing in crossings for late in crossing.recorded_ms],
        pictures=sum(crossing.pictures for crossing in crossings),
        leaked=sum(crossing.leaked for crossing in crossings),
        not_closed=sum(crossing.not_closed for crossing in crossings),
    )


def as_json(cut: Cut) -> dict[str, Any]:
    """What is kept of a run."""
    return {
        "readers": cut.readers,
        "late_ms": {"median": cut.median, "p99": cut.percentile(99), "max": max(cut.late_ms)},
        "recorded_ms_max": max(cut.recorded_ms),
        "pictures": cut.pictures,
        "leaked": cut.leaked,
        "not_closed": cut.not_closed,
        "late_ms_all": sorted(cut.late_ms),
    }


async def _start(root: Path, cache: Path, clock: Clock, stack: contextlib.AsyncExitStack) -> str:
    """Cameras and recorder; gives the remote side's address once every stream runs."""
    shared = {"mode": "shared", "socket": "clock.sock"}
    names = [f"cam{number + 1}" for number in range(CAMERAS)]
    stream = {"width": 640, "height": 360, "fps": 15, "bitrate": "600k"}
    fleet = {
        "clock": shared,
        "rtsp": {"listen": "127.0.0.1:0"},
        "cache_dir": str(cache / "sim-cache"),
        "loop_seconds": 10,
        "cameras": [
            {"id": camera, "scene": "car_park", "view": number % 2, "main": stream, "sub": stream}
            for number, camera in enumerate(names)
        ],
    }
    (root / "fleet.yaml").write_text(yaml.safe_dump(fleet))
    ready = await stack.enter_async_context(_running(clock, "camera_sim", str(root / "fleet.yaml"), "--report"))
    url = ready["rtsp"]
    config = {
        "device": {"id": "bench", "data_dir": "data"},
        "clock": shared,
        "licence": {"path": "licence.json", "root_key": "root.pub"},
        "remote": {"listen": "127.0.0.1:0"},
        "local": {"socket": "r.sock"},
        "storage": {"bytes_max": "1GB", "free_bytes_min": "100MB"},
        "cameras": [
            {"id": camera, "main": {"url": f"{url}/{camera}/main"}, "sub": {"url": f"{url}/{camera}/sub"}}
            for camera in names
        ],
    }
    (root / "recorder.yaml").write_text(yaml.safe_dump(config))
    await _license(root, timedelta(0))
    ready = await stack.enter_async_context(_running(clock, "recorder", str(root / "recorder.yaml"), "--report"))
    remote = str(ready["remote"])
    async with clock.timeout(READY_SECONDS_MAX):
        while not await _everything(remote, "streaming"):
            await clock.sleep(0.1)
    return remote


async def _cross(site: _Site, readers: int, phase: timedelta) -> Cut:
    await _license(site.root, phase)
    async with site.clock.timeout(READY_SECONDS_MAX):
        while not await _everything(site.remote, "recording"):
            await site.clock.sleep(0.1)
    arguments = [sys.executable, "-m", "tests.benchmarks.readers", site.remote, str(readers), str(CAMERAS)]
    process = await asyncio.create_subprocess_exec(*arguments, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    try:
        async with site.clock.timeout(READY_SECONDS_MAX):
            await process.stdout.readline()
        await command(site.socket, f"to-expiry --before {BEFORE_SECONDS}s")
        shown = await command(site.socket, "show")
        expiry = min(datetime.fromisoformat(at) for at in shown["expiries"].values())
        async with site.clock.timeout(BEFORE_SECONDS + END_SECONDS_MAX):
            told = json.loads(await process.stdout.readline())
            await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    async with site.clock.timeout(END_SECONDS_MAX):
        while not await _everything(site.remote, "stopped"):
            await site.clock.sleep(0.1)
    await site.clock.sleep(LATE_PICTURES_SECONDS)
    return _crossing(told, await _state(site.remote), expiry, int(shown["offset_ns"]))


def _crossing(told: list[dict[str, Any]], state: dict[str, Any], expiry: datetime, offset_ns: int) -> Cut:
    expiry_ns = ns_of(expiry)
    recorded = [datetime.fromisoformat(camera["recording"]["last_picture"]) for camera in state["cameras"]]
    return Cut(
        readers=len(told),
        late_ms=[(reader["last_ns"] + offset_ns - expiry_ns) / 1e6 for reader in told],
        recorded_ms=[(ns_of(label) - expiry_ns) / 1e6 for label in recorded],
        pictures=sum(reader["pictures"] for reader in told),
        leaked=sum(reader["last_label_us"] * 1000 >= expiry_ns for reader in told),
        not_closed=sum((reader["code"], reader["close"]) != ("EXPIRED", 4403) for reader in told),
    )


async def _license(root: Path, phase: timedelta) -> None:
    now = datetime.fromisoformat((await command(root / "clock.sock", "show"))["now"])
    until = (now + TERM).replace(microsecond=0) + phase
    cameras = [word for number in range(CAMERAS) for word in ("--camera", f"cam{number + 1}")]
    words = ["licence", "issue", "--device", "bench", *cameras, "--until", until.isoformat()]
    words += ["--clock", root / "clock.sock"]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "recorder.cli", *map(str, words), "--out", str(root / "licence.json"),
        stdout=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    if await process.wait():
        raise RuntimeError("the licence for the benchmark could not be issued")


async def _everything(remote: str, phase: str) -> bool:
    cameras = (await _state(remote))["cameras"]
    if phase in ("recording", "stopped"):
        return all(camera["recording"]["phase"] == phase for camera in cameras)
    return all(stream["phase"] == phase for camera in cameras for stream in camera["streams"].values())


async def _state(remote: str) -> dict[str, Any]:
    async with aiohttp.ClientSession() as session, session.get(f"{remote}api/v1/state") as answer:
        state: dict[str, Any] = await answer.json()
        return state


@asynccontextmanager
async def _running(clock: Clock, module: str, *arguments: str) -> AsyncIterator[dict[str, Any]]:
    """A process of the product until the body ends; gives what it says when it is ready."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", module, *arguments, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    reading: asyncio.Task[None] | None = None
    try:
        async with clock.timeout(READY_SECONDS_MAX):
            while "ready" not in (report := json.loads(await process.stdout.readline() or b'{"ready": null}')):
                pass
        if not report["ready"]:
            raise RuntimeError(f"{module} did not get ready")
        reading = asyncio.create_task(_read_on(process.stdout))
        yield report["ready"]
    finally:
        if process.returncode is None:
            process.terminate()
            try:
                async with clock.timeout(END_SECONDS_MAX):
                    await process.wait()
            except TimeoutError:
                process.kill()
                await process.wait()
        if reading is not None:
            await reading


async def _read_on(stream: asyncio.StreamReader) -> None:
    while await stream.readline():
        pass
