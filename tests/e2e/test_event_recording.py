"""A recorder as a process, put into event mode from the terminal: an event brings footage from before it."""

import asyncio
import sqlite3
import sys
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from gate.clock import SystemClock
from tests.e2e.footage import complaints, probe, segment_files
from tests.e2e.lone_recorder import LoneRecorder
from tests.fakes import gst_server

PRE_SECONDS, POST_SECONDS, GROUP_SECONDS = 3, 2, 1


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return gst_server.build(tmp_path_factory.mktemp("gst"))


async def until(recorder: LoneRecorder, phase: str, reason: str | None) -> dict[str, Any]:
    """The camera's recording, once it is so."""
    async with SystemClock().timeout(20):
        while True:
            recording: dict[str, Any] = (await recorder.state())["cameras"][0]["recording"]
            if (recording["phase"], recording["reason"]) == (phase, reason):
                return recording
            await recorder.clock.sleep(0.02)


async def happen(recorder: LoneRecorder) -> dict[str, Any]:
    """Something happens at the camera."""
    connector = aiohttp.UnixConnector(path=str(recorder.config.parent / "r.sock"))
    async with (
        aiohttp.ClientSession(connector=connector) as session,
        session.post("http://recorder/v1/cameras/cam1/events") as answer,
    ):
        found: dict[str, Any] = await answer.json()
        return found


async def change_mode(recorder: LoneRecorder, *words: str) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "recorder.cli", "record", "cam1", *words, "--config", str(recorder.config)
    )
    assert await process.wait() == 0


async def test_an_event_brings_footage_from_before_it_also_after_a_restart(tmp_path: Path, program: Path) -> None:
    clip = tmp_path / "clip.mp4"
    gst_server.make_clip(clip, seconds=60)
    async with gst_server.serving(program, clip) as url:
        recorder = LoneRecorder(tmp_path, {"cam1": f"{url}/cam0"})
        await recorder.license()
        await recorder.start()
        await until(recorder, "recording", None)
        await change_mode(recorder, "event", "--pre", str(PRE_SECONDS), "--post", str(POST_SECONDS))
        await until(recorder, "waiting", "event_mode")
        assert await recorder.stop() == 0
        before = segment_files(recorder.data_dir, "cam1")

        await recorder.start()
        recording = await until(recorder, "waiting", "event_mode")
        assert recording["mode"] == "event", "it is kept over restarts"
        await recorder.clock.sleep(PRE_SECONDS + GROUP_SECONDS)
        assert await happen(recorder) == {"camera": "cam1", "mode": "event", "kind": "input", "recorded": True}
        await until(recorder, "recording", None)
        await until(recorder, "waiting", "event_mode")
        assert await recorder.stop() == 0

    files = [path for path in segment_files(recorder.data_dir, "cam1") if path not in before]
    assert [complaints(path) for path in files] == [""] * len(files)
    total_seconds = sum(float(probe(path)["duration"]) for path in files)
    least = PRE_SECONDS + POST_SECONDS
    assert least - 0.3 <= total_seconds <= least + 2 * GROUP_SECONDS + 0.5
    with sqlite3.connect(f"file:{recorder.data_dir / 'index.db'}?mode=ro", uri=True) as index:
        reasons = [reason for (reason,) in index.execute("select reason from gap order by start_utc_ns")]
    assert reasons.count("event_mode") == 2
