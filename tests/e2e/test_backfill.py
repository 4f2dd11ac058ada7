"""A camera that was out of reach: what it has on its card is fetched, from the next key picture on."""

from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest_asyncio
import yaml

from camera_sim.camera_config import CameraConfig, SdCardConfig, StreamConfig
from camera_sim.config import FleetConfig, OnvifConfig, RtspConfig
from camera_sim.faults.fault import fault_of
from camera_sim.fleet import Fleet, serve
from gate.clock import SystemClock
from recorder.catalog.queries import segments_between
from recorder.playback.archive import Archive, path_on
from tests.component.camera_sim.test_sd_card import marks_of
from tests.e2e.lone_recorder import LoneRecorder

USER, PASSWORD = "admin", "secret"
FPS, GOP = 15, 15


@pytest_asyncio.fixture
async def fleet(tmp_path: Path) -> AsyncIterator[Fleet]:
    config = FleetConfig(
        cache_dir=tmp_path / "clips",
        loop_seconds=2,
        rtsp=RtspConfig(listen="127.0.0.1:0"),
        onvif=OnvifConfig(listen="127.0.81.1:0", discovery=None),
        cameras=(
            CameraConfig(
                id="cam1",
                scene="car_park",
                main=StreamConfig(width=160, height=90, fps=FPS, bitrate=200_000, gop_seconds=GOP / FPS),
                sub=None,
                user=USER,
                password=PASSWORD,
                sd_card=SdCardConfig(path=tmp_path / "card"),
            ),
        ),
    )
    clock = SystemClock()
    async with serve(config, clock) as made:
        await made.wait_ready()
        yield made
    clock.close()


def recorded(root: Path) -> list[int]:
    """The numbers of all pictures on disk, in the order of playback."""
    archive = Archive(data_dir=root)
    with closing(archive.connect()) as db:
        rows = sorted(segments_between(db, "cam1", "main", 0, 2**62), key=lambda row: row.id)
        roots = archive.roots(db)
        return [number for row in rows for number in marks_of(path_on(roots, row.volume, row.id, row.start_utc_ns))]


def filled(root: Path) -> bool:
    """Whether there is a finished run between the one before and the one after."""
    with closing(Archive(data_dir=root).connect()) as db:
        runs = [row[0] for row in db.execute("SELECT run FROM run ORDER BY start_utc_ns")]
        return runs == [1, 2, 3] and db.execute(
            "SELECT count(*) FROM segment WHERE run = 2 AND state <> 'closed'"
        ).fetchone() == (0,)


async def test_what_was_missed_while_a_camera_was_out_of_reach_comes_from_its_card(
    tmp_path: Path, fleet: Fleet
) -> None:
    assert fleet.onvif is not None
    recorder = LoneRecorder(tmp_path, {"cam1": fleet.urls["/cam1/main"]})
    content = yaml.safe_load(recorder.config.read_text())
    content["cameras"][0] |= {
        "user": USER,
        "password": PASSWORD,
        "card": f"{fleet.onvif.cameras['cam1'].place.http}/sd/files",
    }
    recorder.config.write_text(yaml.safe_dump(content))
    await recorder.license()
    await recorder.start()
    try:
        await recorder.segments(1, 20)
        away = fleet.faults.begin(fault_of("refused", "cam1"))
        async with recorder.clock.timeout(30):
            while (await recorder.state())["cameras"][0]["recording"]["phase"] != "waiting":
                await recorder.clock.sleep(0.1)
        fleet.faults.clear(away.number)
        async with recorder.clock.timeout(45):
            while not filled(recorder.data_dir):
                await recorder.clock.sleep(0.2)
    finally:
        await recorder.stop()
    numbers = recorded(recorder.data_dir)
    assert numbers == sorted(numbers), "the order of playback is that of time"
    missing = set(range(numbers[0], numbers[-1] + 1)) - set(numbers)
    assert len(missing) < GOP, "what is fetched begins at a key picture"
    assert len(numbers) - len(set(numbers)) <= 1, "the two clocks may differ by milliseconds"
