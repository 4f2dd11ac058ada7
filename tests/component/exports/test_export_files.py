"""Exported files: exactly the pictures asked for, by ffmpeg's judgement, with their sound."""

import json
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from gate.clock import instant_of
from recorder.exports.plan import FilePlan, plan_files
from tests.component.exports.exporting import SECOND, Exporting, frame_hashes, sound_seconds
from tests.fakes.coded import coded_units
from tests.fakes.marked import marked_run
from tests.fakes.recorded import Recorded
from tests.fakes.video import EPOCH_NS, FPS

BOXES = [b"ftyp", b"moov", b"mdat", b"uuid"]


def planned(recorded: Recorded, start: float, end: float) -> list[FilePlan]:
    db = recorded.archive.connect()
    try:
        range_ns = (EPOCH_NS + round(start * SECOND), EPOCH_NS + round(end * SECOND))
        return list(plan_files(db, recorded.archive.roots(db), "cam1", "main", *range_ns, abandoned=lambda: False))
    finally:
        db.close()


def written(plan: FilePlan, path: Path) -> Path:
    footage = (extent.path.read_bytes()[extent.offset : extent.offset + extent.size] for extent in plan.extents)
    path.write_bytes(plan.head + b"".join(footage))
    assert path.stat().st_size == plan.bytes
    return path


def boxes(path: Path) -> list[bytes]:
    found, content, at = [], path.read_bytes(), 0
    while at < len(content):
        size, kind = int.from_bytes(content[at : at + 4], "big"), content[at + 4 : at + 8]
        at += int.from_bytes(content[at + 8 : at + 16], "big") if size == 1 else size
        found.append(kind)
    assert at == len(content)
    return found


def creation_time(path: Path) -> str:
    command = ["ffprobe", "-v", "error", "-show_entries", "format_tags=creation_time", "-of", "csv=p=0", str(path)]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=20).stdout.strip()


@pytest.mark.parametrize(
    ("start", "end"), [(0, 9), (2.5, 6), (2.5, 6.01), (4, 5), (5.01, 5.08), (0.9334, 3.0666), (-5, 1), (8.99, 30)]
)
@pytest.mark.parametrize("b_frames", [0, 2])
@pytest.mark.parametrize("open_gop", [False, True])
def test_a_player_shows_exactly_the_pictures_taken_from_from_to_to(
    tmp_path: Path, start: float, end: float, b_frames: int, open_gop: bool
) -> None:
    if open_gop and b_frames and end - start < 0.1:
        pytest.skip("of an open group's first pictures ffmpeg holds one back at the end of a file")
    units = marked_run(9 * FPS, b_frames=b_frames, open_gop=open_gop)
    recorded = Recorded(tmp_path / "data", segment_seconds=3)
    recorded.write(units)
    recorded.close()
    whole = frame_hashes(written(planned(recorded, 0, 60)[0], tmp_path / "whole.mp4"))
    assert len(whole) == 9 * FPS
    shown = [n for n in range(9 * FPS) if start * SECOND <= n * SECOND // FPS < end * SECOND]
    plans = planned(recorded, start, end)
    if not shown:
        assert plans == []
        return
    (plan,) = plans
    assert frame_hashes(written(plan, tmp_path / "part.mp4")) == whole[shown[0] : shown[-1] + 1]
    assert plan.pictures == len(shown)
    assert plan.start_utc_ns == pytest.approx(EPOCH_NS + shown[0] * SECOND // FPS, abs=20_000)
    assert plan.end_utc_ns <= EPOCH_NS + round(end * SECOND) + 12_000


def test_sound_is_kept_in_its_place(tmp_path: Path) -> None:
    units = [replace(unit, utc_ns=unit.utc_ns + EPOCH_NS) for unit in coded_units("h264", pictures=6 * FPS, sound=True)]
    recorded = Recorded(tmp_path / "data", segment_seconds=2)
    recorded.write(units)
    recorded.close()
    (plan,) = planned(recorded, 1.5, 4.5)
    file = written(plan, tmp_path / "part.mp4")
    assert plan.has_sound
    assert sound_seconds(file) == pytest.approx(3.0, abs=0.07)
    assert len(frame_hashes(file)) == plan.pictures
    command = ["ffprobe", "-v", "error", "-show_entries", "stream=codec_type,start_time", "-of", "json", str(file)]
    told = json.loads(subprocess.run(command, capture_output=True, check=True, timeout=20).stdout)["streams"]
    starts = {stream["codec_type"]: float(stream["start_time"]) for stream in told}
    assert starts["video"] == 0.0
    assert abs(starts["audio"]) < 0.07


def test_h265_plays_too(tmp_path: Path) -> None:
    units = [replace(unit, utc_ns=unit.utc_ns + EPOCH_NS) for unit in coded_units("h265", pictures=2 * FPS, b_frames=2)]
    recorded = Recorded(tmp_path / "data")
    recorded.write(units)
    recorded.close()
    (plan,) = planned(recorded, 0.4, 1.6)
    shown = [n for n in range(2 * FPS) if 0.4 * SECOND <= n * SECOND // FPS < 1.6 * SECOND]
    assert len(frame_hashes(written(plan, tmp_path / "part.mp4"))) == len(shown) == plan.pictures


async def test_an_export_is_a_file_for_each_uninterrupted_stretch_with_the_moov_first(exporting: Exporting) -> None:
    export = await exporting.made(2.5, 24)
    assert export.state == "done"
    assert [(file.pictures, file.camera) for file in export.files] == [(97, "cam1"), (60, "cam1")]
    for path, file in zip(exporting.paths(export), export.files, strict=True):
        assert boxes(path) == BOXES
        assert len(frame_hashes(path)) == file.pictures
        assert path.stat().st_size == file.size
    begin = instant_of(export.files[1].start_utc_ns)
    assert export.files[1].name == "cam1_2026-01-01_09-00-20.mp4"
    assert creation_time(exporting.paths(export)[1]) == f"{begin:%Y-%m-%dT%H:%M:%S}.000000Z"


async def test_without_footage_it_fails_and_says_so(exporting: Exporting) -> None:
    for export in (
        await exporting.made(11, 19),
        await exporting.made(0, 5, "cam2"),
        await exporting.made(0, 5, stream="sub"),
    ):
        assert (export.state, export.problem) == ("failed", "no_footage")
    await exporting.until(lambda: exporting.left_behind() == [])
