"""Several volumes: cameras are spread, stay where they are, and move away from one that is full or gone."""

import errno
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from gate.clock import SimulatedClock
from recorder.catalog import queries
from recorder.retention.plan import Limits
from recorder.segments.errors import VolumeError
from recorder.segments.segment_file import OsDisk
from tests.component.segments.conftest import Index, Opening, Site
from tests.fakes.video import FPS, access_units, decoded_pictures, shifted

CAMERAS = ("cam1", "cam2", "cam3", "cam4")


class BrokenDisk(OsDisk):
    """Takes nothing whose path contains `victim`."""

    def __init__(self) -> None:
        self.victim: str | None = None

    def writev(self, fd: int, buffers: Sequence[bytes]) -> int:
        if self.victim is not None and self.victim in str(Path(f"/proc/self/fd/{fd}").readlink()):
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return super().writev(fd, buffers)


@pytest.fixture
def volumes(tmp_path: Path) -> list[dict[str, Any]]:
    for name in ("disk1", "disk2"):
        (tmp_path / name).mkdir()
    return [{"path": tmp_path / "disk1", "bytes_max": "100MB"}, {"path": tmp_path / "disk2", "bytes_max": "300MB"}]


def cameras_on(folder: Path) -> set[str]:
    return {path.parts[-4] for path in folder.rglob("*.mp4")}


async def play_all(site: Site, seconds: float, begin: float = 0, run: int = 1) -> None:
    for unit in shifted(access_units(int(seconds * FPS)), begin, run):
        for camera in site.feeds:
            await site.play([unit], camera)
    await site.written()


async def test_cameras_are_spread_by_the_room_there_is_and_stay_where_they_are(
    open_site: Opening, volumes: list[dict[str, Any]], tmp_path: Path
) -> None:
    async with open_site(cameras=CAMERAS, volumes=volumes) as site:
        await play_all(site, 3)
        assert site.board.storage.bytes_max == 400_000_000
    first, second = cameras_on(tmp_path / "disk1"), cameras_on(tmp_path / "disk2")
    assert len(first) == 1 and len(second) == 3 and first | second == set(CAMERAS)
    async with open_site(cameras=CAMERAS[::-1], volumes=volumes[::-1]) as site:
        await play_all(site, 3, begin=10, run=2)
    assert (cameras_on(tmp_path / "disk1"), cameras_on(tmp_path / "disk2")) == (first, second)
    assert not (tmp_path / "media").exists()
    ids = [json.loads((tmp_path / name / "volume.json").read_text())["id"] for name in ("disk1", "disk2")]
    assert len(set(ids)) == 2


