"""After any end of the recorder, files and index agree again at the next start, and what was whole is kept."""

import contextlib
import logging
import os
import shutil
import sqlite3
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gate.clock import SimulatedClock
from recorder.catalog import queries
from recorder.catalog.changes import put_volume
from recorder.catalog.database import Catalog
from recorder.catalog.errors import CatalogError
from recorder.media.fmp4 import Sample, SegmentMark, fragment, init_segment, mark_box
from recorder.segments.errors import VolumeError, VolumeLockedError, VolumeMissingError
from recorder.segments.recovery import Recovered, recover, walk_segment
from recorder.segments.volume import Volume
from tests.component.segments.conftest import Index, Opening
from tests.fakes.entitlements import NEW_YEAR
from tests.fakes.video import EPOCH_NS, FPS, TICKS, access_units, decoded_pictures, shifted

GROUPS = 4


def whole_segment() -> tuple[bytes, list[int]]:
    """A segment's bytes, and where its init section and each fragment end."""
    units = access_units(GROUPS * FPS)
    mark = mark_box(SegmentMark(run=1, seq=0, start_utc_ns=EPOCH_NS))
    data = init_segment(units[0].format, mark)
    ends = [len(data)]
    for group in range(GROUPS):
        taken = [Sample(unit.data, TICKS, unit.key) for unit in units[group * FPS : (group + 1) * FPS]]
        data += b"".join(fragment(group + 1, group * FPS * TICKS, taken))
        ends.append(len(data))
    return data, ends


SEGMENT, ENDS = whole_segment()


def last_bytes() -> st.SearchStrategy[int]:
    """Any length that ends in one of the last two fragments, most often near a box's edge."""
    near = st.builds(
        lambda end, by: min(max(end + by, ENDS[-3]), ENDS[-1]), st.sampled_from(ENDS[-3:]), st.integers(-900, 900)
    )
    return near | st.integers(ENDS[-3], ENDS[-1])


