"""The heart of it: crossing X in real time, in a running demo, seen from outside, and coming back."""

import io
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path

import av
import pytest
import pytest_asyncio

from gate.clock import instant_of, ns_of
from tests.e2e.crossing import CHROMIUM, Evidence, cross
from tests.e2e.demo_site import running_demo
from tests.e2e.footage import complaints, pictures, segment_files

FPS = 15
ARTIFACTS = Path(__file__).resolve().parents[2] / "artifacts"

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(not Path(CHROMIUM).exists(), reason=f"needs Chromium at {CHROMIUM}: apt install chromium"),
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def evidence(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Evidence]:
    ARTIFACTS.mkdir(exist_ok=True)
    async with running_demo(tmp_path_factory.mktemp("demo")) as site:
        evidence = await cross(site, ARTIFACTS)
    yield evidence


async def test_live_video_ends_with_4403_and_its_reason(evidence: Evidence) -> None:
    assert evidence.browser_close_code == 4403
    assert evidence.browser_problem["code"] == "EXPIRED"
    assert evidence.browser_problem["feature"] == "remote_live"
    assert evidence.browser_problem["camera"] == "cam1"
    assert ns_of(datetime.fromisoformat(evidence.browser_problem["since"])) == evidence.expiry_ns + evidence.offset_ns
    assert evidence.browser_problem["remedy"]
    assert evidence.console_errors == []


async def test_a_viewer_gets_end_and_no_picture_from_x_on(evidence: Evidence) -> None:
    viewer = evidence.viewer
    assert viewer.close_code == 4403
    assert viewer.texts[-1]["end"]["problem"]["code"] == "EXPIRED"
    last_label_ns = viewer.labels_us[-1] * 1000
    x_ns = evidence.expiry_ns + evidence.offset_ns
    assert last_label_ns < x_ns
    assert last_label_ns > x_ns - 0.5e9, "it was cut long before X"
    assert viewer.last_media_ns - evidence.expiry_ns < 1e9


async def test_http_answers_problem_json(evidence: Evidence) -> None:
    for path, (status, content_type, problem) in evidence.denied.items():
        assert (status, content_type) == (403, "application/problem+json"), path
        assert problem["code"] == "EXPIRED"
        assert problem["type"] == "urn:edge-recorder:denial:EXPIRED"


async def test_the_last_recorded_picture_is_before_x_and_the_next_would_not_have_been(evidence: Evidence) -> None:
    x_us = (evidence.expiry_ns + evidence.offset_ns) // 1000
    for camera in ("cam1", "cam2"):
        before = [p.mark for f in segment_files(evidence.data_dir, camera) for p in pictures(f) if p.mark.utc_us < x_us]
        last = max(before, key=lambda mark: mark.counter)
        assert x_us - last.utc_us < 1e6 / FPS + 40_000, "a picture before X was lost"


async def test_nothing_captured_while_lapsed_is_on_disk(evidence: Evidence) -> None:
    lapsed = range(
        (evidence.expiry_ns + evidence.offset_ns) // 1000, (evidence.licence_ns + evidence.offset_ns) // 1000
    )
    for camera in ("cam1", "cam2"):
        marks = [p.mark for f in segment_files(evidence.data_dir, camera) for p in pictures(f)]
        assert [mark for mark in marks if mark.utc_us in lapsed] == []
        assert any(mark.utc_us >= lapsed.stop for mark in marks), "nothing was recorded after the restoration"


async def test_every_segment_plays(evidence: Evidence) -> None:
    for camera in ("cam1", "cam2"):
        files = segment_files(evidence.data_dir, camera)
        assert [complaints(path) for path in files] == [""] * len(files)


async def test_hdmi_goes_on_and_says_so(evidence: Evidence) -> None:
    for status in (evidence.hdmi_lapsed, evidence.hdmi_restored):
        for camera in status["cameras"].values():
            assert camera["state"] == "live"
            assert camera["pause_ms_max"] <= 3 * 1000 / FPS
    assert evidence.hdmi_lapsed["band"] is True
    assert evidence.hdmi_restored["band"] is False
    (ARTIFACTS / "hdmi-lapsed-ja.png").write_bytes(evidence.hdmi_picture)
    with av.open(io.BytesIO(evidence.hdmi_picture), format="png_pipe") as picture:
        frame = next(picture.decode(video=0))
    assert (frame.width, frame.height) == (1280, 720)


async def test_the_state_says_what_stopped_and_why(evidence: Evidence) -> None:
    camera = evidence.state_lapsed["cameras"][0]
    assert (camera["recording"]["phase"], camera["recording"]["reason"]) == ("stopped", "licence")
    assert camera["licence"]["state"] == "lapsed"
    last = datetime.fromisoformat(camera["recording"]["last_picture"])
    assert last < instant_of(evidence.expiry_ns + evidence.offset_ns)
    stopped = {feature["id"] for feature in evidence.state_lapsed["features"] if not feature["allowed"]}
    assert stopped == {"M2", "M3", "M5", "M8", "M9"}


async def test_a_new_licence_brings_everything_back_within_a_second_without_a_restart(evidence: Evidence) -> None:
    assert evidence.recording_again_ns - evidence.licence_ns < 1e9
    assert evidence.remote_again_ns - evidence.licence_ns < 1e9
    assert evidence.browser_again_ns - evidence.licence_ns < 2e9
    assert evidence.pids[0] == evidence.pids[1]
