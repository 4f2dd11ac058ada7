"""kill -9 at odd moments: what was synced plays, and the index tells the truth."""

import signal
import sqlite3
from pathlib import Path

import pytest

from tests.e2e.footage import complaints, probe, segment_files
from tests.e2e.lone_recorder import LoneRecorder
from tests.fakes import gst_server

ODD_MOMENTS_SECONDS = (2.3, 3.7, 1.9)
LOST_SECONDS_MAX = 1 + 2 + 1
"""sync_seconds, one fragment still growing, and the start of the next recording."""


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return gst_server.build(tmp_path_factory.mktemp("gst"))


async def test_kill_9_three_times_loses_the_last_unsynced_fragments_at_most(tmp_path: Path, program: Path) -> None:
    clip = tmp_path / "clip.mp4"
    gst_server.make_clip(clip, seconds=40)
    async with gst_server.serving(program, clip) as url:
        recorder = LoneRecorder(tmp_path, {"cam1": f"{url}/cam0"})
        await recorder.license()
        for moment in ODD_MOMENTS_SECONDS:
            await recorder.start()
            async with recorder.clock.timeout(15):
                while (await recorder.state())["cameras"][0]["recording"]["phase"] != "recording":
                    await recorder.clock.sleep(0.01)
            await recorder.clock.sleep(moment)
            assert await recorder.stop(signal.SIGKILL) == -signal.SIGKILL
        await recorder.start()
        await recorder.segments(4, seconds=20)
        assert await recorder.stop() == 0

    files = segment_files(recorder.data_dir, "cam1")
    assert [complaints(path) for path in files] == [""] * len(files)
    assert total_seconds(recorder.data_dir) >= sum(ODD_MOMENTS_SECONDS) - 3 * LOST_SECONDS_MAX

    with sqlite3.connect(f"file:{index_of(recorder.data_dir)}?mode=ro", uri=True) as index:
        rows = index.execute("select state, bytes, start_utc_ns, end_utc_ns from segment order by run, seq").fetchall()
        gaps = index.execute("select reason from gap order by start_utc_ns").fetchall()
    assert {state for state, *_ in rows} == {"closed"}
    assert sorted(size for _, size, *_ in rows) == sorted(path.stat().st_size for path in files)
    assert [reason for (reason,) in gaps].count("crash") == 3


def total_seconds(data_dir: Path) -> float:
    """Media time of everything on disk, by ffprobe."""
    total = 0.0
    for path in segment_files(data_dir, "cam1"):
        total += float(probe(path).get("duration", 0))
    return total


def index_of(data_dir: Path) -> Path:
    return next(data_dir.glob("index.db"))
