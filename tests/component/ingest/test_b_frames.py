"""Cameras and clips with B-frames: what is recorded is shown as the source is, picture by picture and at its times.
Judged by ffmpeg, ffprobe and GStreamer."""

import itertools
import json
import shutil
import subprocess
from pathlib import Path

import pytest

from recorder.playback.fragments import Wanted
from recorder.playback.pictures import PictureSource
from tests.component.ingest.receiving import received
from tests.e2e.footage import complaints, picture_hashes
from tests.fakes.gst_server import CAMERA_SOURCE, build, make_clip, serving_camera
from tests.fakes.recorded import Recorded

SECONDS, RATE = 3, 30
PICTURES = SECONDS * RATE


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("gst"), CAMERA_SOURCE)


@pytest.fixture(scope="module", params=["h264", "h265"])
def clip(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    make_clip(path, seconds=SECONDS, rate=RATE, size="320x180", codec=request.param, b_frames=2)
    return request.param, path


def times_shown(path: Path) -> list[float]:
    """When ffprobe says each picture is shown, in that order."""
    command = ["ffprobe", "-v", "error", "-select_streams", "v", "-show_entries", "packet=pts_time", "-of", "json"]
    packets = json.loads(subprocess.run([*command, str(path)], capture_output=True, check=True).stdout)["packets"]
    return sorted(float(packet["pts_time"]) for packet in packets)


def pictures_of_gstreamer(path: Path, codec: str) -> int:
    decoder = f"filesrc location={path} ! qtdemux ! {codec}parse ! avdec_{codec} ! fakesink silent=false"
    done = subprocess.run(["gst-launch-1.0", "-v", *decoder.split()], capture_output=True, text=True, check=True)
    return sum("chain" in line for line in done.stdout.splitlines())


def check(recorded: Recorded, clip: Path, codec: str, loops: int = 1) -> None:
    files = sorted((recorded.root / "media").rglob("*.mp4"))
    assert len(files) == (1 if recorded.segment_seconds == 60 else 2)
    hashes: list[str] = []
    for path in files:
        assert complaints(path) == "", path.name
        times = times_shown(path)
        assert times[0] == pytest.approx(0, abs=1e-4)
        steps = [later - sooner for sooner, later in itertools.pairwise(times)]
        assert steps == pytest.approx([1 / RATE] * len(steps), abs=1e-4), "one after the other at a steady pace"
        hashes += picture_hashes(path)
        if shutil.which("gst-launch-1.0"):
            assert pictures_of_gstreamer(path, codec) == len(times)
    assert hashes == (picture_hashes(clip) * loops)[: len(hashes)]
    assert len(hashes) == sum(len(run) for run in recorded.runs)
    [run] = recorded.runs
    db = recorded.archive.connect()
    source = PictureSource(db, recorded.archive.roots(db), Wanted(camera="cam1", start_utc_ns=0))
    read = [unit for units in iter(source.next_units, None) for unit in units]
    source.close()
    assert [unit.data for unit in read] == [unit.data for unit in run]
    for was, got in zip(run, read, strict=True):
        assert got.pts_90k == pytest.approx(was.pts_90k, abs=90)
        assert got.utc_ns == pytest.approx(was.utc_ns, abs=10_000_000)


async def test_a_foreign_camera_with_b_frames_is_recorded_as_it_is(
    program: Path, tmp_path: Path, clip: tuple[str, Path]
) -> None:
    codec, path = clip
    transport = {"h264": "udp", "h265": "tcp"}[codec]
    async with serving_camera(program, path, codec=codec, transport=transport) as url:
        units, state = await received(url, PICTURES, seconds_max=SECONDS + 8, transport=transport)
    assert (state.codec, state.source, state.packets_lost) == (codec, "native", 0)
    assert {unit.run for unit in units} == {1}
    recorded = Recorded(tmp_path / "data", segment_seconds=1)
    try:
        recorded.write(units)
        check(recorded, path, codec)
    finally:
        recorded.close()


async def test_a_file_with_b_frames_is_played_and_recorded_as_it_is_over_its_end(
    tmp_path: Path,
) -> None:
    """Its groups are open: a file that began in the middle would lack its first two pictures."""
    codec, path = "h265", tmp_path / "clip.mp4"
    make_clip(path, seconds=SECONDS, rate=RATE, size="320x180", codec=codec, b_frames=2, open_groups=True)
    units, state = await received(path.as_uri(), PICTURES + 40, seconds_max=SECONDS + 8)
    assert (state.codec, state.source) == (codec, "libav")
    assert {unit.run for unit in units} == {1}
    steps = {later - sooner for sooner, later in itertools.pairwise(sorted(unit.pts_90k for unit in units[:-3]))}
    assert steps <= {2999, 3000, 3001}
    recorded = Recorded(tmp_path / "data", segment_seconds=60)
    try:
        recorded.write(units[: PICTURES + 31])
        check(recorded, path, codec, loops=2)
    finally:
        recorded.close()
