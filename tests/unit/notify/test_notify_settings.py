"""`notify:` as people write it: what is wrong is said with line and field, and never with a secret."""

from pathlib import Path

import pytest

from gate.yaml_file import ConfigError
from recorder.config import load_config, moved
from recorder.notify.settings import WebhookSection

SECRET = "whsec_" + "QUFB" * 10
BASE = """\
device: {id: rec-1, data_dir: data}
licence: {path: licence.json, root_key: root.pub}
local: {socket: r.sock}
cameras:
  - {id: cam1, main: {url: "rtsp://192.0.2.1/main"}}
notify:
%s
"""


def load(tmp_path: Path, notify: str) -> str:
    """What is wrong with it."""
    path = tmp_path / "recorder.yaml"
    path.write_text(BASE % notify)
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    return str(caught.value)


@pytest.mark.parametrize(
    ("notify", "line", "field"),
    [
        ('  webhooks: [{url: "https://u:hush@example.net/", secret: SECRET}]', 7, "url"),
        ('  webhooks: [{url: "ftp://example.net/?t=hush", secret: SECRET}]', 7, "url"),
        ('  webhooks: [{url: "https://example.net/"}]', 7, "webhooks[0]"),
        ('  webhooks: [{url: "https://example.net/", secret: whsec_aHVzaA==}]', 7, "secret"),
        ('  webhooks: [{url: "https://example.net/", secret: hush}]', 7, "secret"),
        (
            "  webhooks:\n    - {url: http://a/, secret: SECRET}\n    - {url: http://a/, secret: SECRET}",
            9,
            "url",
        ),
        ("  webhooks:\n    - url: http://a/\n      secret: SECRET\n      cameras: [cam1, cam9]", 10, "cameras[1]"),
        ("  mqtt: {host: b, kinds: [unicorn]}", 7, "kinds[0]"),
        ("  mqtt: {host: b, password: hush}", 7, "mqtt"),
        ("  mqtt: {host: b, ca_file: x}", 7, "mqtt"),
        ('  mqtt: {host: b, topic: "a/#"}', 7, "topic"),
        ("  mail: {host: m, from_address: a@b.example, to: []}", 7, "to"),
        ("  mail: {host: m, from_address: a@b.example, to: [nobody]}", 7, "to[0]"),
        ("  mail: {host: m, security: none, user: u, password: hush, from_address: a@b.c, to: [a@b.c]}", 7, "mail"),
    ],
)
def test_what_is_wrong_is_said_with_line_and_field_and_without_secrets(
    tmp_path: Path, notify: str, line: int, field: str
) -> None:
    said = load(tmp_path, notify.replace("SECRET", SECRET))
    assert f"line {line}," in said and field in said
    assert "hush" not in said and SECRET not in said


def test_files_are_found_beside_the_configuration_and_loopback_ports_move(tmp_path: Path) -> None:
    path = tmp_path / "recorder.yaml"
    path.write_text(
        BASE % "  webhooks: [{url: 'http://127.0.0.1:8640/x', secret_file: hook.secret}]\n"
        "  mqtt: {host: 127.0.0.1, port: 8883, tls: true, ca_file: ca.pem}\n"
        "  mail: {host: 127.0.0.1, port: 8725, security: none, from_address: a@b.c, to: [a@b.c]}"
    )
    notify = moved(load_config(path), 18_000).notify
    assert notify.webhooks[0].secret_file == tmp_path / "hook.secret"
    assert notify.webhooks[0].url == "http://127.0.0.1:18640/x"
    assert notify.mqtt is not None and (notify.mqtt.ca_file, notify.mqtt.port) == (tmp_path / "ca.pem", 18_883)
    assert notify.mail is not None and notify.mail.port == 18_725


def test_a_webhook_is_shown_without_what_may_be_a_token() -> None:
    hook = WebhookSection.model_validate({"url": "https://h.example:8443/a/hush?t=hush", "secret": SECRET})
    assert hook.shown == "https://h.example:8443/…"
    assert "hush" not in hook.channel and SECRET not in repr(hook)
