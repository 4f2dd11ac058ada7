"""A disk that is full, slow or broken ends a run, says so, and never more than that."""

import errno
import os
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from gate.clock import SimulatedClock
from recorder.media.access_unit import AccessUnit
from recorder.segments import writer as writer_module
from recorder.segments.recorder import DISK_RETRY_SECONDS
from recorder.segments.segment_file import OsDisk
from tests.component.segments.conftest import Index, Opening, Site
from tests.fakes.video import EPOCH_NS, FPS, access_units, decoded_pictures


class FailingDisk(OsDisk):
    """Fails on demand: writes stop after `budget` bytes with `error`, a short write first; syncs fail if told to."""

    def __init__(self) -> None:
        self.budget: int | None = None
        self.error = errno.ENOSPC
        self.victim = ""
        self.sync_fails = self.sync_fails_once = False
        self.synced_bytes = 0
        self.fail_once = False
        self.gate = threading.Event()
        self.gate.set()
        self.syncs: list[str] = []

    def _name(self, fd: int) -> str:
        return str(Path(f"/proc/self/fd/{fd}").readlink())

    def writev(self, fd: int, buffers: Sequence[bytes]) -> int:
        self.gate.wait(20)
        if self.fail_once:
            self.fail_once = False
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        if self.budget is None or self.victim not in self._name(fd):
            return super().writev(fd, buffers)
        if not self.budget:
            raise OSError(self.error, os.strerror(self.error))
        written = super().writev(fd, [b"".join(buffers)[: self.budget]])
        self.budget -= written
        return written

    def sync(self, fd: int) -> None:
        self.syncs.append(self._name(fd))
        if (self.sync_fails or self.sync_fails_once) and self.victim in self._name(fd):
            self.sync_fails_once = False
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        super().sync(fd)
        self.synced_bytes = os.fstat(fd).st_size


@pytest.fixture
def disk() -> FailingDisk:
    return FailingDisk()


def pictures_on(index: Index, camera: str = "cam1") -> int:
    """What ffmpeg finds in all files of a camera; the index must agree."""
    found = sum(decoded_pictures(path) for path in index.files() if f"/{camera}/" in str(path))
    assert found == sum(row.samples for row in index.segments(camera))
    assert all(row.state == "closed" for row in index.segments(camera))
    return found


async def play_both(site: Site, units: Sequence[AccessUnit]) -> None:
    for unit in units:
        await site.play([unit], "cam1")
        await site.play([unit], "cam2")


async def test_a_full_disk_ends_one_cameras_run_and_the_others_go_on(
    open_site: Opening, disk: FailingDisk, index: Index, clock: SimulatedClock
) -> None:
    units = access_units(14 * FPS)
    disk.victim, disk.budget = "/cam1/", 9000
    async with open_site(cameras=("cam1", "cam2"), disk=disk) as site:
        await play_both(site, units[: 4 * FPS])
        await site.until(lambda: site.state("cam1") == ("stopped", "disk"))
        assert site.state("cam2") == ("recording", None)
        assert "cam1" in site.board.storage.message and "No space" in site.board.storage.message
        disk.budget = None
        await clock.advance(DISK_RETRY_SECONDS + 1)
        assert site.state("cam1") == ("waiting", None)
        await play_both(site, units[10 * FPS :])
        await site.until(lambda: site.board.storage.message == "")
        assert site.state("cam1") == ("recording", None)
    kept = pictures_on(index) - 4 * FPS
    assert 0 < kept < 4 * FPS and kept % FPS == 0, "whole fragments are kept"
    assert index.gaps()[0] == ("disk", kept / FPS, 10.0)
    assert pictures_on(index, "cam2") == 8 * FPS
    runs = [row.id.run for row in index.segments()]
    assert runs[0] == 1 and runs[-1] == 2


@pytest.mark.parametrize("written", [0, 2], ids=["at the first fragment", "later"])
async def test_what_was_on_its_way_when_the_disk_failed_is_not_written_behind_the_hole(
    open_site: Opening, disk: FailingDisk, index: Index, written: int
) -> None:
    units = access_units(8 * FPS)
    async with open_site(disk=disk, segment_seconds=60) as site:
        await site.play(units[: written * FPS + 1])
        disk.gate.clear()
        await site.play(units[written * FPS + 1 : 5 * FPS], keep_pace=False)
        disk.fail_once = True
        disk.gate.set()
        await site.until(lambda: site.state() == ("stopped", "disk"))
    assert pictures_on(index) == written * FPS
    assert index.gaps() == [("disk", float(written), None)]


