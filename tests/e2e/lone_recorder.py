"""A recorder alone, as a process, against whatever camera a test names."""

import asyncio
import ctypes
import json
import signal
import sys
from pathlib import Path
from typing import Any

import aiohttp
import yaml

from gate.clock import SystemClock
from tests.e2e.demo_site import run_command

END_SECONDS = 5.0
_PR_SET_PDEATHSIG = 1


def _die_with_the_tests() -> None:
    """A test that fails midway leaves no recorder behind: the kernel ends it with the thread that has started it."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class LoneRecorder:
    """`edge-recorder run` in a folder of its own, licensed until 2040."""

    def __init__(self, root: Path, cameras: dict[str, str], **storage: Any) -> None:
        self.clock = SystemClock()
        self.data_dir = root / "data"
        self._cameras = list(cameras)
        self.config = root / "recorder.yaml"
        self._local = root / "r.sock"
        self.process: asyncio.subprocess.Process | None = None
        self.remote = ""
        content = {
            "device": {"id": "rec-1", "data_dir": "data"},
            "licence": {"path": "licence.json", "root_key": "root.pub"},
            "remote": {"listen": "127.0.0.1:0"},
            "local": {"socket": "r.sock"},
            "storage": {"segment_seconds": 4, "sync_seconds": 1, "bytes_max": "1GB", "free_bytes_min": 0} | storage,
            "cameras": [{"id": camera, "main": {"url": url}} for camera, url in cameras.items()],
        }
        self.config.write_text(yaml.safe_dump(content))

    async def license(self) -> None:
        """Issues the licence, and the keys the first time."""
        cameras = [
            word for camera in yaml.safe_load(self.config.read_text())["cameras"] for word in ("--camera", camera["id"])
        ]
        out = str(self.config.parent / "licence.json")
        await run_command("licence", "issue", "--device", "rec-1", *cameras, "--until", "2040-01-01", "--out", out)

    async def start(self) -> None:
        """Starts the process and waits until it says it is ready."""
        self.process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "recorder", str(self.config), "--report"),
            stdout=asyncio.subprocess.PIPE,
            preexec_fn=_die_with_the_tests,
        )
        assert self.process.stdout is not None
        async with self.clock.timeout(15):
            line = await self.process.stdout.readline()
        assert b"ready" in line, f"the recorder ended with {await self.process.wait()}"
        self.remote = str(json.loads(line)["ready"]["remote"])

    async def state(self) -> dict[str, Any]:
        connector = aiohttp.UnixConnector(path=str(self._local))
        async with (
            aiohttp.ClientSession(connector=connector) as session,
            session.get("http://recorder/v1/state") as answer,
        ):
            state: dict[str, Any] = await answer.json()
            return state

    async def segments(self, wanted: int, seconds: float) -> None:
        """Waits until so many segments are in the index."""
        async with self.clock.timeout(seconds):
            while (await self.state())["storage"]["segments"] < wanted:
                await self.clock.sleep(0.05)

    async def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Ends the process; gives its status."""
        assert self.process is not None
        if self.process.returncode is None:
            self.process.send_signal(number)
        async with self.clock.timeout(END_SECONDS):
            await self.process.communicate()  # to the end of its output: else its pipe is left to the collector
        assert self.process.returncode is not None
        return self.process.returncode
