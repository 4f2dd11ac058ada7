"""A direct camera: a recorder of one simulated camera, on its own kind of licence, with a card in place of a disk."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio
import yaml

from camera_sim.camera_config import CameraConfig, StreamConfig
from camera_sim.config import FleetConfig, RtspConfig
from camera_sim.fleet import serve
from gate.clock import SystemClock
from gate.yaml_file import ConfigError
from recorder.config import load_config
from tests.e2e.demo_site import run_command
from tests.e2e.lone_recorder import LoneRecorder
from tests.fakes.video import decoded_pictures

HDMI_ROWS = {"M1", "M4", "M7"}


@pytest_asyncio.fixture
async def camera(tmp_path: Path) -> AsyncIterator[str]:
    """The address of a small simulated camera."""
    main = StreamConfig(width=160, height=90, fps=15, bitrate=200_000, gop_seconds=1)
    fleet_config = FleetConfig(
        cache_dir=tmp_path / "clips",
        loop_seconds=2,
        rtsp=RtspConfig(listen="127.0.0.1:0"),
        cameras=(CameraConfig(id="cam1", scene="car_park", main=main, sub=None),),
    )
    clock = SystemClock()
    async with serve(fleet_config, clock) as fleet:
        await fleet.wait_ready()
        yield fleet.urls["/cam1/main"]
    clock.close()


def as_direct(recorder: LoneRecorder, **device: str) -> None:
    """Makes it a direct camera that records to a card of its own."""
    content = yaml.safe_load(recorder.config.read_text())
    content["device"] |= {"kind": "direct"} | device
    storage = content["storage"]
    storage["volumes"] = [{"path": "card", "bytes_max": storage.pop("bytes_max")}]
    recorder.config.write_text(yaml.safe_dump(content))


async def issue(recorder: LoneRecorder, kind: str, until: str = "2040-01-01", profile: str = "remo") -> None:
    words = ("--device", "rec-1", "--camera", "cam1", "--until", until, "--kind", kind, "--profile", profile)
    await run_command("licence", "issue", *words, "--out", str(recorder.config.parent / "licence.json"))


async def wait_phase(recorder: LoneRecorder, phase: str) -> None:
    async with recorder.clock.timeout(15):
        while (await recorder.state())["cameras"][0]["recording"]["phase"] != phase:
            await recorder.clock.sleep(0.05)


async def test_it_takes_licences_of_its_kind_alone_has_no_monitor_and_gives_its_card_away(
    tmp_path: Path, camera: str
) -> None:
    recorder = LoneRecorder(tmp_path, {"cam1": camera})
    as_direct(recorder)
    await issue(recorder, "edge")
    await recorder.start()
    try:
        state = await recorder.state()
        assert state["cameras"][0]["licence"]["denial"]["code"] == "WRONG_KIND"
        assert state["device"]["kind"] == "direct"
        assert not HDMI_ROWS & {row["id"] for row in state["features"]}
        async with aiohttp.ClientSession() as session:
            async with session.get(f"{recorder.remote}api/v1/cameras/cam1/snapshot.jpg") as answer:
                assert (answer.status, (await answer.json())["code"]) == (403, "WRONG_KIND")
            await issue(recorder, "direct")
            await wait_phase(recorder, "recording")
            await recorder.segments(2, 20)
            async with session.get(f"{recorder.remote}api/v1/cameras/cam1/snapshot.jpg") as answer:
                assert answer.status == 200
            now = recorder.clock.now()
            span = {"from": (now - timedelta(seconds=3)).isoformat(), "to": now.isoformat()}
            async with session.get(f"{recorder.remote}api/v1/cameras/cam1/footage.mp4", params=span) as answer:
                assert answer.status == 200
                (tmp_path / "past.mp4").write_bytes(await answer.read())
            assert decoded_pictures(tmp_path / "past.mp4") > 15
            await issue(recorder, "direct", until="+2s")
            await wait_phase(recorder, "stopped")
            async with session.get(f"{recorder.remote}api/v1/cameras/cam1/footage.mp4", params=span) as answer:
                assert (answer.status, (await answer.json())["feature"]) == (403, "remote_playback")
            async with session.get(f"{recorder.remote}api/v1/cameras/cam1/snapshot.jpg") as answer:
                assert answer.status == 403
    finally:
        await recorder.stop()
    facts = json.loads(await run_command("sd", "export", str(tmp_path / "card"), str(tmp_path / "pc"), "--json"))
    assert facts["files"] and facts["unusable"] == []
    for file in facts["files"]:
        assert decoded_pictures(tmp_path / "pc" / file["file"]) == file["pictures"] > 0
        assert file["start"] is not None


async def test_its_card_records_on_after_the_licence_where_the_profile_says_so(tmp_path: Path, camera: str) -> None:
    profile = tmp_path / "softer.yaml"
    remo = yaml.safe_load((Path("configs") / "profiles" / "remo.yaml").read_text())
    profile.write_text(yaml.safe_dump(remo | {"name": "softer", "sd_recording_on_expiry": "continue"}))
    recorder = LoneRecorder(tmp_path, {"cam1": camera})
    as_direct(recorder)
    content = yaml.safe_load(recorder.config.read_text())
    content["licence"]["profile"] = "softer.yaml"
    recorder.config.write_text(yaml.safe_dump(content))
    await issue(recorder, "direct", until="+1s", profile=str(profile))
    await recorder.start()
    try:
        await recorder.segments(2, 20)
        matrix = {row["id"]: row["allowed"] for row in (await recorder.state())["features"]}
        assert matrix["M3"] and not matrix["M2"] and not matrix["M9"]
    finally:
        await recorder.stop()


@pytest.mark.parametrize("change", ["cameras", "volumes"])
def test_more_than_one_camera_or_card_is_refused_in_one_sentence(tmp_path: Path, change: str) -> None:
    recorder = LoneRecorder(tmp_path, {"cam1": "rtsp://127.0.0.1:1/a"})
    as_direct(recorder)
    content = yaml.safe_load(recorder.config.read_text())
    if change == "cameras":
        content["cameras"].append({"id": "cam2", "main": {"url": "rtsp://127.0.0.1:1/b"}})
    else:
        content["storage"]["volumes"].append({"path": "card2"})
    recorder.config.write_text(yaml.safe_dump(content))
    with pytest.raises(ConfigError, match="one camera with one card"):
        load_config(recorder.config)
