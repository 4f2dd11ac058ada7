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
