"""What lies on disk plays as it is, and holds every picture once."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import av
import pytest

from gate.clock import SimulatedClock
from recorder.media.access_unit import AccessUnit
from recorder.segments.cutter import ns_of_ticks
from tests.component.segments.conftest import Index, Opening
from tests.fakes.entitlements import entitlement, span
from tests.fakes.video import EPOCH_NS, FPS, TICKS, access_units, decoded_pictures, probe


def samples(path: Path) -> list[bytes]:
    with av.open(str(path)) as container:
        return [bytes(packet) for packet in container.demux(video=0) if packet.dts is not None]


async def test_every_segment_plays_without_a_word_and_no_picture_is_missing_between_them(
    open_site: Opening, index: Index
) -> None:
    units = access_units(12 * FPS)
    async with open_site(segment_seconds=3) as site:
        await site.play(units)
    rows, files = index.segments(), index.files()
    assert len(rows) == len(files) >= 4
    assert [data for path in files for data in samples(path)] == [unit.data for unit in units]
    for row, path in zip(rows, files, strict=True):
        found = probe(path)
        assert path.name == f"{row.id.run:06}-{row.id.seq:04}.mp4" and path.parent.name == "2026-01-01"
        assert decoded_pictures(path) == row.samples == len(found.times)
        assert found.duration == pytest.approx(row.duration_90k / 90_000, abs=1e-4)
        assert found.times == pytest.approx([number / FPS for number in range(row.samples)], abs=1e-5)
        assert row.state == "closed" and row.bytes == path.stat().st_size
    for before, after in pairwise(rows):
        assert (after.id.run, after.id.seq) == (before.id.run, before.id.seq + 1)
        assert abs(before.start_utc_ns + ns_of_ticks(before.duration_90k) - after.start_utc_ns) <= 1
    assert sum(row.duration_90k for row in rows) == len(units) * TICKS
    assert index.gaps() == [("off", 12.0, None)]


async def test_a_cut_in_the_middle_of_a_group_keeps_every_picture_before_it_and_none_after(
    open_site: Opening, index: Index
) -> None:
    expiry = 7.5
    units = access_units(10 * FPS)
    async with open_site(licensed=(0, expiry)) as site:
        await site.play(units)
        assert site.state() == ("stopped", "licence")
    before = [unit for unit in units if unit.utc_ns < EPOCH_NS + expiry * 1e9]
    assert len(before) % FPS, "the cut lies inside a group"
    assert [data for path in index.files() for data in samples(path)] == [unit.data for unit in before]
    assert max(row.end_utc_ns for row in index.segments()) <= EPOCH_NS + expiry * 1e9
    assert sum(decoded_pictures(path) for path in index.files()) == len(before)
    assert index.gaps() == [("licence", expiry, None)]


async def test_pictures_taken_before_the_cut_are_kept_although_they_arrive_just_after_it(
    open_site: Opening, clock: SimulatedClock, index: Index
) -> None:
    units = access_units(5 * FPS)
    on_time, late, too_late = units[:60], units[60:63], units[63:]
    expiry = (units[62].utc_ns - EPOCH_NS) / 1e9 + 0.01
    async with open_site(licensed=(0, expiry)) as site:
        await site.play(on_time)
        await clock.advance(expiry + 0.1 - clock.monotonic_ns() / 1e9)
        for unit in [*late, *too_late]:
            site.feeds["cam1"].publish(unit)
        await clock.advance(0.15)
        site.feeds["cam1"].publish(units[0])
    assert [data for path in index.files() for data in samples(path)] == [unit.data for unit in [*on_time, *late]]
    assert index.segments()[-1].end_utc_ns <= EPOCH_NS + expiry * 1e9


async def test_after_restoration_footage_begins_with_the_first_key_frame_taken_after_it(
    open_site: Opening, clock: SimulatedClock, index: Index
) -> None:
    units = access_units(12 * FPS)
    wanted: list[float] = []
    async with open_site(licensed=(0, 3)) as site:
        site.feeds["cam1"].on_key_wanted = lambda: wanted.append(clock.monotonic_ns() / 1e9)
        await site.play(units[: 6 * FPS + 5])
        assert site.state() == ("stopped", "licence")
        site.gate.install(entitlement({"cam1": (span(0, 3), span(0, 100))}, seq=2))
        await clock.settle()
        restored_ns = clock.now_ns()
        assert wanted[-1] == clock.monotonic_ns() / 1e9, "a key frame is asked for at once"
        assert site.state() == ("waiting", None)
        await site.play(units[6 * FPS + 5 :])
        assert site.state() == ("recording", None)
    first = next(unit for unit in units if unit.key and unit.utc_ns >= restored_ns)
    assert index.segments()[1].start_utc_ns == first.utc_ns
    recorded = [data for path in index.files() for data in samples(path)]
    assert recorded == [unit.data for unit in units if unit.utc_ns < EPOCH_NS + 3e9 or unit.utc_ns >= first.utc_ns]
    assert index.gaps()[0] == ("licence", 3.0, round((first.utc_ns - EPOCH_NS) / 1e9, 3))


async def test_a_change_of_format_opens_a_segment_with_its_own_init_section(open_site: Opening, index: Index) -> None:
    before = access_units(2 * FPS)
    other = replace(before[0].format, width=640)
    after: list[AccessUnit] = [replace(unit, format=other) for unit in access_units(4 * FPS)[2 * FPS :]]
    async with open_site() as site:
        await site.play([*before, *after])
    first, second = index.segments()
    assert (first.id.run, second.id.run, second.id.seq) == (1, 1, 1)
    assert abs(first.end_utc_ns - second.start_utc_ns) <= 1


async def test_cameras_are_written_side_by_side_each_into_its_own_folder(open_site: Opening, index: Index) -> None:
    units = access_units(4 * FPS)
    async with open_site(cameras=("cam1", "cam2")) as site:
        for unit in units:
            await site.play([unit], "cam1")
            await site.play([unit], "cam2")
    for camera in ("cam1", "cam2"):
        assert sum(row.samples for row in index.segments(camera)) == len(units)
        assert {path.relative_to(index.path.parent / "media").parts[0] for path in index.files()} == {"cam1", "cam2"}
