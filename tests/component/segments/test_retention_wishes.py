"""A camera's share, age and protection: what people want to keep, within the room there is."""

import pytest

from gate.clock import SimulatedClock
from recorder.catalog.changes import protect, unprotect
from recorder.catalog.retention_queries import protected_ranges
from recorder.retention.plan import Limits
from tests.component.segments.conftest import Index, Opening, Site
from tests.fakes.video import EPOCH_NS, FPS, access_units

SECOND = 10**9


async def play_both(site: Site, seconds: int) -> None:
    for unit in access_units(seconds * FPS):
        for camera in site.feeds:
            await site.play([unit], camera)
    await site.written()


async def test_a_camera_keeps_within_its_share_and_takes_nothing_from_others(open_site: Opening, index: Index) -> None:
    async with open_site(cameras=("cam1", "cam2"), segment_seconds=2) as site:
        await play_both(site, 16)
        shares, usage = site.storage.volumes.shares, site.storage.volumes.sweepers[0]._footage
        before = usage.bytes_of("cam1"), usage.bytes_of("cam2")
        shares.set_share("cam1", before[0] // 2)
        await shares.run_once()
        assert usage.bytes_of("cam1") <= before[0] // 2 and usage.bytes_of("cam2") == before[1]
        await site.written()
        assert usage.bytes_of("cam1") == sum(path.stat().st_size for path in index.files() if "/cam1/" in str(path))
        left = [row.start_utc_ns for row in index.segments("cam1")]
        assert left == sorted(left) and left[0] > EPOCH_NS, "the oldest went"
        shares.set_share("cam1", None)
        count = len(index.segments("cam1"))
        await shares.run_once()
        assert len(index.segments("cam1")) == count


async def test_age_deletes_only_where_it_is_asked_for(open_site: Opening, index: Index, clock: SimulatedClock) -> None:
    async with open_site(segment_seconds=2) as site:
        await site.play(access_units(8 * FPS))
    count = len(index.files())
    await clock.advance(400 * 86_400)
    async with open_site(segment_seconds=2) as site:
        await site.storage.volumes.shares.run_once()
    assert len(index.files()) == count, "a year goes by, and nothing is lost"
    async with open_site(segment_seconds=2, days_max=401) as site:
        await site.storage.volumes.shares.run_once()
    assert len(index.files()) == count
    async with open_site(segment_seconds=2, days_max=399) as site:
        await site.storage.volumes.shares.run_once()
    assert index.files() == []


async def test_protected_footage_outlives_all_other_and_gives_way_only_to_recording_itself(
    open_site: Opening, index: Index, caplog: pytest.LogCaptureFixture
) -> None:
    async with open_site(segment_seconds=2) as site:
        await site.play(access_units(14 * FPS))
    oldest = index.segments()[0]
    async with open_site(segment_seconds=2, days_max=1) as site:
        await site.storage.catalog.do(lambda db: protect(db, "cam1", EPOCH_NS, EPOCH_NS + SECOND, "case 12"))
        sweeper, shares = site.storage.volumes.sweepers[0], site.storage.volumes.shares
        shares.set_share("cam1", 1)
        await shares.run_once()
        assert [row.id for row in index.segments()] == [oldest.id], "neither share nor age takes it"
        sweeper._limits = Limits(bytes_max=oldest.bytes, free_bytes_min=0)
        await sweeper.run_once()
        assert [row.id for row in index.segments()] == [oldest.id]
        assert "protected" not in caplog.text
        sweeper._limits = Limits(bytes_max=oldest.bytes - 1, free_bytes_min=0)
        await sweeper.run_once()
        assert index.segments() == [] and "protected footage is deleted" in caplog.text


async def test_footage_of_a_volume_that_is_gone_is_not_forgotten(open_site: Opening, index: Index) -> None:
    async with open_site(segment_seconds=2) as site:
        await site.play(access_units(8 * FPS))
        await site.written()
        rows = index.segments()
        media = index.path.parent / "media"
        media.rename(media.with_name("away"))
        site.storage.volumes.shares.set_share("cam1", 1)
        with pytest.raises(OSError, match="gone"):
            await site.storage.volumes.shares.run_once()
        assert [row.id for row in index.segments()] == [row.id for row in rows]
        media.with_name("away").rename(media)


async def test_taking_protection_off_the_middle_leaves_both_ends(open_site: Opening) -> None:
    async with open_site() as site:
        do, read = site.storage.catalog.do, site.storage.catalog.read
        await do(lambda db: protect(db, "cam1", 100, 200, "a"))
        await do(lambda db: protect(db, "cam1", 300, 400))
        assert await do(lambda db: unprotect(db, "cam1", 150, 160)) == 1
        ranges = await read(lambda db: protected_ranges(db, "cam1"))
        assert [(one.start_utc_ns, one.end_utc_ns, one.note) for one in ranges] == [
            (100, 150, "a"), (160, 200, "a"), (300, 400, ""),
        ]  # fmt: skip
        assert await do(lambda db: unprotect(db, "cam1", 0, 1000)) == 3
        assert await read(protected_ranges) == []


async def test_retention_and_recording_never_wait_for_each_other(
    open_site: Opening, index: Index, clock: SimulatedClock
) -> None:
    """A cap that is smaller than what there is when the recorder starts again."""
    units = access_units(30 * FPS)
    async with open_site(segment_seconds=2) as site:
        await site.play(units[: 10 * FPS])
    size = sum(path.stat().st_size for path in index.files())
    async with open_site(segment_seconds=2) as site:
        sweeper = site.storage.volumes.sweepers[0]
        sweeper._limits = Limits(bytes_max=size // 3, free_bytes_min=0)
        sweeper._health.block_for_cap(size // 3)
        for second in range(15, 30):
            await site.play(units[second * FPS : (second + 1) * FPS])
            await site.written()
            await sweeper.run_once()
        assert site.state() == ("recording", None) and site.board.storage.message == ""
    assert index.segments()[-1].id.run == 2
