"""Recording from an RTSP server that is not ours, judged by ffmpeg and ffprobe."""

from pathlib import Path

import pytest

from tests.e2e.footage import complaints, picture_hashes, probe, segment_files
from tests.e2e.lone_recorder import LoneRecorder
from tests.fakes import gst_server


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return gst_server.build(tmp_path_factory.mktemp("gst"))


async def test_footage_of_a_foreign_camera_is_whole(tmp_path: Path, program: Path) -> None:
    clip = tmp_path / "clip.mp4"
    gst_server.make_clip(clip, seconds=25)
    async with gst_server.serving(program, clip) as url:
        recorder = LoneRecorder(tmp_path, {"cam1": f"{url}/cam0"})
        await recorder.license()
        await recorder.start()
        await recorder.segments(4, seconds=20)
        assert await recorder.stop() == 0

    files = segment_files(recorder.data_dir, "cam1")
    assert len(files) >= 4
    recorded: list[str] = []
    for path in files:
        assert complaints(path) == "", path.name
        stream, hashes = probe(path), picture_hashes(path)
        assert int(stream["nb_read_frames"]) == len(hashes)
        assert float(stream["duration"]) == pytest.approx(len(hashes) / 30, abs=0.002), path.name
        recorded += hashes

    sent = picture_hashes(clip)
    first = sent.index(recorded[0])
    assert recorded == sent[first : first + len(recorded)], "a picture is missing or doubled across a segment border"
