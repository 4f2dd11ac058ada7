"""Trouble that shows only afterwards: a run that has ended and did not get to the disk, an index that is held."""

import contextlib
import sqlite3
from pathlib import Path

import pytest

from gate.clock import SimulatedClock
from recorder.catalog import database
from tests.component.segments.conftest import Index, Opening
from tests.component.segments.test_disk_trouble import FailingDisk, pictures_on
from tests.fakes.entitlements import entitlement, span
from tests.fakes.video import FPS, access_units, shifted


async def test_what_a_failed_sync_takes_from_an_ended_run_is_a_gap_of_its_own(
    open_site: Opening, index: Index, clock: SimulatedClock
) -> None:
    units = access_units(12 * FPS)
    disk = FailingDisk()
    async with open_site(disk=disk, licensed=(0, 6), segment_seconds=60, sync_seconds=60) as site:
        await site.play(units[: 6 * FPS - 1])
        disk.sync_fails_once = True
        await site.play(units[6 * FPS - 1 : 7 * FPS])
        assert site.state() == ("stopped", "licence")
        await site.until(lambda: not disk.sync_fails_once)
        await site.written()
        site.gate.install(entitlement({"cam1": (span(0, 6), span(0, 1000))}, seq=2))
        await clock.settle()
        await site.play(units[7 * FPS :])
    assert pictures_on(index) == 5 * FPS
    assert index.gaps() == [("disk", 0.0, 6.0), ("licence", 6.0, 7.0), ("off", 12.0, None)]


async def test_what_a_failed_sync_takes_at_the_end_of_the_recorder_is_a_gap(open_site: Opening, index: Index) -> None:
    disk = FailingDisk()
    async with open_site(disk=disk, segment_seconds=3, sync_seconds=60) as site:
        await site.play(access_units(8 * FPS))
        await site.written()
        before = len(index.files())
        disk.sync_fails_once = True
    [kept] = {round(row.end_utc_ns / 1e9, 3) for row in index.segments()[-1:]}
    start = round(index.segments()[0].start_utc_ns / 1e9, 3)
    assert before > len(index.files()) >= 1
    assert index.gaps() == [("disk", round(kept - start, 3), 8.0), ("off", 8.0, None)]


async def test_recording_goes_on_while_the_index_is_locked_and_is_noted_afterwards(
    open_site: Opening, index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "_BUSY_SECONDS", 0.02)
    monkeypatch.setattr(database, "RETRY_SECONDS", 0.01)
    units = access_units(16 * FPS)
    async with open_site(segment_seconds=3) as site:
        await site.play(units[: 2 * FPS])
        await site.written()
        with contextlib.closing(sqlite3.connect(tmp_path / "index.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            writer = site.storage.volumes.disks.shelves[0].writer
            for unit in [*units[2 * FPS : 10 * FPS], *shifted(units[10 * FPS :], 2, run=2)]:
                await site.advance_to(unit.arrival_ns)
                site.feeds["cam1"].publish(unit)
                await site.until(lambda: writer.idle)
            assert site.state() == ("recording", None)
            assert len(index.files()) > 2 and len(index.segments()) == 1, "files go on, rows wait"
            other.execute("ROLLBACK")
        await site.written()
        assert site.storage.catalog.lost_changes == 0
    assert pictures_on(index) == len(units)
    assert index.gaps() == [("camera_offline", 10.0, 12.0), ("off", 18.0, None)]
