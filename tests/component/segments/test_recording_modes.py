"""Each mode records what it should, nothing else, and the index says why there is nothing."""

import contextlib
import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import av
import pytest

from gate.clock import SimulatedClock
from recorder.media.access_unit import AccessUnit
from recorder.segments.admission import KEY_WAIT_SECONDS
from recorder.segments.mode import CONTINUOUS, RecordingMode
from recorder.segments.recorder import OFFLINE_SECONDS
from recorder.segments.schedule import WeeklySchedule, parse_span
from tests.component.segments.conftest import Index, Opening
from tests.fakes.entitlements import at, entitlement, span
from tests.fakes.video import EPOCH_NS, FPS, access_units, decoded_pictures, shifted

EVENT = RecordingMode(name="event", pre_event_seconds=3, post_event_seconds=4)
OFF = RecordingMode(name="off")


def on_schedule(*spans: str, zone: str = "UTC") -> RecordingMode:
    return RecordingMode(
        name="schedule", schedule=WeeklySchedule(spans=tuple(map(parse_span, spans)), zone=ZoneInfo(zone))
    )


def recorded(index: Index) -> list[bytes]:
    """Every sample on disk, in order; each file plays."""
    found: list[bytes] = []
    for path in index.files():
        found += samples(path)
        assert decoded_pictures(path) > 0
    return found


def samples(path: Path) -> list[bytes]:
    with av.open(str(path)) as container:
        return [bytes(packet) for packet in container.demux(video=0) if packet.dts is not None]


def between(units: Sequence[AccessUnit], start: float, end: float) -> list[bytes]:
    """The pictures of these seconds."""
    return [unit.data for unit in units if start <= round((unit.utc_ns - EPOCH_NS) / 1e9, 6) < end]


async def test_an_event_is_recorded_from_before_it_to_after_it(open_site: Opening, index: Index) -> None:
    units = access_units(30 * FPS)
    async with open_site(mode=EVENT) as site:
        await site.play(units[: 10 * FPS + 5])
        assert site.state() == ("waiting", "event_mode")
        assert site.board.cameras["cam1"].recording.mode == "event"
        assert site.recorders["cam1"].trigger() is True
        await site.play(units[10 * FPS + 5 : 12 * FPS])
        assert site.state() == ("recording", None)
        await site.play(units[12 * FPS :])
        assert site.state() == ("waiting", "event_mode")
    assert recorded(index) == between(units, 7, 15), "from the key frame before 10.3 - 3 to the one after 10.3 + 4"
    assert index.gaps() == [("event_mode", 0.0, 7.0), ("event_mode", 15.0, None)]


async def test_what_came_before_an_event_is_safe_although_the_camera_dies_with_it(
    open_site: Opening, clock: SimulatedClock, index: Index
) -> None:
    units = access_units(10 * FPS)
    async with open_site(mode=EVENT) as site:
        await site.play(units)
        site.recorders["cam1"].trigger()
        await clock.advance(30)
        await site.written()
        assert site.state() == ("waiting", None), "an event could not be recorded now"
    assert recorded(index) == between(units, 6, 10)
    assert index.gaps() == [("event_mode", 0.0, 6.0), ("camera_offline", 10.0, None)]


async def test_events_that_overlap_are_one_recording(open_site: Opening, index: Index) -> None:
    units = access_units(30 * FPS)
    async with open_site(mode=EVENT) as site:
        for second in range(30):
            if second in (10, 12, 15):
                site.recorders["cam1"].trigger()
            await site.play(units[second * FPS : (second + 1) * FPS])
    assert recorded(index) == between(units, 6, 19)
    assert {row.id.run for row in index.segments()} == {1}


async def test_an_event_right_after_another_loses_no_picture_between_them(open_site: Opening, index: Index) -> None:
    units = access_units(30 * FPS)
    async with open_site(mode=EVENT) as site:
        await site.play(units[: 10 * FPS])
        site.recorders["cam1"].trigger()
        await site.play(units[10 * FPS : 15 * FPS + 3])
        assert site.state() == ("waiting", "event_mode")
        site.recorders["cam1"].trigger()
        await site.play(units[15 * FPS + 3 :])
    assert recorded(index) == between(units, 6, 20), "no picture missing, none twice"
    assert {row.id.run for row in index.segments()} == {1, 2}
    assert index.gaps() == [("event_mode", 0.0, 6.0), ("event_mode", 20.0, None)], "no gap between the two"


