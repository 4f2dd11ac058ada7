"""Codecs and transports against a camera that is not ours, recorded into a file that others play."""

import asyncio
import itertools
import subprocess
from pathlib import Path

import av
import pytest

from gate.clock import SystemClock
from recorder.config import CameraConfig
from recorder.hub import Feed
from recorder.ingest.camera import CameraStream
from recorder.ingest.collector import Collector
from recorder.media.access_unit import AccessUnit
from recorder.media.fmp4 import Sample, format_of_init, fragment, init_segment
from recorder.remote.snapshot import encode_jpeg
from recorder.state import StateBoard, StreamState
from tests.component.ingest.receiving import received
from tests.fakes.gst_server import CAMERA_SOURCE, build, make_clip, serving_camera

SECONDS, RATE = 2, 30
PICTURES = SECONDS * RATE


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("gst"), CAMERA_SOURCE)


def written(path: Path, units: list[AccessUnit]) -> Path:
    """The units as a file of ours."""
    steps = [later.pts_90k - sooner.pts_90k for sooner, later in itertools.pairwise(units)]
    samples = [Sample(unit.data, step, unit.key) for unit, step in zip(units, [*steps, steps[-1]], strict=True)]
    path.write_bytes(init_segment(units[0].format) + b"".join(fragment(1, 0, samples)))
    return path


def decoded(path: Path) -> list[bytes]:
    """Every picture's pixels, by PyAV; the same file must please ffmpeg, too."""
    complaints = subprocess.run(
        ["ffmpeg", "-v", "warning", "-i", str(path), "-f", "null", "-"], capture_output=True, text=True, check=True
    ).stderr
    assert complaints == ""
    with av.open(str(path)) as film:
        return [frame.to_ndarray().tobytes() for frame in film.decode(video=0)]


@pytest.mark.parametrize(
    ("codec", "offered", "wanted"),
    [("h265", "tcp", "tcp"), ("h265", "udp", "udp"), ("h264", "udp", "auto"), ("h264", "tcp", "auto")],
)
async def test_a_foreign_cameras_pictures_are_kept_as_they_are(
    program: Path, tmp_path: Path, codec: str, offered: str, wanted: str
) -> None:
    clip = tmp_path / "clip.mp4"
    make_clip(clip, seconds=SECONDS, rate=RATE, codec=codec)
    async with serving_camera(program, clip, codec=codec, transport=offered) as url:
        units, state = await received(url, PICTURES, seconds_max=SECONDS + 8, transport=wanted)
    assert (state.codec, state.source, state.transport, state.packets_lost) == (codec, "native", offered, 0)
    assert {unit.run for unit in units} == {1}
    ours = written(tmp_path / "ours.mp4", units)
    assert decoded(ours) == decoded(clip)
    assert encode_jpeg(units[0]).startswith(b"\xff\xd8"), "a snapshot can be made"
    assert format_of_init(init_segment(units[0].format)) == units[0].format


async def test_a_camera_that_sends_by_udp_only_says_so_where_tcp_is_wanted(program: Path, tmp_path: Path) -> None:
    clip = tmp_path / "clip.mp4"
    make_clip(clip, seconds=1)
    clock = SystemClock()
    async with serving_camera(program, clip, codec="h264", transport="udp") as url:
        state, board = StreamState(since=clock.now()), StateBoard({})
        camera = CameraConfig.model_validate({"id": "cam1", "main": {"url": url, "source": "auto"}})
        stream = CameraStream(
            camera=camera, stream="main", feed=Feed(), state=state, board=board, clock=clock, collector=Collector(clock)
        )
        task = asyncio.create_task(stream.run())
        async with clock.timeout(8):
            await board.wait_changed(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    clock.close()
    assert state.phase == "unsupported" and "over TCP" in state.message
