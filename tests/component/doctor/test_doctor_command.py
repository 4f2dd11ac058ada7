"""`edge-recorder doctor` on this machine and on real files: what it finds, never prints, leaves behind."""

import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from gate.client.registration import open_device_identity
from gate.clock import SystemClock
from recorder.cli import main
from recorder.config import load_config
from recorder.doctor import examination
from recorder.doctor.bounded import in_thread
from recorder.doctor.facts import permissions, software
from recorder.doctor.facts.disk import look_at_disk
from recorder.doctor.facts.permissions import look_at_permissions

SECRET = "camera-password-1"


@pytest.fixture
def taken() -> Iterator[socket.socket]:
    """A port that somebody has."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        one.listen()
        yield one


@pytest.fixture
def config(tmp_path: Path, taken: socket.socket) -> Path:
    """Nothing of it is right: a taken port, no licence, a camera that nobody serves, a password for all to see."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        nowhere = closed.getsockname()[1]
    path = tmp_path / "recorder.yaml"
    content = {
        "device": {"id": "rec-1", "data_dir": "data", "language": "en"},
        "licence": {"path": "licence.json", "root_key": "root.pub"},
        "remote": {"listen": f"127.0.0.1:{taken.getsockname()[1]}"},
        "local": {"socket": "r.sock"},
        "storage": {"bytes_max": "1GB", "free_bytes_min": 0},
        "cameras": [
            {"id": "cam1", "main": {"url": f"rtsp://127.0.0.1:{nowhere}/x"}, "user": "admin", "password": SECRET}
        ],
    }
    path.write_text(yaml.safe_dump(content))
    path.chmod(0o644)
    return path


@pytest.fixture(autouse=True)
def libraries_load(monkeypatch: pytest.MonkeyPatch) -> None:
    """Loading them all takes seconds: test_libraries does."""
    monkeypatch.setattr(software, "_broken", lambda modules: {})


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, dict[str, Any]]:
    status = main(["doctor", *words, "--json"])
    out = capsys.readouterr()
    return status, json.loads(out.out) if out.out else {"error": out.err}


def by_check(facts: dict[str, Any], level: str) -> dict[str, str]:
    return {one["check"]: one["text"] for one in facts["findings"] if one["level"] == level}


def test_everything_that_is_wrong_is_found_and_no_secret_is_printed(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, facts = run(capsys, str(config))
    failures, warnings = by_check(facts, "failure"), by_check(facts, "warning")
    assert status == 1 and facts["healthy"] is False
    assert "Nothing listens there" in failures["camera"]
    assert "root.pub" in failures["licence"]
    assert "is taken by" in failures["address"] and "pid" in failures["address"]
    assert "644" in warnings["permissions"]
    assert facts["counts"]["failure"] == 3
    assert SECRET not in json.dumps(facts)
    assert sorted(path.name for path in config.parent.iterdir()) == ["recorder.yaml"], "it leaves nothing behind"


def test_people_read_it_in_their_language(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", str(config), "--language", "ja"]) == 1
    told = capsys.readouterr().out
    assert "接続が拒否されました" in told and "→" in told and "異常 3" in told
    assert SECRET not in told


def test_without_a_configuration_the_machine_alone_is_looked_at(capsys: pytest.CaptureFixture[str]) -> None:
    status, facts = run(capsys)
    assert status == 0 and facts["config"] is None
    assert {"python", "libraries", "memory", "open_files", "display", "font", "decoders", "clock", "disk_speed"} <= {
        one["check"] for one in facts["findings"]
    }


def test_a_configuration_that_cannot_be_read_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "recorder.yaml"
    path.write_text("device: {id: a}\n")
    status, facts = run(capsys, str(path))
    assert status == 2 and "recorder.yaml" in facts["error"] and "Traceback" not in facts["error"]


def test_a_key_that_others_can_read_is_named(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config.chmod(0o600)
    open_device_identity(config.parent / "data")
    key = config.parent / "data" / "device.key"
    key.chmod(0o644)
    assert str(key) in by_check(run(capsys, str(config))[1], "warning")["permissions"]


def test_a_disk_that_is_not_mounted_is_a_failure(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content = yaml.safe_load(config.read_text())
    content["storage"] = {"free_bytes_min": 0, "volumes": [{"path": "/nowhere/disk1", "bytes_max": "1GB"}]}
    config.write_text(yaml.safe_dump(content))
    assert "/nowhere/disk1" in by_check(run(capsys, str(config))[1], "failure")["disk"]


def test_a_disk_that_never_answers_is_said_and_the_rest_is_found(
    config: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    end = threading.Event()
    monkeypatch.setattr(examination, "look_at_disk", lambda *_, **__: end.wait(30))
    monkeypatch.setattr(examination, "DISK_SECONDS_MAX", 0.2)
    failures = by_check(run(capsys, str(config))[1], "failure")
    end.set()
    assert "no answer" in failures["disk"] and "Nothing listens there" in failures["camera"]


def test_the_disk_test_is_small_and_taken_away(tmp_path: Path) -> None:
    clock = SystemClock()
    facts = look_at_disk(
        tmp_path / "data" / "media", clock, bytes_max=0, free_bytes_min=0, footage_bytes=0, mounted=False
    )
    clock.close()
    assert not facts.error and facts.written_bytes_per_second and facts.total_bytes > facts.free_bytes > 0
    assert list(tmp_path.iterdir()) == []


async def test_a_look_that_never_ends_holds_nothing_up() -> None:
    clock, end = SystemClock(), threading.Event()
    with pytest.raises(TimeoutError):
        await in_thread(lambda: end.wait(30), clock, 0.05)
    end.set()
    clock.close()


def test_a_folder_that_cannot_be_made_is_named_and_not_the_one_above_it(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(permissions.os, "access", lambda place, mode: place != config.parent)  # as for another user
    troubles = look_at_permissions(config, load_config(config))
    folders = [(one.path, one.trouble) for one in troubles if one.trouble != "readable_by_others"]
    assert folders == [(str(config.parent / "data"), "not_makeable"), (str(config.parent), "not_writable")]


def test_what_a_finding_is_about_is_said_once(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["doctor", str(config)])
    told = capsys.readouterr().out
    assert f"{config} holds secrets" in told and f"{config}: {config}" not in told
    assert "cam1/main: " in told