async def test_recording_ends_although_no_key_frame_comes(open_site: Opening, index: Index) -> None:
    units = access_units(40 * FPS, gop=40 * FPS)
    wanted: list[float] = []
    async with open_site(mode=EVENT, segment_seconds=60) as site:
        site.feeds["cam1"].on_key_wanted = lambda: wanted.append(site.clock.monotonic_ns() / 1e9)
        await site.play(units[:FPS])
        site.recorders["cam1"].trigger()
        await site.play(units[FPS:])
    assert index.gaps()[-1][0] == "event_mode"
    assert index.gaps()[-1][1] == pytest.approx(1 + 4 + KEY_WAIT_SECONDS, abs=0.1)
    assert wanted == [pytest.approx(5, abs=0.1)], "asked for once, when the event's time was over"


async def test_nothing_captured_while_unlicensed_is_stored_by_an_event_after_it(
    open_site: Opening, clock: SimulatedClock, index: Index
) -> None:
    units = access_units(30 * FPS)
    async with open_site(licensed=(0, 5), mode=EVENT) as site:
        await site.play(units[: 9 * FPS])
        assert site.state() == ("stopped", "licence")
        assert site.recorders["cam1"].trigger() is False
        site.gate.install(entitlement({"cam1": (span(0, 5), span(0, 1000))}, seq=2))
        await clock.settle()
        restored = (clock.now_ns() - EPOCH_NS) / 1e9
        await site.play(units[9 * FPS : 10 * FPS + 2])
        assert site.recorders["cam1"].trigger() is True
        await site.play(units[10 * FPS + 2 :])
    assert 8.9 < restored <= 9
    assert recorded(index) == between(units, 9, 15), "not the lapsed seconds 7 and 8, nor those before the lapse"
    assert index.gaps() == [("event_mode", 0.0, 5.0), ("licence", 5.0, 9.0), ("event_mode", 15.0, None)]


async def test_a_schedule_cuts_at_its_very_times(open_site: Opening, index: Index) -> None:
    units = [replace(unit, key=number % 5 == 0) for number, unit in enumerate(access_units(90 * FPS, gop=5))]
    mode = on_schedule("thu 00:00-00:01", "thu 00:01-00:02", "wed 10:00-11:00")
    shift = 2 * 60 - 30.1
    moved = [replace(unit, utc_ns=unit.utc_ns + round(shift * 1e9)) for unit in units]
    async with open_site(mode=mode) as site:
        await site.clock.jump(at(shift))
        await site.play(moved[: 40 * FPS])
        assert site.state() == ("stopped", "schedule")
        site.recorders["cam1"].set_mode(on_schedule("thu 00:00-00:01", "thu 00:02-00:05"))
        await site.play(moved[40 * FPS : 60 * FPS])
        assert site.state() == ("recording", None)
    rows = index.segments()
    assert (rows[0].end_utc_ns - EPOCH_NS) / 1e9 <= 120
    first = [row for row in rows if row.id.run == 1]
    assert sum(row.samples for row in first) == len([unit for unit in moved if unit.utc_ns < EPOCH_NS + 120e9])
    assert ("schedule", 120.0) in [gap[:2] for gap in index.gaps()]


async def test_a_schedule_opens_with_the_next_key_frame(open_site: Opening, index: Index) -> None:
    units = access_units(70 * FPS)
    wanted: list[float] = []
    async with open_site(mode=on_schedule("daily 00:01-00:02")) as site:
        site.feeds["cam1"].on_key_wanted = lambda: wanted.append(site.clock.monotonic_ns() / 1e9)
        shifted_a_little = [replace(unit, utc_ns=unit.utc_ns - 300_000_000) for unit in units]
        await site.play(shifted_a_little[: 50 * FPS])
        assert site.state() == ("stopped", "schedule")
        await site.play(shifted_a_little[50 * FPS :])
        assert site.state() == ("recording", None)
    assert [gap[:2] for gap in index.gaps()] == [("schedule", 0.0), ("off", 69.7)]
    start = index.segments()[0].start_utc_ns
    assert EPOCH_NS + 60e9 <= start <= EPOCH_NS + 61e9 and start == round(EPOCH_NS + 60.7e9)
    assert any(60.2 < when < 60.5 for when in wanted), "a key frame was asked for when it opened"


