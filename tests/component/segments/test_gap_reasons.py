"""Where there is no footage, the index says why: the first reason that applies, from end to beginning of footage."""

from dataclasses import replace

import pytest

from gate.clock import SimulatedClock
from recorder.segments.recorder import OFFLINE_SECONDS, RUN_END_SECONDS
from tests.component.segments.conftest import Index, Opening
from tests.fakes.entitlements import at, entitlement, span
from tests.fakes.video import EPOCH_NS, FPS, access_units, decoded_pictures, shifted


async def test_a_recorder_without_a_licence_records_nothing_and_says_so(open_site: Opening, index: Index) -> None:
    async with open_site(licensed=None) as site:
        assert site.state() == ("stopped", "licence")
        await site.play(access_units(2 * FPS))
    assert index.files() == [] and index.segments() == []
    assert index.gaps() == [("licence", 0.0, None)]


async def test_a_silent_camera_is_offline_from_its_last_picture_to_its_next(
    open_site: Opening, clock: SimulatedClock, index: Index
) -> None:
    units = access_units(4 * FPS)
    async with open_site() as site:
        await site.play(units[: 2 * FPS])
        await clock.advance(OFFLINE_SECONDS - 1)
        assert site.state() == ("recording", None)
        await clock.advance(3)
        assert site.state() == ("waiting", None)
        await site.written()
        assert sum(decoded_pictures(path) for path in index.files()) == 2 * FPS - 1, "all but the last is safe"
        await clock.advance(RUN_END_SECONDS)
        await site.written()
        assert [row.state for row in index.segments()] == ["closed"], "nothing hangs in memory for long"
        await site.play(shifted(units[2 * FPS :], 30, run=2))
        assert site.state() == ("recording", None)
    assert index.gaps() == [("camera_offline", 2.0, 32.0), ("off", 34.0, None)]
    assert [row.id.run for row in index.segments()] == [1, 3], "2 is for what its card may have"


async def test_pictures_that_were_only_held_up_leave_no_gap(
    open_site: Opening, clock: SimulatedClock, index: Index
) -> None:
    units = access_units(10 * FPS)
    async with open_site() as site:
        await site.play(units[: FPS + 4])
        await clock.advance(8)
        assert site.state() == ("waiting", None)
        for unit in units[FPS + 4 :]:
            site.feeds["cam1"].publish(unit)
    assert index.gaps() == [("off", 10.0, None)]
    assert sum(row.samples for row in index.segments()) == len(units)
    assert {row.id.run for row in index.segments()} == {1}


async def test_a_camera_that_never_comes_is_offline_from_the_start(
    open_site: Opening, clock: SimulatedClock, index: Index
) -> None:
    async with open_site() as site:
        assert site.state() == ("waiting", None)
        await clock.advance(20)
        assert site.state() == ("waiting", None)
    assert index.gaps() == [("camera_offline", 0.0, None)]


async def test_a_reconnect_leaves_a_gap_between_its_runs(open_site: Opening, index: Index) -> None:
    units = access_units(4 * FPS)
    async with open_site() as site:
        await site.play([*units[: 2 * FPS], *shifted(units[2 * FPS :], 1.5, run=2)])
    assert index.gaps() == [("camera_offline", 2.0, 3.5), ("off", 5.5, None)]


async def test_skipped_time_is_a_gap_of_its_own(open_site: Opening, clock: SimulatedClock, index: Index) -> None:
    units = access_units(4 * FPS)
    async with open_site() as site:
        await site.play(units[: 2 * FPS])
        await clock.jump(at(3600))
        for unit in shifted(units[2 * FPS :], 3600 - 2, run=2):
            site.feeds["cam1"].publish(unit)
    assert index.gaps() == [("clock_step", 2.0, 3600.0), ("off", 3602.0, None)]
    assert [row.id.run for row in index.segments()] == [1, 2]


async def test_a_jump_over_the_expiry_is_split_at_it(open_site: Opening, clock: SimulatedClock, index: Index) -> None:
    units = access_units(2 * FPS)
    async with open_site(licensed=(0, 1000)) as site:
        await site.play(units)
        await clock.jump(at(3600))
        await clock.advance(1)
        assert site.state() == ("stopped", "licence")
    assert index.gaps() == [("clock_step", 2.0, 1000.0), ("licence", 1000.0, None)]
    assert sum(row.samples for row in index.segments()) == len(units)


async def test_a_step_back_makes_a_second_run_over_the_same_time_and_no_gap(
    open_site: Opening, clock: SimulatedClock, index: Index
) -> None:
    units = access_units(4 * FPS)
    async with open_site(licensed=(-1000, 10**9)) as site:
        site.gate.install(entitlement({"cam1": (span(-1000, 10**9),)}, issued_at=at(-1000), seq=2))
        await site.play(units[: 2 * FPS])
        await clock.jump(at(-100))
        for unit in shifted(units[2 * FPS :], -102, run=2):
            site.feeds["cam1"].publish(replace(unit, arrival_ns=clock.monotonic_ns()))
    first, second = sorted(index.segments(), key=lambda row: row.id)
    assert second.id.run > first.id.run and second.start_utc_ns == EPOCH_NS - 100 * 10**9
    assert [gap[0] for gap in index.gaps()] == ["off"]


async def test_a_licence_that_lapses_while_the_camera_is_away_takes_over_from_it(
    open_site: Opening, clock: SimulatedClock, index: Index
) -> None:
    async with open_site(licensed=(0, 60)) as site:
        await site.play(access_units(FPS))
        await clock.advance(120)
        assert site.state() == ("stopped", "licence")
        site.gate.install(entitlement({"cam1": (span(0, 60), span(0, 1000))}, seq=2))
        await clock.advance(30)
    assert index.gaps() == [
        ("camera_offline", 1.0, 60.0),
        ("licence", 60.0, pytest.approx(121.0, abs=0.2)),
        ("camera_offline", pytest.approx(121.0, abs=0.2), None),
    ]


async def test_time_in_which_the_recorder_was_off_is_a_gap_until_the_next_picture(
    open_site: Opening, clock: SimulatedClock, index: Index
) -> None:
    units = access_units(4 * FPS)
    async with open_site() as site:
        await site.play(units[: 2 * FPS])
    await clock.advance(100)
    async with open_site() as site:
        await site.play(shifted(units[2 * FPS :], 101, run=1))
    assert index.gaps() == [("off", 2.0, 103.0), ("off", 105.0, None)]
    assert [row.id.run for row in index.segments()] == [1, 2]


async def test_a_lapse_survives_a_restart_as_one_gap(open_site: Opening, clock: SimulatedClock, index: Index) -> None:
    for _ in range(3):
        async with open_site(licensed=(0, 1)) as site:
            if clock.monotonic_ns() == 0:
                await site.play(access_units(2 * FPS))
            await clock.advance(10)
    assert index.gaps() == [("licence", 1.0, None)]
