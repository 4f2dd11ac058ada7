"""A running `python -m hdmi_out`, as tests see it."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp import ClientSession

from gate.clock import SystemClock

ROOT = Path(__file__).parents[3]
WAIT_SECONDS = 30.0
"""For what is there in two seconds where the machine has nothing else to do."""
END_SECONDS_MAX = 3.0


class Monitor:
    """A running `python -m hdmi_out`."""

    def __init__(self, process: asyncio.subprocess.Process, clock: SystemClock) -> None:
        self.process = process
        self.clock = clock
        self.address = ""

    async def ready(self) -> str:
        """Waits for its report and gives the preview's address."""
        assert self.process.stdout is not None
        async with self.clock.timeout(WAIT_SECONDS):
            line = await self.process.stdout.readline()
            if not line:
                _, said = await self.process.communicate()
                raise AssertionError(f"the monitor ended with {self.process.returncode}: {said.decode()}")
        self.address = json.loads(line)["ready"]["hdmi"]
        return self.address

    async def status(self, session: ClientSession, query: str = "") -> dict[str, Any]:
        async with session.get(f"{self.address}v1/status{query}") as response:
            found: dict[str, Any] = await response.json()
            return found

    async def pictures(self, session: ClientSession) -> dict[str, Any]:
        """Waits until every camera is live; gives the status."""
        async with self.clock.timeout(WAIT_SECONDS):
            while True:
                status = await self.status(session)
                if status["cameras"] and all(c["state"] == "live" for c in status["cameras"].values()):
                    return status
                await self.clock.sleep(0.05)

    async def refusal(self) -> tuple[int | None, list[str]]:
        """Waits for its end; gives the exit status and what it said to people (its log apart)."""
        async with self.clock.timeout(WAIT_SECONDS):
            _, said = await self.process.communicate()
        lines = said.decode().splitlines()
        return self.process.returncode, [line for line in lines if " INFO " not in line]

    async def end(self, number: signal.Signals) -> tuple[int, float]:
        """Sends the signal; gives the exit status and the seconds that it took."""
        begun_ns = self.clock.monotonic_ns()
        self.process.send_signal(number)
        status = await self.process.wait()
        return status, (self.clock.monotonic_ns() - begun_ns) / 1e9


@asynccontextmanager
async def running_monitor(
    tmp_path: Path, clock: SystemClock, config: str, environment: dict[str, str] | None = None
) -> AsyncIterator[Monitor]:
    """The process on a configuration; killed at the end if it still runs."""
    path = tmp_path / "hdmi.yaml"
    path.write_text(f"recorder: {{socket: rec.sock}}\n{config}")
    inherited = {key: value for key, value in os.environ.items() if key not in ("DISPLAY", "WAYLAND_DISPLAY")}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "hdmi_out", str(path), "--report"),
        cwd=ROOT,
        env=inherited | (environment or {}),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield Monitor(process, clock)
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()
