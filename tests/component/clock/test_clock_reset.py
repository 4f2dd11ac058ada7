"""`clock reset` wipes a stopped site, and nothing else."""

import asyncio
from pathlib import Path

import pytest

from gate.shared_clock.client import open_clock
from gate.shared_clock.commands import clock


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "recorder.yaml"
    path.write_text(
        "device: {id: rec-1, data_dir: data}\nlicence: {path: keys/licence.json, root_key: keys/root.pub}\n"
        "clock: {mode: shared, socket: clock.sock}\nlocal: {socket: r.sock}\n"
    )
    (tmp_path / "keys").mkdir()
    for name in ("licence.json", "signing.key"):
        (tmp_path / "keys" / name).write_text(name)
    (tmp_path / "data" / "media").mkdir(parents=True)
    (tmp_path / "data" / "media" / "a.mp4").write_text("footage")
    (tmp_path / "data" / "clock.json").write_text('{"offset_ns": 5}')
    return path


def test_reset_asks_first(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert clock(["--config", str(config), "reset"]) == 2
    assert "reset --yes" in capsys.readouterr().err
    assert (config.parent / "data" / "media" / "a.mp4").exists()


def test_reset_wipes_footage_offset_and_licence_but_no_key(config: Path) -> None:
    assert clock(["--config", str(config), "--yes", "reset"]) == 0
    assert not list((config.parent / "data").iterdir())
    assert [path.name for path in (config.parent / "keys").iterdir()] == ["signing.key"]


def test_a_licence_path_that_is_a_folder_is_not_deleted(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config.write_text(config.read_text().replace("keys/licence.json", "keys"))
    assert clock(["--config", str(config), "--yes", "reset"]) == 2
    assert "is no file" in capsys.readouterr().err
    assert (config.parent / "keys" / "signing.key").exists()


def test_a_folder_that_is_no_site_is_not_wiped(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (config.parent / "data" / "clock.json").unlink()
    assert clock(["--config", str(config), "--yes", "reset"]) == 2
    assert "not the data of a site" in capsys.readouterr().err
    assert (config.parent / "data" / "media" / "a.mp4").exists()


def test_a_site_on_the_machines_clock_is_not_wiped(config: Path) -> None:
    config.write_text(config.read_text().replace("clock: {mode: shared, socket: clock.sock}\n", ""))
    assert clock(["--config", str(config), "--yes", "reset"]) == 2
    assert (config.parent / "data" / "media" / "a.mp4").exists()


async def test_a_running_site_is_not_wiped(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    socket, state = config.parent / "clock.sock", config.parent / "data" / "clock.json"
    async with open_clock("shared", socket, "running", state=state):
        assert await asyncio.to_thread(clock, ["--config", str(config), "--yes", "reset"]) == 2
    assert "is running" in capsys.readouterr().err
