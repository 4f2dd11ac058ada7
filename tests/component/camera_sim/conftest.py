"""A small fleet that really serves; its clips are encoded once for all tests of this folder."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from camera_sim.camera_config import CameraConfig, StreamConfig, SubStreamConfig
from camera_sim.config import FleetConfig, RtspConfig
from camera_sim.fleet import Fleet, serve
from gate.clock import SystemClock

FPS, GOP = 30, 15
LOOP_SECONDS = 2
LOOP_PICTURES = FPS * LOOP_SECONDS
TICKS = 90_000 // FPS
READY_SECONDS = 60
USER, PASSWORD = "admin", "p:w/1"


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("clips")


@pytest.fixture
def config(clips: Path) -> FleetConfig:
    """cam1: a group every half second, main and sub. cam2 shows the same in one group of two seconds. guard and
    keeper want a password, in the two styles. hevc is H.265."""
    main = StreamConfig(width=160, height=90, fps=FPS, bitrate=200_000, gop_seconds=GOP / FPS)
    sub = SubStreamConfig(width=96, height=64, fps=FPS, bitrate=60_000, gop_seconds=GOP / FPS)
    long = StreamConfig(width=160, height=90, fps=FPS, bitrate=200_000, gop_seconds=LOOP_SECONDS)
    return FleetConfig(
        cache_dir=clips,
        loop_seconds=LOOP_SECONDS,
        rtsp=RtspConfig(listen="127.0.0.1:0"),
        cameras=(
            CameraConfig(id="cam1", scene="car_park", main=main, sub=sub),
            CameraConfig(id="cam2", scene="car_park", main=long, sub=None),
            CameraConfig(id="guard", scene="car_park", main=main, sub=None, user=USER, password=PASSWORD),
            CameraConfig(
                id="keeper", scene="car_park", main=main, sub=None, user=USER, password=PASSWORD, digest="dual"
            ),
            CameraConfig(id="hevc", scene="car_park", main=main.model_copy(update={"codec": "h265"}), sub=None),
        ),
    )


@pytest_asyncio.fixture
async def clock() -> AsyncIterator[SystemClock]:
    clock = SystemClock()
    yield clock
    clock.close()


@pytest_asyncio.fixture
async def fleet(config: FleetConfig, clock: SystemClock) -> AsyncIterator[Fleet]:
    """Complete: every group is in the cache."""
    async with serve(config, clock) as fleet:
        async with clock.timeout(READY_SECONDS):
            await fleet.workshop.wait_complete()
            await fleet.wait_ready()
        yield fleet


@pytest.fixture(autouse=True)
def _no_stray_children() -> Iterator[None]:
    """Workers end with their fleet."""
    import psutil

    yield
    left = [child.cmdline() for child in psutil.Process().children() if child.status() != psutil.STATUS_ZOMBIE]
    assert not left
