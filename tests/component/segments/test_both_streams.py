"""A sub stream recorded beside the main one: each has its runs, segments and gaps, under one licence."""

import asyncio
import contextlib
import sqlite3
from pathlib import Path

from gate.clock import SimulatedClock
from recorder.catalog import queries
from recorder.catalog.retention_queries import usage
from recorder.catalog.rows import STREAMS
from recorder.hub import Feed
from recorder.segments.mode import CONTINUOUS
from recorder.state import RecordingState
from tests.component.segments.conftest import Index, Opening
from tests.fakes.video import FPS, access_units

LICENSED_SECONDS = 10


async def test_both_streams_are_recorded_and_cut_at_the_same_moment(
    open_site: Opening, clock: SimulatedClock, index: Index
) -> None:
    async with open_site(licensed=(0, LICENSED_SECONDS)) as site:
        feed = Feed()
        site.board.cameras["cam1"].sub_recording = sub_state = RecordingState(since=clock.now())
        recorder = site.storage.recorder("cam1", feed, site.gate, CONTINUOUS, "sub")
        site.tasks.append(asyncio.create_task(recorder.run()))
        await clock.settle()
        small = access_units(14 * FPS, hue=20)
        for unit, other in zip(access_units(14 * FPS), small, strict=True):
            await site.play([unit])
            feed.publish(other)
            if sub_state.phase == "recording":
                assert site.state() == ("recording", None)
        assert sub_state.phase == "stopped" and sub_state.reason == "licence"
        await site.written()
        rows = await site.storage.catalog.read(usage)
        assert {(row.camera, row.stream) for row in rows} == {("cam1", "main"), ("cam1", "sub")}
    paths = {stream: [path for path in index.files() if path.parent.parent.name == stream] for stream in STREAMS}
    assert len(paths["main"]) == len(paths["sub"]) >= 2
    with contextlib.closing(sqlite3.connect(index.path)) as db:
        ends = {stream: queries.segments_between(db, "cam1", stream, 0, 2**62)[-1].end_utc_ns for stream in STREAMS}
        gaps = {
            stream: [gap.reason for gap in queries.gaps_between(db, "cam1", stream, 0, 2**62)] for stream in STREAMS
        }
    assert ends["main"] == ends["sub"]
    assert gaps["main"] == gaps["sub"] and gaps["sub"][-1] == "licence"


async def test_runs_of_both_go_on_where_they_ended_after_a_restart(
    open_site: Opening, clock: SimulatedClock, tmp_path: Path
) -> None:
    feed = Feed()
    for start in range(2):
        async with open_site() as site:
            site.board.cameras["cam1"].sub_recording = RecordingState(since=clock.now())
            recorder = site.storage.recorder("cam1", feed, site.gate, CONTINUOUS, "sub")
            site.tasks.append(asyncio.create_task(recorder.run()))
            await clock.settle()
            for unit in access_units((start + 1) * 3 * FPS)[start * 3 * FPS :]:
                await site.advance_to(unit.arrival_ns)
                feed.publish(unit)
    names = sorted(path.name for path in (tmp_path / "media" / "cam1" / "sub").rglob("*.mp4"))
    assert names == ["000001-0000.mp4", "000002-0000.mp4"]
