"""The fleet's configuration: what it refuses, and in which words."""

from pathlib import Path

import pytest

from camera_sim.config import load_fleet
from gate.yaml_file import ConfigError

ROOT = Path(__file__).resolve().parents[3]
CAMERA = "cameras:\n  - {id: cam1, scene: car_park}\n"


def write(folder: Path, text: str) -> Path:
    path = folder / "fleet.yaml"
    path.write_text(text)
    return path


def test_the_fleet_that_ships_is_four_cameras_on_two_sites() -> None:
    config = load_fleet(ROOT / "configs" / "fleet.yaml")
    assert [(camera.id, camera.scene, camera.view) for camera in config.cameras] == [
        ("cam1", "shop_entrance", 0),
        ("cam2", "shop_entrance", 1),
        ("cam3", "car_park", 0),
        ("cam4", "car_park", 1),
    ]
    assert config.rtsp.port == 8554
    assert {(s.width, s.height, s.fps) for c in config.cameras for s in c.streams.values()} == {
        (1280, 720, 15),
        (640, 360, 15),
    }


def test_the_port_base_moves_the_port_and_paths_are_beside_the_file(tmp_path: Path) -> None:
    path = write(tmp_path, "cache_dir: cache\n" + CAMERA)
    config = load_fleet(path, 20_000)
    assert (config.rtsp.host, config.rtsp.port) == ("127.0.0.1", 20_554)
    assert config.cache_dir == tmp_path / "cache"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("cache_dir: c\ncameras:\n  - {id: 'a b', scene: car_park}\n", "line 3, cameras[0].id: letters, digits"),
        ("cache_dir: c\ncameras:\n  - {id: a, scene: beach}\n", "line 3, cameras[0].scene"),
        ("cache_dir: c\ncameras:\n  - {id: a, scene: car_park, colour: red}\n", "there is no such field"),
        ("cache_dir: c\n" + CAMERA + "  - {id: cam1, scene: car_park}\n", "two cameras have the id 'cam1'"),
        ("cache_dir: c\nrtsp: {listen: '0.0.0.0:8554'}\n" + CAMERA, "loopback"),
        (
            "cache_dir: c\ncameras:\n  - {id: a, scene: car_park, main: {fps: 15, gop_seconds: 0.5}}\n",
            "gop_seconds × fps must be a whole number",
        ),
        (
            "cache_dir: c\nloop_seconds: 4\ncameras:\n  - {id: a, scene: car_park, main: {gop_seconds: 3}}\n",
            "cam a main: gop_seconds 3 does not divide a loop of 4 s",
        ),
        ("cache_dir: c\ncameras:\n  - {id: a, scene: car_park, main: {bitrate: fast}}\n", "bits per second"),
        ("cache_dir: c\nloop_seconds: 7\n" + CAMERA, "loop_seconds"),
        (CAMERA, "cache_dir: this field is missing"),
    ],
)
def test_a_mistake_is_one_sentence_with_its_place(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_fleet(write(tmp_path, text))
    assert complaint.replace("cam a main", "a main") in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("line", "text", "says"),
    [
        (2, "cameras:\n  - {id: cam1, scene: moon}\n", "scene"),
        (2, "cameras:\n  - {id: cam1, scene: factory, view: 2}\n", "view"),
        (2, "cameras:\n  - {id: cam1, scene: factory, view: 1, presets: [{name: a, view: 0}]}\n", "view or presets"),
        (2, "cameras:\n  - {id: cam1, scene: factory, sound: mp3}\n", "sound"),
        (2, "cameras:\n  - {id: cam1, clip: a.mp4, resting: motion}\n", "resting is for scenes"),
        (
            3,
            CAMERA + "events: [{camera: cam9, kind: person}]\n",
            "events[0].camera: the camera 'cam9' is not in this file",
        ),
        (4, CAMERA + "events:\n  - {camera: cam2, kind: person}\n", "events[0].camera"),
        (4, CAMERA + "faults:\n  - {kind: loss, scope: cam7}\n", "faults[0].scope: there is no camera 'cam7'"),
        (3, CAMERA + "  - {id: cam1, scene: factory}\n", "cameras[1].id: two cameras have the id 'cam1'"),
        (3, CAMERA + "events: [{camera: cam1, kind: party}]\n", "kind"),
        (3, CAMERA + "events: [{camera: cam1, kind: person, every: 5s}]\n", "lasts 10 s but comes every 5 s"),
        (3, CAMERA + "events: [{camera: cam1, kind: person, weekly: noon}]\n", "a day and a time like"),
        (3, CAMERA + "events: [{camera: cam1, kind: person, weekly: mon 9:00, at: 1s}]\n", "neither at nor every"),
        (3, CAMERA + "time_zone: Mars/Olympus\n", "no such time zone"),
    ],
)
def test_a_bad_line_is_named_with_its_file_and_field(tmp_path: Path, line: int, text: str, says: str) -> None:
    path = write(tmp_path, "cache_dir: c\n" + text)
    with pytest.raises(ConfigError) as error:
        load_fleet(path)
    assert says in str(error.value)
    assert f"fleet.yaml, line {line + 1}, " in str(error.value)
