"""A real recorder process: killed while it exports, asked to restart under a supervisor and alone."""

import asyncio
import signal
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import yaml

from gate.clock import instant_of
from recorder.cli import main
from tests.e2e.demo_site import free_port_base
from tests.e2e.lone_recorder import LoneRecorder
from tests.fakes.recorded import Recorded
from tests.fakes.video import EPOCH_NS, FPS, access_units

NOWHERE = "rtsp://127.0.0.1:9/none"
EXPORTS, RESTART = "api/v1/exports", "api/v1/maintenance/restart"
PICTURE_BYTES = 1_500_000
LONG_SECONDS = 40.0


async def asked(recorder: LoneRecorder, method: str, path: str, content: Any = None) -> Any:
    async with aiohttp.ClientSession() as session, session.request(method, recorder.remote + path, json=content) as got:
        return await got.json()


async def test_an_export_survives_a_kill_and_a_restart_ends_with_its_status(tmp_path: Path) -> None:
    recorder = LoneRecorder(tmp_path, {"cam1": NOWHERE}, pre_event_seconds=0)
    recorded = Recorded(recorder.data_dir, segment_seconds=2)
    heavy = bytes(PICTURE_BYTES)  # so that making it takes a while
    recorded.write([replace(unit, data=unit.data + heavy) for unit in access_units(6 * FPS)])
    recorded.close()
    await recorder.license()
    await recorder.start()
    wish = {"camera": "cam1", "from": instant_of(EPOCH_NS).isoformat()}
    wish["to"] = instant_of(EPOCH_NS + 10 * 10**9).isoformat()
    id = (await asked(recorder, "POST", EXPORTS, wish))["id"]
    folder = recorder.data_dir / "exports" / id
    async with recorder.clock.timeout(LONG_SECONDS):
        while not (told := await asked(recorder, "GET", f"{EXPORTS}/{id}"))["done_bytes"]:
            assert told["state"] in ("queued", "making")
            await recorder.clock.sleep(0.01)
    assert await recorder.stop(signal.SIGKILL) == -signal.SIGKILL
    assert [path.suffix for path in folder.iterdir() if path.name.startswith("cam1")] == [".part"]
    await recorder.start()
    async with recorder.clock.timeout(LONG_SECONDS):
        while (told := await asked(recorder, "GET", f"{EXPORTS}/{id}"))["state"] != "done":
            await recorder.clock.sleep(0.05)
    (file,) = told["files"]
    assert (file["pictures"], file["size"] > 6 * FPS * PICTURE_BYTES) == (6 * FPS, True)
    assert sorted(path.name for path in folder.iterdir()) == sorted([file["name"], "export.json", "manifest.json"])
    key = recorder.data_dir / "device.pub"
    assert main(["export", "verify", str(folder / file["name"]), "--device-key", str(key)]) == 0
    assert await asked(recorder, "POST", RESTART) == {"restarting": True}
    assert recorder.process is not None
    async with recorder.clock.timeout(LONG_SECONDS):
        await recorder.process.communicate()
    assert recorder.process.returncode == 75


async def test_a_recorder_that_nobody_supervises_takes_its_own_place_anew(tmp_path: Path) -> None:
    recorder = LoneRecorder(tmp_path, {"cam1": NOWHERE})
    port = free_port_base() + 600
    content = yaml.safe_load(recorder.config.read_text()) | {"remote": {"listen": f"127.0.0.1:{port}"}}
    recorder.config.write_text(yaml.safe_dump(content))
    recorder.remote = f"http://127.0.0.1:{port}/"
    await recorder.license()
    command = (sys.executable, "-m", "recorder", str(recorder.config))
    pipe = asyncio.subprocess.PIPE
    recorder.process = process = await asyncio.create_subprocess_exec(*command, stdout=pipe, stderr=pipe)
    assert process.stdout is not None
    async with recorder.clock.timeout(LONG_SECONDS):
        assert b"watch at" in await process.stdout.readline()
        assert await asked(recorder, "POST", RESTART) == {"restarting": True}
        assert b"watch at" in await process.stdout.readline()
    assert (await asked(recorder, "GET", "api/v1/device"))["uptime_seconds"] < LONG_SECONDS
    assert process.returncode is None
    assert await recorder.stop() == 0
