"""Live view: how old a picture is when Chromium shows it, how soon the first one is there, and what viewers cost.

A picture's age is from its label, which is the camera's time, to its presentation (requestVideoFrameCallback), on the
page's own count, as its badge tells it. The cameras are simulated, 640×360 at 15 pictures a second, on this machine.
"""

import contextlib
import os
import shutil
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

import psutil
import yaml
from playwright.async_api import Page, async_playwright

from gate.clock import Clock
from tests.benchmarks.cut import _everything, _running
from tests.benchmarks.recording import recorder_command, running
from tests.benchmarks.source import MissingError

LATENCY_MS_MAX, FIRST_MS_MAX = 150.0, 200.0
"""What must be reached, by the median."""
PICTURES, BEGINNINGS = 150, 15
CROWDS = (16, 64)
STREAM = {"width": 640, "height": 360, "fps": 15, "bitrate": "600k", "gop_seconds": 2}
READY_SECONDS_MAX = 60.0
SETTLE_SECONDS = 2.0

_LATENCIES = """pictures => new Promise(done => {
    const tile = document.querySelector("live-tile"), video = tile.querySelector("video"), seen = [];
    const look = () => { if (tile.latencySeconds !== null) seen.push(tile.latencySeconds * 1000);
        if (seen.length < pictures) video.requestVideoFrameCallback(look); else done(seen); };
    video.requestVideoFrameCallback(look); })"""
_FIRST = """() => new Promise(done => {
    const tile = document.querySelector("live-tile"), video = tile.querySelector("video");
    tile.visible(false);
    setTimeout(() => { const begun = performance.now();
        video.requestVideoFrameCallback(now => done(now - begun)); tile.visible(true); }, 300); })"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """The recorder's CPU for viewers of one stream, in per cent of one core, beyond what it needs without them."""

    viewers: int
    cpu_percent: float

    @property
    def each_percent(self) -> float:
        """Of one viewer."""
        return self.cpu_percent / self.viewers


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """`load`: of the machine in the last minute, when the pictures' ages were measured."""

    latency_ms: list[float]
    first_ms: list[float]
    costs: list[Cost]
    load: float


def p95(values: list[float]) -> float:
    """The value that 95 of 100 do not exceed."""
    return sorted(values)[max(-(-len(values) * 95 // 100) - 1, 0)]


async def measure(seconds: float, cache: Path, clock: Clock) -> Measured:
    """All of it; `seconds`: of each row of CPU. Raises MissingError."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        raise MissingError("Chromium is missing: sudo apt install chromium")
    with tempfile.TemporaryDirectory(prefix="live-", dir=cache) as name:
        async with contextlib.AsyncExitStack() as stack:
            remote, recorder = await _start(Path(name), cache, clock, stack)
            latency_ms, first_ms = await _in_browser(chromium, remote)
            load = os.getloadavg()[0]
            costs = await _costs(remote, recorder, seconds, clock)
    return Measured(latency_ms=latency_ms, first_ms=first_ms, costs=costs, load=load)


def as_json(measured: Measured) -> dict[str, Any]:
    """What is kept of a run."""
    return {
        "latency_ms": {"median": median(measured.latency_ms), "p95": p95(measured.latency_ms)},
        "first_ms": {"median": median(measured.first_ms), "p95": p95(measured.first_ms)},
        "costs": [asdict(cost) | {"each_percent": cost.each_percent} for cost in measured.costs],
        "load": measured.load,
    }


async def _start(root: Path, cache: Path, clock: Clock, stack: contextlib.AsyncExitStack) -> tuple[str, psutil.Process]:
    """A camera and a recorder; gives the remote side's address once both streams run."""
    fleet = {
        "rtsp": {"listen": "127.0.0.1:0"},
        "cache_dir": str(cache / "sim-cache"),
        "loop_seconds": 10,
        "cameras": [{"id": "cam1", "scene": "car_park", "main": STREAM, "sub": STREAM}],
    }
    (root / "fleet.yaml").write_text(yaml.safe_dump(fleet))
    ready = await stack.enter_async_context(_running(clock, "camera_sim", str(root / "fleet.yaml"), "--report"))
    url, folder = ready["rtsp"], root / "recorder"
    await recorder_command(folder, {"cam1": f"{url}/cam1/main"})
    config = yaml.safe_load((folder / "recorder.yaml").read_text())
    config["cameras"][0]["sub"] = {"url": f"{url}/cam1/sub"}
    (folder / "recorder.yaml").write_text(yaml.safe_dump(config))
    known = set(psutil.Process().children())
    ready = await stack.enter_async_context(_running(clock, "recorder", str(folder / "recorder.yaml"), "--report"))
    (recorder,) = set(psutil.Process().children()) - known
    async with clock.timeout(READY_SECONDS_MAX):
        while not await _everything(ready["remote"], "streaming"):
            await clock.sleep(0.1)
    return ready["remote"], recorder


async def _in_browser(chromium: str, remote: str) -> tuple[list[float], list[float]]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        try:
            page = await browser.new_page()
            await page.goto(remote)
            await _live(page)
            latency_ms: list[float] = await page.evaluate(_LATENCIES, PICTURES)
            first_ms: list[float] = []
            for _ in range(BEGINNINGS):
                first_ms.append(await page.evaluate(_FIRST))
                await _live(page)
        finally:
            await browser.close()
    return latency_ms, first_ms


async def _live(page: Page) -> None:
    await page.wait_for_function("() => document.querySelector('live-tile')?.mode === 'live'")


async def _costs(remote: str, recorder: psutil.Process, seconds: float, clock: Clock) -> list[Cost]:
    alone = await _cpu_percent(recorder, seconds, clock)
    costs = []
    for viewers in CROWDS:
        command = [sys.executable, "-m", "tests.benchmarks.readers", remote, str(viewers), "1"]
        async with running(clock, command, ready=b"ready"):
            used = await _cpu_percent(recorder, seconds, clock)
        costs.append(Cost(viewers=viewers, cpu_percent=used - alone))
    return costs


async def _cpu_percent(process: psutil.Process, seconds: float, clock: Clock) -> float:
    await clock.sleep(SETTLE_SECONDS)
    begun_ns, before = clock.monotonic_ns(), process.cpu_times()
    await clock.sleep(seconds)
    after, elapsed = process.cpu_times(), (clock.monotonic_ns() - begun_ns) / 1e9
    return (after.user + after.system - before.user - before.system) / elapsed * 100
