"""The configuration file of the HDMI output."""

from pathlib import Path

import pytest

from gate.yaml_file import ConfigError
from hdmi_out.config import load_config

SHIPPED = Path(__file__).parents[3] / "configs" / "hdmi.yaml"


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "hdmi.yaml"
    path.write_text("recorder: {socket: run/rec.sock}\n" + text)
    return path


def test_shipped_configuration_loads_with_paths_of_its_folder() -> None:
    config = load_config(SHIPPED)
    assert config.recorder.socket == SHIPPED.parents[1] / "run/rec-1.sock"
    assert config.clock.mode == "shared"
    assert config.listen == "127.0.0.1:8650"


@pytest.mark.parametrize(
    ("listen", "port_base", "moved"),
    [
        ("127.0.0.1:8650", 18000, "127.0.0.1:18650"),
        ("127.0.0.1:9100", 18000, "127.0.0.1:9100"),
        ("[::1]:8000", 20000, "[::1]:20000"),
        ("127.0.0.1:8650", 8000, "127.0.0.1:8650"),
    ],
)
def test_port_base_moves_the_thousand_of_8000(tmp_path: Path, listen: str, port_base: int, moved: str) -> None:
    assert load_config(write(tmp_path, f'listen: "{listen}"\n'), port_base).listen == moved


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("fpss: 15\n", "line 2, fpss: there is no such field"),
        ("fps: 120\n", "line 2, fps"),
        ("listen: 0.0.0.0:8650\n", "line 2, listen: 0.0.0.0 is not a loopback address"),
        ("listen: localhost\n", "line 2, listen: an address like 127.0.0.1:8600"),
        ("time_zone: Tokio\n", "line 2, time_zone: no such time zone"),
        ("clock: {mode: shared}\n", "line 2, clock: mode shared needs a socket"),
        ("width: 1281\nheight: 720\n", "line 2, width: an even number"),
        ("width: 1280\n", "give width and height both"),
        ("sink: headless\nlisten: null\n", "give listen an address"),
    ],
)
def test_wrong_configuration_is_refused_with_its_line(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(ConfigError) as error:
        load_config(write(tmp_path, text))
    assert sentence in str(error.value)
