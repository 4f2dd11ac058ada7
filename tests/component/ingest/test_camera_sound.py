"""Sound of cameras that are not ours, from the wire into files: it is there, whole, and beside its pictures. Judged by
ffprobe, ffmpeg and GStreamer."""

import asyncio
import json
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from recorder.media.access_unit import AccessUnit
from recorder.playback.fragments import Wanted
from recorder.playback.pictures import PictureSource
from tests.component.ingest.receiving import received
from tests.e2e.footage import complaints
from tests.fakes.gst_server import CAMERA_SOURCE, build, make_flashing_clip, serving_camera
from tests.fakes.recorded import Recorded

SECONDS, RATE = 6, 30
FRAME_SECONDS = 1024 / 16_000
APART_SECONDS_MAX = 0.04
"""Between flash and beep: the slip that is allowed, and a part of a picture."""


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("gst"), CAMERA_SOURCE)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    make_flashing_clip(path, seconds=SECONDS, rate=RATE, b_frames=2)
    return path


def recorded_files(root: Path, units: Iterable[AccessUnit], segment_seconds: float = 60) -> tuple[Recorded, list[Path]]:
    recorded = Recorded(root, segment_seconds=segment_seconds)
    try:
        recorded.write(list(units))
    finally:
        recorded.close()
    return recorded, sorted((root / "media").rglob("*.mp4"))


def streams(path: Path) -> dict[str, dict[str, Any]]:
    command = ["ffprobe", "-v", "error", "-show_streams", "-count_packets", "-of", "json", str(path)]
    found = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)["streams"]
    return {stream["codec_type"]: stream for stream in found}


def flashes(path: Path) -> list[float]:
    """When the picture turns white."""
    found, was_white = [], True
    with av.open(str(path)) as film:
        for frame in film.decode(video=0):
            is_white = bool(np.asarray(frame.to_ndarray(format="gray")).mean() > 128)
            if is_white and not was_white and frame.time is not None:
                found.append(frame.time)
            was_white = is_white
    return found


def beeps(path: Path) -> list[float]:
    """When it becomes loud."""
    found, loud_until = [], 0.0
    with av.open(str(path)) as film:
        for frame in film.decode(audio=0):
            samples = frame.to_ndarray()[0]
            assert frame.time is not None
            for index in np.flatnonzero(np.abs(samples) > 0.1):
                time = frame.time + index / frame.sample_rate
                if time > loud_until + 0.2:
                    found.append(time)
                loud_until = time
    return found


def check_in_step(path: Path, *, seconds: int = SECONDS) -> None:
    seen, heard = flashes(path), [time for time in beeps(path) if time > 0.2]
    assert len(seen) >= max(seconds - 3, 1) and abs(len(seen) - len(heard)) <= 1
    for flash in seen[: len(heard)]:
        apart = min(abs(time - flash) for time in heard)
        assert apart <= APART_SECONDS_MAX, f"at {flash}"


@pytest.mark.parametrize(("sound", "transport"), [("aac", "tcp"), ("aac", "udp"), ("pcmu", "tcp"), ("pcma", "udp")])
async def test_a_foreign_cameras_sound_is_recorded_beside_its_pictures(
    program: Path, tmp_path: Path, clip: Path, sound: str, transport: str
) -> None:
    async with serving_camera(program, clip, codec=f"h264+{sound}", transport=transport) as url:
        units, _ = await received(url, (SECONDS - 1) * RATE, seconds_max=SECONDS + 8, transport=transport)
    _, [path] = recorded_files(tmp_path / "data", units)
    assert complaints(path) == ""
    found = streams(path)
    assert (found["video"]["codec_name"], found["audio"]["codec_name"]) == ("h264", "aac")
    late = FRAME_SECONDS * (1 if sound == "aac" else 8)  # at the very end, what was still being encoded
    assert 0 <= float(found["video"]["duration"]) - float(found["audio"]["duration"]) <= late + 2 / RATE
    check_in_step(path)
    if shutil.which("gst-launch-1.0"):
        pipeline = f"filesrc location={path} ! qtdemux name=d d.audio_0 ! aacparse ! avdec_aac ! fakesink"
        done = await asyncio.create_subprocess_exec("gst-launch-1.0", "-q", *pipeline.split())
        assert await done.wait() == 0


async def test_sound_is_whole_across_segments_and_comes_back_from_them(
    program: Path, tmp_path: Path, clip: Path
) -> None:
    async with serving_camera(program, clip, codec="h264+aac", transport="tcp") as url:
        units, _ = await received(url, (SECONDS - 1) * RATE, seconds_max=SECONDS + 8)
    recorded, files = recorded_files(tmp_path / "data", units, segment_seconds=2)
    assert len(files) >= 2
    for path in files[:-1]:
        found = streams(path)
        assert abs(float(found["video"]["duration"]) - float(found["audio"]["duration"])) < FRAME_SECONDS
    sent = [frame.data for unit in units for frame in unit.sound if frame.pts_90k >= 0]
    db = recorded.archive.connect()
    source = PictureSource(db, recorded.archive.roots(db), Wanted(camera="cam1", start_utc_ns=0))
    read = [unit for group in iter(source.next_units, None) for unit in group]
    source.close()
    back = [frame.data for unit in read for frame in unit.sound]
    assert len(sent) > 60 and back == sent[: len(back)] and len(sent) - len(back) <= 2
    for unit in read:
        for frame in unit.sound:
            assert (
                frame.pts_90k + FRAME_SECONDS * 90_000 <= max(unit.pts_90k, unit.pts_90k - unit.composition_90k) + 6000
            )


async def test_a_camera_that_is_to_be_recorded_without_sound_is_not_asked_for_it(
    program: Path, tmp_path: Path, clip: Path
) -> None:
    async with serving_camera(program, clip, codec="h264+aac", transport="tcp") as url:
        units, _ = await received(url, RATE, seconds_max=SECONDS + 8, audio=False)
    assert {unit.format.sound for unit in units} == {None} and not any(unit.sound for unit in units)
