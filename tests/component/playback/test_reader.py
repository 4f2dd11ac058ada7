"""What is read is what was recorded, from any time, forward and backward."""

import asyncio
import contextlib
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gate.clock import SystemClock
from recorder.media.access_unit import AccessUnit
from recorder.playback.fragments import Wanted
from recorder.playback.pictures import PictureSource
from recorder.playback.reader import READ_AHEAD_FRAGMENTS, open_reader
from recorder.segments.cutter import FRAGMENT_SECONDS
from tests.fakes.recorded import Recorded
from tests.fakes.video import EPOCH_NS, FPS, access_units

FORMAT = access_units(1)[0].format
SECOND = 10**9
TICKS = 6000  # 15 pictures a second
PICTURE_NS = TICKS * 100_000 // 9
TOLERANCE_NS = 12_000  # one tick


def run_of(number: int, start_ns: int, groups: list[int]) -> list[AccessUnit]:
    """A run with so many pictures in each group; every picture's data is its own."""
    keys = {sum(groups[:index]) for index in range(len(groups))}
    units = []
    for index in range(sum(groups)):
        nal = b"\x65" + f"run {number} picture {index} ".encode() * 3
        units.append(
            AccessUnit(
                format=FORMAT,
                data=len(nal).to_bytes(4, "big") + nal,
                key=index in keys,
                run=number,
                pts_90k=index * TICKS,
                utc_ns=EPOCH_NS + start_ns + index * TICKS * 100_000 // 9,
                arrival_ns=0,
            )
        )
    return units


Shape = list[tuple[int, list[int]]]
"""Of each run: when it begins (half seconds), and how many pictures its groups have."""

shapes: st.SearchStrategy[Shape] = st.lists(
    st.tuples(st.integers(0, 40), st.lists(st.integers(1, 25) | st.integers(40, 80), min_size=2, max_size=10)),
    min_size=1,
    max_size=4,
)
"""One to four runs; after a step back one may lie over another. Long groups lie in several fragments."""


