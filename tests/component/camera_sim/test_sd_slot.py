"""The card in a simulated camera: records whoever watches, is read over HTTP, can be made to fail."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio

from camera_sim.camera_config import CameraConfig, SdCardConfig, StreamConfig
from camera_sim.config import FleetConfig, OnvifConfig, RtspConfig
from camera_sim.errors import FaultError
from camera_sim.faults.fault import fault_of
from camera_sim.fleet import Fleet, serve
from gate.clock import SystemClock
from tests.component.camera_sim.test_sd_card import marks_of

USER, PASSWORD = "admin", "secret"
FPS = 15


@pytest_asyncio.fixture
async def fleet(clips: Path, tmp_path: Path) -> AsyncIterator[Fleet]:
    """cam1 with a card that nobody watches; cam2 without."""
    main = StreamConfig(width=160, height=90, fps=FPS, bitrate=200_000, gop_seconds=1)
    config = FleetConfig(
        cache_dir=clips,
        loop_seconds=2,
        rtsp=RtspConfig(listen="127.0.0.1:0"),
        onvif=OnvifConfig(listen="127.0.71.1:0", discovery=None),
        cameras=(
            CameraConfig(
                id="cam1",
                scene="car_park",
                main=main,
                sub=None,
                user=USER,
                password=PASSWORD,
                sd_card=SdCardConfig(path=tmp_path / "card"),
            ),
            CameraConfig(id="cam2", scene="car_park", main=main, sub=None),
        ),
    )
    clock = SystemClock()
    async with serve(config, clock) as made:
        await made.wait_ready()
        yield made
    clock.close()


@pytest_asyncio.fixture
async def http(fleet: Fleet) -> AsyncIterator[aiohttp.ClientSession]:
    """Signed in at cam1's HTTP address."""
    assert fleet.onvif is not None
    login = aiohttp.DigestAuthMiddleware(USER, PASSWORD)
    async with aiohttp.ClientSession(fleet.onvif.cameras["cam1"].place.http, middlewares=(login,)) as session:
        yield session


async def until(condition: Callable[[], bool], seconds: float = 20) -> None:
    clock = SystemClock()
    async with clock.timeout(seconds):
        while not condition():
            await clock.sleep(0.02)
    clock.close()


def files(root: Path) -> list[Path]:
    return sorted(root.glob("2*/*.mp4"))


def damaged(root: Path) -> bool:
    """Whether a block of a finished file is lost."""
    return any(bytes(4096) in path.read_bytes() for path in files(root) if "_" in path.name)


def has_footage(root: Path, bytes_min: int = 20_000) -> Callable[[], bool]:
    return lambda: sum(path.stat().st_size for path in files(root)) > bytes_min


async def test_the_card_is_written_though_nobody_watches_and_every_picture_is_on_it(
    fleet: Fleet, tmp_path: Path
) -> None:
    root = tmp_path / "card"
    await until(has_footage(root))
    slot = fleet.cameras["cam1"].card
    assert slot is not None and slot.message == "" and fleet.cameras["cam1"].streams["main"].receivers == 0
    await asyncio.to_thread(slot.close)
    numbers = [number for path in files(root) for number in marks_of(path)]
    assert len(numbers) > FPS and numbers == list(range(numbers[0], numbers[0] + len(numbers)))


async def test_files_are_listed_and_read_in_parts_by_who_has_the_password(
    fleet: Fleet, http: aiohttp.ClientSession, tmp_path: Path
) -> None:
    await until(has_footage(tmp_path / "card"))
    async with http.get("/sd/files") as answer:
        listing = await answer.json()
    assert listing["camera"] == "cam1" and listing["files"]
    newest = listing["files"][-1]
    assert newest["end"] is None and newest["start"] < listing["now"]
    async with http.get(f"/sd/files/{newest['path']}", headers={"Range": "bytes=4-7"}) as answer:
        assert (answer.status, await answer.read(), answer.content_type) == (206, b"ftyp", "video/mp4")
    for path in ("../card.json", "2027-01-01/x.mp4", "card.json", "%2e%2e/card.json"):
        async with http.get(f"/sd/files/{path}") as answer:
            assert answer.status == 404, path
    assert fleet.onvif is not None
    place = fleet.onvif.cameras["cam1"].place.http
    async with aiohttp.ClientSession() as stranger:
        for path in ("/sd/files", f"/sd/files/{newest['path']}"):
            async with stranger.get(place + path) as answer:
                assert answer.status == 401
        async with stranger.get(fleet.onvif.cameras["cam2"].place.http + "/sd/files") as answer:
            assert answer.status == 404, "it has no card"


async def test_a_card_taken_out_is_gone_for_everybody_and_the_stream_goes_on(
    fleet: Fleet, http: aiohttp.ClientSession, tmp_path: Path
) -> None:
    root = tmp_path / "card"
    await until(has_footage(root))
    active = fleet.faults.begin(fault_of("sd_removed", "cam1"))
    slot = fleet.cameras["cam1"].card
    assert slot is not None
    await until(lambda: "taken out" in slot.message)
    async with http.get("/sd/files") as answer:
        assert answer.status == 404
    before = len(files(root))
    fleet.faults.clear(active.number)
    await until(lambda: slot.message == "" and len(files(root)) > before)


async def test_a_full_card_and_a_damaged_file_are_faults_like_any_other(fleet: Fleet, tmp_path: Path) -> None:
    slot = fleet.cameras["cam1"].card
    assert slot is not None
    await until(has_footage(tmp_path / "card"))
    active = fleet.faults.begin(fault_of("sd_full", "*"))
    await until(lambda: "may not be overwritten" in slot.message)
    fleet.faults.clear(active.number)
    await until(lambda: slot.message == "")
    assert not damaged(tmp_path / "card")
    fleet.faults.begin(fault_of("sd_corrupt", "cam1"))
    await until(lambda: damaged(tmp_path / "card"))
    with pytest.raises(FaultError, match="a camera that has an SD card"):
        fleet.faults.begin(fault_of("sd_full", "cam2"))
