"""A volume never grows beyond its limits, and recording stops before it would."""

import asyncio
import shutil
from functools import partial

import pytest

from gate.clock import SimulatedClock
from recorder.catalog import retention_queries
from recorder.catalog.errors import CatalogError
from recorder.retention.plan import RESUME_BYTES, Limits
from recorder.retention.sweeper import SWEEP_SECONDS, Sweeper
from recorder.retention.usage import StorageReport
from recorder.segments.volume import Volume
from tests.component.segments.conftest import Index, Opening, Site
from tests.fakes.entitlements import at
from tests.fakes.video import FPS, access_units

FREE = 10**12


async def sweeper(site: Site, free: list[int], **limits: int) -> Sweeper:
    volumes = site.storage.volumes
    return Sweeper(
        shelf=volumes.disks.shelves[0],
        catalog=site.storage.catalog,
        deleter=volumes.sweepers[0]._deleter,
        usage=volumes.sweepers[0]._footage,
        report=StorageReport(site.board),
        clock=site.clock,
        limits=Limits(**{"bytes_max": 10**12, "free_bytes_min": 0} | limits),
        segment_seconds=2,
        free_bytes=lambda: free[0],
    )


async def test_the_oldest_segments_go_first_with_their_files_and_folders(
    open_site: Opening, index: Index, clock: SimulatedClock
) -> None:
    async with open_site(segment_seconds=2) as site:
        await site.play(access_units(12 * FPS))
    rows = index.segments()
    async with open_site(segment_seconds=2) as site:
        keep = sum(row.bytes for row in rows[3:])
        await (await sweeper(site, [FREE], bytes_max=keep)).run_once()
        assert [row.id for row in index.segments()] == [row.id for row in rows[3:]]
        assert [path.name for path in index.files()] == [f"{row.id.run:06}-{row.id.seq:04}.mp4" for row in rows[3:]]
        assert site.board.storage.segments == len(rows) - 3 and site.board.storage.used_bytes == keep
        assert site.board.storage.oldest == at((rows[3].start_utc_ns - rows[0].start_utc_ns) / 1e9)
        assert site.board.storage.message == ""
        await (await sweeper(site, [FREE], bytes_max=0)).run_once()
        assert index.files() == [] and not (index.path.parent / "media" / "cam1").exists()


async def test_the_segment_being_written_is_never_deleted(open_site: Opening, index: Index) -> None:
    async with open_site(segment_seconds=60) as site:
        await site.play(access_units(5 * FPS))
        await site.written()
        [path] = index.files()
        await (await sweeper(site, [FREE], bytes_max=1)).run_once()
        assert path.exists()


async def test_a_volume_at_its_cap_keeps_recording_within_it(
    open_site: Opening, index: Index, clock: SimulatedClock
) -> None:
    units = access_units(15 * FPS)
    size = sum(len(unit.data) for unit in units) // 15
    async with open_site(segment_seconds=2) as site:
        under_test = await sweeper(site, [FREE], bytes_max=8 * size)
        for second in range(15):
            await site.play(units[second * FPS : (second + 1) * FPS])
            await site.written()
            await under_test.run_once()
            assert sum(path.stat().st_size for path in index.files()) <= 8.5 * size
        assert site.state() == ("recording", None)
        assert len(index.files()) >= 2


async def test_a_floor_that_cannot_be_held_stops_recording_until_there_is_room_again(
    open_site: Opening, index: Index, clock: SimulatedClock
) -> None:
    units = access_units(14 * FPS)
    free = [FREE]
    async with open_site(segment_seconds=60) as site:
        # The site's own sweeper sees the same disk.
        site.storage.volumes.sweepers[0]._free_bytes = lambda: free[0]
        site.storage.volumes.sweepers[0]._limits = Limits(bytes_max=10**12, free_bytes_min=2 * 10**9)
        await site.play(units[: 4 * FPS])
        free[0] = 10**9
        for _ in range(100):
            await clock.advance(0.05)
            if site.state() == ("stopped", "disk"):
                break
        assert site.state() == ("stopped", "disk")
        assert "2.0 GB" in site.board.storage.message and "1.0 GB" in site.board.storage.message
        free[0] = 2 * 10**9 + RESUME_BYTES // 2
        await site.storage.volumes.sweepers[0].run_once()
        assert site.storage.volumes.disks.shelves[0].health.blocked, "a little room is not enough to begin again"
        free[0] = 2 * 10**9 + 2 * RESUME_BYTES
        await site.storage.volumes.sweepers[0].run_once()
        await clock.settle()
        assert site.board.storage.message == "" and site.state() == ("waiting", None)
        await site.play(units[10 * FPS :])
        assert site.state() == ("recording", None)
    assert index.gaps()[0][::2] == ("disk", 10.0)


async def test_a_disk_that_is_full_at_the_start_is_never_recorded_to(
    open_site: Opening, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Volume, "free_bytes", lambda self: 10**6)
    async with open_site(free_bytes_min=10**9) as site:
        assert site.state() == ("stopped", "disk")
        assert "cannot be kept" in site.board.storage.message
        await site.play(access_units(2 * FPS))
    assert index.files() == []


async def test_files_deleted_by_somebody_else_do_not_stop_retention(
    open_site: Opening, index: Index, clock: SimulatedClock
) -> None:
    async with open_site(segment_seconds=2) as site:
        await site.play(access_units(8 * FPS))
        await site.written()
        shutil.rmtree(index.files()[0].parent)
        await (await sweeper(site, [FREE], bytes_max=0)).run_once()
        left = await site.storage.catalog.read(partial(retention_queries.oldest_closed, volume=1, limit=10))
        assert left == []


async def test_gaps_and_lost_segments_older_than_all_footage_are_forgotten(open_site: Opening, index: Index) -> None:
    async with open_site(segment_seconds=2) as site:
        await site.play(access_units(8 * FPS))
        await site.written()
        for change in (
            "INSERT INTO gap VALUES (90, 1, 0, 1, 2, 'disk')",
            "UPDATE segment SET state = 'lost' WHERE seq = 0",
        ):
            await site.storage.catalog.do(lambda db, change=change: db.execute(change) and None)
        await (await sweeper(site, [FREE], bytes_max=1)).run_once()
        assert index.gaps() == []
        assert (
            await site.storage.catalog.read(
                lambda db: db.execute("SELECT * FROM segment WHERE state = 'lost'").fetchall()
            )
            == []
        )


async def test_an_index_that_is_too_slow_ends_no_sweeper(
    open_site: Opening, clock: SimulatedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_site() as site:
        one, looks = await sweeper(site, [FREE]), 0

        async def run_once() -> None:
            nonlocal looks
            looks += 1
            raise CatalogError("index.db: the index disk is too slow")

        monkeypatch.setattr(one, "run_once", run_once)
        running = asyncio.create_task(one.run())
        await clock.advance(SWEEP_SECONDS * 2.5)
        assert looks == 3 and not running.done()
        running.cancel()
