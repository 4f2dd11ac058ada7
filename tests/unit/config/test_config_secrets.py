"""A wrong configuration is explained without repeating what must stay secret."""

from pathlib import Path

import pytest

from gate.yaml_file import ConfigError
from recorder.config import load_config

BASE = """\
device: {id: rec-1, data_dir: data}
licence: {path: licence.json, root_key: root.pub}
local: {socket: r.sock}
cameras:
  - {id: cam1, main: {url: "%s"}, user: admin, password: %s}
"""


@pytest.mark.parametrize(
    ("url", "password"),
    [
        ("rtsp://192.0.2.1/main", "12345678"),
        ("rtsps://admin:hunter2@192.0.2.1/main", "x"),
        ("rtsp:/admin:hunter2@192.0.2.1/main", "x"),
        ("rtsp://admin:hunter2@192.0.2.1/main", "x"),
    ],
)
def test_a_password_is_never_echoed(tmp_path: Path, url: str, password: str) -> None:
    path = tmp_path / "recorder.yaml"
    path.write_text(BASE % (url, password))
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    assert "line 5" in str(caught.value)
    assert "hunter2" not in str(caught.value) and "12345678" not in str(caught.value)


def test_a_password_that_yaml_takes_for_an_impossible_date_is_not_echoed_either(tmp_path: Path) -> None:
    path = tmp_path / "recorder.yaml"
    path.write_text(BASE % ("rtsp://192.0.2.1/main", "2027-02-31"))
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    assert "line 5, cameras[0].password: cannot be read" in str(caught.value) and "2027" not in str(caught.value)
