"""The HDMI output as a process: its preview over HTTP, its window, its end."""

import asyncio
import signal
import socket
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from aiohttp import ClientSession

from gate.clock import SystemClock
from tests.component.hdmi.monitor_process import END_SECONDS_MAX, running_monitor
from tests.fakes.local_site import FakeCamera, LocalSite


async def test_preview_shows_the_wall_as_png_mjpeg_and_page(
    tmp_path: Path, clock: SystemClock, cameras: list[FakeCamera]
) -> None:
    async with (
        LocalSite(cameras, clock).serving(tmp_path / "rec.sock"),
        running_monitor(tmp_path, clock, "listen: 127.0.0.1:0\nfps: 30\n") as monitor,
        ClientSession() as session,
    ):
        address = await monitor.ready()
        status = await monitor.pictures(session)
        assert set(status) >= {"sink", "display", "view", "camera", "language", "frames", "fps", "band", "cameras"}
        assert (status["sink"], status["band"], list(status["cameras"])) == ("headless", False, ["cam1", "cam2"])
        assert set(status["cameras"]["cam1"]) == {"pictures", "pause_ms_max", "state"}

        async with session.get(f"{address}picture.png") as response:
            assert response.headers["Cache-Control"] == "no-store"
            picture = cv2.imdecode(np.frombuffer(await response.read(), np.uint8), cv2.IMREAD_COLOR)
        assert picture is not None
        assert picture.shape == (720, 1280, 3)
        assert picture[200, 300].min() > 40, "the first tile has a picture"
        async with session.get(address) as response:
            assert "stream.mjpeg" in await response.text()
        async with session.get(f"{address}picture.png", headers={"Host": "evil.example:8650"}) as response:
            assert response.status == 421, "a foreign name that resolves to this machine sees nothing"

        frames = await asyncio.to_thread(read_mjpeg, f"{address}stream.mjpeg", 5)
        assert [(frame.width, frame.height) for frame in frames] == [(1280, 720)] * 5
        assert len({int(frame.to_ndarray(format="gray")[200, 300:340].mean()) for frame in frames}) > 1
        status, seconds = await monitor.end(signal.SIGTERM)
        assert (status, seconds < END_SECONDS_MAX) == (0, True)


def read_mjpeg(url: str, count: int) -> list[av.VideoFrame]:
    frames: list[av.VideoFrame] = []
    with av.open(url, format="mpjpeg", timeout=(5, 5)) as stream:
        for frame in stream.decode(video=0):
            frames.append(frame)
            if len(frames) == count:
                return frames
    return frames


async def test_pause_maximum_is_reset_on_request(tmp_path: Path, clock: SystemClock, cameras: list[FakeCamera]) -> None:
    async with (
        LocalSite(cameras, clock).serving(tmp_path / "rec.sock"),
        running_monitor(tmp_path, clock, "listen: 127.0.0.1:0\n") as monitor,
        ClientSession() as session,
    ):
        await monitor.ready()
        await monitor.pictures(session)
        cameras[0].playing = False
        async with clock.timeout(6):
            while (await monitor.status(session))["cameras"]["cam1"]["pause_ms_max"] < 600:
                await clock.sleep(0.05)
        cameras[0].playing = True
        seen = (await monitor.pictures(session))["cameras"]["cam1"]["pictures"]
        async with clock.timeout(6):
            while (await monitor.status(session))["cameras"]["cam1"]["pictures"] < seen + 2:
                await clock.sleep(0.05)
        assert (await monitor.status(session, "?reset=1"))["cameras"]["cam1"]["pause_ms_max"] >= 600
        assert (await monitor.status(session))["cameras"]["cam1"]["pause_ms_max"] < 600


async def test_wall_without_a_recorder_says_so_and_ends_at_once(tmp_path: Path, clock: SystemClock) -> None:
    async with (
        running_monitor(tmp_path, clock, "listen: 127.0.0.1:0\n") as monitor,
        ClientSession() as session,
    ):
        address = await monitor.ready()
        async with session.get(f"{address}picture.png") as response:
            assert response.status == 200
        assert (await monitor.status(session))["cameras"] == {}
        status, seconds = await monitor.end(signal.SIGINT)
        assert (status, seconds < END_SECONDS_MAX) == (0, True)


@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        ("clock: {mode: shared, socket: nowhere.sock}\n", "nowhere.sock"),
        ("sink: sdl\n", "no display opens"),
    ],
)
async def test_what_cannot_start_says_why_in_one_sentence(
    tmp_path: Path, clock: SystemClock, config: str, sentence: str
) -> None:
    async with running_monitor(tmp_path, clock, config, {"SDL_VIDEODRIVER": "x11"}) as monitor:
        status, said = await monitor.refusal()
        assert (status, len(said)) == (2, 1)
        assert sentence in said[0]


async def test_taken_port_is_one_clear_sentence(tmp_path: Path, clock: SystemClock) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        async with running_monitor(tmp_path, clock, f"listen: 127.0.0.1:{port}\n") as monitor:
            status, said = await monitor.refusal()
        assert (status, len(said)) == (2, 1)
        assert f"port {port}" in said[0]
        assert "--port-base" in said[0]
