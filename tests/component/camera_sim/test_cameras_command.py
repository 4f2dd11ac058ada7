"""`edge-recorder cameras` as a process."""

import asyncio
import json
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from camera_sim.fleet import Fleet
from gate.clock import SystemClock

PATIENCE_SECONDS = 30


@pytest.fixture
def file(tmp_path: Path, clips: Path, fleet: Fleet) -> Path:
    """The same fleet as a file; its clips are there."""
    del fleet
    path = tmp_path / "fleet.yaml"
    main = "{width: 160, height: 90, bitrate: 200k}"
    sub = "{width: 96, height: 64, bitrate: 60k}"
    camera = f"{{id: cam1, scene: car_park, main: {main}, sub: {sub}}}"
    path.write_text(f"rtsp: {{listen: '127.0.0.1:0'}}\ncache_dir: {clips}\nloop_seconds: 4\ncameras:\n  - {camera}\n")
    return path


@asynccontextmanager
async def running(*arguments: str) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "camera_sim", *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_it_cleanly_within_a_second(file: Path, clock: SystemClock, number: signal.Signals) -> None:
    async with running(str(file), "--report") as process, clock.timeout(PATIENCE_SECONDS):
        assert process.stdout is not None and process.stderr is not None
        ready = json.loads(await process.stdout.readline())
        assert ready["ready"]["rtsp"].startswith("rtsp://127.0.0.1:")
        began_ns = clock.monotonic_ns()
        process.send_signal(number)
        assert await process.wait() == 0
        assert clock.monotonic_ns() - began_ns < 1_000_000_000
        assert await process.stderr.read() == b""


async def test_a_taken_port_is_one_sentence_and_status_2(file: Path, clock: SystemClock) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        file.write_text(file.read_text().replace("127.0.0.1:0", f"127.0.0.1:{port}"))
        async with running(str(file)) as process, clock.timeout(PATIENCE_SECONDS):
            said, complaint = await process.communicate()
    assert (process.returncode, said) == (2, b"")
    assert complaint.decode().splitlines() == [
        f"edge-recorder cameras: cannot listen on 127.0.0.1:{port}: another program listens there already; "
        "end it, or choose other ports with --port-base"
    ]


async def test_a_bad_field_is_one_sentence_and_status_2(file: Path, clock: SystemClock) -> None:
    file.write_text(file.read_text().replace("car_park", "beach"))
    async with running(str(file)) as process, clock.timeout(PATIENCE_SECONDS):
        _, complaint = await process.communicate()
    assert process.returncode == 2
    assert f"{file}, line 5, cameras[0].scene" in complaint.decode()
    assert len(complaint.decode().splitlines()) == 1


async def test_the_shared_clock_is_wanted_where_configured(file: Path, clock: SystemClock, tmp_path: Path) -> None:
    file.write_text(f"clock: {{mode: shared, socket: {tmp_path}/no.sock}}\n" + file.read_text())
    async with running(str(file)) as process, clock.timeout(PATIENCE_SECONDS):
        _, complaint = await process.communicate()
    assert process.returncode == 2
    assert "no.sock" in complaint.decode()
