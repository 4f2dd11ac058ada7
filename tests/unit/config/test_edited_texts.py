"""Configurations as texts that anybody may have written: secrets masked and put back, and no text that holds up the
process."""

import time
from pathlib import Path

import pytest
import yaml

from gate.yaml_file import ConfigError
from recorder.config import RecorderConfig, load_config
from recorder.maintenance.masking import MASK, mask, unmask
from recorder.maintenance.on_site import changed_on_site

SECONDS_MAX = 5.0
"""On a busy machine; what is meant took minutes."""
LENGTH = 60_000
ALIASES = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{number}: &a{number} [{', '.join([f'*a{number - 1}'] * 9)}]\n" for number in range(1, 12)
)
CONFIG = """
device: {id: rec-1, data_dir: data}
licence: {path: licence.json, root_key: root.pub}
local: {socket: rec.sock}
cameras: [{id: cam1, main: {url: "%s"}}]
"""


@pytest.mark.parametrize(
    "comment", ["#" * LENGTH, "# " + "password" * (LENGTH // 8), "#password" * (LENGTH // 9), "# token" + " " * LENGTH]
)
def test_no_comment_holds_up_the_process(comment: str) -> None:
    began = time.process_time()
    mask(f"a: 1\n{comment}\n")
    assert time.process_time() - began < SECONDS_MAX


@pytest.mark.parametrize("text", [ALIASES, "[" * 3000, "[" * 60 + "]" * 60, "a: &a [*a]"])
def test_what_is_larger_or_deeper_than_it_looks_is_refused_at_once(tmp_path: Path, text: str) -> None:
    began = time.process_time()
    with pytest.raises(yaml.YAMLError):
        mask(text)
    path = tmp_path / "recorder.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=r"recorder\.yaml: not valid YAML"):
        load_config(path)
    assert time.process_time() - began < SECONDS_MAX


def test_no_address_of_a_camera_holds_up_the_process(tmp_path: Path) -> None:
    path = tmp_path / "recorder.yaml"
    path.write_text(CONFIG % ("a" * LENGTH))
    began = time.process_time()
    with pytest.raises(ConfigError, match=r"cameras\[0\].main.url"):
        load_config(path)
    assert time.process_time() - began < SECONDS_MAX


@pytest.mark.parametrize("value", ["2027-13-01", "!!bool perhaps", "!!float x", "!!timestamp x", "9" * 5000])
def test_a_value_that_yaml_itself_stumbles_over_is_a_mistake_in_the_file(tmp_path: Path, value: str) -> None:
    path = tmp_path / "recorder.yaml"
    path.write_text(f"device: {value}\n")
    with pytest.raises(ConfigError, match=r"recorder\.yaml"):
        load_config(path)


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ('{name: "Gate #2", password: p1}', f'{{name: "Gate #2", password: "{MASK}"}}'),
        ("# the password:\nname: x\n", "# the password:\nname: x\n"),
        ('password: "a#b" # old token: xyz\n', f'password: "{MASK}" # old token: {MASK}\n'),
        ("a: x#token=1\n", "a: x#token=1\n"),
        ("note: |\n  # password: kept\nb: 1\n", "note: |\n  # password: kept\nb: 1\n"),
    ],
)
def test_a_comment_is_what_yaml_takes_for_one(text: str, seen: str) -> None:
    assert mask(text) == seen
    assert unmask(seen, text) == text


CAMERA = "cameras:\n- id: cam1\n  main: {url: 'rtsp://%s/main'}\n  onvif: {address: %s, password: p1}\n  password: p2\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (CAMERA % ("10.0.0.2", "10.0.0.2"), CAMERA % ("10.0.0.9", "10.0.0.2")),
        (CAMERA % ("10.0.0.2", "10.0.0.2"), CAMERA % ("10.0.0.2", "10.0.0.9")),
        ("notify: {mqtt: {host: a, password: p1}}", "notify: {mqtt: {host: b, password: p1}}"),
        ("notify: {mqtt: {host: a, tls: true, password: p1}}", "notify: {mqtt: {host: a, tls: false, password: p1}}"),
        ("notify: {mail: {host: a, password: p1}}", "notify: {mail: {host: a, port: 25, password: p1}}"),
    ],
)
def test_a_secret_that_would_go_elsewhere_has_to_be_written_again(before: str, after: str) -> None:
    masked = mask(after)
    assert unmask(masked, before) == masked


def test_a_secret_comes_back_where_the_entry_goes_to_the_same_host() -> None:
    before = CAMERA % ("10.0.0.2", "10.0.0.2")
    assert unmask(mask(before).replace("/main'", "/other'"), before) == before.replace("/main'", "/other'")


def test_a_broker_whose_password_lies_in_a_file_is_changed_at_the_device_alone(tmp_path: Path) -> None:
    def config(host: str) -> RecorderConfig:
        path = tmp_path / "recorder.yaml"
        notify = f"notify: {{mqtt: {{host: {host}, user: u, password_file: mqtt.password}}}}\n"
        path.write_text(CONFIG % "rtsp://127.0.0.1/a" + notify)
        return load_config(path)

    assert changed_on_site(config("a.example"), config("a.example")) is None
    assert changed_on_site(config("a.example"), config("b.example")) == "notify.mqtt.host"
