"""`edge-recorder cameras discover`: what it lists, what it writes, what it never shows."""

import asyncio
import json
from pathlib import Path

import pytest

from camera_sim.fleet import Fleet
from recorder.cli import main
from recorder.config import load_config
from recorder.ingest.onvif.replies import Profile
from recorder.ingest.onvif.survey import Surveyed, SurveyedStream
from recorder.ingest.onvif.written import config_text
from tests.component.camera_sim.conftest import PASSWORD, USER
from tests.component.camera_sim.onvif.conftest import camera_of


async def test_cameras_are_listed_and_a_configuration_is_written_that_loads(
    site: Fleet, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    secret = tmp_path / "secret"
    secret.write_text(f"{PASSWORD}\n")
    target = tmp_path / "recorder.yaml"
    words = ["cameras", "discover", "--interface", "127.0.0.1", "--seconds", "1.5", "--json", "--write", str(target)]
    status = await asyncio.to_thread(main, [*words, "--user", USER, "--password-file", str(secret)])
    said = capsys.readouterr()
    assert status == 0, said.err
    cam1 = camera_of(site, "cam1")
    told = {one["urn"]: one for one in json.loads(said.out)["cameras"]}[cam1.identity.urn]
    assert (told["name"], told["model"], told["presets"], told["events"]) == ("玄関", "Generic IP Camera", 2, True)
    assert [stream["url"] for stream in told["streams"]] == [
        f"rtsp://{cam1.place.host}:{site.port}/cam1/{name}" for name in ("main", "sub")
    ]
    written = target.read_text(encoding="utf-8")
    for text in (said.out, said.err, written):
        assert PASSWORD not in text
    ours = [camera for camera in load_config(target).cameras if camera.main.url == told["streams"][0]["url"]]
    assert [(camera.name, camera.user, camera.password) for camera in ours] == [("玄関", USER, None)]
    assert ours[0].onvif is not None and ours[0].onvif.address == cam1.service_url
    assert not list(tmp_path.glob("*.part"))
    before = target.read_bytes()
    assert await asyncio.to_thread(main, [*words]) == 2
    assert "exists already" in capsys.readouterr().err
    assert target.read_bytes() == before


async def test_a_camera_that_wants_a_password_is_listed_with_the_reason(
    site: Fleet, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["cameras", "discover", "--interface", "127.0.0.1", "--seconds", "1.5"]
    assert await asyncio.to_thread(main, [*words, "--json"]) == 0
    told = {one["urn"]: one for one in json.loads(capsys.readouterr().out)["cameras"]}
    assert told[camera_of(site, "cam1").identity.urn]["problem"] == "It wants user and password."
    assert await asyncio.to_thread(main, words) == 0
    assert "It wants user" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--interface", "192.0.2.1", "--seconds", "0.5"], "Cameras cannot be looked for at 192.0.2.1"),
        (["--password-file", "x"], "--password-file goes with --user"),
        (["--user", "admin", "--password-file", "/nonexistent"], "/nonexistent: cannot be read"),
        (["--user", "admin"], "a password cannot be asked for here; give --password-file"),
    ],
)
def test_what_cannot_be_is_one_sentence(
    words: list[str], sentence: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    assert main(["cameras", "discover", *words]) == 2
    said = capsys.readouterr().err
    assert sentence in said and len(said.splitlines()) == 1


def test_whatever_cameras_call_themselves_the_file_is_valid(tmp_path: Path) -> None:
    nasty = 'x"}, y: [\n- #\\ \u2028 {{ }} *& !'
    stream = SurveyedStream(url='rtsp://192.0.2.1/a?b="c"&d=\\', profile=Profile(token="1", name=nasty))
    address = "http://192.0.2.1/onvif/device_service"
    cameras = [
        Surveyed(urn="urn:1", address=address, name=nasty, model=nasty, streams=(stream,)),
        Surveyed(urn="urn:2", address=address, name=nasty, model=nasty, problem=nasty),
    ]
    target = tmp_path / "recorder.yaml"
    target.write_text(config_text(cameras, "ad: min"), encoding="utf-8")
    config = load_config(target)
    assert [(camera.name, camera.main.url, camera.user) for camera in config.cameras] == [
        (nasty[:64], stream.url, "ad: min")
    ]
