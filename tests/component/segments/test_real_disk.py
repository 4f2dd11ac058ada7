"""Disk full, read-only and pulled out, on a small real file system (tmpfs) where mounting is allowed.

Where it is not, the test of the full disk runs on a quota at the one seam through which footage leaves the process, and
the others are skipped.
"""

import errno
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from gate.clock import SimulatedClock
from recorder.maintenance.index_check import check_index
from recorder.media.access_unit import AccessUnit
from recorder.playback.archive import Archive
from recorder.segments.errors import VolumeError
from recorder.segments.segment_file import OsDisk
from tests.component.segments.conftest import Index, Opening, Site
from tests.component.segments.real_disk import bind, small_disk, take_away
from tests.fakes.video import FPS, access_units

PICTURE_BYTES = 40_000
MEGABYTES = 12


def fat_units(seconds: float) -> list[AccessUnit]:
    """About 0.6 MB a second."""
    nal = b"\x41" + bytes(range(1, 251)) * (PICTURE_BYTES // 250)
    data = len(nal).to_bytes(4, "big") + nal
    return [replace(unit, data=unit.data + data) for unit in access_units(int(seconds * FPS))]


class Quota(OsDisk):
    """A disk of so many bytes, for where none can be mounted: it does not see files being deleted."""

    def __init__(self, room: int) -> None:
        self.room = room

    def writev(self, fd: int, buffers: Sequence[bytes]) -> int:
        size = sum(map(len, buffers))
        if size > self.room:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self.room -= size
        return super().writev(fd, buffers)


async def play(site: Site, units: Sequence[AccessUnit]) -> None:
    """A second at a time; retention looks after each."""
    for second in range(0, len(units), FPS):
        await site.play(units[second : second + FPS])
        await site.written()
        await site.storage.volumes.sweepers[0].run_once()


def agrees(data_dir: Path) -> bool:
    result = check_index(Archive(data_dir=data_dir), deep=True, progress=lambda done: None)
    return not result.counts and result.growing == 0


def fill(place: Path) -> None:
    """Somebody else takes all that is left."""
    with (place / "somebody-else").open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(1 << 16))
        except OSError as error:
            assert error.errno == errno.ENOSPC


async def test_a_small_disk_is_recorded_to_for_ever_and_never_full(
    open_site: Opening, index: Index, tmp_path: Path
) -> None:
    with small_disk(tmp_path / "media", MEGABYTES) as mounted:
        if not mounted:
            pytest.skip("mounting is not allowed here")
        async with open_site(segment_seconds=2) as site:
            await play(site, fat_units(60))
            assert site.state() == ("recording", None) and site.board.storage.message == ""
            assert len(index.files()) >= 3
        assert (agrees(tmp_path) and index.gaps() == []) or index.gaps()[0][0] == "off"


async def test_a_full_disk_is_said_loses_nothing_and_is_recovered_from(
    open_site: Opening, index: Index, tmp_path: Path, clock: SimulatedClock
) -> None:
    units = fat_units(40)
    with small_disk(tmp_path / "media", MEGABYTES) as mounted:
        quota = None if mounted else Quota(6 << 20)
        async with open_site(segment_seconds=4, disk=quota) as site:
            if mounted:
                await site.play(units[: 5 * FPS])
                await site.written()
                fill(tmp_path / "media")
                site.storage.volumes.sweepers[0]._free_bytes = lambda: 10**9  # it looks as if there were room
            for unit in units[5 * FPS : 20 * FPS]:
                await site.play([unit])
                await site.written()
                if site.state() == ("stopped", "disk"):
                    break
            assert site.state() == ("stopped", "disk")
            assert "No space" in site.board.storage.message
            before = sum(path.stat().st_size for path in index.files())
            assert before > 0
            if mounted:
                (tmp_path / "media" / "somebody-else").unlink()
            else:
                assert quota is not None
                quota.room = 1 << 40
            await clock.advance(6)
            await site.play(units[30 * FPS :])
            await site.until(lambda: site.board.storage.message == "")
            assert site.state() == ("recording", None)
            await site.written()
        assert sum(path.stat().st_size for path in index.files()) > before
        assert index.gaps()[0][0] == "disk"
        assert agrees(tmp_path)


async def test_a_disk_that_says_full_although_it_shows_room_gets_room(
    open_site: Opening, index: Index, tmp_path: Path, clock: SimulatedClock
) -> None:
    """Inodes, quotas, reserved blocks: what statvfs does not tell."""
    units = fat_units(60)
    with small_disk(tmp_path / "media", MEGABYTES) as mounted:
        if not mounted:
            pytest.skip("mounting is not allowed here")
        async with open_site(segment_seconds=2) as site:
            sweeper = site.storage.volumes.sweepers[0]
            sweeper._free_bytes = lambda: 10**9
            for second in range(0, len(units), FPS):
                await site.play(units[second : second + FPS])
                await site.written()
            assert site.storage.volumes.disks.shelves[0].writer.no_space_errors >= 2
            assert index.segments()[0].id.seq > 0 or index.segments()[0].id.run > 1, "the oldest made room"
        assert agrees(tmp_path)


async def test_a_read_only_volume_is_refused_at_the_start(open_site: Opening, tmp_path: Path) -> None:
    with small_disk(tmp_path / "media", MEGABYTES, read_only=True) as mounted:
        if not mounted:
            pytest.skip("mounting is not allowed here")
        with pytest.raises(VolumeError, match="Read-only"):
            async with open_site():
                pytest.fail("recorded to a read-only disk")


async def test_a_disk_pulled_out_while_recording_leaves_its_mount_point_empty_and_is_taken_back(
    open_site: Opening, index: Index, tmp_path: Path, clock: SimulatedClock
) -> None:
    media = tmp_path / "media"
    units = fat_units(30)
    with small_disk(tmp_path / "real", MEGABYTES) as mounted:
        if not mounted:
            pytest.skip("mounting is not allowed here")
        media.mkdir()
        bind(tmp_path / "real", media)
        try:
            async with open_site(segment_seconds=2) as site:
                await site.play(units[: 4 * FPS])
                await site.written()
                take_away(media)
                await site.play(units[4 * FPS : 12 * FPS])
                await site.until(lambda: site.state() == ("stopped", "disk"))
                assert "is gone" in site.board.storage.message
                assert list(media.iterdir()) == []
                bind(tmp_path / "real", media)
                await clock.advance(10)
                await site.play(units[25 * FPS :])
                await site.until(lambda: site.board.storage.message == "")
                assert site.state() == ("recording", None)
            async with open_site():  # what was cut short by the pulling is found and adopted
                pass
            assert agrees(tmp_path)
        finally:
            take_away(media)
