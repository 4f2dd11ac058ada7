"""A recorder without its supervisor: it hosts its own clock, and says plainly what it lacks."""

import asyncio
import json
import sys
from pathlib import Path

import yaml

from tests.e2e.demo_site import run_command
from tests.e2e.lone_recorder import LoneRecorder

NOWHERE = "rtsp://127.0.0.1:9/none"


def change(recorder: LoneRecorder, **sections: object) -> None:
    content = yaml.safe_load(recorder.config.read_text())
    recorder.config.write_text(yaml.safe_dump(content | sections))


async def test_a_recorder_alone_hosts_the_shared_clock_and_keeps_its_offset(tmp_path: Path) -> None:
    recorder = LoneRecorder(tmp_path, {"cam1": NOWHERE})
    change(recorder, clock={"mode": "shared", "socket": "clock.sock"})
    await recorder.license()
    clock = ("clock", "--config", str(recorder.config), "--json")
    await recorder.start()
    before = json.loads(await run_command(*clock, "show"))
    after = json.loads(await run_command(*clock, "advance", "400d"))
    assert after["late"] == []
    assert after["offset_ns"] - before["offset_ns"] > (400 * 86_400 - 1) * 10**9
    assert await recorder.stop() == 0
    await recorder.start()
    again = json.loads(await run_command(*clock, "show"))
    assert again["offset_ns"] == after["offset_ns"]
    assert again["expiries"]["cam1"].startswith("2040-01-01T15:00:00")
    assert await recorder.stop() == 0


async def test_an_unreachable_camera_is_a_state_and_no_failure(tmp_path: Path) -> None:
    recorder = LoneRecorder(tmp_path, {"cam1": NOWHERE})
    await recorder.license()
    await recorder.start()
    async with recorder.clock.timeout(10):
        while (stream := (await recorder.state())["cameras"][0]["streams"]["main"])["phase"] != "refused":
            await recorder.clock.sleep(0.02)
    assert "127.0.0.1:9" in stream["message"]
    assert await recorder.stop() == 0


async def test_a_recorder_without_its_root_key_says_what_to_do(tmp_path: Path) -> None:
    recorder = LoneRecorder(tmp_path, {"cam1": NOWHERE})
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "recorder", str(recorder.config), stderr=asyncio.subprocess.PIPE
    )
    _, errors = await process.communicate()
    assert process.returncode == 2
    assert "root.pub" in errors.decode()
    assert "Traceback" not in errors.decode()