async def test_a_volume_that_takes_nothing_loses_its_cameras_to_the_other(
    open_site: Opening,
    volumes: list[dict[str, Any]],
    tmp_path: Path,
    index: Index,
    clock: SimulatedClock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    disk = BrokenDisk()
    async with open_site(cameras=("cam1",), volumes=volumes, disk=disk) as site:
        await play_all(site, 4)
        [home] = [name for name in ("disk1", "disk2") if cameras_on(tmp_path / name)]
        disk.victim = f"/{home}/"
        await play_all(site, 8, begin=4)
        await site.until(lambda: site.board.storage.message == "")
        assert site.state() == ("recording", None)
    assert cameras_on(tmp_path / "disk1") == cameras_on(tmp_path / "disk2") == {"cam1"}
    assert "cam1: recorded to" in caplog.text
    gap = index.gaps()[0]
    assert gap[0] == "disk" and gap[2] is not None and gap[2] - gap[1] <= 4, "no time is lost by waiting"
    assert sum(map(decoded_pictures, tmp_path.rglob("*.mp4"))) == sum(row.samples for row in index.segments())
    assert {row.volume for row in index.segments()} == {1, 2}


async def test_where_no_volume_takes_anything_it_is_tried_again_without_haste(
    open_site: Opening, volumes: list[dict[str, Any]], caplog: pytest.LogCaptureFixture
) -> None:
    disk = BrokenDisk()
    disk.victim = "/disk"
    async with open_site(cameras=("cam1",), volumes=volumes, disk=disk) as site:
        await play_all(site, 20)
    assert 2 <= caplog.text.count("the run ends") <= 6


async def test_a_full_volume_loses_its_cameras_to_the_other_without_waiting(
    open_site: Opening, volumes: list[dict[str, Any]], tmp_path: Path, clock: SimulatedClock, index: Index
) -> None:
    async with open_site(cameras=("cam1",), volumes=volumes, segment_seconds=60) as site:
        await play_all(site, 4)
        disks, sweepers = site.storage.volumes.disks, site.storage.volumes.sweepers
        home = disks.place("cam1")
        sweeper = sweepers[disks.shelves.index(home)]
        sweeper._limits = Limits(bytes_max=10**8, free_bytes_min=1 << 60)
        await sweeper.run_once()
        await play_all(site, 6, begin=4)
        assert disks.place("cam1") is not home
        assert site.state() == ("recording", None)
        assert str(home.volume.root) in site.board.storage.message and "floor" in site.board.storage.message
        other = next(shelf for shelf in disks.shelves if shelf is not home)
        assert cameras_on(other.volume.root) == {"cam1"}
    gap = index.gaps()[0]
    assert gap[0] == "disk" and gap[2] is not None and gap[2] - gap[1] <= 2.5


async def test_a_volume_that_vanishes_is_said_and_the_other_takes_over(
    open_site: Opening, volumes: list[dict[str, Any]], tmp_path: Path, clock: SimulatedClock
) -> None:
    async with open_site(cameras=("cam1",), volumes=volumes, segment_seconds=60) as site:
        await play_all(site, 4)
        home = site.storage.volumes.disks.place("cam1").volume.root
        home.rename(tmp_path / "away")
        home.mkdir()
        await play_all(site, 8, begin=4)
        assert site.state() == ("recording", None)
        assert str(home) in site.board.storage.message and "gone" in site.board.storage.message
        assert list(home.iterdir()) == []
        home.rmdir()
        (tmp_path / "away").rename(home)
        await clock.advance(3)
        await site.until(lambda: site.board.storage.message == "")


async def test_a_volume_that_is_missing_at_the_start_is_said_and_the_others_record(
    open_site: Opening, volumes: list[dict[str, Any]], tmp_path: Path
) -> None:
    async with open_site(cameras=CAMERAS, volumes=volumes) as site:
        await play_all(site, 3)
    (tmp_path / "disk2").rename(tmp_path / "away")
    (tmp_path / "disk2").mkdir()
    async with open_site(cameras=CAMERAS, volumes=volumes) as site:
        assert "disk2" in site.board.storage.message and "mount it" in site.board.storage.message
        await play_all(site, 3, begin=10, run=2)
        assert all(site.state(camera) == ("recording", None) for camera in CAMERAS)
    assert list((tmp_path / "disk2").iterdir()) == []
    assert cameras_on(tmp_path / "disk1") == set(CAMERAS)
    (tmp_path / "disk2").rmdir()
    (tmp_path / "away").rename(tmp_path / "disk2")
    async with open_site(cameras=CAMERAS, volumes=volumes) as site:
        rows = await site.storage.catalog.read(queries.cameras)
        assert len(rows) == 4 and site.board.storage.message == ""
        lost = await site.storage.catalog.read(
            lambda db: db.execute("SELECT count(*) FROM segment WHERE state = 'lost'").fetchone()
        )
        assert lost == (0,)


async def test_without_any_volume_all_wait_and_each_joins_when_it_comes(
    open_site: Opening, volumes: list[dict[str, Any]], tmp_path: Path, clock: SimulatedClock
) -> None:
    async with open_site(cameras=CAMERAS, volumes=volumes) as site:
        await play_all(site, 3)
    before = cameras_on(tmp_path / "disk1")
    for name in ("disk1", "disk2"):
        (tmp_path / name).rename(tmp_path / f"{name}-away")
        (tmp_path / name).mkdir()
    async with open_site(cameras=CAMERAS, volumes=volumes) as site:
        await play_all(site, 3, begin=10, run=2)
        assert {site.state(camera) for camera in CAMERAS} == {("stopped", "disk")}
        assert "disk1" in site.board.storage.message
        assert [path for name in ("disk1", "disk2") for path in (tmp_path / name).iterdir()] == []
        (tmp_path / "disk2").rmdir()
        (tmp_path / "disk2-away").rename(tmp_path / "disk2")
        await clock.advance(2.5)
        await site.until(lambda: site.state("cam1")[1] != "disk")
        await play_all(site, 3, begin=20, run=3)
        assert cameras_on(tmp_path / "disk2") == set(CAMERAS)
        assert list((tmp_path / "disk1").iterdir()) == []
        assert "disk1" in site.board.storage.message and "disk2" not in site.board.storage.message
    assert cameras_on(tmp_path / "disk1-away") == before


async def test_a_folder_of_several_that_is_not_there_is_not_made(
    open_site: Opening, volumes: list[dict[str, Any]], tmp_path: Path
) -> None:
    for name in ("disk1", "disk2"):
        (tmp_path / name).rmdir()
    with pytest.raises(VolumeError, match="mount the volume"):
        async with open_site(cameras=("cam1",), volumes=volumes):
            pytest.fail("made a folder where a disk should be mounted")
    assert not (tmp_path / "disk1").exists()


async def test_volumes_may_change_places(open_site: Opening, volumes: list[dict[str, Any]], tmp_path: Path) -> None:
    """Disks are known by their id, wherever they are mounted next."""
    async with open_site(cameras=CAMERAS, volumes=volumes) as site:
        await play_all(site, 3)
    before = cameras_on(tmp_path / "disk2")
    (tmp_path / "disk2").rename(tmp_path / "disk9")
    moved = [volumes[0], {**volumes[1], "path": tmp_path / "disk9"}]
    async with open_site(cameras=CAMERAS, volumes=moved) as site:
        assert await site.storage.catalog.read(
            lambda db: db.execute("SELECT count(*) FROM segment WHERE state <> 'closed'").fetchone()
        ) == (0,)
        await play_all(site, 3, begin=10, run=2)
    assert cameras_on(tmp_path / "disk9") == before
