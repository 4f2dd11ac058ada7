"""A camera with B-frames in a real browser: its pictures are shown in order, each at its time."""

import itertools
import shutil
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import async_playwright

from tests.e2e.lone_recorder import LoneRecorder
from tests.fakes.gst_server import make_clip

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
RATE = 15
WATCH = """seconds => new Promise(done => {
  const video = document.querySelector("live-wall live-tile video");
  const times = [], decoded = video.getVideoPlaybackQuality().totalVideoFrames;
  const note = (now, frame) => {
    times.push(frame.mediaTime);
    if (frame.mediaTime < times[0] + seconds) video.requestVideoFrameCallback(note);
    else done({times, decoded: video.getVideoPlaybackQuality().totalVideoFrames - decoded,
               ranges: video.buffered.length, error: video.error?.message ?? null});
  };
  video.requestVideoFrameCallback(note);
})"""

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: install the package chromium")


async def test_a_browser_shows_the_pictures_of_a_camera_with_b_frames_in_order(tmp_path: Path) -> None:
    clip = tmp_path / "clip.mp4"
    make_clip(clip, seconds=4, rate=RATE, gop=RATE, size="320x180", b_frames=2)
    recorder = LoneRecorder(tmp_path, {"cam1": clip.as_uri()})
    await recorder.license()
    await recorder.start()
    complaints: list[str] = []
    try:
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
            page = await browser.new_page()
            page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
            await page.goto(recorder.remote)
            await page.wait_for_function("() => document.querySelector('live-wall live-tile video')?.currentTime > 1")
            seen: dict[str, Any] = await page.evaluate(WATCH, 2)
            await browser.close()
    finally:
        assert await recorder.stop() == 0
    assert seen["error"] is None and seen["ranges"] == 1 and complaints == []
    assert seen["decoded"] >= 2 * RATE - 2, "none is left out"
    steps = [(later - sooner) * RATE for sooner, later in itertools.pairwise(seen["times"])]
    assert steps == pytest.approx([round(step) for step in steps], abs=0.05), "at no other time than it was taken"
    assert min(steps) > 0.5, "none is shown out of order"