async def test_off_records_nothing_and_says_so(open_site: Opening, index: Index) -> None:
    async with open_site(mode=OFF) as site:
        await site.play(access_units(3 * FPS))
        assert site.state() == ("stopped", "off")
        assert site.recorders["cam1"].trigger() is False
    assert index.files() == [] and index.gaps() == [("off", 0.0, None)]


async def test_a_mode_is_changed_while_recording_without_losing_a_picture_it_wants(
    open_site: Opening, index: Index
) -> None:
    units = access_units(30 * FPS)
    async with open_site() as site:
        await site.play(units[: 5 * FPS + 4])
        site.recorders["cam1"].set_mode(EVENT)
        await site.play(units[5 * FPS + 4 : 10 * FPS])
        assert site.state() == ("waiting", "event_mode")
        site.recorders["cam1"].set_mode(OFF)
        await site.play(units[10 * FPS : 15 * FPS])
        assert site.state() == ("stopped", "off")
        site.recorders["cam1"].set_mode(CONTINUOUS)
        await site.play(units[15 * FPS + 1 :])
        assert site.state() == ("recording", None)
    assert recorded(index) == between(units, 0, 6) + between(units, 16, 30)
    assert index.gaps() == [("event_mode", 0 + 6.0, 10.0), ("off", 10.0, 16.0), ("off", 30.0, None)]


async def test_a_camera_that_is_away_while_nothing_is_wanted_of_it_is_offline(
    open_site: Opening, clock: SimulatedClock, index: Index
) -> None:
    units = access_units(4 * FPS)
    async with open_site(mode=EVENT) as site:
        await site.play(units[: 2 * FPS])
        await clock.advance(OFFLINE_SECONDS + 2)
        assert site.state() == ("waiting", None)
        await site.play(shifted(units[2 * FPS :], 30, run=2))
        assert site.state() == ("waiting", "event_mode")
    last = pytest.approx(2.0, abs=0.07)
    assert index.gaps() == [("event_mode", 0.0, last), ("camera_offline", last, 32.0), ("event_mode", 32.0, None)]


@pytest.mark.parametrize("step", [3600.0, -3600.0], ids=["forward", "back"])
async def test_a_clock_step_while_nothing_is_wanted_keeps_the_account_straight(
    open_site: Opening, clock: SimulatedClock, index: Index, step: float
) -> None:
    units = access_units(16 * FPS)
    async with open_site(licensed=(-10_000, 10**9), mode=EVENT) as site:
        site.gate.install(entitlement({"cam1": (span(-10_000, 10**9),)}, issued_at=at(-10_000), seq=2))
        await site.play(units[: 4 * FPS])
        await clock.jump(at(4 + step))
        after = shifted(units[4 * FPS :], step, run=2)
        for unit in after[: 6 * FPS]:
            await site.advance_to(round(unit.arrival_ns - step * 1e9))
            site.feeds["cam1"].publish(replace(unit, arrival_ns=clock.monotonic_ns()))
        site.recorders["cam1"].trigger()
        for unit in after[6 * FPS :]:
            await site.advance_to(round(unit.arrival_ns - step * 1e9))
            site.feeds["cam1"].publish(replace(unit, arrival_ns=clock.monotonic_ns()))
    assert recorded(index) == between(units, 6, 14), "nothing from before the step is in the wrong place"
    gaps = {(reason, round(start, 1)): end for reason, start, end in index.gaps()}
    assert gaps[("event_mode", 0.0)] == pytest.approx(4, abs=0.1)
    assert gaps[("event_mode", 4 + step)] == pytest.approx(6 + step, abs=0.01)
    assert (("clock_step", 3.9) in gaps) == (step > 0)


async def test_a_crash_while_waiting_for_events_is_told_apart_from_the_waiting(
    open_site: Opening, clock: SimulatedClock, index: Index
) -> None:
    units = access_units(6 * FPS)
    async with open_site(mode=EVENT) as site:
        await site.play(units[: 3 * FPS])
    with contextlib.closing(sqlite3.connect(index.path)) as db, db:
        db.execute("UPDATE boot SET end_utc_ns = NULL, alive_utc_ns = ?", (EPOCH_NS + 2 * 10**9,))
    await clock.advance(57)
    async with open_site(mode=EVENT) as site:
        await site.play(shifted(units[3 * FPS :], 60, run=1))
    assert index.gaps() == [("event_mode", 0.0, 2.0), ("crash", 2.0, 63.0), ("event_mode", 63.0, None)]
