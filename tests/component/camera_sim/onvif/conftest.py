"""A fleet whose cameras speak ONVIF, each in another maker's way, each at an address of its own."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from camera_sim.camera_config import CameraConfig, PresetConfig, StreamConfig, SubStreamConfig
from camera_sim.config import FleetConfig, OnvifConfig, RtspConfig
from camera_sim.fleet import Fleet, serve
from camera_sim.onvif.camera import OnvifCamera
from gate.clock import SystemClock
from tests.component.camera_sim.conftest import FPS, GOP, LOOP_SECONDS, PASSWORD, READY_SECONDS, USER

REBOOT_SECONDS = 0.4
MAKERS = ("onvif_generic", "ipro", "reolink", "tapo")


@pytest.fixture
def onvif_config(clips: Path) -> FleetConfig:
    """cam1 wants a password and can be turned. The makers' cameras are open; hevc is H.265."""
    main = StreamConfig(width=160, height=90, fps=FPS, bitrate=200_000, gop_seconds=GOP / FPS)
    sub = SubStreamConfig(width=96, height=64, fps=FPS, bitrate=60_000, gop_seconds=GOP / FPS)
    presets = (PresetConfig(name="入口 & <door>", view=0), PresetConfig(name="gate", view=1))
    guarded = CameraConfig(
        id="cam1",
        name="玄関",
        scene="car_park",
        main=main,
        sub=sub,
        user=USER,
        password=PASSWORD,
        presets=presets,
        sound="aac",
    )
    makers = [
        CameraConfig(id=f"x-{maker}"[:16], scene="car_park", main=main, sub=sub, personality=maker) for maker in MAKERS
    ]
    hevc = CameraConfig(id="hevc", scene="car_park", main=main.model_copy(update={"codec": "h265"}), sub=None)
    return FleetConfig(
        cache_dir=clips,
        loop_seconds=LOOP_SECONDS,
        rtsp=RtspConfig(listen="127.0.0.1:0"),
        onvif=OnvifConfig(listen="127.0.61.1:0", reboot_seconds=REBOOT_SECONDS),
        cameras=(guarded, *makers, hevc),
    )


@pytest_asyncio.fixture
async def site(onvif_config: FleetConfig, clock: SystemClock) -> AsyncIterator[Fleet]:
    async with serve(onvif_config, clock) as fleet:
        async with clock.timeout(READY_SECONDS):
            await fleet.wait_ready()
        yield fleet


@pytest.fixture
def cam1(site: Fleet) -> OnvifCamera:
    return camera_of(site, "cam1")


def camera_of(site: Fleet, name: str) -> OnvifCamera:
    """One of the fleet's cameras, as its services see it."""
    assert site.onvif is not None
    return site.onvif.cameras[name]


def maker_of(site: Fleet, maker: str) -> OnvifCamera:
    """The camera that behaves like that maker's."""
    return camera_of(site, f"x-{maker}"[:16])
