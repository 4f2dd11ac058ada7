"""A recorder killed at odd moments loses nothing that was written, and its index tells the truth."""

import asyncio
import sys
from itertools import pairwise
from pathlib import Path

from gate.clock import SystemClock
from tests.component.segments.conftest import Index, Opening
from tests.fakes.video import FPS, TICKS, access_units, decoded_pictures, probe

ROOT = Path(__file__).resolve().parents[3]


async def record_and_kill(data_dir: Path, groups: int) -> int:
    """How many pictures the killed recorder had said to be written."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.component.segments.recording_process", str(data_dir),
        cwd=ROOT, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    written = 0
    try:
        async with SystemClock().timeout(30):
            for _ in range(groups):
                written = int(await process.stdout.readline())
    finally:
        process.kill()
        rest = await process.stdout.read()
        await process.wait()
    return int((rest.split() or [written])[-1])


async def test_after_each_of_three_kills_everything_written_plays_and_the_index_is_right(
    open_site: Opening, index: Index, tmp_path: Path
) -> None:
    written = [await record_and_kill(tmp_path, groups) for groups in (7, 12, 18)]
    assert any(row.state == "writing" for row in index.segments()), "it was killed while writing"
    async with open_site(licensed=None):
        rows, files = sorted(index.segments(), key=lambda row: row.id), index.files()
    assert len(rows) == len(files) and all(row.state == "closed" for row in rows)
    group = [len(unit.data) for unit in access_units(2 * FPS)]
    for run, least in enumerate(written, start=1):
        sizes: list[int] = []
        mine = [(row, path) for row, path in zip(rows, files, strict=True) if row.id.run == run]
        for row, path in mine:
            found = probe(path)
            assert row.samples == len(found.sizes) == decoded_pictures(path)
            assert (row.bytes, row.duration_90k) == (path.stat().st_size, row.samples * TICKS)
            sizes += found.sizes
        assert len(sizes) >= least > 0
        assert sizes == [group[number % len(group)] for number in range(len(sizes))], "none missing, none twice"
        for (before, _), (after, _) in pairwise(mine):
            assert after.id.seq == before.id.seq + 1 and abs(after.start_utc_ns - before.end_utc_ns) <= 1
    assert {row.id.run for row in rows} == {1, 2, 3}