@settings(max_examples=60, deadline=None)
@given(length=last_bytes())
def test_of_a_file_cut_anywhere_the_whole_fragments_are_found(
    length: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("cut") / "000001-0000.mp4"
    path.write_bytes(SEGMENT[:length])
    walked = walk_segment(path)
    assert walked is not None
    whole = max(number for number, end in enumerate(ENDS) if end <= length)
    assert (walked.content.bytes, walked.torn_bytes) == (ENDS[whole], length - ENDS[whole])
    assert (len(walked.content.fragments), walked.content.samples) == (whole, whole * FPS)
    assert walked.content.duration_90k == whole * FPS * TICKS
    assert (walked.mark.run, walked.mark.start_utc_ns, walked.init_bytes) == (1, EPOCH_NS, ENDS[0])
    shutil.rmtree(path.parent)


@settings(max_examples=40, deadline=None)
@given(at=st.integers(ENDS[0], len(SEGMENT) - 100), junk=st.binary(max_size=8))
def test_pages_of_zeros_and_junk_after_a_power_cut_are_no_fragments(
    at: int, junk: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("zeros") / "000001-0000.mp4"
    path.write_bytes(SEGMENT[:at] + junk + bytes(len(SEGMENT) - at - len(junk)))
    walked = walk_segment(path)
    assert walked is not None
    whole = max(number for number, end in enumerate(ENDS) if end <= at)
    # Zeros in the middle of the last NAL unit of a fragment cannot be told from picture data.
    assert walked.content.bytes in (ENDS[whole], ENDS[whole + 1])
    shutil.rmtree(path.parent)


@pytest.mark.parametrize(
    ("written", "on_disk"),
    [
        (b"\x00\x00\x00\x04\x65\x01\x02\x03", bytes(8)),
        (b"\x00\x00\x00\x04\x65\x01\x02\x03", b"\x00\x00\x00\x05\x65\x01\x02\x03"),
    ],
    ids=["zeros", "a chain that does not add up"],
)
def test_a_fragment_whose_pictures_never_reached_the_disk_is_torn(
    written: bytes, on_disk: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "000001-0000.mp4"
    path.write_bytes(SEGMENT + b"".join(fragment(5, 10**6, [Sample(written, TICKS, True)])))
    walked = walk_segment(path)
    assert walked is not None and len(walked.content.fragments) == GROUPS + 1
    path.write_bytes(path.read_bytes()[: -len(on_disk)] + on_disk)
    walked = walk_segment(path)
    assert walked is not None and walked.content.bytes == len(SEGMENT)


def test_an_mdat_that_holds_more_than_its_samples_is_torn(tmp_path: Path) -> None:
    head, data = fragment(5, 10**6, [Sample(b"\x00\x00\x00\x04\x65\x01\x02\x03", TICKS, True)])
    larger = head[:-8] + (24).to_bytes(4, "big") + head[-4:]
    path = tmp_path / "000001-0000.mp4"
    path.write_bytes(SEGMENT + larger + data + data)
    walked = walk_segment(path)
    assert walked is not None and walked.content.bytes == len(SEGMENT)


@settings(max_examples=60, deadline=None)
@given(data=st.binary(max_size=200), keep=st.integers(0, 800))
def test_bytes_that_are_no_segment_are_told_as_such(
    data: bytes, keep: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("junk") / "000001-0000.mp4"
    path.write_bytes(SEGMENT[: min(keep, ENDS[0] - 1)] + data)
    walked = walk_segment(path)
    assert walked is None or not walked.content.fragments
    shutil.rmtree(path.parent)


class Disk:
    """A volume with an index, to damage and recover."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.volume = Volume(root / "media")
        self.clock = SimulatedClock(NEW_YEAR)

    async def recover(self) -> Recovered:
        catalog = Catalog(self.root / "index.db")
        try:
            await catalog.do(partial(put_volume, id=self.volume.identify(None), path="media"))
            return await catalog.do(lambda db: recover(db, self.volume, self.clock))
        finally:
            catalog.close()

    def sql(self, text: str) -> list[tuple[object, ...]]:
        with contextlib.closing(sqlite3.connect(self.root / "index.db")) as db, db:
            return db.execute(text).fetchall()


@pytest.fixture
async def disk(open_site: Opening, tmp_path: Path) -> Disk:
    """12 s of footage in segments of 2 s at most, closed in good order."""
    async with open_site(segment_seconds=2) as site:
        await site.play(access_units(12 * FPS))
    return Disk(tmp_path)


async def test_a_sound_volume_is_left_as_it_is(disk: Disk, index: Index) -> None:
    before = index.segments(), [path.read_bytes() for path in index.files()]
    recovered = await disk.recover()
    assert (recovered.repaired, recovered.removed, recovered.adopted, recovered.lost, recovered.foreign) == (0,) * 5
    assert (index.segments(), [path.read_bytes() for path in index.files()]) == before


async def test_a_torn_segment_keeps_its_whole_fragments_and_plays(disk: Disk, index: Index) -> None:
    path, row = index.files()[-1], index.segments()[-1]
    disk.sql(f"UPDATE segment SET state = 'writing', bytes = 0, samples = 0, fragments = x'' WHERE seq = {row.id.seq}")
    os.truncate(path, path.stat().st_size - 1)
    assert (await disk.recover()).repaired == 1
    repaired = index.segments()[-1]
    assert (repaired.state, repaired.bytes) == ("closed", path.stat().st_size)
    assert repaired.samples == decoded_pictures(path) == row.samples - FPS
    assert abs(repaired.end_utc_ns - (row.end_utc_ns - 10**9)) <= 1


async def test_a_torn_segment_without_a_whole_fragment_is_removed(disk: Disk, index: Index) -> None:
    path = index.files()[-1]
    disk.sql("UPDATE segment SET state = 'writing' WHERE seq = (SELECT max(seq) FROM segment)")
    os.truncate(path, 900)
    count = len(index.segments())
    assert (await disk.recover()).removed == 1
    assert not path.exists() and len(index.segments()) == count - 1


async def test_files_alone_bring_back_the_whole_index(disk: Disk, index: Index) -> None:
    before, fragments = index.segments(), disk.sql("SELECT fragments FROM segment ORDER BY seq")
    inits = disk.sql("SELECT * FROM init")
    for name in ("index.db", "index.db-wal", "index.db-shm"):
        (disk.root / name).unlink(missing_ok=True)
    assert (await disk.recover()).adopted == len(before)
    for old, new in zip(before, index.segments(), strict=True):
        assert abs(old.end_utc_ns - new.end_utc_ns) <= 1
        assert (old.id, old.start_utc_ns, old.bytes, old.samples) == (new.id, new.start_utc_ns, new.bytes, new.samples)
    assert disk.sql("SELECT fragments FROM segment ORDER BY seq") == fragments
    assert disk.sql("SELECT * FROM init") == inits


async def test_a_row_without_a_file_is_lost_and_comes_back_with_the_file(disk: Disk, index: Index) -> None:
    path, rows = index.files()[2], index.segments()
    away = path.rename(path.with_suffix(".away"))
    assert (await disk.recover()).lost == 1
    assert [row.id for row in index.segments()] == [row.id for row in rows if row.id.seq != 2]
    assert disk.sql("SELECT seq FROM segment WHERE state = 'lost'") == [(2,)]
    away.rename(path)
    assert (await disk.recover()).adopted == 1
    assert [row.id for row in index.segments()] == [row.id for row in rows]


async def test_a_loss_of_most_footage_is_refused_and_changes_nothing(disk: Disk, index: Index) -> None:
    disk.sql("INSERT INTO run SELECT camera_id, stream, 90, start_utc_ns FROM run")
    for seq in range(11):
        disk.sql(
            f"INSERT INTO segment SELECT camera_id, stream, 90, {seq}, state, start_utc_ns, end_utc_ns, duration_90k,"
            " samples, bytes, init_id, init_bytes, fragments, volume FROM segment WHERE run = 1 AND seq = 0"
        )
    before = disk.sql("SELECT * FROM segment")
    with pytest.raises(VolumeMissingError, match=r"11 of \d+ segments are missing"):
        await disk.recover()
    assert disk.sql("SELECT * FROM segment") == before


async def test_files_of_somebody_else_are_left_alone_and_their_run_numbers_are_not_used(
    disk: Disk, open_site: Opening, index: Index, caplog: pytest.LogCaptureFixture
) -> None:
    folder = index.files()[0].parent
    stranger, misplaced = folder / "000077-0000.mp4", folder / "000078-0000.mp4"
    stranger.write_bytes(b"not a segment at all")
    shutil.copy(index.files()[0], misplaced)
    with caplog.at_level(logging.WARNING):
        recovered = await disk.recover()
    assert recovered.foreign == 2 and recovered.last_runs == {("cam1", "main"): 78}
    assert stranger.exists() and misplaced.exists()
    assert all("cam1" in record.getMessage() for record in caplog.records)
    async with open_site() as site:
        await site.play(shifted(access_units(FPS), 20, run=1))
    assert index.segments()[-1].id.run == 80, "79 stays free: the camera was out of reach"


async def test_a_new_run_is_numbered_after_the_highest_there_has_ever_been(
    disk: Disk, open_site: Opening, index: Index, clock: SimulatedClock
) -> None:
    for path in index.files():
        path.unlink()
    disk.sql("DELETE FROM segment")
    async with open_site() as site:
        await site.play(shifted(access_units(FPS), 20, run=1))
    assert [row.id.run for row in index.segments()] == [3], "2 stays free: the camera was out of reach"


async def test_after_a_kill_the_time_since_the_last_footage_is_a_crash(
    disk: Disk, open_site: Opening, index: Index, clock: SimulatedClock
) -> None:
    disk.sql("UPDATE boot SET end_utc_ns = NULL")
    disk.sql("DELETE FROM gap")
    await clock.advance(6)
    async with open_site() as site:
        await site.play(shifted(access_units(FPS), 20, run=1))
    assert index.gaps() == [("crash", 12.0, 20.0), ("off", 21.0, None)]


async def test_a_second_recorder_on_the_same_volume_is_refused(open_site: Opening) -> None:
    async with open_site():
        with pytest.raises(VolumeLockedError, match=f"process {os.getpid()}"):
            async with open_site():
                pytest.fail("two recorders on one volume")


async def test_a_missing_mount_is_waited_for_and_nothing_is_written_into_it(disk: Disk, open_site: Opening) -> None:
    media, away = disk.root / "media", disk.root / "elsewhere"
    media.rename(away)
    files = sorted(away.rglob("*"))
    async with open_site() as site:
        await site.play(shifted(access_units(5 * FPS), 30, run=1))
        assert site.state() == ("stopped", "disk")
        assert "volume.json is not there" in site.board.storage.message
        assert not media.exists()
        away.rename(media)
        await site.clock.advance(2.5)
        await site.until(lambda: site.state() == ("waiting", None))
        assert site.board.storage.message == ""
        await site.play(shifted(access_units(5 * FPS), 40, run=2))
        assert site.state() == ("recording", None)
    assert len(list(media.rglob("*"))) > len(files)


async def test_another_volume_in_its_place_is_not_written_to(disk: Disk, open_site: Opening) -> None:
    media = disk.root / "media"
    (media / "volume.json").write_text('{"id": "00000000000000000000000000000000"}')
    files = sorted(media.rglob("*"))
    async with open_site() as site:
        await site.play(shifted(access_units(5 * FPS), 30, run=1))
        assert site.state() == ("stopped", "disk")
        assert "this is volume 0000" in site.board.storage.message
    assert sorted(media.rglob("*")) == files


@pytest.mark.parametrize("damage", ["junk", "newer"])
async def test_an_index_that_cannot_be_used_is_refused_with_what_to_do(
    disk: Disk, open_site: Opening, damage: str
) -> None:
    path = disk.root / "index.db"
    if damage == "junk":
        path.write_bytes(b"this is no database, whatever its name may be" * 100)
    else:
        disk.sql("PRAGMA user_version = 99")
    with pytest.raises(CatalogError, match=r"move it away|start that version again"):
        async with open_site():
            pytest.fail("an unusable index was used")


async def test_a_refused_start_leaves_the_volume_to_the_next_one(disk: Disk, open_site: Opening) -> None:
    (disk.root / "media" / "volume.json").rename(disk.root / "id")
    (disk.root / "media" / "volume.json").write_text("no id")
    with pytest.raises(VolumeError, match="restore the file"):
        async with open_site():
            pytest.fail("started without knowing the volume")
    (disk.root / "id").rename(disk.root / "media" / "volume.json")
    async with open_site() as site:
        assert await site.storage.catalog.read(queries.last_boot_was_clean) is False


async def test_names_of_segments_that_are_no_files_stop_nothing(disk: Disk, index: Index) -> None:
    folder = index.files()[0].parent
    (folder / "000007-0000.mp4").mkdir()
    os.mkfifo(folder / "000008-0000.mp4")
    (folder / "000009-0000.mp4").symlink_to(index.files()[0])
    recovered = await disk.recover()
    assert (recovered.unreadable, recovered.lost, recovered.adopted) == (3, 0, 0)
    assert recovered.last_runs["cam1", "main"] == 9, "their numbers are not used again"