def runs_of(shape: Shape) -> list[list[AccessUnit]]:
    return [run_of(number, half * SECOND // 2, groups) for number, (half, groups) in enumerate(shape, start=1)]


@contextlib.contextmanager
def on_disk(tmp: pytest.TempPathFactory, runs: list[list[AccessUnit]], *, finish: bool = True) -> Iterator[Recorded]:
    recorded = Recorded(tmp.mktemp("footage"))
    try:
        for number, units in enumerate(runs, start=1):
            recorded.write(units, finish=finish or number < len(runs))
        yield recorded
    finally:
        recorded.close()
        shutil.rmtree(recorded.root)


def read(recorded: Recorded, wanted: Wanted) -> list[AccessUnit]:
    archive = recorded.archive
    db = archive.connect()
    source = PictureSource(db, archive.roots(db), wanted)
    try:
        units: list[AccessUnit] = []
        while (more := source.next_units()) is not None:
            units += more
        return units
    finally:
        source.close()


def end_of(run: list[AccessUnit]) -> int:
    return run[-1].utc_ns + PICTURE_NS


def expected(runs: list[list[AccessUnit]], start: int, end: int | None = None) -> list[AccessUnit]:
    """The model: every run that reaches into the range, from its key frame at or before the start."""
    inside = [run for run in runs if end_of(run) > start and (end is None or run[0].utc_ns < end)]
    if end is None and inside:  # playing on: from the lowest run that covers the start, or the next there is
        covering = [run for run in inside if run[0].utc_ns <= start]
        first = covering[0] if covering else min(inside, key=lambda run: run[0].utc_ns)
        inside = inside[inside.index(first) :]
    units = []
    for run in inside:
        key = max((index for index, unit in enumerate(run) if unit.key and unit.utc_ns <= start), default=0)
        units += [unit for unit in run[key:] if end is None or unit.utc_ns < end]
    return units


def same(found: list[AccessUnit], wanted: list[AccessUnit]) -> None:
    assert [(unit.run, unit.data) for unit in found] == [(unit.run, unit.data) for unit in wanted]
    for got, was in zip(found, wanted, strict=True):
        assert (got.key, got.format) == (was.key, was.format)
        assert abs(got.utc_ns - was.utc_ns) <= TOLERANCE_NS and abs(got.pts_90k - was.pts_90k) <= 2


times = st.integers(-2000, 32_000).map(lambda ms: EPOCH_NS + ms * 10**6 + 300_000)
relaxed = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@relaxed
@given(shape=shapes)
def test_reading_everything_gives_what_was_written(shape: Shape, tmp_path_factory: pytest.TempPathFactory) -> None:
    runs = runs_of(shape)
    with on_disk(tmp_path_factory, runs) as recorded:
        whole = Wanted(camera="cam1", start_utc_ns=EPOCH_NS, end_utc_ns=EPOCH_NS + 10**12)
        same(read(recorded, whole), [unit for run in runs for unit in run])


@relaxed
@given(shape=shapes, start=times, length=st.none() | st.integers(1, 20_000))
def test_a_seek_lands_on_the_key_frame_before_in_every_run_of_that_time(
    shape: Shape, start: int, length: int | None, tmp_path_factory: pytest.TempPathFactory
) -> None:
    runs = runs_of(shape)
    end = None if length is None else start + length * 10**6
    with on_disk(tmp_path_factory, runs) as recorded:
        same(read(recorded, Wanted(camera="cam1", start_utc_ns=start, end_utc_ns=end)), expected(runs, start, end))


@relaxed
@given(shape=shapes, start=times)
def test_key_frames_alone_go_forward_and_backward_in_the_order_of_recording(
    shape: Shape, start: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    runs = runs_of(shape)
    keys = [unit for unit in expected(runs, start) if unit.key]
    before = [unit for run in runs for unit in run if unit.key and unit.utc_ns <= start]
    with on_disk(tmp_path_factory, runs) as recorded:
        same(read(recorded, Wanted(camera="cam1", start_utc_ns=start, keys_only=True)), keys)
        wanted = Wanted(camera="cam1", start_utc_ns=start, end_utc_ns=EPOCH_NS - 1, backward=True)
        same(read(recorded, wanted), before[::-1])


@relaxed
@given(shape=shapes, start=times)
def test_a_segment_that_is_being_written_is_read_as_far_as_it_is_on_disk(
    shape: Shape, start: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    runs = runs_of(shape)
    last_key = max(index for index, unit in enumerate(runs[-1]) if unit.key)
    of_a_fragment = round(FRAGMENT_SECONDS * 90_000 / TICKS)
    held_from = last_key + (len(runs[-1]) - 1 - last_key) // of_a_fragment * of_a_fragment
    written = runs[:-1] + ([runs[-1][:held_from]] if held_from else [])
    with on_disk(tmp_path_factory, runs, finish=False) as recorded:
        same(read(recorded, Wanted(camera="cam1", start_utc_ns=start)), expected(written, start))


def test_another_run_of_the_same_time_is_reached_by_its_number(tmp_path: Path) -> None:
    first, second = run_of(1, 0, [15] * 10), run_of(2, 4 * SECOND, [15] * 4)
    recorded = Recorded(tmp_path)
    recorded.write(first)
    recorded.write(second)
    at = EPOCH_NS + 5 * SECOND + 1
    assert read(recorded, Wanted(camera="cam1", start_utc_ns=at))[0].run == 1
    assert [unit.data for unit in read(recorded, Wanted(camera="cam1", start_utc_ns=at, run=2))] == [
        unit.data for unit in second[15:]
    ]
    recorded.close()


def test_footage_that_is_written_while_it_is_read_is_read_too(tmp_path: Path) -> None:
    run = run_of(1, 0, [15] * 12)
    recorded = Recorded(tmp_path, segment_seconds=3)
    recorded.write(run[:46], finish=False)
    archive = recorded.archive
    db = archive.connect()
    source = PictureSource(db, archive.roots(db), Wanted(camera="cam1", start_utc_ns=EPOCH_NS))
    units = source.next_units() or []
    recorded.append(run[46:])  # the growing segment ends, others follow
    while (more := source.next_units()) is not None:
        units += more
    source.close()
    recorded.close()
    assert [unit.data for unit in units] == [unit.data for unit in run]


def test_what_is_gone_meanwhile_is_left_out_and_the_rest_goes_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    run = run_of(1, 0, [15] * 12)
    recorded = Recorded(tmp_path, segment_seconds=3)
    recorded.write(run)
    files = sorted(recorded.volume.root.rglob("*.mp4"))
    files[1].unlink()
    size = files[2].stat().st_size
    with files[2].open("r+b") as file:
        file.truncate(size - 1)
    found = [unit.data for unit in read(recorded, Wanted(camera="cam1", start_utc_ns=EPOCH_NS))]
    recorded.close()
    assert set(found) < {unit.data for unit in run} and found[-1] == run[-1].data
    assert "cam1" in caplog.text and "000001-0001" in caplog.text and "ends within a fragment" in caplog.text


async def test_the_event_loop_reads_ahead_no_further_than_stated(tmp_path: Path) -> None:
    run = run_of(1, 0, [15] * 20)
    recorded = Recorded(tmp_path)
    recorded.write(run)
    async with open_reader(recorded.archive, Wanted(camera="cam1", start_utc_ns=EPOCH_NS)) as reader:
        first = await reader.next_units()
        assert first is not None and [unit.data for unit in first] == [unit.data for unit in run[:15]]
        assert len(reader._ahead) == READ_AHEAD_FRAGMENTS
        rest = [unit.data async for unit in reader]
    assert rest == [unit.data for unit in run[15:]]
    recorded.close()


async def test_a_reader_that_is_left_in_the_middle_leaves_nothing_open(tmp_path: Path) -> None:
    recorded = Recorded(tmp_path)
    recorded.write(run_of(1, 0, [15] * 20))
    with pytest.raises(asyncio.CancelledError):
        async with open_reader(recorded.archive, Wanted(camera="cam1", start_utc_ns=EPOCH_NS)) as reader:
            await reader.next_units()
            raise asyncio.CancelledError
    assert not [fd for fd in Path("/proc/self/fd").iterdir() if fd.is_symlink() and fd.readlink().suffix == ".mp4"]
    async with SystemClock().timeout(5):
        while any(thread.name.startswith("playback") for thread in threading.enumerate()):
            await SystemClock().sleep(0.01)
    recorded.close()


def test_pictures_of_a_real_camera_come_back(tmp_path: Path) -> None:
    recorded = Recorded(tmp_path)
    units = access_units(8 * FPS)
    recorded.write(units)
    found = read(recorded, Wanted(camera="cam1", start_utc_ns=EPOCH_NS))
    recorded.close()
    assert [unit.data for unit in found] == [unit.data for unit in units]
    same(found, units)
