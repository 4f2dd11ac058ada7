"""After a crash the gaps agree with the footage that was found, whatever the index had heard last."""

import contextlib
import sqlite3

import pytest

from gate.clock import SimulatedClock
from recorder.segments.mode import RecordingMode
from tests.component.segments.conftest import Index, Opening
from tests.fakes.video import EPOCH_NS, FPS, access_units, shifted

EVENT = RecordingMode(name="event", pre_event_seconds=3, post_event_seconds=4)


def crash(index: Index, *changes: str) -> None:
    """The index as a crash leaves it: the last segment unfinished, no end of the boot, and these changes."""
    with contextlib.closing(sqlite3.connect(index.path)) as db, db:
        db.execute("UPDATE boot SET end_utc_ns = NULL")
        db.execute("DELETE FROM gap WHERE end_utc_ns IS NULL")
        db.execute(
            "UPDATE segment SET state = 'writing', end_utc_ns = start_utc_ns, duration_90k = 0, samples = 0, bytes = 0,"
            " fragments = x'' WHERE (run, seq) = (SELECT run, seq FROM segment ORDER BY run DESC, seq DESC LIMIT 1)"
        )
        for change in changes:
            db.execute(change)


def gap(reason: str, start: float, end: float | None) -> str:
    end_ns = "NULL" if end is None else str(EPOCH_NS + round(end * 1e9))
    return (
        "INSERT INTO gap (camera_id, stream, start_utc_ns, end_utc_ns, reason)"
        f" VALUES (1, 0, {EPOCH_NS + round(start * 1e9)}, {end_ns}, '{reason}')"
    )


async def test_a_gap_that_the_newest_footage_has_ended_ends_where_that_begins(
    open_site: Opening, index: Index, clock: SimulatedClock
) -> None:
    units = access_units(8 * FPS)
    async with open_site() as site:
        await site.play([*units[: 2 * FPS], *shifted(units[4 * FPS :], 0, run=2)])
    crash(index, "DELETE FROM gap", gap("event_mode", 2, None))
    await clock.advance(20)
    async with open_site() as site:
        await site.play(shifted(access_units(FPS), 30, run=1))
    assert index.gaps() == [("event_mode", 2.0, 4.0), ("crash", 8.0, 30.0), ("off", 31.0, None)]


async def test_time_between_the_footage_that_was_kept_and_the_next_gap_is_a_crash(
    open_site: Opening, index: Index, clock: SimulatedClock
) -> None:
    async with open_site() as site:
        await site.play(access_units(8 * FPS))
    crash(index, gap("licence", 9.5, None))
    await clock.advance(20)
    async with open_site(licensed=None):
        pass
    assert index.gaps() == [("crash", 8.0, 9.5), ("licence", 9.5, None)]


async def test_footage_from_before_a_step_back_ends_no_gap_that_came_after_it(
    open_site: Opening, index: Index, clock: SimulatedClock
) -> None:
    units = access_units(8 * FPS)
    async with open_site() as site:
        await site.play(shifted(units[: 2 * FPS], 100, run=1))
        await site.play(shifted(units[2 * FPS : 4 * FPS], 0, run=2))
    crash(index, gap("licence", 4, None))
    async with open_site(licensed=None):
        pass
    assert ("licence", 4.0, None) in index.gaps()


@pytest.mark.parametrize("mode", [EVENT, RecordingMode(name="off")], ids=["event", "off"])
async def test_a_recovery_of_nothing_changes_no_gap(
    open_site: Opening, index: Index, clock: SimulatedClock, mode: RecordingMode
) -> None:
    async with open_site(mode=mode) as site:
        await site.play(access_units(3 * FPS))
    before = index.gaps()
    async with open_site(mode=mode):
        pass
    assert index.gaps() == before
