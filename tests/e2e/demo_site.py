"""A whole demo site in a folder of its own: small cameras, free ports, real processes."""

import asyncio
import contextlib
import json
import random
import signal
import socket
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import yaml

from gate.clock import SystemClock

CONFIGS = Path(__file__).resolve().parents[2] / "configs"
UP_SECONDS = 60.0
DRAWN_SECONDS = 90.0
END_SECONDS = 20.0
"""Only against one that never ends: how quick an end is depends on what else the machine does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoSite:
    """A running demo. `facts`: device, cameras, paths, pids; `sign_ins`: people of the portal by their role. Every wait
    of a test goes through `clock`."""

    root: Path
    addresses: dict[str, str]
    facts: dict[str, Any]
    process: asyncio.subprocess.Process
    clock: SystemClock
    sign_ins: dict[str, dict[str, str]]

    @property
    def recorder_config(self) -> Path:
        return self.root / "configs" / "recorder.yaml"


FILE_LICENCE = {"mode": "file", "path": "../data/licence/licence.json", "root_key": "../data/licence/root.pub"}


def write_configs(
    root: Path, *, cameras: int = 2, loop_seconds: int = 10, service: bool = False, show: dict[str, Any] | None = None
) -> Path:
    """Copies of `configs/` with fewer and smaller cameras, the licence from a file unless from the `service`, the show
    board only with fields of its own to `show`; gives the demo's file."""
    folder = root / "configs"
    folder.mkdir(parents=True)
    for source in CONFIGS.glob("*.yaml"):
        content = yaml.safe_load(source.read_text())
        if source.name == "fleet.yaml":
            content["loop_seconds"] = loop_seconds
            content["cache_dir"] = "../cache"
            content["cameras"] = content["cameras"][:cameras]
            del content["events"]  # tests make their own
            for camera in content["cameras"]:
                camera["main"] = {"width": 640, "height": 360, "fps": 15, "bitrate": "600k"}
                camera["sub"] = {"width": 320, "height": 180, "fps": 15, "bitrate": "200k"}
        elif source.name == "recorder.yaml":
            content["cameras"] = content["cameras"][:cameras]
            content["storage"] |= {
                "segment_seconds": 10,
                "sync_seconds": 1,
                "bytes_max": "1GB",
                "free_bytes_min": "100MB",
            }
            if not service:
                content["licence"] = FILE_LICENCE
        elif source.name == "demo.yaml":
            for name in [*(() if service else ("service",)), *(("show", "orders") if show is None else ())]:
                del content[name]
        elif source.name == "show.yaml":
            content |= show or {}
        elif source.name == "hdmi.yaml":
            content["sink"] = "headless"
        (folder / source.name).write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False))
    return folder / "demo.yaml"


def free_port_base() -> int:
    """A thousand whose ports of a site are free now; in no order, as other tests look for one at this moment."""
    bases = range(10_000, 32_000, 1_000)
    for base in random.SystemRandom().sample(bases, len(bases)):  # tests' own random numbers begin alike everywhere
        with contextlib.ExitStack() as stack, contextlib.suppress(OSError):
            for port in (80, 554, 555, 600, 650, 680, 690, 700, 722, 725):
                probe = stack.enter_context(socket.socket())
                probe.bind(("127.0.0.1", base + port))
            return base
    raise RuntimeError("no free ports between 10000 and 32000")


@asynccontextmanager
async def running_demo(
    root: Path, *, cameras: int = 2, service: bool = False, show: dict[str, Any] | None = None
) -> AsyncIterator[DemoSite]:
    """Starts `edge-recorder demo --json`, waits until all is up; at the end Ctrl-C, and everything must be gone."""
    config = write_configs(root, cameras=cameras, service=service, show=show)
    clock = SystemClock()
    process = await start_command(["demo", str(config), "--json", "--port-base", str(free_port_base())])
    try:
        assert process.stdout is not None
        async with clock.timeout(UP_SECONDS):
            line = await process.stdout.readline()
        assert line, f"the demo ended with status {await process.wait()}"
        up = json.loads(line)
        yield DemoSite(
            root=root,
            addresses=up["addresses"],
            facts=up["site"],
            process=process,
            clock=clock,
            sign_ins={one["role"]: one for one in up["sign_ins"]},
        )
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGINT)
        async with clock.timeout(END_SECONDS):
            await process.communicate()  # to the end of its output: else its pipe is left to the collector
        clock.close()


async def scenes_drawn(site: DemoSite) -> None:
    """Returns when the simulated cameras have all their pictures: until then they repeat some, which are not fresh."""
    children = psutil.Process(site.process.pid).children
    async with site.clock.timeout(DRAWN_SECONDS):
        while any("camera_sim.clips.worker" in _words_of(child) for child in children(recursive=True)):
            await site.clock.sleep(0.2)


def _words_of(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:  # it has ended meanwhile
        return []


async def start_command(words: Sequence[str]) -> asyncio.subprocess.Process:
    """`edge-recorder …`, its stdout to be read."""
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "recorder.cli", *words, stdout=asyncio.subprocess.PIPE, start_new_session=True
    )


async def run_command(*words: str) -> str:
    """The stdout of a command that must succeed."""
    process = await start_command(words)
    out, _ = await process.communicate()
    assert process.returncode == 0, f"edge-recorder {' '.join(words)} ended with {process.returncode}"
    return out.decode()