async def test_a_disk_without_room_for_a_first_fragment_leaves_no_file_behind(
    open_site: Opening, disk: FailingDisk, index: Index
) -> None:
    disk.budget = 800
    async with open_site(disk=disk) as site:
        await site.play(access_units(2 * FPS))
        await site.until(lambda: site.state() == ("stopped", "disk"))
    assert index.files() == [] and index.segments() == []
    assert index.gaps() == [("disk", 0.0, None)]


async def test_a_failed_sync_abandons_the_file_and_keeps_only_what_is_surely_on_disk(
    open_site: Opening, disk: FailingDisk, index: Index, clock: SimulatedClock
) -> None:
    units = access_units(12 * FPS)
    async with open_site(disk=disk, segment_seconds=60) as site:
        await site.play(units[: 6 * FPS])
        await site.until(lambda: disk.synced_bytes > 0)
        await site.written()
        disk.sync_fails = True
        for unit in units[6 * FPS :]:
            await site.play([unit])
            await site.written()
            if site.state() == ("stopped", "disk"):
                break
        assert site.state() == ("stopped", "disk")
    assert [path.stat().st_size for path in index.files()] == [disk.synced_bytes]
    kept = pictures_on(index)
    assert index.gaps() == [("disk", kept / FPS, None)]


async def test_a_sync_that_failed_is_never_believed_the_second_time(
    open_site: Opening, disk: FailingDisk, index: Index
) -> None:
    """The kernel forgets what it could not write: the next fdatasync says yes."""
    async with open_site(disk=disk, segment_seconds=60, sync_seconds=60) as site:
        await site.play(access_units(3 * FPS))
        disk.sync_fails_once = True
    assert index.files() == [] and index.segments() == []


async def test_what_is_written_is_synced_within_the_stated_time(
    open_site: Opening, disk: FailingDisk, clock: SimulatedClock
) -> None:
    async with open_site(disk=disk, segment_seconds=60, sync_seconds=4) as site:
        await site.play(access_units(int(1.5 * FPS)))
        await clock.advance(2)
        assert disk.syncs == [], "not after every fragment"
        await clock.advance(2)
        await site.until(lambda: len(disk.syncs) == 1)


async def test_a_disk_that_cannot_keep_up_ends_the_run_and_memory_stays_bounded(
    open_site: Opening, disk: FailingDisk, index: Index, clock: SimulatedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    units = access_units(20 * FPS)
    monkeypatch.setattr(writer_module, "QUEUE_BYTES_MAX", 3 * sum(len(unit.data) for unit in units[:FPS]))
    async with open_site(disk=disk) as site:
        disk.gate.clear()
        queued = 0
        for unit in units[: 6 * FPS]:
            await site.play([unit], keep_pace=False)
            queued = max(queued, site.storage.volumes.disks.shelves[0].writer.queued_bytes)
        assert queued <= writer_module.QUEUE_BYTES_MAX
        assert site.state() == ("stopped", "disk")
        assert "too slow" in site.board.storage.message
        disk.gate.set()
        await site.until(lambda: site.storage.volumes.disks.shelves[0].writer.queued_bytes == 0)
        await clock.advance(DISK_RETRY_SECONDS + 1)
        await site.play(units[14 * FPS :])
        await site.until(lambda: site.board.storage.message == "")
    kept = pictures_on(index) - 6 * FPS
    assert 0 < kept < 6 * FPS
    assert index.gaps()[0] == ("disk", kept / FPS, 14.0)


async def test_a_volume_that_is_unmounted_while_recording_is_not_written_into_its_mount_point(
    open_site: Opening, index: Index
) -> None:
    units = access_units(14 * FPS)
    async with open_site(segment_seconds=2) as site:
        await site.play(units[: 4 * FPS])
        await site.written()
        media = index.path.parent / "media"
        media.rename(index.path.parent / "gone")
        media.mkdir()
        for second in range(4, 14):
            await site.play(units[second * FPS : (second + 1) * FPS])
            await site.written()
        assert "the recording volume is gone" in site.board.storage.message
    assert list(media.iterdir()) == []


async def test_everything_handed_over_is_on_disk_when_the_recorder_stops(
    open_site: Opening, disk: FailingDisk, index: Index
) -> None:
    async with open_site(disk=disk) as site:
        disk.gate.clear()
        await site.play(access_units(5 * FPS), keep_pace=False)
        disk.gate.set()
    assert pictures_on(index) == 5 * FPS
    assert abs(index.segments()[-1].end_utc_ns - EPOCH_NS - 5 * 10**9) <= 1
