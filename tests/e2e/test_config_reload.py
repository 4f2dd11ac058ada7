"""Cameras come, change and go while the recorder runs; the others do not notice."""

import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import yaml

from tests.e2e.footage import complaints, probe, segment_files
from tests.e2e.lone_recorder import LoneRecorder
from tests.fakes.gst_server import make_clip

SECONDS_MAX = 12.0


class Edited(LoneRecorder):
    """A recorder whose file is edited while it runs."""

    def write(self, *cameras: dict[str, Any]) -> None:
        content = yaml.safe_load(self.config.read_text())
        self.config.write_text(yaml.safe_dump(content | {"cameras": list(cameras)}, allow_unicode=True))

    async def post(self) -> tuple[int, dict[str, Any]]:
        async with aiohttp.ClientSession() as session, session.post(f"{self.remote}api/v1/config/reload") as answer:
            return answer.status, await answer.json(content_type=None)

    async def cameras(self) -> dict[str, Any]:
        return {camera["id"]: camera for camera in (await self.state())["cameras"]}

    async def until(self, condition: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        async with self.clock.timeout(SECONDS_MAX):
            while not condition(cameras := await self.cameras()):
                await self.clock.sleep(0.05)
        return cameras


def recording(camera: str) -> Callable[[dict[str, Any]], bool]:
    return lambda cameras: camera in cameras and cameras[camera]["recording"]["phase"] == "recording"


async def test_cameras_come_change_and_go_without_touching_the_others(tmp_path: Path) -> None:
    clip, other = tmp_path / "clip.mp4", tmp_path / "other.mp4"
    make_clip(clip, seconds=2, size="320x240", gop=15)
    make_clip(other, seconds=2, size="160x120", gop=15)
    first = {"id": "cam1", "main": {"url": clip.as_uri()}}
    second = {"id": "cam2", "main": {"url": "file:clip.mp4"}}
    recorder = Edited(tmp_path, {"cam1": clip.as_uri(), "cam2": clip.as_uri()})
    await recorder.license()
    recorder.write(first)
    await recorder.start()
    before = (await recorder.until(recording("cam1")))["cam1"]

    recorder.write(first, second)
    assert recorder.process is not None
    recorder.process.send_signal(signal.SIGHUP)
    cameras = await recorder.until(recording("cam2"))
    assert list(cameras) == ["cam1", "cam2"]
    assert cameras["cam1"]["streams"]["main"]["since"] == before["streams"]["main"]["since"]
    assert cameras["cam1"]["recording"]["since"] == before["recording"]["since"]

    recorder.write(first, second | {"transport": "tcp"})
    status, problem = await recorder.post()
    assert (status, problem["code"]) == (422, "config_refused")
    assert f"{recorder.config}, line " in problem["detail"] and "cameras[1].transport" in problem["detail"]

    recorder.write({"id": "cam2", "name": "裏口", "main": {"url": "file:other.mp4"}}, first)
    assert await recorder.post() == (200, {"added": [], "changed": ["cam2"], "removed": [], "restart_for": []})
    cameras = await recorder.until(lambda found: found["cam2"]["streams"]["main"]["width"] == 160)
    assert (list(cameras), cameras["cam2"]["name"]) == (["cam2", "cam1"], "裏口")

    recorder.write(first)
    assert (await recorder.post())[1]["removed"] == ["cam2"]
    assert list(await recorder.cameras()) == ["cam1"]
    assert segment_files(recorder.data_dir, "cam2"), "the footage of a camera that has gone stays"
    recorder.write(first, second)
    assert (await recorder.post())[1]["added"] == ["cam2"]
    await recorder.until(recording("cam2"))

    after = (await recorder.cameras())["cam1"]
    assert after["streams"]["main"]["since"] == before["streams"]["main"]["since"]
    assert await recorder.stop() == 0
    runs = {path.name.split("-")[0] for path in segment_files(recorder.data_dir, "cam2")}
    assert len(runs) >= 3, "every beginning is a run of its own"
    assert len({path.name.split("-")[0] for path in segment_files(recorder.data_dir, "cam1")}) == 1


async def test_the_sub_stream_is_recorded_where_that_is_asked_for_and_only_as_long(tmp_path: Path) -> None:
    clip, small = tmp_path / "clip.mp4", tmp_path / "small.mp4"
    make_clip(clip, seconds=2, size="320x240", gop=15)
    make_clip(small, seconds=2, size="160x120", gop=15)
    camera = {"id": "cam1", "main": {"url": clip.as_uri()}, "sub": {"url": small.as_uri()}}
    recorder = Edited(tmp_path, {"cam1": clip.as_uri()})
    await recorder.license()
    recorder.write(camera)
    await recorder.start()
    before = await recorder.until(recording("cam1"))
    assert before["cam1"]["sub_recording"] is None

    recorder.write(camera | {"record": ["main", "sub"]})
    assert (await recorder.post())[1]["changed"] == ["cam1"]
    after = await recorder.until(lambda found: (found["cam1"]["sub_recording"] or {}).get("phase") == "recording")
    assert after["cam1"]["recording"]["since"] == before["cam1"]["recording"]["since"]
    await recorder.clock.sleep(2.5)
    recorder.write(camera | {"record": "continuous"})
    assert (await recorder.post())[1]["changed"] == ["cam1"]
    assert (await recorder.cameras())["cam1"]["sub_recording"] is None
    assert await recorder.stop() == 0
    [path] = sorted((recorder.data_dir / "media" / "cam1" / "sub").rglob("*.mp4"))
    assert probe(path)["width"] == 160 and complaints(path) == ""
